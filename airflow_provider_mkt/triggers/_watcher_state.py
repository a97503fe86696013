"""What a watcher keeps: how far its feed has been read, and the events that Airflow has not stored yet."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypedDict, cast

from airflow_provider_mkt.actions.feeds import Mark
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.wording import counted
from airflow_provider_mkt.hooks.state import (
    shared_state_url,
    tasks_run_on_several_machines,
    watcher_state,
)

if TYPE_CHECKING:
    from airflow_provider_mkt.actions.polling import Log
    from airflow_provider_mkt.client.call import Json

_STATE = "watcher"
_SAME_AS = "same as"
_KEEP_QUIET = 3600.0
"""Seconds after which the mark is kept although nothing was found: old state is deleted some day."""

EventPayload = TypedDict(
    "EventPayload",
    {
        "kind": str,
        "platform": str,
        "account": str,
        "conn_id": str,
        "about": Mapping[str, object],
        "key": str,
        "from": str,
        "to": str,
        "count": int,
        "ids": list[str],
        "more": bool,
    },
)
"""What an event says. It has ids and no personal data.

``kind`` is the feed: ``new_leads``, ``lead_changes``, ``deleted_leads``, ``list_members``,
``list_removals``, ``form_submissions``, ``lead_activities`` or ``emails_sent``. ``account`` is the portal
id or munchkin id, empty when HubSpot does not tell it; ``about`` are the arguments of the trigger. ``key``
is the same when the event is sent again. ``from`` and ``to`` are the times of the earliest and the latest
entry, ``count`` is the number of entries. ``ids`` names the first 100, each once; with ``more`` there are
others.
"""


@dataclass(frozen=True)
class Watched:
    """What a watcher watches.

    :param conn_id: the connection.
    :param feed: name of the feed.
    :param arguments: of the feed, as plain JSON.
    :param interval: seconds between two polls.
    """

    conn_id: str
    feed: str
    arguments: Mapping[str, object]
    interval: float

    def digest(self, *, with_interval: bool = True) -> str:
        """Identify it by 32 hexadecimal digits."""
        interval = self.interval if with_interval else None
        text = json.dumps([self.conn_id, self.feed, dict(self.arguments), interval], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]


class TakenOver(Exception):
    """Another triggerer runs the same watcher."""

    def __init__(self) -> None:
        super().__init__("another triggerer has run this watcher meanwhile; going on from what it has kept")


@dataclass(frozen=True)
class _Kept:
    """What is kept, as one value.

    :param account: that was read.
    :param mark: how far.
    :param outbox: payloads of events that are not known to be stored, the oldest first.
    :param revision: grows with each change.
    """

    account: str
    mark: Mark
    outbox: tuple[EventPayload, ...] = ()
    revision: int = 0

    def to_json(self) -> Json:
        outbox = cast("Json", list(self.outbox))
        return {
            "account": self.account,
            "mark": self.mark.to_json(),
            "outbox": outbox,
            "revision": self.revision,
        }

    @classmethod
    def from_json(cls, kept: Json) -> _Kept:
        """Read it from plain JSON.

        :raises InvalidInput: when it is something else.
        """
        match kept:
            case {
                "account": str(account),
                "mark": dict(mark),
                "outbox": list(rows),
                "revision": int(revision),
            }:
                outbox = cast("list[EventPayload]", rows)
                return cls(account, Mark.from_json(mark), tuple(outbox), revision)
        raise InvalidInput("state", "what was kept of this watcher cannot be read")


class WatcherState:
    """Keeps what a watcher must know after a restart.

    The mark moves and the event joins the outbox in one change, before the event is sent. So a triggerer that
    dies at any moment sends the events of the outbox again, with the same keys, and reads on from the mark:
    no entry is lost, and none is in two events with different keys.

    :param watched: what is watched.
    :param log: of the trigger.
    :param clock: epoch seconds.
    """

    def __init__(self, watched: Watched, log: Log, clock: Callable[[], float] = time.time) -> None:
        self._watched, self._log, self._clock = watched, log, clock
        self._kept: _Kept | None = None
        self._kept_at = 0.0
        self._changing = asyncio.Lock()
        self._confirmed = asyncio.Event()

    @property
    def known(self) -> bool:
        """Whether it is known how far the feed has been read."""
        return self._kept is not None

    @property
    def mark(self) -> Mark:
        """How far the feed has been read.

        :raises TakenOver: when another triggerer has changed it.
        """
        if self._kept is None:
            raise TakenOver
        return self._kept.mark

    @property
    def outbox(self) -> tuple[EventPayload, ...]:
        """Events that are not known to be stored."""
        return self._kept.outbox if self._kept is not None else ()

    async def begin(self, account: str) -> None:
        """Read what was kept. Without anything, or for another account, the feed is read from now on.

        :raises PlatformError: when it cannot be read.
        """
        async with self._changing:
            if self._kept is None:
                self._kept = await asyncio.to_thread(self._read)
                self._log_start()
            await asyncio.to_thread(self._note_interval)
            before = self._kept
            if before is not None and before.account == account:
                return
            if before is not None:
                self._log.warning(
                    "Connection %s leads to another account than before: what was not sent of the earlier "
                    "one is dropped, and the new one is watched from now on",
                    self._watched.conn_id,
                )
            revision = 0 if before is None else before.revision
            await self._keep(_Kept(account, Mark.at(self._clock()), (), revision))

    async def move(self, mark: Mark, payload: EventPayload | None, *, keep: bool = False) -> None:
        """Move the mark, and put the event of what was found into the outbox.

        :param keep: whether the mark must outlive a restart, even where nothing was found.
        :raises TakenOver: when another triggerer has moved it.
        :raises PlatformError: when it cannot be kept. Then it did not move.
        """
        async with self._changing:
            if self._kept is None:
                raise TakenOver
            if payload is None:
                moved = replace(self._kept, mark=mark)
                if not keep and self._clock() - self._kept_at < _KEEP_QUIET:
                    self._kept = moved
                    return
            else:
                moved = replace(self._kept, mark=mark, outbox=(*self._kept.outbox, payload))
            await self._keep(moved)

    async def confirm(self, key: str) -> None:
        """Note that the event with a key, and those before it, are stored. Does not raise."""
        async with self._changing:
            keys = [one["key"] for one in self.outbox]
            if self._kept is None or key not in keys:
                return
            confirmed = replace(self._kept, outbox=self.outbox[keys.index(key) + 1 :])
            try:
                await self._keep(confirmed)
            except Exception as error:
                # Kept with the next change. Until then, a restart would send the event again.
                self._log.warning("It is not kept that event %s is stored: %s", key, error)
                self._kept = None if isinstance(error, TakenOver) else confirmed
        self._confirmed.set()

    async def room(self, at_most: int) -> None:
        """Wait until there are fewer events than *at_most* in the outbox."""
        while len(self.outbox) >= at_most:
            self._log.warning("Waiting until Airflow has stored some of %s", counted(at_most, "event"))
            self._confirmed.clear()
            await self._confirmed.wait()

    # -- inside ----------------------------------------------------------------------------------

    def _log_start(self) -> None:
        if self._kept is None:
            self._log.info("Watching %s for the first time: from now on", self._watched.feed)
        else:
            newest = self._kept.mark.newest or self._kept.mark.since
            self._log.info(
                "Watching %s; read until %s, to be sent again: %s",
                self._watched.feed,
                newest.isoformat(timespec="seconds"),
                counted(len(self._kept.outbox), "event"),
            )
        if shared_state_url() is None and tasks_run_on_several_machines():
            self._log.warning(
                "How far this watcher has read is kept on this machine only: a triggerer on another machine "
                "begins anew. Set [mkt] shared_state_url"
            )

    async def _keep(self, kept: _Kept) -> None:
        try:
            self._kept = await asyncio.to_thread(self._write, kept)
        except TakenOver:
            self._kept = None
            raise
        self._kept_at = self._clock()

    def _read(self) -> _Kept | None:
        kept = watcher_state(self._watched.digest()).get(_STATE)
        if kept is None:
            # A watcher whose interval was changed goes on where it was.
            other = watcher_state(self._watched.digest(with_interval=False)).get(_SAME_AS)
            kept = watcher_state(other).get(_STATE) if isinstance(other, str) else None
            if kept is not None:
                return replace(_Kept.from_json(kept), revision=0)
        return None if kept is None else _Kept.from_json(kept)

    def _note_interval(self) -> None:
        """Note where a watcher with another interval finds what this one has kept."""
        others = watcher_state(self._watched.digest(with_interval=False))
        others.set(_SAME_AS, self._watched.digest())

    def _write(self, kept: _Kept) -> _Kept:
        """Keep a value.

        :raises TakenOver: when another triggerer has kept one since: one that stalled may wake after another
            one took its triggers.
        """
        state = watcher_state(self._watched.digest())
        there = state.get(_STATE)
        if there is not None and _Kept.from_json(there).revision != kept.revision:
            raise TakenOver
        written = replace(kept, revision=kept.revision + 1)
        state.set(_STATE, written.to_json())
        return written
