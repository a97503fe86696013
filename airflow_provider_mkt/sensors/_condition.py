"""The base of the sensors that wait for a condition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.hooks.state import task_state_of
from airflow_provider_mkt.sensors._base import WaitingSensor, of_try
from airflow_provider_mkt.triggers.condition import ConditionTrigger

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.actions.jobs import Job, PollCache
    from airflow_provider_mkt.actions.procedure import Procedure
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.triggers._waiting import WaitEvent


class ConditionSensor(WaitingSensor[dict[str, object]]):
    """Base of the sensors that wait for a condition.

    A subclass names its condition and returns the arguments of it.
    """

    condition: ClassVar[str]
    _cache: PollCache | None = None

    def arguments(self, context: Context, hook: MarketingHook) -> Mapping[str, object]:
        """Return the condition's arguments, as plain JSON.

        :raises InvalidInput: naming the field that is wrong.
        """
        raise NotImplementedError

    def prepare(self, context: Context, hook: MarketingHook) -> float:
        job = self._job(context, hook)
        if self.deferrable:
            _check_no_mail_address(job.arguments)
        return hook.condition_spec(job).poke_interval

    def poll(self, context: Context, hook: MarketingHook) -> Procedure[dict[str, object] | None]:
        from airflow_provider_mkt.actions.polling import completed, poll_jobs

        job, cache = self._job(context, hook), self._poll_cache(context)
        before = dict(cache)
        states = yield from poll_jobs([(hook.condition_spec(job), job)], self.log, cache)
        done = completed(states) is not None
        if self.reschedule and not done and cache != before:
            task_state_of(context).set(of_try(context, "poll cache"), cache)
        return dict(states[0].details) if done else None

    def trigger(self, context: Context, deadline: float) -> ConditionTrigger:
        with self.hook() as hook:
            condition = self._job(context, hook).to_condition_json()
        return ConditionTrigger(
            conn_id=self.conn_id,
            condition=condition,
            deadline=deadline,
            poll_interval=self.poke_interval,
            max_poll_failure_time=self.max_poll_failure_time,
            state=self._cache,
        )

    def result(self, event: WaitEvent) -> dict[str, object]:
        return dict(event.get("details") or {})

    def _job(self, context: Context, hook: MarketingHook) -> Job:
        from airflow_provider_mkt.actions.jobs import Job

        given = self.arguments(context, hook)
        arguments = {name: one for name, one in given.items() if one is not None}
        return Job(hook.conn_type, self.condition, "", arguments=arguments)

    def _poll_cache(self, context: Context) -> PollCache:
        """Return what earlier polls of this try left for the next ones."""
        if self.reschedule:
            kept = task_state_of(context).get(of_try(context, "poll cache"))
            return dict(kept) if isinstance(kept, dict) else {}
        if self._cache is None:
            self._cache = {}
        return self._cache


def _check_no_mail_address(value: object, where: str = "") -> None:
    """Check that no mail address would be kept with a trigger.

    :raises InvalidInput: naming the argument.
    """
    if isinstance(value, str) and "@" in value:
        problem = "a mail address would be kept with the trigger; use ids, or wait without deferrable"
        raise InvalidInput(where, problem)
    if isinstance(value, Mapping):
        for name, one in value.items():
            _check_no_mail_address(one, f"{where}.{name}" if where else str(name))
    elif isinstance(value, (list, tuple)):
        for index, one in enumerate(value):
            _check_no_mail_address(one, f"{where}[{index}]")
