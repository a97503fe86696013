"""Which rows of a source are done, so that a retry continues where a killed try stopped."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, Self, cast
from uuid import uuid4

from airflow_provider_mkt.client.call import Json
from airflow_provider_mkt.client.files import open_database
from airflow_provider_mkt.state.compact_progress import CompactProgress, Done
from airflow_provider_mkt.state.task_state import TaskState

_ROWS_READ = 8192
"""Rows of an earlier try that are read at a time. Memory holds no more of them, however many there are."""

_LINES_MAX = 1_000
"""Outcome lines that wait in memory for the next batch at most."""

_SAVE_EVERY = 5.0
"""Seconds between two writes of the progress to the task's state."""

_VERSION = 1

_SENT = "sent"

_NO_ID = "the try that wrote it was killed before it could pass on the lead's id"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS rows (
    number INTEGER PRIMARY KEY, digest INTEGER NOT NULL, status TEXT NOT NULL, code TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS outcomes (number INTEGER PRIMARY KEY, line TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS machine (name TEXT NOT NULL)
"""

Entry = tuple[int, str, str]
"""Digest, status and code of a row."""

NOT_DONE: Entry = (0, "", "")
"""The entry of a row that a retry must send."""


class RowMark(NamedTuple):
    """Identifies a row.

    :param number: as the source counts it.
    :param position: 0 for the first row, and so on.
    :param digest: of its content; a row with other content is another row.
    """

    number: int
    position: int
    digest: int


class RowsChanged(Exception):
    """Raised when a row that must not be sent twice is not what it was in an earlier try.

    :param first: the number of the first row that may have changed.
    :param last: the number of the last one.
    """

    def __init__(self, first: int, last: int) -> None:
        super().__init__(f"rows {first} to {last}")
        self.first, self.last = first, last


class OutcomeParts(Protocol):
    """Keeps outcome lines where other machines find them."""

    def write(self, number: int, lines: Sequence[str]) -> None:
        """Write a part; a part with the same number is replaced."""

    def read(self) -> Iterator[bytes]:
        """Yield the lines of all parts, the oldest first."""

    def remove(self) -> None:
        """Delete all parts."""


class SharedProgress:
    """The progress of a sync in the task's state, which may outlast the machine.

    It is written every :data:`_SAVE_EVERY` seconds and at the end of a try; where rows must not be sent
    twice, also before each batch. All methods are for the thread of the task.

    :param key: its key in the task's state.
    :param generation: progress of another one is not read.
    :param repeatable: whether a row may be sent twice.
    :param parts: takes the outcome lines; None when they are not wanted.
    :param place: where the keys that this task writes are claimed.
    :param busy_for: seconds for which the server may work on calls after the last time that this was saved.
    """

    def __init__(
        self,
        task_state: TaskState,
        key: str,
        *,
        generation: int,
        repeatable: bool,
        parts: OutcomeParts | None = None,
        place: str = "",
        busy_for: float = 0.0,
    ) -> None:
        self._task_state, self._key, self._generation = task_state, key, generation
        self.repeatable, self.parts = repeatable, parts
        self._place, self._busy_for = place, busy_for
        self._saved_at = float("-inf")
        self._part_count = 0
        self._lines: list[str] = []
        self.machine = ""
        """The machine whose try has saved it; empty when there was none."""
        self.busy_until = 0.0
        """When calls of an earlier try that no claim shows have ended, in epoch seconds."""
        self.rows = CompactProgress(repeatable=repeatable)
        self._read(task_state.get(key))
        self.earlier_rows = self.rows.rows
        """Rows that earlier tries have taken."""

    @property
    def age(self) -> float:
        """Seconds since this try has saved it."""
        return time.monotonic() - self._saved_at

    def add_line(self, line: str) -> None:
        """Take an outcome line for the next part."""
        if self.parts is not None:
            self._lines.append(line)

    def save(self, machine: str, *, lines: bool = True, at_rest: bool = False) -> None:
        """Save it.

        :param machine: the one that this try runs on.
        :param lines: whether to write the outcome lines too.
        :param at_rest: whether the server works on no call of this task any more.
        """
        if lines and self._lines and self.parts is not None:
            self.parts.write(self._part_count + 1, self._lines)
            self._lines = []
            self._part_count += 1
        saved_at = time.monotonic()
        self._task_state.set(
            self._key,
            {
                "version": _VERSION,
                "generation": self._generation,
                "machine": machine,
                "parts": self._part_count,
                "place": self._place,
                "busy_until": time.time() + self._busy_for if self._busy_for and not at_rest else 0.0,
                **self.rows.to_json(),
            },
        )
        self._saved_at = saved_at

    def _read(self, value: Json) -> None:
        if not isinstance(value, Mapping) or value.get("version") != _VERSION:
            self._remove_parts()
            return
        busy_until = value.get("busy_until")
        if value.get("place") != self._place and isinstance(busy_until, (int, float)):
            # Not longer than it can be: the clock may have been set back.
            self.busy_until = min(float(busy_until), time.time() + self._busy_for)
        if value.get("generation") != self._generation:
            self._remove_parts()
            return
        self.rows = CompactProgress.from_json(value, repeatable=self.repeatable)
        self.machine, self._part_count = str(value.get("machine") or ""), int(cast("int", value["parts"]))

    def _remove_parts(self) -> None:
        if self.parts is not None:
            self.parts.remove()


class SyncProgress:
    """The rows of one task, and the outcome lines of those that are done.

    An SQLite file holds the result of each row. A batch is one transaction. It is not flushed to disk: a
    killed process loses nothing of it, and what a power failure loses is sent again. The write-ahead log
    without shared memory (one process has the file open at a time) costs one write for a batch and works on
    network file systems.

    On another machine there is no such file, and what is done comes from the task's state: by blocks of rows,
    of which a checksum shows whether they are the same rows. A block with other rows is sent again. Where
    this machine and another one have both worked on rows that may be sent twice, the last one counts.

    :param path: the file.
    :param keep_outcomes: whether to keep the outcome lines of rows that earlier tries have done. A retry
        writes the other lines again.
    :param shared: the progress in the task's state.
    """

    def __init__(
        self, path: Path, *, keep_outcomes: bool = True, shared: SharedProgress | None = None
    ) -> None:
        self._path, self.shared, self._keep_outcomes = path, shared, keep_outcomes
        self._database = open_database(path, "which rows of a sync are done")
        self._database.executescript(
            f"PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; {_SCHEMA}"
        )
        new = "INSERT INTO machine SELECT ? WHERE NOT EXISTS (SELECT 1 FROM machine)"
        self._database.execute(new, (uuid4().hex,))
        (self._machine,) = self._database.execute("SELECT name FROM machine").fetchone()
        elsewhere = shared is not None and shared.machine not in ("", self._machine)
        if shared is not None and elsewhere and shared.repeatable:
            self._database.execute("DELETE FROM rows")
            self._database.execute("DELETE FROM outcomes")
        (last,) = self._database.execute("SELECT max(number) FROM rows").fetchone()
        self._last: int = -1 if last is None else last
        self.earlier_rows = shared.earlier_rows if shared is not None else 0
        """Rows that must be given to :meth:`compare` before they are looked up."""
        self.resumed = self._last >= 0 or self.earlier_rows > 0
        """Whether an earlier try has recorded any row."""
        self._block: dict[int, Entry] = {}
        self._block_start = -1
        self._lines: list[tuple[int, str]] = []
        self._compared: dict[int, Done] = {}
        """Results of the block that was compared last, by position."""
        self._database.execute(
            "DELETE FROM outcomes WHERE ? OR number NOT IN "
            "(SELECT number FROM rows WHERE status NOT IN (?, ''))",
            (not keep_outcomes, _SENT),
        )
        if keep_outcomes and shared is not None and elsewhere and shared.parts is not None:
            self._read_parts(shared.parts)

    @property
    def busy_until(self) -> float:
        """When calls of an earlier try that no claim shows have ended, in epoch seconds."""
        return self.shared.busy_until if self.shared is not None else 0.0

    @property
    def age(self) -> float:
        """Seconds since this try has saved the progress in the task's state."""
        return self.shared.age if self.shared is not None else 0.0

    # -- rows --------------------------------------------------------------------------------------

    @property
    def block_rows(self) -> int:
        """How many rows :meth:`compare` takes; the first of them has a multiple of it as its position."""
        return self.shared.rows.block_rows if self.shared is not None else 1

    def take(self, position: int) -> None:
        """Take a row of the source, before it is started or finished."""
        if self.shared is not None:
            self.shared.rows.take(position)

    def compare(self, rows: Sequence[RowMark]) -> None:
        """Compare a block of rows with what an earlier try had.

        :param rows: all rows of the block, with the digest 0 where there is nothing to send.
        :raises RowsChanged: when one of them is not what it was, and must not be sent twice.
        """
        self._compared = {}
        if self.shared is None or not rows:
            return
        progress = self.shared.rows
        counts = progress.check(rows[0].position // progress.block_rows, [row.digest for row in rows])
        if counts is None:
            if not self.shared.repeatable:
                raise RowsChanged(rows[0].number, rows[-1].number)
            return
        others = []
        for row in rows:
            if progress.is_done(row.position):
                if (done := self._stored(row.number, row.digest)) is not None:
                    self._compared[row.position] = done
                    counts[done] -= 1
                else:
                    others.append(row)
        # Which of the others has which of the remaining results is not known.
        left = (done for done, count in counts.items() for _ in range(count))
        for row in others:
            self._compared[row.position] = done = next(left, Done("updated", ""))
            self._add_missing_outcome(row.number, done)

    def known(self, row: RowMark) -> Done | None:
        """Return what an earlier try reached for a row, or None when it is not known to be done."""
        return self._compared.get(row.position) or self._stored(row.number, row.digest)

    def ambiguous(self, row: RowMark) -> bool:
        """Whether an earlier try sent the row and did not learn its outcome."""
        if self.known(row) is not None:
            return False
        found, status, _ = self._entry(row.number)
        if found == row.digest and status == _SENT:
            return True
        return self.shared is not None and self.shared.rows.is_sent(row.position)

    def changed(self, row: RowMark) -> bool:
        """Whether the row had other content in an earlier try."""
        return self._entry(row.number)[0] not in (0, row.digest)

    def start(self, rows: Sequence[RowMark]) -> None:
        """Record that rows are about to be sent. It is on record everywhere when this returns."""
        if self.shared is not None:
            self.shared.rows.start((row.position, row.digest) for row in rows)
            self.shared.save(self._machine, lines=False)
        self._write([(row.number, row.digest, _SENT, "") for row in rows])

    def finish(self, rows: Sequence[tuple[RowMark, Done | None]]) -> None:
        """Record the results of rows; None for one that a retry must send."""
        self._write(
            [
                (number, *NOT_DONE) if done is None else (number, digest, *done)
                for (number, _, digest), done in rows
            ]
        )
        if self.shared is not None:
            self.shared.rows.finish([(position, digest, done) for (_, position, digest), done in rows])

    def reopen(self, row: RowMark, done: Done) -> None:
        """Record that a row that is done is to be sent again."""
        self._write([(row.number, *NOT_DONE)])
        if self.shared is not None:
            self.shared.rows.reopen(row.position, row.digest, done)

    def save_if_due(self) -> None:
        """Save the progress in the task's state, when it is time to."""
        if self.shared is not None and self.shared.age >= _SAVE_EVERY:
            self.shared.save(self._machine)

    def save(self, *, at_rest: bool) -> None:
        """Save the progress in the task's state.

        :param at_rest: whether the server works on no call of this task any more.
        """
        if self.shared is not None:
            self.shared.save(self._machine, at_rest=at_rest)

    # -- outcome lines -----------------------------------------------------------------------------

    def add_outcome(self, number: int, line: str) -> None:
        """Keep the outcome line of a row; a later one replaces it. It is stored with the next batch."""
        self._lines.append((number, line))
        if self.shared is not None:
            self.shared.add_line(line)
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

    def close(self) -> None:
        """Close the file. Outcome lines that belong to no batch are lost, as a retry writes them again."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # -- inside ------------------------------------------------------------------------------------

    def _stored(self, number: int, digest: int) -> Done | None:
        found, status, code = self._entry(number)
        return Done(status, code) if found == digest and status not in (_SENT, "") else None

    def _entry(self, number: int) -> Entry:
        if number > self._last:
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
        self._lines.clear()
        if self._block:
            for number, digest, status, code in rows:
                if number in self._block:
                    self._block[number] = (digest, status, code)

    def _read_parts(self, parts: OutcomeParts) -> None:
        lines = ((int(json.loads(line)["row"]), line.decode()) for line in parts.read())
        with self._database:
            self._database.execute("BEGIN")
            self._database.executemany("INSERT OR REPLACE INTO outcomes VALUES (?, ?)", lines)

    def _add_missing_outcome(self, number: int, done: Done) -> None:
        """Add the outcome line of a row whose own line is lost with the machine on which it was done."""
        if self._keep_outcomes:
            line = {"row": number, "outcome": done.status, "id": None, "code": done.code, "reason": _NO_ID}
            statement = "INSERT OR IGNORE INTO outcomes VALUES (?, ?)"
            self._database.execute(statement, (number, json.dumps(line) + "\n"))
