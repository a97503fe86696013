"""What the triggers share that ask a platform again and again until an answer ends the wait."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

if TYPE_CHECKING:
    from airflow_provider_mkt.hooks.base import MarketingHook


class WaitingTrigger(BaseTrigger):
    """Base of the triggers that wait for something on a platform.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param deadline: when to give up, in epoch seconds; absolute, so that a restart does not move it.
    :param poll_interval: how often to ask, in seconds; None for as often as it is worth it.
    :param max_poll_failure_time: how long looks may go on failing, in seconds.

    The event has a ``status``: ``success``, ``failed`` (it can no longer come about, or asking cannot work),
    ``timeout`` or ``error`` (asking kept failing); a ``message``; and what :meth:`event_payload` adds.
    """

    def __init__(
        self,
        conn_id: str,
        deadline: float,
        poll_interval: float | None = None,
        max_poll_failure_time: float = 600.0,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.conn_id = conn_id
        self.deadline = deadline
        self.poll_interval = poll_interval
        self.max_poll_failure_time = max_poll_failure_time

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "conn_id": self.conn_id,
                "deadline": self.deadline,
                "poll_interval": self.poll_interval,
                "max_poll_failure_time": self.max_poll_failure_time,
                **self.arguments(),
            },
        )

    def arguments(self) -> dict[str, Any]:
        """The arguments of this kind of trigger, as plain JSON."""
        raise NotImplementedError

    def interval(self, hook: MarketingHook) -> float:
        """How often asking is worth it, in seconds.

        :raises InvalidInput: when what is waited for is none of the platform's.
        """
        raise NotImplementedError

    async def look(self, hook: MarketingHook) -> bool:
        """Ask once. Whether the wait is over.

        :raises PlatformError: a permanent one when it is over and did not end well.
        """
        raise NotImplementedError

    def event_payload(self) -> dict[str, Any]:
        """What the event carries beside status and message, as plain JSON."""
        raise NotImplementedError

    async def run(self) -> AsyncIterator[TriggerEvent]:
        from airflow_provider_mkt.client.errors import PlatformError

        try:
            yield await self._wait()
        except PlatformError as error:
            yield self._event("failed" if error.permanent else "error", str(error))

    async def _wait(self) -> TriggerEvent:
        from airflow_provider_mkt.actions.polling import PollFailureBudget
        from airflow_provider_mkt.client.errors import PlatformError
        from airflow_provider_mkt.hooks.select import ahook_for

        failure_budget = PollFailureBudget(self.max_poll_failure_time)
        async with await ahook_for(self.conn_id) as hook:
            worth = self.interval(hook)
            every = worth if self.poll_interval is None else self.poll_interval
            while True:
                try:
                    done = await self.look(hook)
                except PlatformError as error:
                    failure_budget.failed(error, time.time())
                    self.log.warning("status poll failed: %s", error)
                else:
                    failure_budget.worked()
                    if done:
                        return self._event("success", "all complete")
                left = self.deadline - time.time()
                if left <= 0:
                    return self._event("timeout", "the deadline passed")
                # Spread out, so that many waiting tasks do not ask in one moment.
                await asyncio.sleep(min(left, every * random.uniform(0.9, 1.1)))  # noqa: S311

    def _event(self, status: str, message: str) -> TriggerEvent:
        return TriggerEvent({"status": status, "message": message, **self.event_payload()})  # type: ignore[no-untyped-call]
