"""The trigger that waits for background work."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING, Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

if TYPE_CHECKING:
    from airflow_provider_mkt.api.jobs import Job
    from airflow_provider_mkt.api.watching import Look
    from airflow_provider_mkt.hooks.base import MarketingHook


class BatchStatusTrigger(BaseTrigger):
    """Waits until every job is complete, or one of them is not going to be.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param jobs: what to wait for, as plain JSON.
    :param poll_interval: how often to ask, in seconds; None for as often as the jobs are worth it.
    :param deadline: when to give up, in epoch seconds; absolute, so that a restart does not move it.
    :param tolerance: how long looks may go on failing, in seconds.
    :param cancel_on_kill: cancel what can be canceled when a user ends the waiting task (Airflow 3.3).
    :param carry: plain JSON handed back in the event.

    The event is ``{"status": ..., "message": ..., "looks": [...], "carry": ...}`` with the status
    ``success``, ``failed`` (a job ended badly, or asking cannot work), ``timeout`` or ``error`` (asking kept
    failing).
    """

    def __init__(
        self,
        conn_id: str,
        jobs: Sequence[dict[str, Any]],
        deadline: float,
        poll_interval: float | None = None,
        tolerance: float = 600.0,
        cancel_on_kill: bool = True,
        carry: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.conn_id = conn_id
        self.jobs = jobs
        self.deadline = deadline
        self.poll_interval = poll_interval
        self.tolerance = tolerance
        self.cancel_on_kill = cancel_on_kill
        self.carry = carry

    def serialize(self) -> tuple[str, dict[str, Any]]:
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "conn_id": self.conn_id,
                "jobs": list(self.jobs),
                "deadline": self.deadline,
                "poll_interval": self.poll_interval,
                "tolerance": self.tolerance,
                "cancel_on_kill": self.cancel_on_kill,
                "carry": self.carry,
            },
        )

    async def run(self) -> AsyncIterator[TriggerEvent]:
        from airflow_provider_mkt.api.errors import PlatformError
        from airflow_provider_mkt.api.jobs import Job

        try:
            jobs = [Job.from_json(job) for job in self.jobs]
            yield await self._watch(jobs)
        except PlatformError as error:
            yield self._event("failed" if error.permanent else "error", str(error))

    async def _watch(self, jobs: list[Job]) -> TriggerEvent:
        from airflow_provider_mkt.api.errors import PlatformError
        from airflow_provider_mkt.api.watching import Tolerance, all_complete, none_failed, poll_interval
        from airflow_provider_mkt.hooks.select import ahook_for

        tolerance = Tolerance(self.tolerance)
        looks: list[Look] = []
        async with await ahook_for(self.conn_id) as hook:
            interval = poll_interval([hook.job_spec(job) for job in jobs], self.poll_interval)
            while True:
                try:
                    looks = await self._look(hook, jobs)
                except PlatformError as error:
                    tolerance.failed(error, time.time())
                    self.log.warning("Asking failed: %s", error)
                else:
                    tolerance.worked()
                    none_failed(looks)
                    if all_complete(looks):
                        return self._event("success", "all complete", looks)
                left = self.deadline - time.time()
                if left <= 0:
                    return self._event("timeout", "the deadline passed", looks)
                # Spread out, so that many waiting tasks do not ask in one moment.
                await asyncio.sleep(min(left, interval * random.uniform(0.9, 1.1)))  # noqa: S311

    async def _look(self, hook: MarketingHook, jobs: list[Job]) -> list[Look]:
        from airflow_provider_mkt.api.watching import look_at

        looks = []
        for job in jobs:
            look = await hook.afollow(look_at(hook.job_spec(job), job))
            self.log.info("%s", look)
            if not look.known:
                self.log.warning("%s: nobody knows the word %r; waiting on", job, look.word)
            looks.append(look)
        return looks

    def _event(self, status: str, message: str, looks: Sequence[Look] = ()) -> TriggerEvent:
        return TriggerEvent(  # type: ignore[no-untyped-call]
            {
                "status": status,
                "message": message,
                "looks": [look.to_json() for look in looks],
                "carry": self.carry,
            }
        )

    async def on_kill(self) -> None:
        """Cancel what can be canceled, when a user ended the waiting task. Never raises."""
        if not self.cancel_on_kill:
            return
        from airflow_provider_mkt.api.errors import PlatformError
        from airflow_provider_mkt.api.jobs import Job
        from airflow_provider_mkt.hooks.select import ahook_for

        try:
            async with await ahook_for(self.conn_id) as hook:
                for job in [Job.from_json(one) for one in self.jobs]:
                    spec = hook.job_spec(job)
                    if spec.cancel is None:
                        continue
                    try:
                        await hook.arun(spec.cancel(job))
                    except PlatformError as error:
                        self.log.warning("%s was not canceled: %s", job, error)
                    else:
                        self.log.info("%s was canceled", job)
        except Exception as error:
            self.log.warning("Nothing was canceled: %s", type(error).__name__)
