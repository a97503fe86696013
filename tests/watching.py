"""Watchers that run fast, and what happens on the platforms meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo.activities.activity_types import CHANGE_DATA_VALUE
from airflow_provider_mkt.triggers._watcher import Watcher
from airflow_provider_mkt.triggers._watcher_state import Watched
from airflow_provider_mkt.triggers._watching import WatcherTrigger

INTERVAL = 0.05


class Lines:
    """A log."""

    def __init__(self) -> None:
        self.text = ""

    def info(self, message: str, /, *args: object) -> None:
        self.text += f"{message % args}\n"

    warning = error = info


class Watch:
    """A watcher whose rounds a test runs one by one.

    :param trigger: what it watches.
    :param clock: epoch seconds.
    """

    def __init__(self, trigger: WatcherTrigger, clock: Callable[[], float] = time.time) -> None:
        watched = Watched(trigger.conn_id, trigger.feed, trigger.arguments, INTERVAL)
        self.log = Lines()
        self._watcher = Watcher(watched, self.log, clock)
        self._rounds = self._watcher.rounds()

    async def poll(self) -> dict[str, Any] | None:
        """Return the payload of the next event; None after a quiet poll."""
        payload = await asyncio.wait_for(anext(self._rounds), 60)
        return None if payload is None else dict(payload)

    async def confirm(self, payload: dict[str, Any]) -> None:
        await self._watcher.confirm(payload["key"])

    async def found(self) -> dict[str, Any]:
        """Poll until something is found."""
        for _ in range(200):
            if (payload := await self.poll()) is not None:
                return payload
        raise AssertionError("nothing was found")

    async def aclose(self) -> None:
        await self._rounds.aclose()


class Triggerer:
    """Runs one watcher, and stores its events in a database of its own.

    :param trigger: is built anew after a kill.
    :param sandbox: has the clock.
    """

    def __init__(self, trigger: WatcherTrigger, sandbox: Sandbox) -> None:
        self.trigger, self.clock = trigger, sandbox.clock.time
        self.watch = Watch(trigger, self.clock)
        self.stored: dict[str, dict[str, Any]] = {}
        self.queued: list[dict[str, Any]] = []

    async def poll(self) -> bool:
        """Returns whether there was an event."""
        payload = await self.watch.poll()
        if payload is not None:
            self.queued.append(payload)
        return payload is not None

    async def store(self, *, confirm: bool = True) -> None:
        for payload in self.queued:
            # An event that is sent again is the same.
            assert self.stored.setdefault(payload["key"], payload) == payload
        if confirm and self.queued:
            await self.watch.confirm(self.queued[-1])
        self.queued.clear()

    async def kill(self) -> None:
        await self.watch.aclose()
        self.queued.clear()
        self.watch = Watch(self.trigger, self.clock)

    async def aclose(self) -> None:
        await self.watch.aclose()

    async def until_quiet(self) -> None:
        while await self.poll():
            await self.store()
        await self.store()

    @property
    def found(self) -> list[str]:
        """The ids of all events, as often as they are in different ones."""
        return sorted(one for payload in self.stored.values() for one in payload["ids"])


@asynccontextmanager
async def watching(trigger: WatcherTrigger, clock: Callable[[], float] = time.time) -> AsyncIterator[Watch]:
    async with aclosing(Watch(trigger, clock)) as watch:
        yield watch


def change(sandbox: Sandbox, lead: int, kind: int = CHANGE_DATA_VALUE) -> None:
    """Have a lead of Marketo change now."""
    state = sandbox.marketo.state
    fields = ({"id": 1, "name": "firstName", "newValue": "x", "oldValue": "y"},)
    state.log.add(kind, lead, state.now(), fields=fields if kind == CHANGE_DATA_VALUE else ())


def contact(sandbox: Sandbox, name: str) -> str:
    """Create a contact of HubSpot. Returns its id."""
    return str(sandbox.hubspot.state.contacts.create({"email": f"{name}@example.com"}).id)
