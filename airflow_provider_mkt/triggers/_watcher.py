"""A watcher reads a feed again and again, and says what is new."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from airflow_provider_mkt.actions.feeds import FeedPoll
from airflow_provider_mkt.actions.procedure import Pause
from airflow_provider_mkt.client.errors import InvalidInput, PlatformError, QuotaExhausted
from airflow_provider_mkt.triggers._shared_polls import WaitingTask, shared_polls
from airflow_provider_mkt.triggers._watcher_state import EventPayload, Watched, WatcherState
from airflow_provider_mkt.version_compat import AirflowNotFoundException

if TYPE_CHECKING:
    from airflow_provider_mkt.actions.feeds import Feed, Found
    from airflow_provider_mkt.actions.procedure import Procedure
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.triggers._shared_polls import SharedPolls

OUTBOX_MAX = 20
"""Events that are not stored yet with which a watcher stops polling."""
_LOG_AGAIN = 3600.0
"""Seconds after which a failure that goes on is logged again."""
_LOOK_UP_AGAIN = 3600.0
"""Seconds after which the connection is looked up again."""
_RETRY_START = 30.0
"""Most seconds between two attempts to begin, e.g. while Airflow's API server is away."""


class _Log(Protocol):
    def info(self, message: str, /, *args: object) -> None: ...

    def warning(self, message: str, /, *args: object) -> None: ...

    def error(self, message: str, /, *args: object) -> None: ...


class Watcher:
    """Reads a feed for as long as it is iterated.

    :param watched: what it reads.
    :param log: of the trigger.
    :param clock: epoch seconds.
    """

    def __init__(self, watched: Watched, log: _Log, clock: Callable[[], float] = time.time) -> None:
        self._watched, self._log, self._clock = watched, log, clock
        self._state = WatcherState(watched, log, clock)
        self._failures = _Failures(log, watched, clock)
        self._sent: set[str] = set()

    async def rounds(self) -> AsyncGenerator[EventPayload | None, None]:
        """Yield the payload of each event that is to be sent, and None after each quiet poll. Never ends.

        It does not fail: what cannot be read now is read later.
        """
        while True:
            try:
                async with shared_polls(self._watched.conn_id) as polls:
                    feed = polls.hook.feed(self._watched.feed, self._watched.arguments)
                    await self._state.begin(await polls.hook.aaccount_id())
                    for payload in self._unsent():
                        yield payload
                    task = WaitingTask(polls, (), self._watched.interval)
                    until = time.monotonic() + _LOOK_UP_AGAIN
                    while time.monotonic() < until:
                        await self._poll(feed, task, polls)
                        unsent = self._unsent()
                        for payload in unsent:
                            yield payload
                        if not unsent:
                            yield None
                        await self._state.room(OUTBOX_MAX)
                        await task.follow(_pause(self._watched.interval))
            except Exception as error:
                # A trigger that fails is started again at once, again and again.
                await asyncio.sleep(self._failures.pause_after(error, known=self._state.known))

    async def confirm(self, key: str) -> None:
        """Note that the event with a key, and those before it, are stored. Does not raise."""
        await self._state.confirm(key)

    # -- inside ----------------------------------------------------------------------------------

    async def _poll(self, feed: Feed, task: WaitingTask, polls: SharedPolls) -> None:
        found = await polls.feeds.read(FeedPoll(feed, self._state.mark, self._log, self._clock), task)
        payload = await asyncio.to_thread(self._payload, found, polls.hook) if found.count else None
        await self._state.move(found.mark, payload, keep=found.keep)
        self._failures.ended()

    def _unsent(self) -> list[EventPayload]:
        """Return the events that this process has not sent yet, and note that it sends them."""
        outbox = self._state.outbox
        unsent = [one for one in outbox if one["key"] not in self._sent]
        self._sent = {one["key"] for one in outbox}
        return unsent

    def _payload(self, found: Found, hook: MarketingHook) -> EventPayload | None:
        if found.first is None or found.last is None:
            return None
        return {
            "kind": self._watched.feed,
            "platform": hook.conn_type,
            "account": hook.known_account_name(),
            "conn_id": self._watched.conn_id,
            "about": self._watched.arguments,
            "key": f"{self._watched.digest()[:8]}-{found.key}",
            "from": found.first.isoformat(),
            "to": found.last.isoformat(),
            "count": found.count,
            "ids": found.ids,
            "more": found.more,
        }


class _Failures:
    """Says how long to wait after a failure, and logs a series of failures at a human pace."""

    def __init__(self, log: _Log, watched: Watched, clock: Callable[[], float]) -> None:
        self._log, self._watched, self._clock = log, watched, clock
        self._since: float | None = None
        self._logged_at = float("-inf")
        self._logged = ""

    def pause_after(self, error: Exception, *, known: bool) -> float:
        """Return the seconds to wait after a failure.

        :param known: whether it is known how far the feed has been read.
        """
        now = self._clock()
        self._since = now if self._since is None else self._since
        pause = self._watched.interval
        if isinstance(error, QuotaExhausted):
            pause = max(pause, error.resets_at.timestamp() - now)
        elif not known and not isinstance(error, InvalidInput | AirflowNotFoundException):
            pause = min(pause, _RETRY_START)
        kind = f"{type(error).__name__} {getattr(error, 'code', '')}"
        if kind != self._logged or now - self._logged_at >= _LOG_AGAIN:
            self._logged, self._logged_at = kind, now
            permanent = isinstance(error, PlatformError) and error.permanent
            (self._log.error if permanent else self._log.warning)(
                "%s of %s cannot be read, since %s; next attempt in %.0f s: %s",
                self._watched.feed,
                self._watched.conn_id,
                datetime.fromtimestamp(self._since, UTC).isoformat(timespec="seconds"),
                pause,
                error,
            )
        return pause

    def ended(self) -> None:
        """Note a poll that worked."""
        if self._since is not None:
            self._log.info("%s of %s is read again", self._watched.feed, self._watched.conn_id)
        self._since, self._logged = None, ""


def _pause(seconds: float) -> Procedure[None]:
    yield Pause(seconds, together=True)
