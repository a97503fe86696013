"""What the sensors share that wait for a condition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators._task_state import task_state_of
from airflow_provider_mkt.sensors._base import WaitingSensor, of_try
from airflow_provider_mkt.triggers.condition import ConditionTrigger

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.actions.conditions import Condition, ConditionState, State
    from airflow_provider_mkt.hooks.base import MarketingHook


class ConditionSensor(WaitingSensor):
    """Base of the sensors that wait for a condition.

    A kind of sensor names its condition and tells the arguments of it.
    """

    condition: ClassVar[str]
    _state: State | None = None

    def arguments(self, context: Context, hook: MarketingHook) -> Mapping[str, Any]:
        """The condition's arguments, as plain JSON.

        :raises InvalidInput: naming the field that is wrong.
        """
        raise NotImplementedError

    def prepare(self, context: Context, hook: MarketingHook) -> float:
        condition = self._condition(context, hook)
        if self.deferrable:
            _without_people(condition.arguments)
        return hook.condition_spec(condition).poke_interval

    def look(self, context: Context, hook: MarketingHook) -> dict[str, Any] | None:
        from airflow_provider_mkt.actions.conditions import look_for

        condition, state = self._condition(context, hook), self._known(context)
        before = dict(state)
        seen: ConditionState = hook.follow(look_for(hook.condition_spec(condition), condition, state))
        self.log.info("%s: %s", condition.name, seen)
        if seen.odd:
            self.log.warning("Nobody knows %s; still waiting", seen.odd)
        if self.reschedule and not seen.done and state != before:
            task_state_of(context).set(of_try(context, "state"), state)
        return dict(seen.details) if seen.done else None

    def trigger(self, context: Context, deadline: float) -> ConditionTrigger:
        with self.hook() as hook:
            condition = self._condition(context, hook).to_json()
        return ConditionTrigger(
            conn_id=self.conn_id,
            condition=dict(condition),
            deadline=deadline,
            poll_interval=self.poke_interval,
            max_poll_failure_time=self.max_poll_failure_time,
            state=self._state,
        )

    def result(self, event: Mapping[str, Any]) -> dict[str, Any]:
        return dict(event.get("details") or {})

    def _condition(self, context: Context, hook: MarketingHook) -> Condition:
        from airflow_provider_mkt.actions.conditions import Condition

        given = self.arguments(context, hook)
        return Condition(self.condition, {name: one for name, one in given.items() if one is not None})

    def _known(self, context: Context) -> State:
        """What earlier looks of this try found out."""
        if self.reschedule:
            kept = task_state_of(context).get(of_try(context, "state"))
            return dict(kept) if isinstance(kept, dict) else {}
        if self._state is None:
            self._state = {}
        return self._state


def _without_people(value: Any, where: str = "") -> None:
    """Check that nothing is kept with a trigger that looks like a mail address.

    :raises InvalidInput: naming the argument.
    """
    if isinstance(value, str) and "@" in value:
        problem = "a mail address would be kept with the trigger; use ids, or wait without deferrable"
        raise InvalidInput(where, problem)
    if isinstance(value, dict):
        for name, one in value.items():
            _without_people(one, f"{where}.{name}" if where else str(name))
    elif isinstance(value, (list, tuple)):
        for index, one in enumerate(value):
            _without_people(one, f"{where}[{index}]")
