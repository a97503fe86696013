"""The leads or contacts of one task, with their results, in a temporary SQLite table."""

from __future__ import annotations

import hashlib
import itertools
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from types import TracebackType
from typing import Self

from airflow_provider_mkt.actions.members import MemberResult, MemberStatus

_ROWS_PER_BATCH = 10_000
_SCHEMA = """
CREATE TABLE members (
    member TEXT PRIMARY KEY, status TEXT, code TEXT NOT NULL DEFAULT '', reason TEXT NOT NULL DEFAULT '',
    verified INTEGER NOT NULL DEFAULT 0, place INTEGER NOT NULL
) WITHOUT ROWID
"""


class MemberTable:
    """Members without duplicates, in a private file that is deleted when the table is closed.

    Members are sorted by their ids, so every try of a task cuts the same chunks, in whatever order the
    source returns them. Memory use does not grow with the number of members.
    """

    def __init__(self) -> None:
        # An empty name is a temporary file that no other process can open.
        self._connection = sqlite3.connect("", isolation_level=None)
        self._connection.executescript(f"PRAGMA synchronous=OFF; PRAGMA journal_mode=OFF; {_SCHEMA}")
        self.given = 0
        self.total = 0

    def add(self, members: Iterable[str]) -> None:
        """Add members; a member that is given twice is kept once."""
        source = enumerate(members, start=self.given + 1)
        while rows := list(itertools.islice(source, _ROWS_PER_BATCH)):
            self.given += len(rows)
            self._connection.executemany("INSERT OR IGNORE INTO members (place, member) VALUES (?, ?)", rows)
        (self.total,) = self._connection.execute("SELECT count(*) FROM members").fetchone()

    def digest(self, chunk_size: int) -> str:
        """Return a hash of the members and the chunk size."""
        digest = hashlib.sha256(str(chunk_size).encode())
        for chunk in self.chunks(_ROWS_PER_BATCH):
            digest.update("\n".join(["", *chunk]).encode())
        return digest.hexdigest()[:24]

    def chunks(self, size: int) -> Iterator[list[str]]:
        """Iterate over all members in chunks."""
        return self._chunks("SELECT member FROM members WHERE member > ? ORDER BY member LIMIT ?", size)

    def done(self, size: int) -> Iterator[list[str]]:
        """Iterate over the members to whom the action was applied, in chunks."""
        return self._chunks(
            "SELECT member FROM members WHERE member > ? AND status = 'done' ORDER BY member LIMIT ?", size
        )

    def unverified(self, size: int) -> Iterator[list[str]]:
        """Iterate over the successful members that :meth:`mark_verified` has not received yet."""
        query = (
            "SELECT member FROM members WHERE member > ? AND status IN ('done', 'already') AND NOT verified "
            "ORDER BY member LIMIT ?"
        )
        return self._chunks(query, size)

    def mark_verified(self, members: Iterable[str]) -> None:
        """Mark members whose result the platform shows."""
        self._connection.executemany(
            "UPDATE members SET verified = 1 WHERE member = ?", ((member,) for member in members)
        )

    def record(self, results: Sequence[MemberResult]) -> None:
        """Store the results of members."""
        self._connection.executemany(
            "UPDATE members SET status = ?, code = ?, reason = ? WHERE member = ?",
            ((one.status.value, one.code, one.reason, one.member) for one in results),
        )

    def counts(self) -> Counter[MemberStatus]:
        """Count the members by status; members without a result are not counted."""
        rows = self._connection.execute(
            "SELECT status, count(*) FROM members WHERE status NOT NULL GROUP BY status"
        )
        return Counter({MemberStatus(status): count for status, count in rows})

    def failures(self) -> Iterator[MemberResult]:
        """Iterate over the members that are rejected or unknown."""
        rows = self._connection.execute(
            "SELECT member, status, code, reason FROM members WHERE status IN ('rejected', 'unknown')"
        )
        return (
            MemberResult(member, MemberStatus(status), code, reason) for member, status, code, reason in rows
        )

    def first_failures(self, kinds: int) -> Iterator[tuple[int, MemberResult]]:
        """Iterate over the first member of each code among those that are rejected or unknown.

        :param kinds: how many codes there may be.
        :returns: each member with its place among the members that were given, from 1.
        """
        # SQLite takes the other columns from the row that has the least place.
        rows = self._connection.execute(
            "SELECT min(place), member, status, code, reason FROM members "
            "WHERE status IN ('rejected', 'unknown') GROUP BY status, code ORDER BY 1 LIMIT ?",
            (kinds,),
        )
        for place, member, status, code, reason in rows:
            yield place, MemberResult(member, MemberStatus(status), code, reason)

    def _chunks(self, query: str, size: int) -> Iterator[list[str]]:
        last = ""
        while rows := self._connection.execute(query, (last, size)).fetchall():
            members = [member for (member,) in rows]
            yield members
            last = members[-1]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()
