"""The base of the sensors: modes, failing polls, and the end of a wait."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from airflow.providers.common.compat.sdk import (
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    BaseSensorOperator,
    PokeReturnValue,
    conf,
)

from airflow_provider_mkt.client.errors import PlatformError
from airflow_provider_mkt.hooks.state import task_state_of
from airflow_provider_mkt.operators._waiting import JobsOverdue, PollingFailed, polling_errors, succeeded

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import timedelta

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.actions.polling import PollFailureBudget
    from airflow_provider_mkt.actions.procedure import Procedure
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.triggers._waiting import WaitEvent, WaitingTrigger

ResultT = TypeVar("ResultT")
"""What a poll returns when the wait is over."""


class WaitingSensor(BaseSensorOperator, Generic[ResultT]):
    """Base of the sensors. They work the same in poke, reschedule and deferrable mode.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type decides the platform.
    :param deferrable: wait in the triggerer instead of in a worker.
    :param poke_interval: seconds between two polls; that of the kind when not given.
    :param max_poll_failure_time: how long polls may go on failing before the sensor fails, in seconds.
    """

    template_fields: Sequence[str] = ("conn_id",)

    def __init__(
        self,
        *,
        conn_id: str,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poke_interval: timedelta | float | None = None,
        max_poll_failure_time: float = 600.0,
        **kwargs: Any,
    ) -> None:
        if poke_interval is not None:
            kwargs["poke_interval"] = poke_interval
        super().__init__(**kwargs)
        self.conn_id = conn_id
        self.deferrable = deferrable
        self.max_poll_failure_time = max_poll_failure_time
        self.own_interval = poke_interval is not None
        self._budget: PollFailureBudget | None = None

    def prepare(self, context: Context, hook: MarketingHook) -> float:
        """Validate the arguments, before anything is sent.

        :returns: seconds between two polls that are worth their calls.
        :raises InvalidInput: naming the argument that is wrong.
        """
        raise NotImplementedError

    def poll(self, context: Context, hook: MarketingHook) -> Procedure[ResultT | None]:
        """Poll once. Returns what :meth:`finish` takes when the wait is over, else None.

        :raises PlatformError: a permanent one when the wait is over and failed.
        """
        raise NotImplementedError

    def trigger(self, context: Context, deadline: float) -> WaitingTrigger:
        """Return the trigger that goes on waiting until *deadline* (epoch seconds)."""
        raise NotImplementedError

    def result(self, event: WaitEvent) -> ResultT:
        """Return what :meth:`finish` takes, from the trigger's event."""
        raise NotImplementedError

    def finish(self, context: Context, result: ResultT) -> object:
        """Return the task's result."""
        return result

    def execute(self, context: Context) -> Any:
        """Poll once, then wait in the sensor's mode."""
        self._prepare(context)
        if self.deferrable:
            with self._skipping():
                first = self._poll(context)
            if first is not None:
                return self._finish(context, first)
            self.defer(
                trigger=self.trigger(context, time.time() + self.timeout), method_name="execute_complete"
            )
        try:
            result = super().execute(context)
        except AirflowSensorTimeout as error:
            if self.never_fail:
                # As the base class does after a deferral.
                raise AirflowSkipException(str(error)) from error
            raise
        return self._finish(context, result)

    def poke(self, context: Context) -> PokeReturnValue:
        """Poll once."""
        with self._skipping():
            result = self._poll(context)
        return PokeReturnValue(result is not None, result)

    def execute_complete(self, context: Context, event: object = None) -> Any:
        """Resume with the trigger's event."""
        try:
            result = self.result(succeeded(event))
        except JobsOverdue as error:
            raise AirflowSensorTimeout(str(error)) from error
        return self._finish(context, result)

    def hook(self) -> MarketingHook:
        """Return the hook of the connection's platform."""
        from airflow_provider_mkt.hooks.base import hook_for

        return hook_for(self.conn_id)

    def _prepare(self, context: Context) -> None:
        try:
            with self.hook() as hook:
                interval = self.prepare(context, hook)
        except PlatformError as error:
            raise AirflowFailException(str(error)) from error
        if not self.own_interval:
            self.poke_interval = interval

    def _finish(self, context: Context, result: ResultT) -> object:
        with self._skipping():
            try:
                return self.finish(context, result)
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

    def _poll(self, context: Context) -> ResultT | None:
        from airflow_provider_mkt.actions.polling import poll_within_budget

        failure_budget = self._failure_budget(context)
        since = failure_budget.failing_since
        with self.hook() as hook, polling_errors():
            result = hook.follow(
                poll_within_budget(lambda: self.poll(context, hook), failure_budget, self.log)
            )
        if self.reschedule and failure_budget.failing_since != since:
            task_state_of(context).set(of_try(context, "failing since"), failure_budget.failing_since)
        return result

    def _failure_budget(self, context: Context) -> PollFailureBudget:
        """Return how long polls may still fail; rescheduled pokes share no process."""
        from airflow_provider_mkt.actions.polling import PollFailureBudget

        if self.reschedule:
            since = task_state_of(context).get(of_try(context, "failing since"))
            return PollFailureBudget(
                self.max_poll_failure_time, float(since) if isinstance(since, (int, float)) else None
            )
        if self._budget is None:
            self._budget = PollFailureBudget(self.max_poll_failure_time)
        return self._budget


def of_try(context: Context, what: str) -> str:
    """Return the key under which a sensor keeps something from one rescheduled poke to the next."""
    return f"{what}, try {context['ti'].try_number}"
