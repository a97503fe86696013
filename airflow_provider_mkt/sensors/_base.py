"""What the sensors share: the ways to wait, the patience with failing looks, and how a wait ends."""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    BaseSensorOperator,
    PokeReturnValue,
    conf,
)

from airflow_provider_mkt.api.errors import InvalidInput, PlatformError
from airflow_provider_mkt.api.redact import shape
from airflow_provider_mkt.operators._base import as_list, as_time, needed
from airflow_provider_mkt.operators._memory import task_memory
from airflow_provider_mkt.operators._waiting import JobsOverdue, PollingFailed, succeeded, tolerated
from airflow_provider_mkt.triggers.condition import ConditionTrigger

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.api.conditions import Condition, Seen, State
    from airflow_provider_mkt.api.watching import Tolerance
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.triggers._waiting import WaitingTrigger

IDS_MAX = 3_000
"""Leads that one sensor waits for: their ids are kept with the trigger."""
_CLOCKS_APART = timedelta(seconds=90)


class WaitingSensor(BaseSensorOperator):
    """Base of the sensors. They work alike in poke, reschedule and deferrable mode.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type decides the platform.
    :param deferrable: wait in the triggerer instead of in a worker.
    :param poke_interval: how often to ask, in seconds; as often as it is worth it when not given.
    :param tolerance: how long asking may go on failing before the sensor does, in seconds.
    """

    template_fields: Sequence[str] = ("conn_id",)

    def __init__(
        self,
        *,
        conn_id: str,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poke_interval: timedelta | float | None = None,
        tolerance: float = 600.0,
        **kwargs: Any,
    ) -> None:
        if poke_interval is not None:
            kwargs["poke_interval"] = poke_interval
        super().__init__(**kwargs)
        self.conn_id = conn_id
        self.deferrable = deferrable
        self.tolerance = tolerance
        self.own_interval = poke_interval is not None
        self._patience: Tolerance | None = None

    def prepare(self, context: Context, hook: MarketingHook) -> float:
        """Check what is waited for, before anything is asked.

        :returns: how often asking is worth it, in seconds.
        :raises InvalidInput: naming the argument that is wrong.
        """
        raise NotImplementedError

    def look(self, context: Context, hook: MarketingHook) -> Any:
        """Ask once. What :meth:`finish` takes when the wait is over, else None.

        :raises PlatformError: a permanent one when it is over and did not end well.
        """
        raise NotImplementedError

    def trigger(self, context: Context, deadline: float) -> WaitingTrigger:
        """The trigger that waits on, until *deadline* (epoch seconds)."""
        raise NotImplementedError

    def shown(self, event: Mapping[str, Any]) -> Any:
        """What :meth:`finish` takes, from the trigger's event."""
        raise NotImplementedError

    def finish(self, context: Context, shown: Any) -> Any:
        """What the task returns."""
        return shown

    def execute(self, context: Context) -> Any:
        """Look once, then wait in the way that was asked for."""
        self._prepare(context)
        if self.deferrable:
            poked = self.poke(context)
            if poked.is_done:
                return self._finish(context, poked.xcom_value)
            self.defer(
                trigger=self.trigger(context, time.time() + self.timeout), method_name="execute_complete"
            )
        try:
            shown = super().execute(context)
        except AirflowSensorTimeout as error:
            if self.never_fail:
                # As the base class does after a deferral.
                raise AirflowSkipException(str(error)) from error
            raise
        return self._finish(context, shown)

    def poke(self, context: Context) -> PokeReturnValue:
        """Ask once."""
        with self._skipping():
            shown = self._look(context)
        return PokeReturnValue(shown is not None, shown)

    def execute_complete(self, context: Context, event: Any = None) -> Any:
        """Take the trigger's event."""
        try:
            shown = self.shown(succeeded(event))
        except JobsOverdue as error:
            raise AirflowSensorTimeout(str(error)) from error
        return self._finish(context, shown)

    def hook(self) -> MarketingHook:
        """The hook of the connection's platform."""
        from airflow_provider_mkt.hooks.select import hook_for

        return hook_for(self.conn_id)

    def _prepare(self, context: Context) -> None:
        try:
            with self.hook() as hook:
                worth = self.prepare(context, hook)
        except PlatformError as error:
            raise AirflowFailException(str(error)) from error
        if not self.own_interval:
            self.poke_interval = worth

    def _finish(self, context: Context, shown: Any) -> Any:
        with self._skipping():
            try:
                return self.finish(context, shown)
            except PlatformError as error:
                if error.permanent:
                    raise AirflowFailException(str(error)) from error
                raise

    @contextmanager
    def _skipping(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            # The base class has other rules before a deferral than after it, and none before the first.
            if self.never_fail or (
                self.soft_fail and isinstance(error, (AirflowFailException, PollingFailed))
            ):
                raise AirflowSkipException(str(error)) from error
            raise

    def _look(self, context: Context) -> Any:
        tolerance = self._tolerance(context)
        since = tolerance.failing_since
        with self.hook() as hook:
            shown = tolerated(lambda: self.look(context, hook), tolerance, self.log)
        if self.reschedule and tolerance.failing_since != since:
            task_memory(context).set(of_try(context, "failing since"), tolerance.failing_since)
        return shown

    def _tolerance(self, context: Context) -> Tolerance:
        """What is left of the patience with failing looks; rescheduled pokes share no process."""
        from airflow_provider_mkt.api.watching import Tolerance

        if self.reschedule:
            since = task_memory(context).get(of_try(context, "failing since"))
            return Tolerance(self.tolerance, float(since) if isinstance(since, (int, float)) else None)
        if self._patience is None:
            self._patience = Tolerance(self.tolerance)
        return self._patience


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
        from airflow_provider_mkt.api.conditions import look_for

        condition, state = self._condition(context, hook), self._known(context)
        before = dict(state)
        seen: Seen = hook.follow(look_for(hook.condition_spec(condition), condition, state))
        self.log.info("%s: %s", condition.name, seen)
        if seen.odd:
            self.log.warning("Nobody knows %s; waiting on", seen.odd)
        if self.reschedule and not seen.done and state != before:
            task_memory(context).set(of_try(context, "state"), state)
        return dict(seen.facts) if seen.done else None

    def trigger(self, context: Context, deadline: float) -> ConditionTrigger:
        with self.hook() as hook:
            condition = self._condition(context, hook).to_json()
        return ConditionTrigger(
            conn_id=self.conn_id,
            condition=dict(condition),
            deadline=deadline,
            poll_interval=self.poke_interval,
            tolerance=self.tolerance,
            state=self._state,
        )

    def shown(self, event: Mapping[str, Any]) -> dict[str, Any]:
        return dict(event.get("facts") or {})

    def _condition(self, context: Context, hook: MarketingHook) -> Condition:
        from airflow_provider_mkt.api.conditions import Condition

        given = self.arguments(context, hook)
        return Condition(self.condition, {name: one for name, one in given.items() if one is not None})

    def _known(self, context: Context) -> State:
        """What earlier looks of this try found out."""
        if self.reschedule:
            kept = task_memory(context).get(of_try(context, "state"))
            return dict(kept) if isinstance(kept, dict) else {}
        if self._state is None:
            self._state = {}
        return self._state


def of_try(context: Context, what: str) -> str:
    """The name under which a sensor remembers something from one rescheduled poke to the next."""
    return f"{what}, try {context['ti'].try_number}"


def as_count(field: str, value: Any) -> int:
    """A templated count: a whole number, or text of one; at least 1.

    :raises InvalidInput: when it is anything else.
    """
    if isinstance(value, str) and value.strip().isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InvalidInput(field, f"must be a whole number of 1 or more, not {shape(value)}")
    return value


def as_ids(field: str, value: Any) -> list[str]:
    """A templated list of ids, each once.

    :raises InvalidInput: when it is none, or too long.
    """
    ids = [needed(f"{field}[{index}]", one) for index, one in enumerate(as_list(field, value))]
    if len(ids) > IDS_MAX:
        raise InvalidInput(field, f"has {len(ids):,} ids; at most {IDS_MAX:,}")
    return list(dict.fromkeys(ids))


def time_or_run_start(context: Context, field: str, value: Any) -> datetime:
    """A templated time; when the DAG run began where it is not given.

    :raises InvalidInput: when it is no time, or one without offset.
    """
    moment = as_time(field, value)
    if moment is not None:
        return moment
    began = context["dag_run"].start_date
    if began is None:
        raise InvalidInput(field, "is missing, and the DAG run does not tell when it began")
    return began - _CLOCKS_APART


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
