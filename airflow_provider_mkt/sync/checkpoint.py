"""What a sync remembers of every row, so that a retry goes on where a killed try was."""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Self

from airflow_provider_mkt.actions.leads import RecordResult, RecordStatus

# One row: a digest of what it said, what became of it, and the place of its code among the codes.
_ENTRY = struct.Struct("<IBxH")
_EMPTY = bytes(_ENTRY.size)
_ROWS_READ = 8192
_CODES_MAX = 65_535

_SENT = 1
_FATES = {RecordStatus.CREATED: 2, RecordStatus.UPDATED: 3, RecordStatus.SKIPPED: 4}
_BY_STATE = {state: result for result, state in _FATES.items()}


def digest_of(record: str) -> int:
    """A digest of what a row says, never 0."""
    return zlib.crc32(record.encode("utf-8", "surrogatepass")) or 1


class Checkpoint:
    """A file with one small entry per row, at the row's place. Its size in memory does not grow.

    It is written after each batch without being forced to disk: a killed process loses nothing of it, and
    what a power cut loses is sent again.

    :param path: the file; the codes are kept beside it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._codes_path = path.with_suffix(".codes")
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        self._codes: list[str] = [""]
        if self._codes_path.exists():
            self._codes = json.loads(self._codes_path.read_text())
        self.last = os.fstat(self._file).st_size // _ENTRY.size - 1
        """The last row that an earlier try got to; -1 where there was none."""
        self._block, self._block_start = b"", -1

    @property
    def begun(self) -> bool:
        """Whether anything was ever written."""
        return os.fstat(self._file).st_size > 0

    def known(self, number: int, digest: int) -> RecordResult | None:
        """What an earlier try came to for a row; None where it is not known to be done.

        :param digest: of what the row says now; a row that says something else is another row.
        """
        found, state, code = self._entry(number)
        if found != digest or state not in _BY_STATE:
            return None
        return RecordResult(_BY_STATE[state], code=self._codes[code])

    def ambiguous(self, number: int, digest: int) -> bool:
        """Whether an earlier try sent the row and was not told what became of it."""
        found, state, _ = self._entry(number)
        return found == digest and state == _SENT

    def changed(self, number: int, digest: int) -> bool:
        """Whether an earlier try found something else in this row."""
        found, _, _ = self._entry(number)
        return found not in (0, digest)

    def done(self, number: int) -> bool:
        """Whether a row is known to be done, whatever it says."""
        return self._entry(number)[1] in _BY_STATE

    def sending(self, rows: Iterable[tuple[int, int]]) -> None:
        """Rows (number and digest) are about to be sent."""
        self._write((number, _ENTRY.pack(digest, _SENT, 0)) for number, digest in rows)

    def settled(self, rows: Iterable[tuple[int, int, RecordResult]]) -> None:
        """Fates of rows are known. A rejected row counts as not done, and is tried again by a retry."""
        self._write((number, self._packed(digest, result)) for number, digest, result in rows)

    def remove(self) -> None:
        """Forget everything."""
        self.close()
        self._path.unlink(missing_ok=True)
        self._codes_path.unlink(missing_ok=True)

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _packed(self, digest: int, result: RecordResult) -> bytes:
        state = _FATES.get(result.result)
        return _EMPTY if state is None else _ENTRY.pack(digest, state, self._code(result.code))

    def _entry(self, number: int) -> tuple[int, int, int]:
        if number > self.last:
            return 0, 0, 0
        start = number // _ROWS_READ
        if start != self._block_start:
            size = _ROWS_READ * _ENTRY.size
            self._block, self._block_start = os.pread(self._file, size, start * size), start
        digest, state, code = _ENTRY.unpack_from(self._block, number % _ROWS_READ * _ENTRY.size)
        return digest, state, code

    def _code(self, code: str) -> int:
        if code not in self._codes:
            if len(self._codes) >= _CODES_MAX:
                return 0
            self._codes.append(code)
            draft = self._codes_path.with_suffix(".new")
            draft.write_text(json.dumps(self._codes))
            draft.replace(self._codes_path)
        return self._codes.index(code)

    def _write(self, entries: Iterable[tuple[int, bytes]]) -> None:
        for start, packed in _runs(entries):
            os.pwrite(self._file, packed, start * _ENTRY.size)
        self._block_start = -1


def _runs(entries: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    """Entries of rows that follow each other, as one piece each."""
    ordered = sorted(dict(entries).items())
    for _, run in groupby(enumerate(ordered), key=lambda place: place[1][0] - place[0]):
        members = [entry for _, entry in run]
        yield members[0][0], b"".join(packed for _, packed in members)
