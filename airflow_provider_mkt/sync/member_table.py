"""People on their way: each once, in one order, with what became of them, in a file and not in memory."""

from __future__ import annotations

import hashlib
import itertools
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Self

from airflow_provider_mkt.actions.members import MemberResult, MemberStatus

_AT_ONCE = 10_000
_SCHEMA = """
CREATE TABLE people (
    person TEXT PRIMARY KEY, status TEXT, code TEXT NOT NULL DEFAULT '', reason TEXT NOT NULL DEFAULT '',
    seen INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID
"""


class MemberTable:
    """A table in a private file of its own, which is gone when it is closed.

    The order is that of the people themselves and not that in which they came, so that every try of a task
    cuts the same chunks, however its source is ordered.
    """

    def __init__(self) -> None:
        # An empty name is a temporary file that no other process can open.
        self._table = sqlite3.connect("", isolation_level=None)
        self._table.executescript(f"PRAGMA synchronous=OFF; PRAGMA journal_mode=OFF; {_SCHEMA}")
        self.given = 0
        self.total = 0

    def fill(self, people: Iterable[str]) -> None:
        """Take people in; somebody who comes twice is there once."""
        source = iter(people)
        while rows := [(person,) for person in itertools.islice(source, _AT_ONCE)]:
            self.given += len(rows)
            self._table.executemany("INSERT OR IGNORE INTO people (person) VALUES (?)", rows)
        (self.total,) = self._table.execute("SELECT count(*) FROM people").fetchone()

    def digest(self, chunk_max: int) -> str:
        """Names these people in chunks of this size."""
        digest = hashlib.sha256(str(chunk_max).encode())
        for chunk in self.chunks(_AT_ONCE):
            digest.update("\n".join(["", *chunk]).encode())
        return digest.hexdigest()[:24]

    def chunks(self, size: int) -> Iterator[list[str]]:
        """Everybody, in chunks."""
        return self._chunks("SELECT person FROM people WHERE person > ? ORDER BY person LIMIT ?", size)

    def unseen(self, size: int) -> Iterator[list[str]]:
        """Those with whom it was done, in this try or before, and who were not seen where they should be."""
        query = (
            "SELECT person FROM people WHERE person > ? AND status IN ('done', 'already') AND NOT seen "
            "ORDER BY person LIMIT ?"
        )
        return self._chunks(query, size)

    def see(self, people: Iterable[str]) -> None:
        self._table.executemany("UPDATE people SET seen = 1 WHERE person = ?", ((one,) for one in people))

    def settle(self, outcomes: Sequence[MemberResult]) -> None:
        """Write down what became of people."""
        self._table.executemany(
            "UPDATE people SET status = ?, code = ?, reason = ? WHERE person = ?",
            ((one.status.value, one.code, one.reason, one.person) for one in outcomes),
        )

    def counts(self) -> Counter[MemberStatus]:
        rows = self._table.execute(
            "SELECT status, count(*) FROM people WHERE status NOT NULL GROUP BY status"
        )
        return Counter({MemberStatus(status): count for status, count in rows})

    def failures(self) -> Iterator[MemberResult]:
        """Those who were rejected, and those of whom nobody knows."""
        rows = self._table.execute(
            "SELECT person, status, code, reason FROM people WHERE status IN ('rejected', 'unknown')"
        )
        return (
            MemberResult(person, MemberStatus(status), code, reason) for person, status, code, reason in rows
        )

    def _chunks(self, query: str, size: int) -> Iterator[list[str]]:
        last = ""
        while rows := self._table.execute(query, (last, size)).fetchall():
            people = [person for (person,) in rows]
            yield people
            last = people[-1]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._table.close()
