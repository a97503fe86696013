"""The base of the sensors: modes, failing polls, and the end of a wait."""

from __future__ import annotations

import functools
import time
from collections.abc import Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from airflow.sdk import BaseSensorOperator, PokeReturnValue

from airflow_provider_mkt.client.errors import PlatformError
from airflow_provider_mkt.hooks.state import poll_state_of
from airflow_provider_mkt.links.targets import links_of
from airflow_provider_mkt.operators._deferral import (
    continue_execution_timeout,
    defer_within_timeout,
    raise_at_execution_timeout,
    start_execution_timeout,
    take_carried_pages,
)
from airflow_provider_mkt.operators._parse_checks import CheckedAtParse, checked_partial
from airflow_provider_mkt.operators._waiting import JobsOverdue, PollingFailed, polling_errors, succeeded
from airflow_provider_mkt.version_compat import (
    AirflowFailException,
    AirflowSensorTimeout,
    AirflowSkipException,
    conf,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import timedelta

    from airflow.sdk import Context

    from airflow_provider_mkt.actions.jobs import Job, PollCache
    from airflow_provider_mkt.actions.polling import PollFailureBudget, WaitProgress
    from airflow_provider_mkt.actions.procedure import Procedure
    from airflow_provider_mkt.actions.targets import Target
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.lineage.facets import Lineage
    from airflow_provider_mkt.operators._parse_checks import Arguments, ParseCheck
    from airflow_provider_mkt.triggers._waiting import WaitEvent, WaitingTrigger

ResultT = TypeVar("ResultT")
"""What a poll returns when the wait is over."""


class WaitingSensor(BaseSensorOperator, Generic[ResultT], metaclass=CheckedAtParse):
    """Base of the sensors. They work the same in poke, reschedule and deferrable mode.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type decides the platform.
    :param deferrable: wait in the triggerer instead of in a worker.
    :param poke_interval: seconds between two polls; that of the kind when not given.
    :param max_poll_failure_time: how long polls may go on failing before the sensor fails, in seconds.
    """

    template_fields: Sequence[str] = ("conn_id",)
    ui_color = "#e7e3f6"
    partial = checked_partial

    targets: ClassVar[Sequence[Target]] = ()
    """What the sensor waits for: its links and its lineage are made of it."""

    outcome: Mapping[str, object] | None = None
    """What this leg of the task returned."""

    carried_pages: Mapping[str, str] = MappingProxyType({})
    """Addresses in the platform's own application that an earlier leg of the task has found."""

    execution_deadline: float | None = None
    """When ``execution_timeout`` ends the try, in epoch seconds; None where there is none."""

    cache: PollCache | None = None
    """What polls in this process left for the next ones."""

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
        self._pages: dict[str, str] | None = None

    _progress: WaitProgress | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "targets" in vars(cls) and "operator_extra_links" not in vars(cls):
            cls.operator_extra_links = links_of(cls.targets)

    @functools.cached_property
    def linked_hook(self) -> MarketingHook:
        """The hook that links and lineage use."""
        return self.hook()

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Continue after a deferral, with the links that the task had before it."""
        self.carried_pages, kwargs = take_carried_pages(next_kwargs)
        return super().resume_execution(next_method, kwargs, context)

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {}
    """Checks of parameters that are the sensor's own; others are checked by their names."""

    def check_arguments(self, arguments: Arguments) -> None:
        """Check what concerns several parameters, when the DAG file is parsed.

        :raises InvalidInput: naming the parameter that is wrong.
        """

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

    def jobs(self, context: Context, hook: MarketingHook) -> Sequence[Job]:
        """Return the jobs or the condition that the sensor waits for.

        :raises InvalidInput: naming the argument that is wrong.
        """
        raise NotImplementedError

    def execute(self, context: Context) -> Any:
        """Poll once, then wait in the sensor's mode."""
        start_execution_timeout(self)
        began = self._began(context)
        jobs = self._prepare(context, first=began is None)
        from airflow_provider_mkt.actions.polling import WaitProgress

        since = time.time() if began is None else began
        self._progress = WaitProgress.of(jobs, since, since + self.timeout)
        if self.deferrable:
            with self._skipping():
                first = self._poll(context)
            if first is not None:
                return self._finish(context, first)
            defer_within_timeout(self, self.trigger(context, time.time() + self.timeout), "execute_complete")
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

    def _began(self, context: Context) -> float | None:
        """Return when this try began to wait, in epoch seconds; None where this is its first poke."""
        first = context["ti"].get_first_reschedule_date(context) if self.reschedule else None
        return None if first is None else first.timestamp()

    def execute_complete(
        self, context: Context, event: object = None, execution_deadline: float | None = None
    ) -> Any:
        """Resume with the trigger's event.

        :param execution_deadline: when ``execution_timeout`` ends the try, in epoch seconds.
        :raises AirflowTaskTimeout: when it has passed.
        """
        continue_execution_timeout(self, context, execution_deadline)
        raise_at_execution_timeout(self, event, self.cancel)
        try:
            result = self.result(succeeded(event))
        except JobsOverdue as error:
            raise AirflowSensorTimeout(str(error)) from error
        return self._finish(context, result)

    def cancel(self, jobs: Sequence[Job]) -> None:
        """Cancel the jobs that were waited for, at ``execution_timeout``. Most sensors leave them alone."""

    def poll_cache(self, context: Context, hook: MarketingHook) -> PollCache:
        """Return what earlier polls of this try left for the next ones."""
        if self.reschedule:
            kept = poll_state_of(context, hook).get(of_try(context, "poll cache"))
            return dict(kept) if isinstance(kept, dict) else {}
        if self.cache is None:
            self.cache = {}
        return self.cache

    def keep_poll_cache(self, context: Context, hook: MarketingHook, cache: PollCache) -> None:
        """Keep what a poll left for the next one, where that is in another process."""
        if self.reschedule:
            state, key = poll_state_of(context, hook), of_try(context, "poll cache")
            if state.get(key) != cache and cache:
                state.set(key, cache)

    def hook(self) -> MarketingHook:
        """Return the hook of the connection's platform."""
        from airflow_provider_mkt.hooks.base import hook_for

        hook = hook_for(self.conn_id).without_warnings()
        # The pages that any poll has found are for the links of the task.
        self._pages = hook.pages = hook.pages if self._pages is None else self._pages
        return hook

    def get_openlineage_facets_on_start(self) -> Lineage | None:
        """Return what the parameters tell that is read and written, for OpenLineage."""
        from airflow_provider_mkt.lineage.facets import lineage_of

        return lineage_of(self)

    def get_openlineage_facets_on_complete(self, task_instance: object) -> Lineage | None:
        """Return what was read and written, and how much, for OpenLineage."""
        from airflow_provider_mkt.lineage.facets import lineage_of

        return lineage_of(self, ended=True)

    def get_openlineage_facets_on_failure(self, task_instance: object) -> Lineage | None:
        """Return what was read and written until the failure, for OpenLineage."""
        from airflow_provider_mkt.lineage.facets import lineage_of

        return lineage_of(self)

    def _prepare(self, context: Context, *, first: bool) -> Sequence[Job]:
        """Validate the arguments. Returns what is waited for.

        :param first: whether this is the first poke of the try, which logs the settings.
        """
        from airflow_provider_mkt.operators._task_log import start_line

        try:
            with self.hook() as hook:
                self._warn(context, hook)
                if first:
                    self.log.info("%s", start_line(self, hook.where(may_ask=True)))
                interval, jobs = self.prepare(context, hook), self.jobs(context, hook)
        except PlatformError as error:
            raise AirflowFailException(str(error)) from error
        if not self.own_interval:
            self.poke_interval = interval
        return jobs

    def _warn(self, context: Context, hook: MarketingHook) -> None:
        """Log the connection's warnings once per try, though each rescheduled poke is a new process."""
        warnings = hook.connection_warnings()
        if warnings and self.reschedule:
            state, key = poll_state_of(context, hook), of_try(context, "warned")
            if state.get(key):
                return
            state.set(key, True)
        for warning in warnings:
            self.log.warning("%s (connection %r)", warning, self.conn_id)

    def _finish(self, context: Context, result: ResultT) -> object:
        with self._skipping():
            try:
                outcome = self.finish(context, result)
            except PlatformError as error:
                if error.permanent:
                    raise AirflowFailException(str(error)) from error
                raise
        self.outcome = outcome if isinstance(outcome, Mapping) else None
        return outcome

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

        with self.hook() as hook:
            failure_budget = self._failure_budget(context, hook)
            since = failure_budget.failing_since
            with polling_errors():
                result = hook.follow(
                    poll_within_budget(lambda: self.poll(context, hook), failure_budget, self.log)
                )
            if self.reschedule and failure_budget.failing_since != since:
                failing_since = failure_budget.failing_since
                poll_state_of(context, hook).set(of_try(context, "failing since"), failing_since)
            if result is None and self._progress is not None:
                self._progress.log(self.log, hook.where())
        return result

    def _failure_budget(self, context: Context, hook: MarketingHook) -> PollFailureBudget:
        """Return how long polls may still fail; rescheduled pokes share no process."""
        from airflow_provider_mkt.actions.polling import PollFailureBudget

        if self.reschedule:
            since = poll_state_of(context, hook).get(of_try(context, "failing since"))
            return PollFailureBudget(
                self.max_poll_failure_time, float(since) if isinstance(since, (int, float)) else None
            )
        if self._budget is None:
            self._budget = PollFailureBudget(self.max_poll_failure_time)
        return self._budget


def of_try(context: Context, what: str) -> str:
    """Return the key under which a sensor keeps something from one rescheduled poke to the next."""
    return f"{what}, try {context['ti'].try_number}"
