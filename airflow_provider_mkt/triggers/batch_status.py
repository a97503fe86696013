"""The trigger that waits for background jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from airflow_provider_mkt.triggers._waiting import WaitEvent, WaitingTrigger

if TYPE_CHECKING:
    from airflow_provider_mkt.actions.jobs import Job, JobSpec
    from airflow_provider_mkt.hooks.base import MarketingHook


class BatchStatusTrigger(WaitingTrigger):
    """Waits until every job is complete, or one of them is canceled or failed.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param jobs: what to wait for, as plain JSON.
    :param deadline: when to give up, in epoch seconds; absolute, so that a restart does not move it.
    :param poll_interval: seconds between two polls; the shortest interval of the kinds when None.
    :param max_poll_failure_time: how long polls may go on failing, in seconds.
    :param cancel_on_kill: cancel what can be canceled when a user marks the waiting task failed, or clears it
        (Airflow 3.3). When it is marked successful, everything stays as it is.
    :param carry: plain JSON returned in the event.
    :param since: when the wait began, in epoch seconds, for the log; now when None.

    The event is ``{"status": ..., "message": ..., "job_states": [...], "jobs": [...], "carry": ...}``.
    """

    def __init__(
        self,
        conn_id: str,
        jobs: Sequence[Mapping[str, object]],
        deadline: float,
        poll_interval: float | None = None,
        max_poll_failure_time: float = 600.0,
        cancel_on_kill: bool = True,
        carry: dict[str, object] | None = None,
        since: float | None = None,
    ) -> None:
        super().__init__(conn_id, deadline, poll_interval, max_poll_failure_time, since)
        self.jobs = jobs
        self.cancel_on_kill = cancel_on_kill
        self.carry = carry

    def arguments(self) -> dict[str, object]:
        return {"jobs": list(self.jobs), "cancel_on_kill": self.cancel_on_kill, "carry": self.carry}

    def specs(self, hook: MarketingHook) -> Sequence[tuple[JobSpec, Job]]:
        return [(hook.job_spec(job), job) for job in self._jobs()]

    def event_payload(self) -> WaitEvent:
        return {
            "job_states": [state.to_json() for state in self._job_states],
            "jobs": list(self.jobs),
            "carry": self.carry,
        }

    def _jobs(self) -> list[Job]:
        from airflow_provider_mkt.actions.jobs import Job

        return [Job.from_json(job) for job in self.jobs]

    async def on_kill(self) -> None:
        """Cancel what can be canceled, when a user marked the waiting task failed or cleared it.

        Only the jobs of this trigger are canceled: after a clear, the next try may run already. Never raises.
        """
        if not self.cancel_on_kill:
            return
        from airflow_provider_mkt.triggers._task_instance import ended_by_user, to_the_end

        async def cancel() -> None:
            if await ended_by_user(self.task_instance, self.log):
                await self._cancel_jobs()

        await to_the_end(cancel(), self.log)

    async def _cancel_jobs(self) -> None:
        from airflow_provider_mkt.client.errors import PlatformError
        from airflow_provider_mkt.hooks.base import ahook_for

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
