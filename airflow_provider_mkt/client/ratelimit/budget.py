"""The account's rate limit, shared by everything that uses the account.

How calls are counted together is a :class:`Counter`'s work: in a file for one machine
(:mod:`.budget_file`), in Redis or PostgreSQL for several (:mod:`.budget_redis`,
:mod:`.budget_postgres`). What is the same for all of them is here.
"""

from __future__ import annotations

import hashlib
import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from airflow_provider_mkt.client.call import Quota
from airflow_provider_mkt.client.ratelimit.counter import Counter, CounterUnavailable, Slots
from airflow_provider_mkt.client.transport.platform import Rate
from airflow_provider_mkt.client.transport.wire import Permit

log = logging.getLogger(__name__)

NOT_WORTH_WRITING = 0.02
"""Seconds by which a call may have arrived late without that being written down."""

SLOT_WAIT = 0.05
"""Seconds until it is worth asking again for one of the calls that may be under way at once."""

SLOT_MAX = 30.0
"""Seconds after which a call that was not answered no longer counts as under way: its task was killed."""


_GONE_AFTER = 5.0
"""Seconds after which one that was to come back is taken to have given up."""


class Budget(Protocol):
    """A place to ask before each call."""

    def rate(self, quota: Quota) -> Rate | None:
        """The limit of a quota, as far as it is known; None for one that is not limited.

        :raises CounterUnavailable: when the place where calls are counted cannot be reached.
        """

    def take(self, quota: Quota, permit_id: str = "", seconds: float = SLOT_MAX) -> float:
        """Try to take a place; 0 when taken, else the seconds until it is worth asking again.

        :param ticket: tells the place from others; without one it cannot be settled.
        :param seconds: how long the call may be under way.
        :raises CounterUnavailable: when the place where calls are counted cannot be reached.
        """

    def release(self, permit: Permit, took: float) -> None:
        """The call that took a place was answered, so many seconds after it was sent."""

    def learn(self, quota: Quota, rate: Rate) -> None:
        """The platform stated its limit."""

    def refused(self, quota: Quota, at_most: float) -> None:
        """The platform refused a call for rate: give no place for a while."""


class _LatencyFloor:
    """How long calls take the platform at least, as far as those so far tell."""

    _ENOUGH = 100

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}
        self._least: dict[str, float] = {}

    def after(self, kind: str, took: float) -> float:
        """Take one more call into account, and return the least time of its kind.

        Calls made at once may all have waited on their way, which only more of them show. Until then their
        kind is taken for no slower than the fastest of the others: too little only costs time.
        """
        self._seen[kind] = self._seen.get(kind, 0) + 1
        # Grows a little each time, so that a platform that has become slower is learnt too.
        self._least[kind] = min(took, self._least.get(kind, took) * 1.0001)
        if self._seen[kind] > self._ENOUGH:
            return self._least[kind]
        others = [least for other, least in list(self._least.items()) if other != kind]
        return min(self._least[kind], *others) if others else 0.0


class _FairQueue:
    """Those of this process that wait for a place, in the order in which they are told to come back.

    Without it all of them would come back for the one place that is free next.
    """

    def __init__(self) -> None:
        self._due: dict[str, float] = {}
        self._lock = threading.Lock()

    def ahead_of(self, permit_id: str) -> int:
        """How many come first: all that wait, or those that were to come back before this one."""
        now = time.monotonic()
        with self._lock:
            for gone in [other for other, due in self._due.items() if now - due > _GONE_AFTER]:
                del self._due[gone]
            mine = self._due.get(permit_id, float("inf"))
            return sum(due < mine for other, due in self._due.items() if other != permit_id)

    def told(self, permit_id: str, wait: float) -> None:
        """It is to come back after so many seconds; 0 when it has got its place."""
        with self._lock:
            if wait > 0:
                self._due[permit_id] = time.monotonic() + wait
            else:
                self._due.pop(permit_id, None)


class SharedBudget:
    """The budget of one account.

    :param counter: counts for everything that shares the budget.
    :param rates: the limit of each quota; a quota without one is not limited.
    :param max_in_flight: how many of the account's calls may be in flight at once; None where the platform
        has no such limit.
    """

    def __init__(
        self, counter: Counter, rates: Mapping[Quota, Rate], *, max_in_flight: int | None = None
    ) -> None:
        self.counter = counter
        self._rates = dict(rates)
        self._at_once = max_in_flight
        self._paused_until: dict[Quota, float] = {}
        self._refusals: dict[Quota, tuple[int, float]] = {}
        self._taken_at: dict[str, float] = {}
        self._fastest = _LatencyFloor()
        self._lines: dict[Quota, _FairQueue] = {quota: _FairQueue() for quota in self._rates}
        _forked_along.add(self)

    def rate(self, quota: Quota) -> Rate | None:
        if quota in self._rates and self._rates[quota].assumed:
            self._recall(quota)
        return self._rates.get(quota)

    def take(self, quota: Quota, permit_id: str = "", seconds: float = SLOT_MAX) -> float:
        if (rate := self.rate(quota)) is None:
            return 0.0
        paused = self._paused_until.get(quota, 0.0) - time.monotonic()
        if paused > 0:
            return paused
        slots = Slots(self._at_once, min(seconds, SLOT_MAX)) if self._at_once and permit_id else None
        line = self._lines[quota]
        ahead = line.ahead_of(permit_id) if permit_id else 0
        wait, taken_at = self.counter.take(quota, rate, permit_id, slots, ahead=ahead)
        if permit_id:
            line.told(permit_id, wait)
            if wait == 0:
                self._taken_at[permit_id] = taken_at
        return wait

    def release(self, permit: Permit, took: float) -> None:
        """Move a place to when its call can have reached the platform at the latest.

        The platform counts a call when it arrives, which a slow connection or a busy machine puts off.
        It arrived before its answer by at least the time that the fastest call of its kind took.
        """
        taken_at = self._taken_at.pop(permit.permit_id, None)
        if taken_at is None:
            return
        arrived = self.counter.now() - self._fastest.after(permit.kind, took)
        late = arrived if arrived - taken_at >= NOT_WORTH_WRITING else None
        if late is None and not self._at_once:
            return
        try:
            self.counter.release(permit.quota, permit.permit_id, taken_at, late, slot=bool(self._at_once))
        except CounterUnavailable as error:
            # The call is done and its answer must not be lost over this.
            log.warning("%s; the budget may be a call too generous", error)

    def refused(self, quota: Quota, at_most: float) -> None:
        """Give no place for a while: longer each time it happens again soon, up to *at_most* seconds."""
        rate = self._rates.get(quota)
        if rate is None:
            return
        now = time.monotonic()
        times, last = self._refusals.get(quota, (0, float("-inf")))
        if now - last > 2 * rate.seconds:
            times = 0
        elif now - last < rate.seconds / 20:
            # Calls that were under way together are refused together: once is enough.
            return
        self._refusals[quota] = (times + 1, now)
        self.pause(quota, min(at_most, rate.seconds / 10 * 2.0**times))

    def learn(self, quota: Quota, rate: Rate) -> None:
        if quota in self._rates and rate != self._rates[quota]:
            self._rates[quota] = rate
            self._tell(lambda: self.counter.remember(quota, rate))

    def pause(self, quota: Quota, seconds: float) -> None:
        """Give no place for a while, to nobody that shares the budget."""
        until = time.monotonic() + seconds
        self._paused_until[quota] = max(self._paused_until.get(quota, 0.0), until)
        self._tell(lambda: self.counter.pause(quota, seconds))

    def after_fork(self) -> None:
        """Start anew in a child process: only what is outside of it is shared with the parent."""
        self._taken_at = {}
        self._lines = {quota: _FairQueue() for quota in self._rates}
        self.counter.after_fork()

    def _recall(self, quota: Quota) -> None:
        """Take the limit that another process was told: with less, this one would wait for it to end."""
        known = self.counter.remembered(quota)
        # Without one, what is assumed counts until an answer states it.
        self._rates[quota] = known or replace(self._rates[quota], assumed=False)

    @staticmethod
    def _tell(what: Callable[[], None]) -> None:
        """Let the counter know, on a thread: an event loop calls this, and must not wait for the counter."""

        def work() -> None:
            try:
                what()
            except CounterUnavailable as error:
                log.warning("%s; other processes are not told", error)

        threading.Thread(target=work, name="mkt-budget-news", daemon=True).start()


def _after_fork() -> None:
    global _budgets_lock
    _budgets_lock = threading.Lock()
    for budget in list(_forked_along):
        budget.after_fork()


_forked_along: weakref.WeakSet[SharedBudget] = weakref.WeakSet()
os.register_at_fork(after_in_child=_after_fork)

_Settings = tuple[frozenset[tuple[Quota, Rate]], int | None]
_counters: dict[tuple[str, str], Counter] = {}
_budgets: dict[tuple[str, str, _Settings], SharedBudget] = {}
_budgets_lock = threading.Lock()


def budget_of(
    place: Path | str, account_key: str, rates: Mapping[Quota, Rate], *, max_in_flight: int | None = None
) -> SharedBudget:
    """The process-wide budget of one account, as one connection would use it.

    Connections with other limits count in the same place, so that each keeps to its own.

    :param place: where it is kept: a directory on this machine, or the URL of a Redis or PostgreSQL server.
    :param account_key: names the account; only a digest of it is kept.
    :param rates: the limit of each quota, as configured.
    :param max_in_flight: how many of the account's calls may be under way at once.
    :raises InvalidInput: when the URL is of neither kind, or its client library is not installed.
    """
    digest = hashlib.sha256(account_key.encode()).hexdigest()[:24]
    where = (str(place), digest)
    key = (*where, (frozenset(rates.items()), max_in_flight))
    with _budgets_lock:
        if key not in _budgets:
            if where not in _counters:
                _counters[where] = _counter(place, digest)
            _budgets[key] = SharedBudget(_counters[where], rates, max_in_flight=max_in_flight)
        return _budgets[key]


def forget_budgets() -> None:
    """Begin as a new process would: with what is kept outside of this one."""
    with _budgets_lock:
        _budgets.clear()
        _counters.clear()


def _counter(place: Path | str, digest: str) -> Counter:
    if isinstance(place, Path):
        from airflow_provider_mkt.client.ratelimit.sqlite import FileCounter

        return FileCounter(place / f"{digest}.sqlite")
    from airflow_provider_mkt.client.ratelimit.shared_state import counter

    return counter(place, digest)
