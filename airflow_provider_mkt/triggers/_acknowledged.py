"""The stream of a watcher whose events Airflow confirms (Airflow 3.3)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from airflow.triggers.shared_stream import SharedStreamProducer

if TYPE_CHECKING:
    from airflow.triggers.shared_stream import AdvanceItem

    from airflow_provider_mkt.triggers._watcher import Watcher


class WatcherProducer(SharedStreamProducer):
    """Polls for one watcher trigger, and confirms its events when they are in Airflow's database.

    :param watcher: polls.
    """

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher

    async def open_stream(self) -> AsyncIterator[tuple[Any, Any]]:
        """Yield the payload of each event, with its key."""
        async with aclosing(self._watcher.rounds()) as rounds:
            async for payload in rounds:
                if payload is not None:
                    yield dict(payload), payload["key"]

    async def advance(self, batch: Sequence[AdvanceItem]) -> None:
        """Confirm events that are stored.

        :raises RuntimeError: when one is not. Airflow then starts the trigger again, which sends it again.
        """
        for item in batch:
            key = str(item.broker_payload)
            if not item.outcome.is_clean:
                msg = f"event {key} was not stored"
                raise RuntimeError(msg)
            await self._watcher.confirm(key)
