"""A source of leads as files that a platform's bulk import takes."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import IO, Any

from airflow_provider_mkt.actions.ports import LeadImporter
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.sync.bulk_keys import Keys
from airflow_provider_mkt.sync.bulk_rows import BulkRow, RowMaker
from airflow_provider_mkt.sync.jsonl import json_line
from airflow_provider_mkt.sync.rows import Row

_TICK_EVERY = 1_000


@dataclass(frozen=True)
class SentRow:
    """A row as it was sent.

    :param number: where it is in the source.
    :param line: the line of the file that it starts on, the header being line 1.
    :param last_line: the line that it ends on, since values may hold line ends.
    :param raw: the row as it came.
    """

    number: int
    key: str
    cells: Sequence[str]
    line: int
    last_line: int
    raw: Any


class Part:
    """One file of an import.

    Its rows are kept on disk as well: they are asked for where some of them failed, when the content is
    long gone.
    """

    def __init__(self, columns: Sequence[str], header: bytes) -> None:
        self.columns = columns
        self.count = 0
        self._content = bytearray(header)
        self.size = len(header)
        self._rows: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the part

    def add(self, row: BulkRow) -> None:
        self.count += 1
        self.size += len(row.encoded)
        self._content += row.encoded
        self._rows.write(json_line([row.number, row.key, row.cells, row.raw]).encode())

    @property
    def content(self) -> bytes:
        return bytes(self._content)

    @property
    def digest(self) -> str:
        """Tells this file from others; to be asked for while the content is there."""
        return hashlib.sha256(self._content).hexdigest()

    def let_go(self) -> None:
        """Free the content: the platform has it."""
        self._content = bytearray()

    def rows(self) -> Iterator[SentRow]:
        """The rows, in the order of the file."""
        self._rows.seek(0)
        line = 2
        for kept in self._rows:
            number, key, cells, raw = json.loads(kept)
            last_line = line + sum(cell.count("\n") for cell in cells)
            yield SentRow(number, key, cells, line, last_line, raw)
            line = last_line + 1

    def close(self) -> None:
        self._rows.close()
        self.let_go()


class Splitter:
    """Cuts a source into parts.

    The source is read twice, so that of two rows with one key, however far apart, only the later one is
    sent: two files that are imported at once must not hold the same new key.

    :param open_rows: opens the source from its beginning.
    :param maker: makes rows fit for the platform.
    :param importer: knows how large a part may be.
    :param keys: takes the keys of all rows.
    :param tick: called now and then while rows are read, with how many were read.
    :param scope: tells this way of importing from others.
    :param unfit_count: whether rows that must not be sent are sent in another way, and so count among those
        with one key.
    """

    def __init__(
        self,
        open_rows: Callable[[], AbstractContextManager[Iterator[Row]]],
        maker: RowMaker,
        importer: LeadImporter,
        keys: Keys,
        tick: Callable[[int], None],
        scope: str = "",
        *,
        unfit_count: bool = False,
    ) -> None:
        self._open_rows = open_rows
        self._scope = scope
        self._maker = maker
        self._importer = importer
        self._keys = keys
        self._tick = tick
        self._unfit_count = unfit_count
        self.total = self.fit = 0
        self.digest = ""
        """Tells these rows, imported in this way, from all others."""

    def scan(self) -> None:
        """Read the source for the first time."""
        rows = _Digested(self._scope, self._maker.header)
        with self._open_rows() as source:
            for row in self._read(rows, source):
                self.fit += not row.code
                if row.key and (self._unfit_count or not row.code):
                    self._keys.add(row.key, row.number)
        self.total, self.digest = rows.count, rows.digest()

    def parts(
        self, unfit: Callable[[BulkRow], None], superseded: Callable[[BulkRow, int], None]
    ) -> Generator[Part]:
        """The parts, each made when it is asked for.

        :param unfit: told of each row that must not be sent.
        :param superseded: told of each row whose key comes again, and in which row.
        :raises InvalidInput: when the source is not the same as it was when it was scanned.
        """
        rows = _Digested(self._scope, self._maker.header)
        later = self._keys.superseded()
        next_row, by_row = next(later, (0, 0))
        part = self._new()
        with self._open_rows() as source:
            for row in self._read(rows, source):
                if row.number == next_row:
                    superseded(row, by_row)
                    next_row, by_row = next(later, (0, 0))
                elif row.code:
                    unfit(row)
                else:
                    full = part.size + len(row.encoded) > self._importer.bytes_max
                    if part.count and (full or part.count >= self._importer.rows_max):
                        yield part
                        part = self._new()
                    part.add(row)
        if rows.digest() != self.digest:
            part.close()
            raise InvalidInput(
                "source", "changed while it was imported; what was read of it until now may have been sent"
            )
        if part.count:
            yield part

    def _new(self) -> Part:
        return Part(self._maker.columns, self._maker.header)

    def _read(self, rows: _Digested, source: Iterator[Row]) -> Iterator[BulkRow]:
        for row in self._maker.rows(source):
            rows.add(row)
            if rows.count % _TICK_EVERY == 0:
                self._tick(rows.count)
            yield row


class _Digested:
    """Counts rows, and makes their digest."""

    def __init__(self, scope: str, header: bytes) -> None:
        self._digest = hashlib.sha256(scope.encode() + header)
        self.count = 0

    def add(self, row: BulkRow) -> None:
        self.count += 1
        self._digest.update(b"%d %s" % (row.number, row.encoded or row.code.encode()))

    def digest(self) -> str:
        return self._digest.hexdigest()
