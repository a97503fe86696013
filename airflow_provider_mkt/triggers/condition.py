"""The trigger that waits for a condition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.triggers._waiting import WaitingTrigger

if TYPE_CHECKING:
    from airflow_provider_mkt.hooks.base import MarketingHook


class ConditionTrigger(WaitingTrigger):
    """Waits until a condition is so, or can no longer come about.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param condition: what to wait for, as plain JSON: ``name`` and ``arguments``.
    :param deadline: when to give up, in epoch seconds; absolute, so that a restart does not move it.
    :param poll_interval: how often to look, in seconds; None for as often as it is worth it.
    :param max_poll_failure_time: how long looks may go on failing, in seconds.
    :param state: what earlier looks of the wait found out, as plain JSON. It only saves calls: after a
        restart the looks begin with what it was at first.

    The event is ``{"status": ..., "message": ..., "details": {...}}``.
    """

    def __init__(
        self,
        conn_id: str,
        condition: dict[str, Any],
        deadline: float,
        poll_interval: float | None = None,
        max_poll_failure_time: float = 600.0,
        state: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(conn_id, deadline, poll_interval, max_poll_failure_time)
        self.condition = condition
        self.state = state
        self._state = dict(state or {})
        self._error_details: dict[str, Any] = {}

    def arguments(self) -> dict[str, Any]:
        return {"condition": self.condition, "state": self.state}

    def interval(self, hook: MarketingHook) -> float:
        from airflow_provider_mkt.actions.conditions import Condition

        return hook.condition_spec(Condition.from_json(self.condition)).poke_interval

    async def look(self, hook: MarketingHook) -> bool:
        from airflow_provider_mkt.actions.conditions import Condition, look_for

        condition = Condition.from_json(self.condition)
        seen = await hook.afollow(look_for(hook.condition_spec(condition), condition, self._state))
        self.log.info("%s: %s", condition.name, seen)
        if seen.odd:
            self.log.warning("Nobody knows %s; still waiting", seen.odd)
        self._error_details = dict(seen.details)
        return seen.done

    def event_payload(self) -> dict[str, Any]:
        return {"details": self._error_details}
