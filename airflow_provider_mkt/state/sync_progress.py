"""Which rows of a source are done, so that a retry continues where a killed try stopped."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple, Self

_ROWS_READ = 8192
"""Rows of an earlier try that are read at a time. Memory holds no more of them, however many there are."""

_LINES_MAX = 1_000
"""Outcome lines that wait in memory for the next batch at most."""

_SENT = "sent"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS rows (
    number INTEGER PRIMARY KEY, digest INTEGER NOT NULL, status TEXT NOT NULL, code TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS outcomes (number INTEGER PRIMARY KEY, line TEXT NOT NULL)
"""

Entry = tuple[int, str, str]
"""Digest, status and code of a row."""

NOT_DONE: Entry = (0, "", "")
"""The entry of a row that a retry must send."""


class Done(NamedTuple):
    """What an earlier try reached for a row."""

    status: str
    code: str


class SyncProgress:
    """The rows of one task, and the outcome lines of those that are done, in an SQLite file.

    A batch is one transaction. It is not flushed to disk: a killed process loses nothing of it, and what a
    power failure loses is sent again. The write-ahead log without shared memory (one process has the file
    open at a time) costs one write for a batch and works on network file systems.

    :param path: the file.
    :param keep_outcomes: whether to keep the outcome lines of rows that earlier tries have done. A retry
        writes the other lines again.
    """

    def __init__(self, path: Path, *, keep_outcomes: bool = True) -> None:
        self._path = path
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.executescript(
            f"PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; {_SCHEMA}"
        )
        (last,) = self._database.execute("SELECT max(number) FROM rows").fetchone()
        self.last: int = -1 if last is None else last
        """The last row that an earlier try reached; -1 when there was none."""
        self.begun = self.last >= 0
        """Whether this or an earlier try has recorded any row."""
        self._block: dict[int, Entry] = {}
        self._block_start = -1
        self._lines: list[tuple[int, str]] = []
        self._database.execute(
            "DELETE FROM outcomes WHERE ? OR number NOT IN "
            "(SELECT number FROM rows WHERE status NOT IN (?, ''))",
            (not keep_outcomes, _SENT),
        )

    # -- rows --------------------------------------------------------------------------------------

    def known(self, number: int, digest: int) -> Done | None:
        """Return what an earlier try reached for a row, or None when it is not known to be done.

        :param digest: of the row's content now; a row with other content is another row.
        """
        found, status, code = self._entry(number)
        return Done(status, code) if found == digest and status not in (_SENT, "") else None

    def ambiguous(self, number: int, digest: int) -> bool:
        """Whether an earlier try sent the row and did not learn its outcome."""
        found, status, _ = self._entry(number)
        return found == digest and status == _SENT

    def changed(self, number: int, digest: int) -> bool:
        """Whether the row had other content in an earlier try."""
        return self._entry(number)[0] not in (0, digest)

    def start(self, rows: Sequence[tuple[int, int]]) -> None:
        """Record that rows (number and digest) are about to be sent."""
        self._write([(number, digest, _SENT, "") for number, digest in rows])

    def finish(self, rows: Sequence[tuple[int, int, str, str]]) -> None:
        """Record the results of rows: number, digest, status and code, or number and :data:`NOT_DONE`."""
        self._write(rows)

    # -- outcome lines -----------------------------------------------------------------------------

    def add_outcome(self, number: int, line: str) -> None:
        """Keep the outcome line of a row; a later one replaces it. It is stored with the next batch."""
        self._lines.append((number, line))
        if len(self._lines) >= _LINES_MAX:
            self._write([])

    @property
    def has_outcomes(self) -> bool:
        """Whether there is any outcome line."""
        return bool(self._lines) or self._database.execute("SELECT 1 FROM outcomes").fetchone() is not None

    def outcomes(self) -> Iterator[bytes]:
        """Yield the outcome lines of all tries, in the order of the source."""
        self._write([])
        rows: Iterator[tuple[str]] = self._database.execute("SELECT line FROM outcomes ORDER BY number")
        return (line.encode() for (line,) in rows)

    # -- life --------------------------------------------------------------------------------------

    def remove(self) -> None:
        """Delete the file."""
        self.close()
        for suffix in ("-wal", "-shm", ""):
            self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)

    def close(self) -> None:
        """Close the file. Outcome lines that belong to no batch are lost, as a retry writes them again."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # -- inside ------------------------------------------------------------------------------------

    def _entry(self, number: int) -> Entry:
        if number > self.last:
            return NOT_DONE
        start = number - number % _ROWS_READ
        if start != self._block_start:
            rows = self._database.execute(
                "SELECT number, digest, status, code FROM rows WHERE number >= ? AND number < ?",
                (start, start + _ROWS_READ),
            )
            self._block = {found: (digest, status, code) for found, digest, status, code in rows}
            self._block_start = start
        return self._block.get(number, NOT_DONE)

    def _write(self, rows: Sequence[tuple[int, int, str, str]]) -> None:
        with self._database:
            self._database.execute("BEGIN")
            if rows:
                self._database.executemany("INSERT OR REPLACE INTO rows VALUES (?, ?, ?, ?)", rows)
            if self._lines:
                self._database.executemany("INSERT OR REPLACE INTO outcomes VALUES (?, ?)", self._lines)
        self.begun = self.begun or bool(rows)
        self._lines.clear()
        if self._block:
            for number, digest, status, code in rows:
                if number in self._block:
                    self._block[number] = (digest, status, code)
