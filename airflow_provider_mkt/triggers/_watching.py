"""The base of the triggers for ``AssetWatcher``."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Collection, Hashable, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.parameters import CheckFunction, finite_number, required_str
from airflow_provider_mkt.triggers._events import ShortEvent
from airflow_provider_mkt.version_compat import has_acknowledged_streams

if TYPE_CHECKING:
    from airflow.triggers.shared_stream import SharedStreamProducer

    from airflow_provider_mkt.triggers._watcher import Watcher

POLL_INTERVAL = 300.0
"""Seconds between two polls of a watcher: 288 polls a day."""
WHOLE_POLL_INTERVAL = 3600.0
"""Seconds between two polls of a watcher that HubSpot lets read only the whole, not what is new."""
POLL_INTERVAL_MIN = 1.0
_STORED_AFTER = 5.0
"""Seconds within which a triggerer that works has stored an event, where Airflow does not confirm it."""


class WatcherTrigger(BaseEventTrigger):
    """Base of the triggers that start DAG runs by what happens on a platform.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param poll_interval: seconds between two polls.
    :param arguments: of the feed, without those that are None.

    The payload of an event is an :class:`~airflow_provider_mkt.triggers._watcher_state.EventPayload`.
    """

    feed: ClassVar[str]
    checks: ClassVar[Mapping[str, CheckFunction]] = {}
    """Checks of the arguments. They return what is kept, as plain JSON."""
    required: ClassVar[Collection[str]] = ()
    """Arguments that must not be None."""

    def __init__(self, conn_id: str, poll_interval: float, arguments: Mapping[str, object]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        try:
            self.conn_id = required_str("conn_id", conn_id)
            self.poll_interval = _interval(poll_interval)
            self.arguments = {
                name: self.checks[name](name, value)
                for name, value in arguments.items()
                if value is not None or name in self.required
            }
        except InvalidInput as error:
            # After any other error than a TypeError, a triggerer would not start any more.
            raise TypeError(str(error)) from None

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {"conn_id": self.conn_id, "poll_interval": self.poll_interval, **self.arguments},
        )

    def watcher(self) -> Watcher:
        """Return what reads the feed."""
        from airflow_provider_mkt.triggers._watcher import Watcher
        from airflow_provider_mkt.triggers._watcher_state import Watched

        return Watcher(Watched(self.conn_id, self.feed, self.arguments, self.poll_interval), self.log)

    # -- Airflow 3.3: events are confirmed -------------------------------------------------------

    def shared_stream_key(self) -> Hashable | None:
        """Name the stream of this trigger. It is its own, so that it is known which of its events are stored.

        Watchers of one connection share their calls where these are equal.
        """
        return ("mkt", json.dumps(self.serialize(), sort_keys=True)) if has_acknowledged_streams() else None

    @classmethod
    def create_shared_stream_producer(cls, kwargs: dict[str, Any]) -> SharedStreamProducer:
        """Return what polls, and is called when events are in Airflow's database."""
        from airflow_provider_mkt.triggers._acknowledged import WatcherProducer

        return WatcherProducer(cls(**kwargs).watcher())

    async def filter_shared_stream(self, shared_stream: AsyncIterator[Any]) -> AsyncIterator[TriggerEvent]:
        """Send an event for each payload."""
        async for payload in shared_stream:
            yield ShortEvent(payload)

    # -- Airflow 3.0 to 3.2 ----------------------------------------------------------------------

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Send an event for each payload. It counts as stored when a later poll has ended."""
        watcher, sent = self.watcher(), dict[str, float]()
        async with aclosing(watcher.rounds()) as rounds:
            async for payload in rounds:
                long_ago = time.monotonic() - _STORED_AFTER
                for key in [key for key, sent_at in sent.items() if sent_at <= long_ago]:
                    await watcher.confirm(key)
                    del sent[key]
                if payload is not None:
                    yield ShortEvent(dict(payload))
                    sent[payload["key"]] = time.monotonic()


def _interval(value: object) -> float:
    seconds = finite_number("poll_interval", value)
    if seconds < POLL_INTERVAL_MIN:
        raise InvalidInput("poll_interval", f"must be {POLL_INTERVAL_MIN:g} s or more")
    return float(seconds)
