"""The budget in a SQLite file, for every process on one machine."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from airflow_provider_mkt.client.files import open_lock_file, private_directory
from airflow_provider_mkt.client.ratelimit.store import CLEAN_EVERY, SLOT_MAX, Slots
from airflow_provider_mkt.client.ratelimit.window import AccountState, Window, wait_for_permit
from airflow_provider_mkt.client.transport.platform import Rate

if TYPE_CHECKING:
    from airflow_provider_mkt.client.call import Quota

_TABLES = """
CREATE TABLE IF NOT EXISTS permits (quota TEXT NOT NULL, granted_at INTEGER NOT NULL,
    permit_id TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS permits_by_time ON permits (quota, granted_at);
CREATE TABLE IF NOT EXISTS in_flight (permit_id TEXT NOT NULL, until INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS quota_pauses (quota TEXT PRIMARY KEY, until INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS stated_limits (quota TEXT PRIMARY KEY, calls INTEGER NOT NULL,
    seconds REAL NOT NULL);
"""

_STATE = """
SELECT (SELECT max(granted_at) FROM permits WHERE quota = :quota),
    (SELECT until FROM quota_pauses WHERE quota = :quota),
    (SELECT count(*) FROM in_flight WHERE until > :now),
    (SELECT granted_at FROM permits WHERE quota = :quota ORDER BY granted_at DESC LIMIT 1 OFFSET :gate),
    (SELECT granted_at FROM permits WHERE quota = :quota ORDER BY granted_at DESC LIMIT 1 OFFSET :blocker)
"""


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
        self.lock = threading.Lock()
        self._file: _File | None = None
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
                oldest = now - window.length
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
            connection.execute(
                "INSERT INTO quota_pauses VALUES (?, ?) "
                "ON CONFLICT (quota) DO UPDATE SET until = max(until, excluded.until)",
                (quota.value, int((self.now() + seconds) * 1000)),
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

    def now(self) -> float:
        return time.time()

    def after_fork(self) -> None:
        if self._file is not None:
            # Closing the parent's SQLite connection could harm its file, so the child keeps it unused. The
            # lock must be closed: this copy of it would keep it locked when the parent is killed.
            _parents_connections.append(self._file.connection)
            os.close(self._file.lock)
            self._file = None
        self.lock = threading.Lock()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self.lock:
            connection, lock = self._opened()
            fcntl.flock(lock, fcntl.LOCK_EX)
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

    def _opened(self) -> _File:
        if self._file is None:
            private_directory(self.path.parent)
            lock = open_lock_file(self.path.with_name(f"{self.path.name}.lock"))
            try:
                fcntl.flock(lock, fcntl.LOCK_EX)
                connection = sqlite3.connect(
                    self.path, check_same_thread=False, timeout=30, isolation_level=None
                )
                connection.execute("PRAGMA journal_mode=WAL")
                # A permit lost to a power cut is a call that the platform may refuse, and nothing worse.
                connection.execute("PRAGMA synchronous=OFF")
                connection.executescript(_TABLES)
            except BaseException:
                os.close(lock)
                raise
            fcntl.flock(lock, fcntl.LOCK_UN)
            self._file = _File(connection, lock)
        return self._file


def _state(
    connection: sqlite3.Connection, quota: Quota, window: Window, now: int, ahead: int
) -> AccountState:
    blocker = window.blocker(ahead) if ahead else window.gate
    parameters = {"quota": quota.value, "now": now, "gate": window.gate, "blocker": blocker}
    newest, paused_until, in_flight, gate, blocker = connection.execute(_STATE, parameters).fetchone()
    if newest is not None and newest > now:
        _follow_clock(connection, newest - now, now)
        return _state(connection, quota, window, now, ahead)
    return AccountState(now, paused_until or 0, in_flight, gate, blocker)


def _follow_clock(connection: sqlite3.Connection, back: int, now: int) -> None:
    """Move everything by how far the machine's clock was set back, or it would count that much longer."""
    connection.execute("UPDATE permits SET granted_at = min(granted_at - ?, ?)", (back, now))
    connection.execute("UPDATE quota_pauses SET until = until - ?", (back,))
    latest = now + int(SLOT_MAX * 1000)
    connection.execute("UPDATE in_flight SET until = ? WHERE until > ?", (latest, latest))


_parents_connections: list[sqlite3.Connection] = []
