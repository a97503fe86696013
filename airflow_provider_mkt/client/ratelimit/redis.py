"""Counting calls, and locks, in Redis."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

import redis

from airflow_provider_mkt.client.ratelimit.budget import SLOT_WAIT
from airflow_provider_mkt.client.ratelimit.counter import CounterUnavailable, Slots, window_of
from airflow_provider_mkt.client.transport.platform import Rate

if TYPE_CHECKING:
    from airflow_provider_mkt.client.call import Quota

T = TypeVar("T")

LOCK_LIFE = 60.0
"""Seconds after which the lock of a task that was killed is free; a living one renews it."""

_LIMIT_LIFE = 24 * 3600
"""Seconds for which a limit that the platform stated is kept."""

_TIMEOUT = 10.0

_PAUSE = """
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then
    redis.call('SET', KEYS[1], '', 'PX', ARGV[1])
end
"""

# By the server's clock: with times that clients bring along, one that comes late would not see the calls
# that were counted since it looked at its clock.
_TAKE = """
local calls, slots, ticket = KEYS[1], KEYS[2], ARGV[1]
local limit, window = tonumber(ARGV[2]), tonumber(ARGV[3])
local max_in_flight, slot, ahead = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local paused = redis.call('PTTL', KEYS[3])
if paused > 0 then return {paused, now} end
if max_in_flight > 0 then
    redis.call('ZREMRANGEBYSCORE', slots, '-inf', now)
    if redis.call('ZCARD', slots) >= max_in_flight then return {-1, now} end
end
redis.call('ZREMRANGEBYSCORE', calls, '-inf', now - window)
local held = redis.call('ZCARD', calls)
if held >= limit then
    local place = math.min(held - limit + ahead, held - 1)
    local blocking = redis.call('ZRANGE', calls, place, place, 'WITHSCORES')
    -- The clock is cut off at whole milliseconds, here and when the call was counted.
    return {math.max(blocking[2] + window - now, 1) + 2, now}
end
redis.call('ZADD', calls, now, ticket)
redis.call('PEXPIRE', calls, 2 * window)
if max_in_flight > 0 then
    redis.call('ZADD', slots, now + slot, ticket)
    redis.call('PEXPIRE', slots, 2 * slot)
end
return {0, now}
"""


class RedisCounter:
    """Counts in Redis, by the server's clock: a sliding log, in one step of the server.

    :param url: the server.
    :param digest: names the account.
    """

    def __init__(self, url: str, digest: str) -> None:
        self._client = _connect(url)
        self._script = self._client.register_script(_TAKE)
        self._pause = self._client.register_script(_PAUSE)
        self._digest = digest
        self._ahead = 0.0

    def take(
        self, quota: Quota, rate: Rate, permit_id: str, slots: Slots | None, *, ahead: int = 0
    ) -> tuple[float, float]:
        keys = [self._key(quota), self._slots, self._pauses(quota)]
        limits = (slots.limit, int(slots.seconds * 1000)) if slots is not None else (0, 0)
        arguments = [permit_id or uuid4().hex, rate.calls, window_of(rate), *limits, ahead]
        wait, now = _reachable(lambda: self._script(keys=keys, args=arguments))
        self._ahead = now / 1000 - time.time()
        if wait < 0:
            return SLOT_WAIT, 0.0
        return (wait / 1000, 0.0) if wait else (0.0, now / 1000)

    def release(
        self, quota: Quota, permit_id: str, taken_at: float, arrived: float | None, *, slot: bool
    ) -> None:
        def work() -> None:
            if slot:
                self._client.zrem(self._slots, permit_id)
            if arrived is not None:
                self._client.zadd(self._key(quota), {permit_id: int(arrived * 1000)}, xx=True)

        _reachable(work)

    def pause(self, quota: Quota, seconds: float) -> None:
        _reachable(lambda: self._pause(keys=[self._pauses(quota)], args=[max(1, int(seconds * 1000))]))

    def remember(self, quota: Quota, rate: Rate) -> None:
        told = f"{rate.calls} {rate.seconds}"
        _reachable(lambda: self._client.set(f"{self._key(quota)}:limit", told, ex=_LIMIT_LIFE))

    def remembered(self, quota: Quota) -> Rate | None:
        told = _reachable(lambda: self._client.get(f"{self._key(quota)}:limit"))
        if told is None:
            return None
        calls, seconds = told.decode().split()
        return Rate(int(calls), float(seconds))

    def now(self) -> float:
        return time.time() + self._ahead

    def after_fork(self) -> None:
        # The client itself notices a fork and opens connections of its own.
        return

    def _key(self, quota: Quota) -> str:
        return f"mkt:{self._digest}:{quota.value}"

    def _pauses(self, quota: Quota) -> str:
        return f"{self._key(quota)}:pause"

    @property
    def _slots(self) -> str:
        return f"mkt:{self._digest}:under_way"


@contextmanager
def redis_lock(url: str, name: str) -> Iterator[None]:
    """A lock that is renewed while it is held, and free a while after its holder was killed."""
    client = _connect(url)
    held = client.lock(f"mkt:lock:{name}", timeout=LOCK_LIFE, sleep=0.2, thread_local=False)
    _reachable(held.acquire)
    over = threading.Event()

    def renew() -> None:
        while not over.wait(LOCK_LIFE / 4):
            try:
                held.reacquire()
            except redis.RedisError:
                # The next round tries again; there are three before the lock is lost.
                continue

    renewer = threading.Thread(target=renew, name="mkt-lock", daemon=True)
    renewer.start()
    try:
        yield
    finally:
        over.set()
        renewer.join()
        # Where it cannot be given back it is free by itself after its life, and the work is done.
        with suppress(redis.RedisError):
            held.release()
        client.close()


def _connect(url: str) -> Any:
    return redis.Redis.from_url(
        url, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT, health_check_interval=30
    )


def _reachable(work: Callable[[], T]) -> T:
    try:
        return work()
    except redis.RedisError as error:
        # The text of the error may hold the server's address, and that a password.
        raise CounterUnavailable(
            f"the Redis server of the shared budget cannot be reached ({type(error).__name__})"
        ) from None
