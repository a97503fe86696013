"""The trigger that polls jobs and conditions until their wait is over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypedDict

from airflow.triggers.base import BaseTrigger, TriggerEvent

from airflow_provider_mkt.triggers._events import ShortEvent

if TYPE_CHECKING:
    from airflow_provider_mkt.actions.jobs import Job, JobSpec, JobState, JobStateDict, PollCache
    from airflow_provider_mkt.actions.polling import WaitProgress
    from airflow_provider_mkt.hooks.base import MarketingHook


class WaitEvent(TypedDict, total=False):
    """The event of a trigger. It always has a status and a message.

    :param status: ``success``, ``failed`` (a job failed, a condition can no longer be met, or polls cannot
        work), ``timeout`` or ``error`` (polls kept failing).
    :param job_states: of a wait for jobs: their latest states.
    :param jobs: of a wait for jobs: what was waited for.
    :param carry: of a wait for jobs: what the trigger was given to return.
    :param details: of a wait for a condition: what its latest poll found.
    """

    status: str
    message: str
    job_states: list[JobStateDict]
    jobs: list[Mapping[str, object]]
    carry: dict[str, object] | None
    details: dict[str, object]


class WaitingTrigger(BaseTrigger):
    """Base of the triggers that wait for jobs or a condition.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param deadline: when to give up, in epoch seconds; absolute, so that a restart does not move it.
    :param poll_interval: seconds between two polls; the shortest interval of the kinds when None.
    :param max_poll_failure_time: how long polls may go on failing, in seconds.
    :param since: when the wait began, in epoch seconds, for the log; now when None.

    The event is a :class:`WaitEvent`.
    """

    def __init__(
        self,
        conn_id: str,
        deadline: float,
        poll_interval: float | None = None,
        max_poll_failure_time: float = 600.0,
        since: float | None = None,
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.conn_id = conn_id
        self.deadline = deadline
        self.poll_interval = poll_interval
        self.max_poll_failure_time = max_poll_failure_time
        self.since = time.time() if since is None else since
        self._where = ""
        self._job_states: list[JobState] = []
        self._progress: WaitProgress | None = None

    def serialize(self) -> tuple[str, dict[str, object]]:
        return (
            f"{type(self).__module__}.{type(self).__qualname__}",
            {
                "conn_id": self.conn_id,
                "deadline": self.deadline,
                "poll_interval": self.poll_interval,
                "max_poll_failure_time": self.max_poll_failure_time,
                "since": self.since,
                **self.arguments(),
            },
        )

    def arguments(self) -> dict[str, object]:
        """Return the arguments of this kind of trigger, as plain JSON."""
        raise NotImplementedError

    def specs(self, hook: MarketingHook) -> Sequence[tuple[JobSpec, Job]]:
        """Return what to wait for.

        :raises InvalidInput: when the platform has no such kind of job or condition.
        """
        raise NotImplementedError

    def cache(self) -> PollCache | None:
        """Return what earlier polls of the wait left for the next ones."""
        return None

    def event_payload(self) -> WaitEvent:
        """Return the event without its status and message, as plain JSON."""
        raise NotImplementedError

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Poll until the wait is over, and yield one event."""
        from airflow_provider_mkt.actions.polling import WaitTimedOut
        from airflow_provider_mkt.client.errors import PlatformError

        try:
            await self._wait()
        except WaitTimedOut as error:
            yield self._event("timeout", str(error))
        except PlatformError as error:
            yield self._event("failed" if error.permanent else "error", str(error))
        else:
            yield self._event("success", "all complete")

    async def _wait(self) -> None:
        from airflow_provider_mkt.actions.polling import (
            PollFailureBudget,
            WaitProgress,
            poll_interval,
            wait_for_jobs,
        )
        from airflow_provider_mkt.triggers._shared_polls import WaitingTask, shared_polls

        async with shared_polls(self.conn_id) as polls:
            specs = self.specs(polls.hook)
            batch_reads = [one for spec, _ in specs for one in spec.batch_reads]
            interval = poll_interval([spec for spec, _ in specs], self.poll_interval)
            task = WaitingTask(polls, batch_reads, interval)
            self._progress = WaitProgress.of([job for _, job in specs], self.since, self.deadline)
            self._where = await asyncio.to_thread(polls.hook.where)
            await task.follow(
                wait_for_jobs(
                    specs,
                    interval=interval,
                    deadline=self.deadline,
                    failure_budget=PollFailureBudget(self.max_poll_failure_time),
                    log=self.log,
                    cache=self.cache(),
                    on_poll=self._keep,
                    read_alone=task.read_alone,
                )
            )

    def _keep(self, job_states: list[JobState]) -> None:
        self._job_states = job_states
        if self._progress is not None:
            self._progress.polled(job_states, self.log, self._where)

    def _event(self, status: str, message: str) -> TriggerEvent:
        return ShortEvent({"status": status, "message": message, **self.event_payload()})
