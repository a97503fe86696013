"""The budget in a SQLite file, for every process on one machine."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
import weakref
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from airflow_provider_mkt.client.files import open_database, open_lock_file, private_directory, private_file
from airflow_provider_mkt.client.forks import ForkLock
from airflow_provider_mkt.client.ratelimit.store import CLEAN_EVERY, SLOT_MAX, Latency, Slots, Usage
from airflow_provider_mkt.client.ratelimit.window import HISTORY, AccountState, Window, wait_for_permit
from airflow_provider_mkt.client.transport.platform import Rate

if TYPE_CHECKING:
    from airflow_provider_mkt.client.call import Quota

_TABLES = """
CREATE TABLE IF NOT EXISTS permits (quota TEXT NOT NULL, granted_at INTEGER NOT NULL,
    permit_id TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS permits_by_time ON permits (quota, granted_at);
CREATE INDEX IF NOT EXISTS permits_by_id ON permits (permit_id);
CREATE TABLE IF NOT EXISTS in_flight (permit_id TEXT NOT NULL, until INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS pauses (quota TEXT PRIMARY KEY, until INTEGER NOT NULL, set_at INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS stated_limits (quota TEXT PRIMARY KEY, calls INTEGER NOT NULL,
    seconds REAL NOT NULL);
CREATE TABLE IF NOT EXISTS latencies (quota TEXT NOT NULL, kind TEXT NOT NULL, answers INTEGER NOT NULL,
    least REAL NOT NULL, before REAL, PRIMARY KEY (quota, kind));
"""

_STATE = """
SELECT max(coalesce((SELECT max(granted_at) FROM permits WHERE quota = :quota), 0),
        coalesce((SELECT max(set_at) FROM pauses), 0),
        coalesce((SELECT max(until) FROM in_flight), 0) - :slot_max),
    (SELECT until FROM pauses WHERE quota = :quota),
    (SELECT count(*) FROM in_flight WHERE until > :now),
    (SELECT granted_at FROM permits WHERE quota = :quota ORDER BY granted_at DESC LIMIT 1 OFFSET :gate),
    (SELECT granted_at FROM permits WHERE quota = :quota ORDER BY granted_at DESC LIMIT 1 OFFSET :blocker)
"""


_CALLS = """
SELECT granted_at / (1000 * :interval) * :interval,
    substr(permit_id, 1, max(instr(permit_id, '.') - 1, 0)) AS user, count(*)
FROM permits WHERE quota = :quota AND granted_at > :oldest GROUP BY 1, 2
"""

_IN_FLIGHT = """
SELECT substr(permit_id, 1, max(instr(permit_id, '.') - 1, 0)) AS user, count(*)
FROM in_flight WHERE until > :now GROUP BY 1
"""

_PAUSED = "SELECT until FROM pauses WHERE quota = :quota"
_STATED = "SELECT calls, seconds FROM stated_limits WHERE quota = :quota"


class _File(NamedTuple):
    connection: sqlite3.Connection
    lock: int


class SQLiteStore:
    """Keeps the permits of one account in a file.

    Each change is one transaction. Before it, a process waits for its turn with ``flock``: the kernel wakes
    it as soon as the one before it has finished, while SQLite itself would sleep and try again.

    :param path: the file; it is created with its directory when missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = ForkLock()
        self._file: _File | None = None
        self._closing: weakref.finalize[..., SQLiteStore] | None = None
        self._taken = 0

    def take(
        self, quota: Quota, rate: Rate, permit_id: str, slots: Slots | None, *, ahead: int = 0
    ) -> tuple[float, float]:
        window = Window.of(rate)
        with self._transaction() as connection:
            now = int(self.now() * 1000)
            state = _state(connection, quota, window, now, ahead)
            if wait := wait_for_permit(state, window, slots.limit if slots else None):
                return wait / 1000, 0.0
            connection.execute("INSERT INTO permits VALUES (?, ?, ?)", (quota.value, now, permit_id))
            if slots is not None:
                until = now + int(slots.seconds * 1000)
                connection.execute("INSERT INTO in_flight VALUES (?, ?)", (permit_id, until))
            if self._taken % CLEAN_EVERY == 0:
                oldest = now - window.kept
                connection.execute(
                    "DELETE FROM permits WHERE quota = ? AND granted_at <= ?", (quota.value, oldest)
                )
                connection.execute("DELETE FROM in_flight WHERE until <= ?", (now,))
            self._taken += 1
        return 0.0, now / 1000

    def release(self, quota: Quota, permit_id: str, arrived_at: float | None, *, slot: bool) -> None:
        with self._transaction() as connection:
            if arrived_at is not None:
                connection.execute(
                    "UPDATE permits SET granted_at = ? WHERE quota = ? AND permit_id = ?",
                    (int(arrived_at * 1000), quota.value, permit_id),
                )
            if slot:
                connection.execute("DELETE FROM in_flight WHERE permit_id = ?", (permit_id,))

    def pause(self, quota: Quota, seconds: float) -> None:
        with self._transaction() as connection:
            now = int(self.now() * 1000)
            connection.execute(
                "INSERT INTO pauses VALUES (?, ?, ?) ON CONFLICT (quota) "
                "DO UPDATE SET until = max(until, excluded.until), set_at = max(set_at, excluded.set_at)",
                (quota.value, now + int(seconds * 1000), now),
            )

    def remember(self, quota: Quota, rate: Rate) -> None:
        with self._transaction() as connection:
            row = (quota.value, rate.calls, rate.seconds)
            connection.execute("INSERT OR REPLACE INTO stated_limits VALUES (?, ?, ?)", row)

    def remembered(self, quota: Quota) -> Rate | None:
        with self._transaction() as connection:
            query = "SELECT calls, seconds FROM stated_limits WHERE quota = ?"
            row = connection.execute(query, (quota.value,)).fetchone()
        return None if row is None else Rate(int(row[0]), float(row[1]))

    def remember_latency(self, quota: Quota, kind: str, latency: Latency) -> None:
        with self._transaction() as connection:
            row = (quota.value, kind, latency.answers, latency.least, latency.before)
            connection.execute("INSERT OR REPLACE INTO latencies VALUES (?, ?, ?, ?, ?)", row)

    def remembered_latency(self, quota: Quota, kind: str) -> Latency | None:
        with self._transaction() as connection:
            query = "SELECT answers, least, before FROM latencies WHERE quota = ? AND kind = ?"
            row = connection.execute(query, (quota.value, kind)).fetchone()
        return None if row is None else Latency(*row)

    def usage(self, quota: Quota, interval: int) -> Usage:
        now = self.now()
        if not self.path.exists():
            return Usage(now)
        milliseconds = int(now * 1000)
        parameters = {
            "quota": quota.value,
            "interval": interval,
            "now": milliseconds,
            "oldest": milliseconds - HISTORY * 1000,
        }
        # A connection of its own, which cannot write and waits for no turn: nobody who calls waits for it.
        with closing(sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            calls = connection.execute(_CALLS, parameters).fetchall()
            in_flight = connection.execute(_IN_FLIGHT, parameters).fetchall()
            paused = connection.execute(_PAUSED, parameters).fetchone()
            stated = connection.execute(_STATED, parameters).fetchone()
        return Usage(
            now,
            {(start, user): count for start, user, count in calls},
            dict(in_flight),
            Rate(*stated) if stated else None,
            max(0.0, paused[0] / 1000 - now) if paused else 0.0,
        )

    def now(self) -> float:
        return time.time()

    def after_fork(self) -> None:
        if self._closing is not None:
            self._closing.detach()
            self._closing = None
        if self._file is not None:
            # Closing the parent's SQLite connection could harm its file, so the child keeps it unused. The
            # lock must be closed: this copy of it would keep it locked when the parent is killed.
            _parents_connections.append(self._file.connection)
            os.close(self._file.lock)
            self._file = None

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self.lock:
            connection, lock = self._locked()
            try:
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                except BaseException:
                    connection.execute("ROLLBACK")
                    raise
                connection.execute("COMMIT")
            finally:
                fcntl.flock(lock, fcntl.LOCK_UN)

    def _locked(self) -> _File:
        """The open file, whose turn it is; another one when it was deleted because nobody had used it."""
        while True:
            file = self._opened()
            fcntl.flock(file.lock, fcntl.LOCK_EX)
            if os.fstat(file.lock).st_nlink:
                return file
            self._file = None
            if self._closing is not None:
                self._closing()

    def _opened(self) -> _File:
        if self._file is None:
            private_directory(self.path.parent)
            lock = open_lock_file(self.path.with_name(f"{self.path.name}.lock"))
            try:
                fcntl.flock(lock, fcntl.LOCK_EX)
                holds = "the calls of the last minutes, which count against the account's limit"
                connection = open_database(private_file(self.path), holds, timeout=30)
                connection.execute("PRAGMA journal_mode=WAL")
                # A permit lost to a power cut is a call that the platform may refuse, and nothing worse.
                connection.execute("PRAGMA synchronous=OFF")
                connection.executescript(_TABLES)
            except BaseException:
                os.close(lock)
                raise
            fcntl.flock(lock, fcntl.LOCK_UN)
            self._file = _File(connection, lock)
            self._closing = weakref.finalize(self, _close, self._file)
            # At exit the system closes them, and a thread may still use them.
            self._closing.atexit = False
        return self._file


def _close(file: _File) -> None:
    file.connection.close()
    os.close(file.lock)


def _state(
    connection: sqlite3.Connection, quota: Quota, window: Window, now: int, ahead: int
) -> AccountState:
    blocker = window.blocker(ahead) if ahead else window.gate
    parameters = {
        "quota": quota.value,
        "now": now,
        "gate": window.gate,
        "blocker": blocker,
        "slot_max": int(SLOT_MAX * 1000),
    }
    latest, paused_until, in_flight, gate, blocker = connection.execute(_STATE, parameters).fetchone()
    if latest > now:
        _follow_clock(connection, latest - now, now)
        return _state(connection, quota, window, now, ahead)
    return AccountState(now, paused_until or 0, in_flight, gate, blocker)


def _follow_clock(connection: sqlite3.Connection, back: int, now: int) -> None:
    """Move everything by how far the machine's clock was set back, or it would count that much longer."""
    connection.execute("UPDATE permits SET granted_at = min(granted_at - ?, ?)", (back, now))
    connection.execute("UPDATE pauses SET until = until - ?, set_at = min(set_at - ?, ?)", (back, back, now))
    latest = now + int(SLOT_MAX * 1000)
    connection.execute("UPDATE in_flight SET until = ? WHERE until > ?", (latest, latest))


_parents_connections: list[sqlite3.Connection] = []
