"""The base of the sensors that wait for a condition."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing, suppress
from typing import TYPE_CHECKING, ClassVar

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.sensors._base import WaitingSensor
from airflow_provider_mkt.triggers.condition import ConditionTrigger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

    from airflow_provider_mkt.actions.jobs import Job
    from airflow_provider_mkt.actions.procedure import Procedure
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.triggers._waiting import WaitEvent


class ConditionSensor(WaitingSensor[dict[str, object]]):
    """Base of the sensors that wait for a condition.

    A subclass names its condition and returns the arguments of it.
    """

    condition: ClassVar[str]

    def arguments(self, context: Context, hook: MarketingHook) -> Mapping[str, object]:
        """Return the condition's arguments, as plain JSON.

        :raises InvalidInput: naming the field that is wrong.
        """
        raise NotImplementedError

    def jobs(self, context: Context, hook: MarketingHook) -> Sequence[Job]:
        return [self._job(context, hook)]

    def prepare(self, context: Context, hook: MarketingHook) -> float:
        job = self._job(context, hook)
        if self.deferrable:
            _check_no_mail_address(job.arguments)
        spec = hook.condition_spec(job)
        _check_by_platform(spec.poll(job, {}))
        return spec.poke_interval

    def poll(self, context: Context, hook: MarketingHook) -> Procedure[dict[str, object] | None]:
        from airflow_provider_mkt.actions.polling import completed, poll_jobs

        job, cache = self._job(context, hook), self.poll_cache(context, hook)
        states = yield from poll_jobs([(hook.condition_spec(job), job)], self.log, cache)
        if completed(states) is None:
            self.keep_poll_cache(context, hook, cache)
            return None
        return dict(states[0].details)

    def trigger(self, context: Context, deadline: float) -> ConditionTrigger:
        with self.hook() as hook:
            condition = self._job(context, hook).to_condition_json()
        return ConditionTrigger(
            conn_id=self.conn_id,
            condition=condition,
            deadline=deadline,
            poll_interval=self.poke_interval,
            max_poll_failure_time=self.max_poll_failure_time,
            state=self.cache,
        )

    def result(self, event: WaitEvent) -> dict[str, object]:
        return dict(event.get("details") or {})

    def _job(self, context: Context, hook: MarketingHook) -> Job:
        from airflow_provider_mkt.actions.jobs import Job

        given = self.arguments(context, hook)
        arguments = {name: one for name, one in given.items() if one is not None}
        return Job(hook.conn_type, self.condition, "", arguments=arguments)


def _check_by_platform(poll: Procedure[object]) -> None:
    """Run a poll up to its first call, which is not sent.

    Then an argument that the platform does not take fails the task, also with ``soft_fail``.

    :raises InvalidInput: naming the argument.
    """
    with closing(poll), suppress(StopIteration):
        next(poll)


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
