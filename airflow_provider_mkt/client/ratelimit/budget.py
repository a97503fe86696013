"""The account's rate limit, shared by everything that uses the account.

A :class:`~.store.PermitStore` keeps the permits: in a file for one machine (:mod:`.sqlite`), in Redis or
PostgreSQL for several (:mod:`.redis`, :mod:`.postgres`). What all of them share is here.
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
from airflow_provider_mkt.client.ratelimit.store import (
    SLOT_MAX,
    PermitStore,
    SharedStateUnavailable,
    Slots,
)
from airflow_provider_mkt.client.transport.platform import Permit, Rate

log = logging.getLogger(__name__)

DELAY_MIN = 0.02
"""Seconds by which a call may reach the platform late without its permit being moved."""

_GONE_AFTER = 5.0
"""Seconds after its due time at which a waiting call that did not try again has given up."""


class Budget(Protocol):
    """Grants the permits that calls need."""

    @property
    def rates(self) -> Mapping[Quota, Rate]:
        """The limits as far as this process knows them."""

    def rate(self, quota: Quota) -> Rate | None:
        """The limit of a quota, as far as it is known; None when the quota is not limited.

        :raises SharedStateUnavailable: when the store cannot be reached.
        """

    def take(self, quota: Quota, permit_id: str = "", seconds: float = SLOT_MAX) -> float:
        """Try to take a permit.

        :param permit_id: names the permit; without one it cannot be released.
        :param seconds: how long the call may be in flight.
        :returns: 0 when the permit was granted, else the seconds until the next try is worthwhile.
        :raises SharedStateUnavailable: when the store cannot be reached.
        """

    def release(self, permit: Permit, took: float) -> None:
        """Record that the call of a permit was answered, *took* seconds after it was sent."""

    def learn(self, quota: Quota, rate: Rate) -> None:
        """Take over the limit that the platform stated."""

    def refused(self, quota: Quota, at_most: float) -> None:
        """Grant no permit for a while, because the platform refused a call for rate.

        :param at_most: the longest pause, in seconds.
        """


class _LatencyFloor:
    """The least time that the platform takes to answer a call, by kind of call, as far as it is known."""

    _ENOUGH = 100

    def __init__(self) -> None:
        self._calls: dict[str, int] = {}
        self._floors: dict[str, float] = {}

    def after(self, kind: str, took: float) -> float:
        """Add a call that took so long, and return the floor of its kind, in seconds.

        Concurrent calls may all have been delayed on their way, so one call proves little. Until a kind has
        enough of them it counts as no slower than the fastest other kind: too low a floor only costs time.
        """
        self._calls[kind] = self._calls.get(kind, 0) + 1
        # The floor rises a little with each call, so that it follows a platform that has become slower.
        self._floors[kind] = min(took, self._floors.get(kind, took) * 1.0001)
        if self._calls[kind] > self._ENOUGH:
            return self._floors[kind]
        others = [floor for other, floor in list(self._floors.items()) if other != kind]
        return min(self._floors[kind], *others) if others else 0.0


class _FairQueue:
    """The calls of this process that wait for a permit, by when they are due to try again.

    Without it all of them would try again for the permit that is free next.
    """

    def __init__(self) -> None:
        self.due: dict[str, float] = {}
        """When each waiting call is due, by the id of its permit."""
        self._lock = threading.Lock()

    def ahead_of(self, permit_id: str) -> int:
        """How many are due before this one; all of them when it is new."""
        now = time.monotonic()
        with self._lock:
            for gone in [other for other, due in self.due.items() if now - due > _GONE_AFTER]:
                del self.due[gone]
            own = self.due.get(permit_id, float("inf"))
            return sum(due < own for other, due in self.due.items() if other != permit_id)

    def schedule(self, permit_id: str, wait: float) -> None:
        """It is due to try again after so many seconds; 0 when it has got its permit."""
        with self._lock:
            if wait > 0:
                self.due[permit_id] = time.monotonic() + wait
            else:
                self.due.pop(permit_id, None)


class SharedBudget:
    """The budget of one account.

    :param store: keeps the permits for everything that shares the budget.
    :param rates: the limit of each quota; a quota without one is not limited.
    :param max_in_flight: how many of the account's calls may be in flight at once; None when the platform
        has no such limit.
    """

    def __init__(
        self, store: PermitStore, rates: Mapping[Quota, Rate], *, max_in_flight: int | None = None
    ) -> None:
        self.store = store
        self.rates = dict(rates)
        """The limits as far as they are known."""
        self._max_in_flight = max_in_flight
        self._paused_until: dict[Quota, float] = {}
        self._refusals: dict[Quota, tuple[int, float]] = {}
        self._granted_at: dict[str, float] = {}
        self._latency_floor = _LatencyFloor()
        self._queues: dict[Quota, _FairQueue] = {quota: _FairQueue() for quota in self.rates}
        _budgets_to_reset.add(self)

    def rate(self, quota: Quota) -> Rate | None:
        if quota in self.rates and self.rates[quota].assumed:
            self._recall(quota)
        return self.rates.get(quota)

    def take(self, quota: Quota, permit_id: str = "", seconds: float = SLOT_MAX) -> float:
        if (rate := self.rate(quota)) is None:
            return 0.0
        paused = self._paused_until.get(quota, 0.0) - time.monotonic()
        if paused > 0:
            return paused
        slots = (
            Slots(self._max_in_flight, min(seconds, SLOT_MAX)) if self._max_in_flight and permit_id else None
        )
        queue = self._queues[quota]
        ahead = queue.ahead_of(permit_id) if permit_id else 0
        wait, granted_at = self.store.take(quota, rate, permit_id, slots, ahead=ahead)
        if permit_id:
            if wait > 0 or permit_id in queue.due:
                queue.schedule(permit_id, wait)
            if wait == 0:
                self._granted_at[permit_id] = granted_at
        return wait

    def release(self, permit: Permit, took: float) -> None:
        """Move a permit to the latest moment at which its call can have reached the platform.

        The platform counts a call when it arrives, and a slow connection or a busy machine delays that. It
        arrived before its answer by at least the latency floor of its kind.
        """
        granted_at = self._granted_at.pop(permit.permit_id, None)
        if granted_at is None:
            return
        floor = self._latency_floor.after(permit.kind, took)
        arrived_at = self.store.now() - floor
        late = arrived_at if arrived_at - granted_at >= DELAY_MIN else None
        if late is None and not self._max_in_flight:
            return
        try:
            self.store.release(permit.quota, permit.permit_id, late, slot=bool(self._max_in_flight))
        except SharedStateUnavailable as error:
            # The call is done, and its answer must not be lost because of this.
            log.warning("%s; the permit of a finished call was not updated", error)

    def refused(self, quota: Quota, at_most: float) -> None:
        """Grant no permit for a while: longer after each refusal that follows soon, up to *at_most* seconds.

        After two windows without a refusal the pauses begin short again.
        """
        rate = self.rates.get(quota)
        if rate is None:
            return
        now = time.monotonic()
        refusals, last = self._refusals.get(quota, (0, float("-inf")))
        if now - last > 2 * rate.seconds:
            refusals = 0
        elif now - last < rate.seconds / 20:
            # Calls that were in flight together are refused together, and count once.
            return
        self._refusals[quota] = (refusals + 1, now)
        self.pause(quota, min(at_most, rate.seconds / 10 * 2.0**refusals))

    def learn(self, quota: Quota, rate: Rate) -> None:
        if quota in self.rates and rate != self.rates[quota]:
            self.rates[quota] = rate
            self._in_background(lambda: self.store.remember(quota, rate))

    def pause(self, quota: Quota, seconds: float) -> None:
        """Grant no permit for a while, to anybody that shares the budget."""
        until = time.monotonic() + seconds
        self._paused_until[quota] = max(self._paused_until.get(quota, 0.0), until)
        self._in_background(lambda: self.store.pause(quota, seconds))

    def after_fork(self) -> None:
        """Start anew in a child process: with its parent it shares only what is outside of both."""
        self._granted_at = {}
        self._queues = {quota: _FairQueue() for quota in self.rates}
        self.store.after_fork()

    def _recall(self, quota: Quota) -> None:
        """Take over the limit that another process has learnt: it may be higher than the assumed one."""
        known = self.store.remembered(quota)
        # Without one, the assumed limit counts until an answer states it.
        self.rates[quota] = known or replace(self.rates[quota], assumed=False)

    @staticmethod
    def _in_background(update: Callable[[], None]) -> None:
        """Update the store on a thread: the caller may be an event loop, which must not wait for it."""

        def work() -> None:
            try:
                update()
            except SharedStateUnavailable as error:
                log.warning("%s; other processes do not know of the change", error)

        threading.Thread(target=work, name="mkt-budget-update", daemon=True).start()


def _after_fork() -> None:
    global _budgets_lock
    _budgets_lock = threading.Lock()
    for budget in list(_budgets_to_reset):
        budget.after_fork()


_budgets_to_reset: weakref.WeakSet[SharedBudget] = weakref.WeakSet()
os.register_at_fork(after_in_child=_after_fork)

_Settings = tuple[frozenset[tuple[Quota, Rate]], int | None]
_stores: dict[tuple[str, str], PermitStore] = {}
_budgets: dict[tuple[str, str, _Settings], SharedBudget] = {}
_budgets_lock = threading.Lock()


def budget_of(
    location: Path | str, account_key: str, rates: Mapping[Quota, Rate], *, max_in_flight: int | None = None
) -> SharedBudget:
    """The process-wide budget of one account, with the limits of one connection.

    Connections with other limits share the store, and each keeps to its own limits.

    :param location: a directory on this machine, or the URL of a Redis or PostgreSQL server.
    :param account_key: names the account; only a digest of it is kept.
    :param rates: the limit of each quota, as configured.
    :param max_in_flight: how many of the account's calls may be in flight at once.
    :raises InvalidInput: when the URL has another scheme, or its client library is not installed.
    """
    digest = hashlib.sha256(account_key.encode()).hexdigest()[:24]
    account = (str(location), digest)
    key = (*account, (frozenset(rates.items()), max_in_flight))
    with _budgets_lock:
        if key not in _budgets:
            if account not in _stores:
                _stores[account] = _open_store(location, digest)
            _budgets[key] = SharedBudget(_stores[account], rates, max_in_flight=max_in_flight)
        return _budgets[key]


def forget_budgets() -> None:
    """Start as a new process would: only what is stored outside of this one is kept."""
    with _budgets_lock:
        _budgets.clear()
        _stores.clear()


def _open_store(location: Path | str, digest: str) -> PermitStore:
    """Open the store of one account.

    :param location: a directory on this machine, or the URL of a Redis or PostgreSQL server.
    :param digest: names the account.
    :raises InvalidInput: when the URL has another scheme, or its client library is not installed.
    """
    if isinstance(location, Path):
        from airflow_provider_mkt.client.ratelimit.sqlite import SQLiteStore

        return SQLiteStore(location / f"{digest}.sqlite")
    from airflow_provider_mkt.client.ratelimit.servers import client_library, server_kind

    with client_library(location):
        if server_kind(location) == "redis":
            from airflow_provider_mkt.client.ratelimit.redis import RedisStore

            return RedisStore(location, digest)
        from airflow_provider_mkt.client.ratelimit.postgres import PostgresStore

        return PostgresStore(location, digest)
