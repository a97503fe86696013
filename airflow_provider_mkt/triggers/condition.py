"""The trigger that waits for a condition."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from airflow_provider_mkt.triggers._waiting import WaitEvent, WaitingTrigger

if TYPE_CHECKING:
    from airflow_provider_mkt.actions.jobs import ConditionDict, Job, JobSpec, PollCache
    from airflow_provider_mkt.hooks.base import MarketingHook


class ConditionTrigger(WaitingTrigger):
    """Waits until a condition is met, or can no longer be.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param condition: what to wait for, as plain JSON: ``name`` and ``arguments``.
    :param deadline: when to give up, in epoch seconds; absolute, so that a restart does not move it.
    :param poll_interval: seconds between two polls; the condition's own interval when None.
    :param max_poll_failure_time: how long polls may go on failing, in seconds.
    :param state: what earlier polls of the wait found, as plain JSON. It only saves calls: after a restart
        the polls begin with what it was at first.
    :param since: when the wait began, in epoch seconds, for the log; now when None.

    The event is ``{"status": ..., "message": ..., "details": {...}}``.
    """

    def __init__(
        self,
        conn_id: str,
        condition: ConditionDict,
        deadline: float,
        poll_interval: float | None = None,
        max_poll_failure_time: float = 600.0,
        state: PollCache | None = None,
        since: float | None = None,
    ) -> None:
        super().__init__(conn_id, deadline, poll_interval, max_poll_failure_time, since)
        self.condition = condition
        self.state = state
        self._cache = dict(state or {})

    def arguments(self) -> dict[str, object]:
        return {"condition": self.condition, "state": self.state}

    def specs(self, hook: MarketingHook) -> Sequence[tuple[JobSpec, Job]]:
        from airflow_provider_mkt.actions.jobs import Job

        job = Job.from_condition_json(hook.conn_type, self.condition)
        return [(hook.condition_spec(job), job)]

    def cache(self) -> PollCache | None:
        return self._cache

    def event_payload(self) -> WaitEvent:
        return {"details": dict(self._job_states[0].details) if self._job_states else {}}
