"""The account's rate limit, shared by everything on this machine that uses the account.

The counting is pyrate-limiter's: a sliding log in a SQLite file, under a file lock, so that
tasks, mapped tasks and triggers in any number of processes draw on one budget.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from airflow_provider_mkt.api.call import Meter
from airflow_provider_mkt.api.platform import Rate
from airflow_provider_mkt.api.wire import Place

if TYPE_CHECKING:
    from filelock import FileLock
    from pyrate_limiter import SQLiteBucket

SLACK = 0.01
"""Share of the window added to it, for what cannot be measured of when a call reaches the platform."""

NOT_WORTH_WRITING = 0.02
"""Seconds by which a call may have arrived late without that being written down."""


class Budget(Protocol):
    """A place to ask before each call."""

    def take(self, meter: Meter, ticket: str = "") -> float:
        """Try to take a place; 0 when taken, else the seconds until it is worth asking again."""

    def settle(self, place: Place, took: float) -> None:
        """The call that took a place was answered, so many seconds after it was sent."""

    def learn(self, meter: Meter, rate: Rate) -> None:
        """The platform stated its limit."""

    def refused(self, meter: Meter, at_most: float) -> None:
        """The platform refused a call for rate: give no place for a while."""


class _Fastest:
    """How long a call takes the platform at least, as far as the calls of its kind so far tell."""

    _ENOUGH = 20

    def __init__(self) -> None:
        self._seen = 0
        self._least = float("inf")

    def after(self, took: float) -> float:
        """Take one more call into account. Zero until enough were seen: too little only costs time."""
        self._seen += 1
        # Grows a little each time, so that a platform that has become slower is learnt too.
        self._least = min(took, self._least * 1.0001)
        return self._least if self._seen > self._ENOUGH else 0.0


class FileBudget:
    """A budget in a file, for every process on this machine.

    :param path: the SQLite file; made with its directory when missing.
    :param rates: the limit of each meter; a meter without one is not limited.
    """

    def __init__(self, path: Path, rates: Mapping[Meter, Rate]) -> None:
        self.path = path
        self._rates = dict(rates)
        self._buckets: dict[Meter, tuple[SQLiteBucket, FileLock]] = {}
        self._paused_until: dict[Meter, float] = {}
        self._refusals: dict[Meter, tuple[int, float]] = {}
        self._taken_at: dict[str, float] = {}
        self._fastest: dict[str, _Fastest] = {}
        self._lock = threading.Lock()
        self._taken = 0
        _forked_along.add(self)

    def take(self, meter: Meter, ticket: str = "") -> float:
        from pyrate_limiter import RateItem

        if meter not in self._rates:
            return 0.0
        paused = self._paused_until.get(meter, 0.0) - time.monotonic()
        if paused > 0:
            return paused
        with self._lock:
            bucket, file_lock = self._bucket(meter)
            bucket.rates = [_windowed(self._rates[meter])]
            with file_lock:
                now = int(time.time() * 1000)
                item = RateItem(ticket, now)
                if bucket.put(item):
                    if ticket:
                        self._taken_at[ticket] = now / 1000
                    self._taken += 1
                    # The first one too, since a short task never gets to the 64th.
                    if self._taken % 64 == 1:
                        bucket.leak(now)
                    return 0.0
                wait = bucket.waiting(item)
        return max(int(wait) if isinstance(wait, int) else 0, 1) / 1000 + 0.002

    def settle(self, place: Place, took: float) -> None:
        """Move a place to when its call can have reached the platform at the latest.

        The platform counts a call when it arrives, which a slow connection or a busy machine puts off.
        It arrived before its answer by at least the time that the fastest call of its kind took.
        """
        taken_at = self._taken_at.pop(place.ticket, None)
        if taken_at is None:
            return
        arrived = time.time() - self._fastest.setdefault(place.kind, _Fastest()).after(took)
        if arrived - taken_at < NOT_WORTH_WRITING:
            return
        with self._lock:
            bucket, file_lock = self._bucket(place.meter)
            with file_lock:
                bucket.conn.execute(
                    f"UPDATE '{bucket.table}' SET item_timestamp = ? WHERE name = ?",  # noqa: S608 - our own name
                    (int(arrived * 1000), place.ticket),
                )
                bucket.conn.commit()

    def refused(self, meter: Meter, at_most: float) -> None:
        """Give no place for a while: longer each time it happens again soon, up to *at_most* seconds."""
        rate = self._rates.get(meter)
        if rate is None:
            return
        now = time.monotonic()
        times, last = self._refusals.get(meter, (0, float("-inf")))
        if now - last > 2 * rate.seconds:
            times = 0
        elif now - last < rate.seconds / 20:
            # Calls that were under way together are refused together: once is enough.
            return
        self._refusals[meter] = (times + 1, now)
        self.pause(meter, min(at_most, rate.seconds / 10 * 2.0**times))

    def learn(self, meter: Meter, rate: Rate) -> None:
        # Without the lock: an event loop calls this, and a thread may hold the lock while it waits
        # for the file.
        if meter in self._rates:
            self._rates[meter] = rate

    def pause(self, meter: Meter, seconds: float) -> None:
        until = time.monotonic() + seconds
        self._paused_until[meter] = max(self._paused_until.get(meter, 0.0), until)

    def _bucket(self, meter: Meter) -> tuple[SQLiteBucket, FileLock]:
        if meter not in self._buckets:
            self._buckets[meter] = self._open(meter)
        return self._buckets[meter]

    def after_fork(self) -> None:
        """Start anew in a child process: only the file is shared with the parent."""
        # Closing a connection that was opened before a fork can harm the parent's, so they are kept.
        _orphans.append(self._buckets)
        self._taken_at = {}
        self._buckets = {}
        self._lock = threading.Lock()

    def _open(self, meter: Meter) -> tuple[SQLiteBucket, FileLock]:
        from filelock import FileLock
        from pyrate_limiter import SQLiteBucket

        private_directory(self.path.parent)
        lock = FileLock(f"{self.path}.lock", thread_local=False)
        with lock:
            connection = sqlite3.connect(self.path, check_same_thread=False, timeout=30)
            connection.execute("PRAGMA journal_mode=WAL")
            # A place lost to a power cut is a call the platform may refuse, and nothing worse.
            connection.execute("PRAGMA synchronous=OFF")
            table = f"calls_{meter.value}"
            connection.execute(f"CREATE TABLE IF NOT EXISTS '{table}' (name VARCHAR, item_timestamp INTEGER)")
            connection.execute(f"CREATE INDEX IF NOT EXISTS 'at_{table}' ON '{table}' (item_timestamp)")
            connection.commit()
        return SQLiteBucket([_windowed(self._rates[meter])], connection, table), lock


def _windowed(rate: Rate) -> PyRate:
    from pyrate_limiter import Rate as PyRate

    return PyRate(rate.calls, int(rate.seconds * (1 + SLACK) * 1000))


if TYPE_CHECKING:
    from pyrate_limiter import Rate as PyRate


def private_directory(path: Path) -> Path:
    """Make *path* with all its parents, readable by this user only."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    with suppress(PermissionError):
        path.chmod(0o700)
    return path


def _after_fork() -> None:
    global _budgets_lock
    _budgets_lock = threading.Lock()
    for budget in list(_forked_along):
        budget.after_fork()


_forked_along: weakref.WeakSet[FileBudget] = weakref.WeakSet()
_orphans: list[object] = []
os.register_at_fork(after_in_child=_after_fork)

_budgets: dict[tuple[str, str], FileBudget] = {}
_budgets_lock = threading.Lock()


def file_budget(directory: Path, account_key: str, rates: Mapping[Meter, Rate]) -> FileBudget:
    """The process-wide budget of one account, kept below *directory*."""
    digest = hashlib.sha256(account_key.encode()).hexdigest()[:24]
    with _budgets_lock:
        key = (str(directory), digest)
        if key not in _budgets:
            _budgets[key] = FileBudget(directory / f"{digest}.sqlite", rates)
        return _budgets[key]
