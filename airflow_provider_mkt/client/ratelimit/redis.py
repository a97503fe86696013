"""The budget in Redis, by the server's clock."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from airflow_provider_mkt.client.ratelimit.servers import SETTING
from airflow_provider_mkt.client.ratelimit.store import (
    SLOT_MAX,
    Latency,
    SharedStateUnavailable,
    Slots,
    Usage,
)
from airflow_provider_mkt.client.ratelimit.window import HISTORY, AccountState, Window, wait_for_permit
from airflow_provider_mkt.client.transport.platform import Rate

if TYPE_CHECKING:
    from airflow_provider_mkt.client.call import Quota

T = TypeVar("T")

_LIMIT_LIFE = 24 * 3600
"""Seconds for which a limit that the platform stated, and what is known of its latency, are kept."""

_TIMEOUT = 5.0

_PAUSE = """
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then
    redis.call('SET', KEYS[1], '', 'PX', ARGV[1])
end
"""

# Reads the account's state, and adds the permit where wait_for_permit is 0 for that state: in one step, and
# by the server's clock, because a client's time would be old when the script runs. Missing times are -1.
_TAKE = f"""
local permits, slots, permit_id = KEYS[1], KEYS[2], ARGV[1]
local length, gate_rank, blocker_rank = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local max_in_flight, slot, kept = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function not_after(key, latest)
    for _, member in ipairs(redis.call('ZRANGEBYSCORE', key, '(' .. latest, '+inf')) do
        redis.call('ZADD', key, 'XX', latest, member)
    end
end
local function granted_at(rank)
    return tonumber(redis.call('ZREVRANGE', permits, rank, rank, 'WITHSCORES')[2] or -1)
end
-- The server's clock may have been set back.
not_after(permits, now)
redis.call('ZREMRANGEBYSCORE', permits, '-inf', now - kept)
local in_flight = 0
if max_in_flight > 0 then
    not_after(slots, now + {int(SLOT_MAX * 1000)})
    redis.call('ZREMRANGEBYSCORE', slots, '-inf', now)
    in_flight = redis.call('ZCARD', slots)
end
local paused, gate = math.max(redis.call('PTTL', KEYS[3]), 0), granted_at(gate_rank)
if paused > 0 or max_in_flight > 0 and in_flight >= max_in_flight or gate > now - length then
    return {{now, now + paused, in_flight, gate, granted_at(blocker_rank)}}
end
redis.call('ZADD', permits, now, permit_id)
redis.call('PEXPIRE', permits, 2 * kept)
if max_in_flight > 0 then
    redis.call('ZADD', slots, now + slot, permit_id)
    redis.call('PEXPIRE', slots, 2 * slot)
end
return {{now, now, in_flight, gate, -1}}
"""


class RedisStore:
    """Keeps the permits of one account in Redis: each is taken in one step of the server.

    :param url: the server.
    :param digest: names the account.
    """

    def __init__(self, url: str, digest: str) -> None:
        self._client = connect(url)
        self._take = self._client.register_script(_TAKE)
        self._pause = self._client.register_script(_PAUSE)
        self._digest = digest
        self._clock_offset = 0.0

    def take(
        self, quota: Quota, rate: Rate, permit_id: str, slots: Slots | None, *, ahead: int = 0
    ) -> tuple[float, float]:
        window = Window.of(rate)
        keys = [self._key(quota), self._slots, self._pauses(quota)]
        limit, seconds = (slots.limit, slots.seconds) if slots is not None else (0, 0.0)
        ranks = (window.gate, window.blocker(ahead))
        arguments = [permit_id or uuid4().hex, window.length, *ranks, limit, int(seconds * 1000), window.kept]
        now, paused_until, in_flight, gate, blocker = reach(lambda: self._take(keys=keys, args=arguments))
        self._clock_offset = now / 1000 - time.time()
        state = AccountState(now, paused_until, in_flight, _known(gate), _known(blocker))
        if wait := wait_for_permit(state, window, slots.limit if slots else None):
            return wait / 1000, 0.0
        return 0.0, now / 1000

    def release(self, quota: Quota, permit_id: str, arrived_at: float | None, *, slot: bool) -> None:
        def update() -> None:
            if slot:
                self._client.zrem(self._slots, permit_id)
            if arrived_at is not None:
                self._client.zadd(self._key(quota), {permit_id: int(arrived_at * 1000)}, xx=True)

        reach(update)

    def pause(self, quota: Quota, seconds: float) -> None:
        reach(lambda: self._pause(keys=[self._pauses(quota)], args=[max(1, int(seconds * 1000))]))

    def remember(self, quota: Quota, rate: Rate) -> None:
        limit = f"{rate.calls} {rate.seconds}"
        reach(lambda: self._client.set(f"{self._key(quota)}:limit", limit, ex=_LIMIT_LIFE))

    def remembered(self, quota: Quota) -> Rate | None:
        limit = reach(lambda: self._client.get(f"{self._key(quota)}:limit"))
        if limit is None:
            return None
        return _rate(limit)

    def remember_latency(self, quota: Quota, kind: str, latency: Latency) -> None:
        known = json.dumps([latency.answers, latency.least, latency.before])
        reach(lambda: self._client.set(f"{self._key(quota)}:latency:{kind}", known, ex=_LIMIT_LIFE))

    def remembered_latency(self, quota: Quota, kind: str) -> Latency | None:
        known = reach(lambda: self._client.get(f"{self._key(quota)}:latency:{kind}"))
        return None if known is None else Latency(*json.loads(known))

    def usage(self, quota: Quota, interval: int) -> Usage:
        seconds, microseconds = reach(self._client.time)
        now = seconds + microseconds / 1e6
        read = self._client.pipeline(transaction=False)
        read.zrangebyscore(self._key(quota), f"({int((now - HISTORY) * 1000)}", "+inf", withscores=True)
        read.zrangebyscore(self._slots, f"({int(now * 1000)}", "+inf")
        read.pttl(self._pauses(quota))
        read.get(f"{self._key(quota)}:limit")
        permits, slots, paused, limit = reach(read.execute)
        calls = Counter(
            (int(granted_at) // (1000 * interval) * interval, _user(member)) for member, granted_at in permits
        )
        return Usage(
            now,
            calls,
            Counter(_user(member) for member in slots),
            None if limit is None else _rate(limit),
            max(0, paused) / 1000,
        )

    def now(self) -> float:
        return time.time() + self._clock_offset

    def after_fork(self) -> None:
        # The client itself notices a fork and opens connections of its own.
        return

    def _key(self, quota: Quota) -> str:
        return f"mkt:{self._digest}:{quota.value}"

    def _pauses(self, quota: Quota) -> str:
        return f"{self._key(quota)}:pause"

    @property
    def _slots(self) -> str:
        return f"mkt:{self._digest}:in_flight"


def connect(url: str) -> Any:
    """A client of a Redis server. A command that fails is tried once more, on a new connection."""
    return redis.Redis.from_url(
        url,
        socket_timeout=_TIMEOUT,
        socket_connect_timeout=_TIMEOUT,
        health_check_interval=30,
        retry=Retry(NoBackoff(), 1),
        retry_on_error=[redis.ConnectionError],
    )


def reach(command: Callable[[], T]) -> T:
    """Run a command on the server.

    :raises SharedStateUnavailable: when the server cannot be reached.
    """
    try:
        return command()
    except redis.RedisError as error:
        # The text of the error may hold the server's address, and with it a password.
        raise SharedStateUnavailable(
            f"the Redis server of {SETTING} cannot be reached ({type(error).__name__})"
        ) from None


def _rate(limit: bytes) -> Rate:
    calls, seconds = limit.decode().split()
    return Rate(int(calls), float(seconds))


def _user(permit_id: bytes) -> str:
    user, dot, _ = permit_id.decode().partition(".")
    return user if dot else ""


def _known(time_or_missing: int) -> int | None:
    return None if time_or_missing < 0 else time_or_missing
