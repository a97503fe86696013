"""Cuts a source of leads into files that a platform's bulk import accepts."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import tempfile
import weakref
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Self

from airflow_provider_mkt.actions.ports import LeadImporter
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.sync.bulk_rows import BulkRow, RowMaker
from airflow_provider_mkt.sync.rows import Row, json_line

_TICK_EVERY = 1_000
_KEYS_IN_MEMORY = 20_000


@dataclass(frozen=True)
class SentRow:
    """A row as it was sent.

    :param number: its position in the source.
    :param line: the line of the file on which it starts; the header is line 1.
    :param last_line: the line on which it ends, since values may contain line breaks.
    :param raw: the row as it was read.
    """

    number: int
    key: str
    cells: Sequence[str]
    line: int
    last_line: int
    raw: object


class Part:
    """One file of an import.

    Its rows are kept on disk as JSON Lines too: they are read, in order, when some of them failed, and the
    content is freed by then.
    """

    def __init__(self, columns: Sequence[str], header: bytes) -> None:
        self.columns = columns
        self.count = 0
        self._content = bytearray(header)
        self.size = len(header)
        self._rows: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the part
        # A part that an error leaves behind is not closed by anyone.
        weakref.finalize(self, self._rows.close)

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
        """Identifies the content. Read it before the content is freed."""
        return hashlib.sha256(self._content).hexdigest()

    def free_content(self) -> None:
        """Free the content, which the platform has now."""
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
        self.free_content()


class RowKeys:
    """The keys of all rows, as digests in a temporary SQLite file of this process.

    Memory holds some thousand of them, however many there are. Two keys practically never have one digest.
    """

    def __init__(self) -> None:
        # SQLite deletes the file of a database without a name as it opens it: a kill leaves none behind.
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.executescript(
            "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA temp_store=FILE;"
            "CREATE TABLE keys (key BLOB, row INTEGER);"
        )
        self._new: list[tuple[bytes, int]] = []

    def add(self, key: str, row: int) -> None:
        """Add a row. Rows are added in the order of the source."""
        self._new.append(
            (hashlib.blake2b(key.encode("utf-8", "surrogatepass"), digest_size=16).digest(), row)
        )
        if len(self._new) >= _KEYS_IN_MEMORY:
            self._write()

    def superseded(self) -> Iterator[tuple[int, int]]:
        """Yield rows whose key occurs again, each with the last row that has it, in their order."""
        self._write()
        yield from self._database.execute(
            "SELECT row, last FROM (SELECT row, MAX(row) OVER (PARTITION BY key) AS last FROM keys) "
            "WHERE row <> last ORDER BY row"
        )

    def _write(self) -> None:
        self._database.execute("BEGIN")
        self._database.executemany("INSERT INTO keys VALUES (?, ?)", self._new)
        self._database.execute("COMMIT")
        self._new.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()


class Splitter:
    """Cuts a source into parts.

    The source is read twice, so that of two rows with one key, however far apart, only the later one is
    sent: two files that are imported at once must not contain the same new key.

    :param open_rows: opens the source from its beginning; the stack closes it.
    :param maker: encodes rows for the platform.
    :param importer: limits the size of a part.
    :param keys: collects the keys of all rows.
    :param tick: called now and then while rows are read, with the number of rows read.
    :param scope: identifies the settings of the import.
    :param unfit_count: whether rows that cannot be imported are sent by calls, and so count among those with
        one key.
    """

    def __init__(
        self,
        open_rows: Callable[[ExitStack], Iterator[Row]],
        maker: RowMaker,
        importer: LeadImporter,
        keys: RowKeys,
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
        """Identifies these rows with these settings."""

    def scan(self) -> None:
        """Read the source for the first time."""
        rows = _Digested(self._scope, self._maker.header)
        with ExitStack() as stack:
            for row in self._read(rows, self._open_rows(stack)):
                self.fit += not row.code
                counts = self._unfit_count or not row.code
                if row.key and counts and self._importer.one_lead_per_key:
                    self._keys.add(row.key, row.number)
        self.total, self.digest = rows.count, rows.digest()

    def parts(
        self, unfit: Callable[[BulkRow], None], superseded: Callable[[BulkRow, int], None]
    ) -> Generator[Part]:
        """Yield the parts, each when it is requested.

        :param unfit: called with each row that must not be sent.
        :param superseded: called with each row whose key occurs again, and with the number of that row.
        :raises InvalidInput: when the source has changed since it was scanned.
        """
        rows = _Digested(self._scope, self._maker.header)
        later = self._keys.superseded()
        next_row, by_row = next(later, (0, 0))
        part = self._new()
        with ExitStack() as stack:
            for row in self._read(rows, self._open_rows(stack)):
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
                "source", "changed while it was imported; the rows read so far may have been sent"
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
    """Counts rows, and computes their digest."""

    def __init__(self, scope: str, header: bytes) -> None:
        self._digest = hashlib.sha256(scope.encode() + header)
        self.count = 0

    def add(self, row: BulkRow) -> None:
        self.count += 1
        self._digest.update(b"%d %s" % (row.number, row.encoded or row.code.encode()))

    def digest(self) -> str:
        return self._digest.hexdigest()
