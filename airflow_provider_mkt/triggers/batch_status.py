"""The trigger that waits for background work."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.triggers._waiting import WaitingTrigger

if TYPE_CHECKING:
    from airflow_provider_mkt.actions.jobs import Job
    from airflow_provider_mkt.actions.polling import JobState
    from airflow_provider_mkt.hooks.base import MarketingHook


class BatchStatusTrigger(WaitingTrigger):
    """Waits until every job is complete, or one of them is not going to be.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param jobs: what to wait for, as plain JSON.
    :param deadline: when to give up, in epoch seconds; absolute, so that a restart does not move it.
    :param poll_interval: how often to ask, in seconds; None for as often as the jobs are worth it.
    :param max_poll_failure_time: how long looks may go on failing, in seconds.
    :param cancel_on_kill: cancel what can be canceled when a user ends the waiting task (Airflow 3.3).
    :param carry: plain JSON handed back in the event.

    The event is ``{"status": ..., "message": ..., "job_states": [...], "carry": ...}``.
    """

    def __init__(
        self,
        conn_id: str,
        jobs: Sequence[dict[str, Any]],
        deadline: float,
        poll_interval: float | None = None,
        max_poll_failure_time: float = 600.0,
        cancel_on_kill: bool = True,
        carry: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(conn_id, deadline, poll_interval, max_poll_failure_time)
        self.jobs = jobs
        self.cancel_on_kill = cancel_on_kill
        self.carry = carry
        self._looks: list[JobState] = []

    def arguments(self) -> dict[str, Any]:
        return {"jobs": list(self.jobs), "cancel_on_kill": self.cancel_on_kill, "carry": self.carry}

    def interval(self, hook: MarketingHook) -> float:
        return min(hook.job_spec(job).poke_interval for job in self._jobs())

    async def look(self, hook: MarketingHook) -> bool:
        from airflow_provider_mkt.actions.polling import all_complete, none_failed, poll_job

        job_states = []
        for job in self._jobs():
            look = await hook.afollow(poll_job(hook.job_spec(job), job))
            self.log.info("%s", look)
            if not look.known:
                self.log.warning("%s: unknown status %r; still waiting", job, look.raw_status)
            job_states.append(look)
        self._looks = job_states
        none_failed(job_states)
        return all_complete(job_states)

    def event_payload(self) -> dict[str, Any]:
        return {"job_states": [look.to_json() for look in self._looks], "carry": self.carry}

    def _jobs(self) -> list[Job]:
        from airflow_provider_mkt.actions.jobs import Job

        return [Job.from_json(job) for job in self.jobs]

    async def on_kill(self) -> None:
        """Cancel what can be canceled, when a user ended the waiting task. Never raises."""
        if not self.cancel_on_kill:
            return
        from airflow_provider_mkt.client.errors import PlatformError
        from airflow_provider_mkt.hooks.select import ahook_for

        try:
            async with await ahook_for(self.conn_id) as hook:
                for job in self._jobs():
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
