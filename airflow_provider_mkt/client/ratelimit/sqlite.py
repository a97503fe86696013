"""Counting calls in a SQLite file, for every process on one machine.

The counting is pyrate-limiter's: a sliding log, under a file lock.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_provider_mkt.client.files import private_directory
from airflow_provider_mkt.client.ratelimit.budget import SLOT_WAIT, SharedBudget
from airflow_provider_mkt.client.ratelimit.counter import Slots, put, windowed
from airflow_provider_mkt.client.transport.platform import Rate

if TYPE_CHECKING:
    from collections.abc import Mapping

    from filelock import FileLock
    from pyrate_limiter import SQLiteBucket

    from airflow_provider_mkt.client.call import Quota

_SLOTS, _PAUSES, _LIMITS = "under_way", "pauses", "limits"
_TABLES = (
    f"{_SLOTS} (name VARCHAR, until REAL)",
    f"{_PAUSES} (quota VARCHAR, until REAL)",
    f"{_LIMITS} (quota VARCHAR PRIMARY KEY, calls INTEGER, seconds REAL)",
)


class FileCounter:
    """Counts in a file.

    :param path: the SQLite file; made with its directory when missing.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = threading.Lock()
        self._file: tuple[sqlite3.Connection, FileLock] | None = None
        self._buckets: dict[Quota, SQLiteBucket] = {}
        self._taken = 0

    def take(
        self, quota: Quota, rate: Rate, permit_id: str, slots: Slots | None, *, ahead: int = 0
    ) -> tuple[float, float]:
        with self.lock:
            connection, file_lock = self._opened()
            with file_lock:
                bucket = self._bucket(quota, rate)
                now = time.time()
                if (paused := _paused(connection, quota, now)) > 0:
                    return paused, 0.0
                if slots is not None and not _has_slot(connection, slots, now):
                    return SLOT_WAIT, 0.0
                if (wait := put(bucket, rate, permit_id, now, ahead)) > 0:
                    return wait, 0.0
                if slots is not None:
                    row = (permit_id, now + slots.seconds)
                    connection.execute(f"INSERT INTO {_SLOTS} VALUES (?, ?)", row)  # noqa: S608 - our own
                self._taken += 1
                # The first one too, since a short task never gets to the 64th.
                if self._taken % 64 == 1:
                    bucket.leak(int(now * 1000))
        return 0.0, int(now * 1000) / 1000

    def release(
        self, quota: Quota, permit_id: str, taken_at: float, arrived: float | None, *, slot: bool
    ) -> None:
        with self.lock:
            connection, file_lock = self._opened()
            with file_lock:
                if arrived is not None:
                    connection.execute(
                        f"UPDATE '{_table(quota)}' SET item_timestamp = ? WHERE name = ?",  # noqa: S608
                        (int(arrived * 1000), permit_id),
                    )
                if slot:
                    connection.execute(f"DELETE FROM {_SLOTS} WHERE name = ?", (permit_id,))  # noqa: S608

    def pause(self, quota: Quota, seconds: float) -> None:
        until = time.time() + seconds
        self._write(f"INSERT INTO {_PAUSES} VALUES (?, ?)", (quota.value, until))  # noqa: S608 - our own

    def remember(self, quota: Quota, rate: Rate) -> None:
        row = (quota.value, rate.calls, rate.seconds)
        self._write(f"INSERT OR REPLACE INTO {_LIMITS} VALUES (?, ?, ?)", row)  # noqa: S608 - our own

    def remembered(self, quota: Quota) -> Rate | None:
        with self.lock:
            connection, file_lock = self._opened()
            with file_lock:
                query = f"SELECT calls, seconds FROM {_LIMITS} WHERE quota = ?"  # noqa: S608 - our own
                row = connection.execute(query, (quota.value,)).fetchone()
        return None if row is None else Rate(int(row[0]), float(row[1]))

    def now(self) -> float:
        return time.time()

    def after_fork(self) -> None:
        # Closing a connection that was opened before a fork can harm the parent's, so it is kept.
        _orphans.append((self._file, self._buckets))
        self._file, self._buckets = None, {}
        self.lock = threading.Lock()

    def _write(self, statement: str, row: tuple[object, ...]) -> None:
        with self.lock:
            connection, file_lock = self._opened()
            with file_lock:
                connection.execute(statement, row)

    def _opened(self) -> tuple[sqlite3.Connection, FileLock]:
        if self._file is None:
            from filelock import FileLock

            private_directory(self.path.parent)
            lock = FileLock(f"{self.path}.lock", thread_local=False)
            with lock:
                # Without transactions of Python's own: one left open would outlast the file lock.
                connection = sqlite3.connect(
                    self.path, check_same_thread=False, timeout=30, isolation_level=None
                )
                connection.execute("PRAGMA journal_mode=WAL")
                # A place lost to a power cut is a call the platform may refuse, and nothing worse.
                connection.execute("PRAGMA synchronous=OFF")
                for table in _TABLES:
                    connection.execute(f"CREATE TABLE IF NOT EXISTS {table}")
            self._file = connection, lock
        return self._file

    def _bucket(self, quota: Quota, rate: Rate) -> SQLiteBucket:
        if quota not in self._buckets:
            from pyrate_limiter import SQLiteBucket

            connection, _ = self._opened()
            table = _table(quota)
            connection.execute(f"CREATE TABLE IF NOT EXISTS '{table}' (name VARCHAR, item_timestamp INTEGER)")
            connection.execute(f"CREATE INDEX IF NOT EXISTS 'at_{table}' ON '{table}' (item_timestamp)")
            self._buckets[quota] = SQLiteBucket([windowed(rate)], connection, table)
        return self._buckets[quota]


class FileBudget(SharedBudget):
    """A budget in a file.

    :param path: the SQLite file; made with its directory when missing.
    :param rates: the limit of each quota; a quota without one is not limited.
    :param max_in_flight: how many of the account's calls may be under way at once.
    """

    def __init__(self, path: Path, rates: Mapping[Quota, Rate], *, max_in_flight: int | None = None) -> None:
        super().__init__(FileCounter(path), rates, max_in_flight=max_in_flight)
        self.path = path


def _table(quota: Quota) -> str:
    return f"calls_{quota.value}"


def _has_slot(connection: sqlite3.Connection, slots: Slots, now: float) -> bool:
    connection.execute(f"DELETE FROM {_SLOTS} WHERE until < ?", (now,))  # noqa: S608 - our own name
    (held,) = connection.execute(f"SELECT count(*) FROM {_SLOTS}").fetchone()  # noqa: S608
    return int(held) < slots.limit


def _paused(connection: sqlite3.Connection, quota: Quota, now: float) -> float:
    query = f"SELECT max(until) FROM {_PAUSES} WHERE quota = ?"  # noqa: S608 - our own name
    (until,) = connection.execute(query, (quota.value,)).fetchone()
    if until is not None and until <= now:
        connection.execute(f"DELETE FROM {_PAUSES} WHERE quota = ?", (quota.value,))  # noqa: S608
    return max(0.0, (until or 0.0) - now)


_orphans: list[object] = []
