"""The account's rate limit, shared by everything that uses the account.

A :class:`~.store.PermitStore` keeps the permits: in a file for one machine (:mod:`.sqlite`), in Redis or
PostgreSQL for several (:mod:`.redis`, :mod:`.postgres`). What all of them share is here.
"""

from __future__ import annotations

import hashlib
import logging
import math
import os
import threading
import time
import weakref
from bisect import bisect_left, insort
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from airflow_provider_mkt.client.call import Quota
from airflow_provider_mkt.client.ratelimit.accounts import AccountBudget, AccountNames
from airflow_provider_mkt.client.ratelimit.store import (
    SLOT_MAX,
    Latency,
    PermitStore,
    SharedStateUnavailable,
    Slots,
    Usage,
)
from airflow_provider_mkt.client.transport.platform import ACCOUNT_UNKNOWN, Permit, Rate

log = logging.getLogger(__name__)

DELAY_MIN = 0.02
"""Seconds by which a call may reach the platform late without its permit being moved."""

_ANSWERS_SHARED = 20
"""Answers after which a process tells the others what it knows of the latency."""

_PERMITS_KEPT_FREE = 0.05
"""Share of a window's permits that work of low priority leaves to other work."""

_OTHER_WORK = 0.1
"""Share of a window's permits from which on other work counts as under way."""

_OWN_BESIDE_OTHERS = 0.05
"""Share of a window's permits that work of low priority takes while other work is under way."""

_SLOTS_KEPT_FREE = 0.2
"""Share of the calls in flight that work of low priority leaves to other work."""

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
        :returns: 0 when the permit was granted, else the seconds until the next try is worthwhile; or
            ``ACCOUNT_UNKNOWN`` when the account must be found first.
        :raises SharedStateUnavailable: when the store cannot be reached.
        """

    def release(self, permit: Permit, took: float | None) -> None:
        """Record that the call of a permit has ended.

        :param took: the seconds from sending to the answer; None when it was not answered, or when they do
            not say how long the platform took.
        """

    def learn(self, quota: Quota, rate: Rate) -> None:
        """Take over the limit that the platform stated."""

    def account_found(self, account: str | None) -> None:
        """Take the name of the account that the credentials belong to; None when it cannot be read."""

    def refused(self, quota: Quota, at_most: float) -> None:
        """Grant no permit for a while, because the platform refused a call for rate.

        :param at_most: the longest pause, in seconds.
        """


class _Latencies:
    """The latency of each kind of call of a quota, known to all processes that share the budget."""

    def __init__(self) -> None:
        self._shared: dict[str, Latency] = {}
        self._own: dict[str, Latency] = {}
        """The answers to this process since it last shared what it knows."""
        self._lock = threading.Lock()

    def floor_after(self, kind: str, took: float, store: PermitStore, quota: Quota) -> float:
        """Add a call that took so long, and return the least time of its kind, in seconds.

        A kind that is not known well enough counts as no slower than the fastest other kind: too low a floor
        only costs time.

        :raises SharedStateUnavailable: when the store cannot be reached.
        """
        with self._lock:
            answer, shared = Latency(1, took), self._shared.get(kind)
            own = answer if (earlier := self._own.pop(kind, None)) is None else earlier.merged(answer)
            if shares := shared is None or own.answers >= _ANSWERS_SHARED:
                self._shared[kind] = own if shared is None else shared.merged(own)
            else:
                self._own[kind] = own
        if shares:
            # What another process writes at the same moment may be lost, which costs little.
            known = store.remembered_latency(quota, kind)
            known = own if known is None else known.merged(own)
            store.remember_latency(quota, kind, known)
            with self._lock:
                self._shared[kind] = known
        return self._floor(kind)

    def _floor(self, kind: str) -> float:
        with self._lock:
            known = {
                name: latency.merged(self._own[name]) if name in self._own else latency
                for name, latency in self._shared.items()
            }
        floors = {name: latency.floor for name, latency in known.items()}
        if (floor := floors.pop(kind)) is not None:
            return floor
        others = [other for other in floors.values() if other is not None]
        return min(known[kind].least, *others) if others else 0.0


class _FairQueue:
    """The calls of this process that wait for a permit, by when they are due to try again.

    Without it all of them would try again for the permit that is free next.
    """

    def __init__(self) -> None:
        self._due: dict[str, float] = {}
        """When each waiting call is due, by the id of its permit."""
        self._in_order: list[tuple[float, str]] = []
        """The same, by when they are due."""
        self._lock = threading.Lock()

    def ahead_of(self, permit_id: str) -> int:
        """How many are due before this one; all of them when it is new."""
        gone_before = time.monotonic() - _GONE_AFTER
        with self._lock:
            while self._in_order and self._in_order[0][0] < gone_before:
                del self._due[self._in_order.pop(0)[1]]
            return bisect_left(self._in_order, (self._due.get(permit_id, math.inf), ""))

    def schedule(self, permit_id: str, wait: float) -> None:
        """It is due to try again after so many seconds; 0 when it has got its permit."""
        with self._lock:
            before = self._due.pop(permit_id, None)
            if before is not None:
                del self._in_order[bisect_left(self._in_order, (before, permit_id))]
            if wait > 0:
                self._due[permit_id] = due = time.monotonic() + wait
                insort(self._in_order, (due, permit_id))


class SharedBudget:
    """The budget of one account.

    :param store: keeps the permits for everything that shares the budget.
    :param rates: the limit of each quota; a quota without one is not limited.
    :param max_in_flight: how many of the account's calls may be in flight at once; None when the platform
        has no such limit.
    :param account: the quotas that count for an account and not for its credentials; None when all count
        alike.
    """

    def __init__(
        self,
        store: PermitStore,
        rates: Mapping[Quota, Rate],
        *,
        max_in_flight: int | None = None,
        account: AccountBudget | None = None,
    ) -> None:
        self.store = store
        self._account = account
        self.rates = dict(rates)
        """The limits as far as they are known."""
        self._max_in_flight = max_in_flight
        self._paused_until: dict[Quota, float] = {}
        self._refusals: dict[Quota, tuple[int, float]] = {}
        self._granted_at: dict[str, float] = {}
        self._low_priority_grants: dict[Quota, dict[str, float]] = {quota: {} for quota in self.rates}
        """From when on this process's permits of low priority count, by their ids; the oldest first."""
        self._last_low_priority: dict[Quota, float] = {}
        self.low_priority = LowPriorityBudget(self)
        """The budget for work that gives way to all other work."""
        # A call of one quota says nothing of those of another, whose windows are of another length.
        self._latencies = {quota: _Latencies() for quota in self.rates}
        self._queues: dict[Quota, _FairQueue] = {quota: _FairQueue() for quota in self.rates}
        _budgets_to_reset.add(self)

    def rate(self, quota: Quota) -> Rate | None:
        if quota in self.rates and self.rates[quota].assumed:
            self._recall(quota)
        return self.rates.get(quota)

    def take(
        self,
        quota: Quota,
        permit_id: str = "",
        seconds: float = SLOT_MAX,
        *,
        low_priority: bool = False,
    ) -> float:
        """Try to take a permit: see :meth:`Budget.take`.

        :param low_priority: take none of the last permits of a window, nor of the last slots, and few
            while other work is under way. Once in two windows one is granted like any other, so that such
            work goes on beside a sync that uses the whole limit for hours.
        """
        if (rate := self.rate(quota)) is None:
            return 0.0
        paused = self._paused_until.get(quota, 0.0) - time.monotonic()
        if paused > 0:
            return paused
        if (store := self._store_of(quota)) is None:
            return ACCOUNT_UNKNOWN
        slots = (
            Slots(self._max_in_flight, min(seconds, SLOT_MAX)) if self._max_in_flight and permit_id else None
        )
        if low_priority and self._gives_way(quota, rate):
            shortest = rate.seconds / 50
            rate = replace(rate, calls=self._calls_of_low_priority(quota, rate))
            if slots is not None:
                slots = replace(slots, limit=slots.limit - _kept_free(slots.limit, _SLOTS_KEPT_FREE))
        else:
            shortest = 0.0
        queue = self._queues[quota]
        ahead = queue.ahead_of(permit_id) if permit_id else 0
        wait, granted_at = store.take(quota, rate, permit_id, slots, ahead=ahead)
        if wait > 0:
            wait = max(wait, shortest)
        elif low_priority:
            self._last_low_priority[quota] = time.monotonic()
            self._low_priority_grants[quota][permit_id] = self._last_low_priority[quota]
        if permit_id:
            queue.schedule(permit_id, wait)
            if wait == 0:
                self._granted_at[permit_id] = granted_at
        return wait

    def _gives_way(self, quota: Quota, rate: Rate) -> bool:
        """Whether work of low priority was granted a permit within the last two windows."""
        last = self._last_low_priority.get(quota)
        return last is not None and time.monotonic() - last < 2 * rate.seconds

    def _calls_of_low_priority(self, quota: Quota, rate: Rate) -> int:
        """At how many calls in a window work of low priority gets no more permits.

        That is near the limit while there is no other work, and soon where there is: what it takes now, other
        work lacks until the window has passed.
        """
        granted, now = self._low_priority_grants[quota], time.monotonic()
        for permit_id in [one for one, since in granted.items() if now - since > rate.seconds]:
            del granted[permit_id]
        own, most = len(granted), rate.calls - _kept_free(rate.calls, _PERMITS_KEPT_FREE)
        if own < rate.calls * _OWN_BESIDE_OTHERS:
            return most
        return min(most, max(own + max(1, round(rate.calls * _OTHER_WORK)), rate.calls // 2))

    def release(self, permit: Permit, took: float | None) -> None:
        """Move a permit to the latest moment at which its call can have reached the platform.

        The platform counts a call when it arrives, and a slow connection or a busy machine delays that. It
        arrived before its answer by at least the least latency of its kind.
        """
        granted_at = self._granted_at.pop(permit.permit_id, None)
        if granted_at is None:
            return
        if self._low_priority_grants[permit.quota].pop(permit.permit_id, None) is not None:
            # The permit is moved, below.
            self._low_priority_grants[permit.quota][permit.permit_id] = time.monotonic()
        store = self._store_of(permit.quota) or self.store
        try:
            floor = 0.0
            if took is not None:
                latencies = self._latencies[permit.quota]
                floor = latencies.floor_after(permit.kind, took, store, permit.quota)
            arrived_at = store.now() - floor
            late = arrived_at if arrived_at - granted_at >= DELAY_MIN else None
            if late is not None or self._max_in_flight:
                store.release(permit.quota, permit.permit_id, late, slot=bool(self._max_in_flight))
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
            store = self._store_of(quota) or self.store
            self._in_background(lambda: store.remember(quota, rate))

    def account_found(self, account: str | None) -> None:
        shared = self._account
        if shared is None:
            return
        if account:
            shared.found(account)
            self._in_background(lambda: shared.remember(account))
        else:
            shared.not_found(self.store)

    def pause(self, quota: Quota, seconds: float) -> None:
        """Grant no permit for a while, to anybody that shares the budget."""
        until = time.monotonic() + seconds
        self._paused_until[quota] = max(self._paused_until.get(quota, 0.0), until)
        store = self._store_of(quota) or self.store
        self._in_background(lambda: store.pause(quota, seconds))

    def after_fork(self) -> None:
        """Start anew in a child process: with its parent it shares only what is outside of both."""
        self._granted_at = {}
        self._low_priority_grants = {quota: {} for quota in self.rates}
        self._last_low_priority = {}
        self._queues = {quota: _FairQueue() for quota in self.rates}
        self._latencies = {quota: _Latencies() for quota in self.rates}
        self.store.after_fork()
        if self._account is not None and self._account.opened not in (None, self.store):
            self._account.opened.after_fork()

    def _store_of(self, quota: Quota) -> PermitStore | None:
        """The store of a quota; None while the account that it counts for is not known."""
        if self._account is None or quota not in self._account.quotas:
            return self.store
        return self._account.store()

    def _recall(self, quota: Quota) -> None:
        """Take over the limit that another process has learnt: it may be higher than the assumed one."""
        known = (self._store_of(quota) or self.store).remembered(quota)
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


class LowPriorityBudget:
    """A budget, for work that gives way to all other work on the account: polls of waiting tasks.

    :param budget: of the account.
    """

    def __init__(self, budget: SharedBudget) -> None:
        self._budget = budget

    @property
    def rates(self) -> Mapping[Quota, Rate]:
        return self._budget.rates

    def rate(self, quota: Quota) -> Rate | None:
        return self._budget.rate(quota)

    def take(self, quota: Quota, permit_id: str = "", seconds: float = SLOT_MAX) -> float:
        return self._budget.take(quota, permit_id, seconds, low_priority=True)

    def release(self, permit: Permit, took: float | None) -> None:
        self._budget.release(permit, took)

    def learn(self, quota: Quota, rate: Rate) -> None:
        self._budget.learn(quota, rate)

    def account_found(self, account: str | None) -> None:
        self._budget.account_found(account)

    def refused(self, quota: Quota, at_most: float) -> None:
        self._budget.refused(quota, at_most)


def _kept_free(limit: int, share: float) -> int:
    """How many of a limit's places work of low priority leaves free; none of a single one."""
    return min(max(1, round(limit * share)), limit - 1)


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
    location: Path | str,
    account_key: str,
    rates: Mapping[Quota, Rate],
    *,
    max_in_flight: int | None = None,
    account_quotas: Collection[Quota] = (),
    accounts: AccountNames | None = None,
) -> SharedBudget:
    """The process-wide budget of one account, with the limits of one connection.

    Connections with other limits share the store, and each keeps to its own limits.

    :param location: a directory on this machine, or the URL of a Redis or PostgreSQL server.
    :param account_key: names the account; only a digest of it is kept.
    :param rates: the limit of each quota, as configured.
    :param max_in_flight: how many of the account's calls may be in flight at once.
    :param account_quotas: quotas that count for the account, whichever of its credentials are used.
    :param accounts: remembers which account the credentials belong to; without it all quotas count for the
        credentials.
    :raises InvalidInput: when the URL has another scheme, or its client library is not installed.
    """
    digest = account_digest(account_key)
    account = (str(location), digest)
    key = (*account, (frozenset(rates.items()), max_in_flight))
    with _budgets_lock:
        if key not in _budgets:
            shared = None
            if account_quotas and accounts is not None:
                shared = AccountBudget(
                    account_quotas,
                    account_key,
                    accounts,
                    lambda name: _store(location, shared_digest(name)),
                )
            _budgets[key] = SharedBudget(
                _store(location, digest), rates, max_in_flight=max_in_flight, account=shared
            )
        return _budgets[key]


def account_digest(account_key: str) -> str:
    """The name of the store of an account's credentials."""
    return hashlib.sha256(account_key.encode()).hexdigest()[:24]


def shared_digest(account: str) -> str:
    """The name of the store that all credentials of an account share."""
    return account_digest(f"account {account}")


def read_usage(location: Path | str, digest: str, quota: Quota, interval: int) -> Usage:
    """Read how a quota of an account was used lately. See :meth:`.PermitStore.usage`.

    :param location: as in :func:`budget_of`.
    :raises InvalidInput: when the URL has another scheme, or its client library is not installed.
    :raises SharedStateUnavailable: when the server cannot be reached.
    """
    with _budgets_lock:
        store = _store(location, digest)
    return store.usage(quota, interval)


def _store(location: Path | str, digest: str) -> PermitStore:
    """The process-wide store of one account."""
    key = (str(location), digest)
    if key not in _stores:
        _stores[key] = _open_store(location, digest)
    return _stores[key]


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
