"""The base of all operators: the hook of the connection, errors in Airflow's terms, and cancellation."""

from __future__ import annotations

import functools
import threading
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, TypeVar

from airflow.sdk import Asset, BaseOperator

from airflow_provider_mkt.client.errors import (
    InvalidInput,
    PlatformError,
    QuotaExhausted,
    TaskCancelled,
)
from airflow_provider_mkt.client.wording import part_of, was_or_were
from airflow_provider_mkt.links.targets import links_of
from airflow_provider_mkt.operators._cancellation import Cancellation, run_in_thread, start_thread
from airflow_provider_mkt.operators._deferral import (
    continue_execution_timeout,
    defer_within_timeout,
    raise_at_execution_timeout,
    start_execution_timeout,
    take_carried_pages,
)
from airflow_provider_mkt.operators._files import missing_filesystem
from airflow_provider_mkt.operators._parse_checks import CheckedAtParse, checked_partial
from airflow_provider_mkt.version_compat import AirflowFailException, AirflowTaskTimeout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context
    from pydantic import JsonValue

    from airflow_provider_mkt.actions.jobs import Job
    from airflow_provider_mkt.actions.targets import Target
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.lineage.facets import Lineage
    from airflow_provider_mkt.operators._parse_checks import Arguments, ParseCheck

T = TypeVar("T")

_UNWIND_SECONDS = 1.0
"""Seconds after which a killed task counts as stuck in a call. Airflow ends its process 4 seconds later."""

_MAX_REASONS = 5
"""Reasons that an error lists at most."""


class MarketingOperator(BaseOperator, metaclass=CheckedAtParse):
    """Base of all operators of this provider.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type selects the platform.
    """

    template_fields: Sequence[str] = ("conn_id",)
    ui_color = "#ffe8d6"
    partial = checked_partial
    _resumed = False
    resumed = False
    """Whether the action continues after a deferral. What it polls decides, whatever the event says."""

    targets: ClassVar[Sequence[Target]] = ()
    """What the operator works on: its links and its lineage are made of it."""

    outcome: Mapping[str, object] | None = None
    """What this leg of the task returned, or failed with."""

    source_columns: Sequence[str] | None = None
    """The columns of the source, where this leg has read it and all rows have the same ones."""

    carried_pages: Mapping[str, str] = MappingProxyType({})
    """Addresses in the platform's own application that an earlier leg of the task has found."""

    execution_deadline: float | None = None
    """When ``execution_timeout`` ends the try, in epoch seconds; None where there is none."""

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {}
    """Checks of parameters that are the operator's own; others are checked by their names."""

    def __init__(self, *, conn_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.conn_id = conn_id

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "targets" in vars(cls) and "operator_extra_links" not in vars(cls):
            cls.operator_extra_links = links_of(cls.targets)

    @property
    def linked_hook(self) -> MarketingHook:
        """The hook that links and lineage use."""
        return self.hook

    def check_arguments(self, arguments: Arguments) -> None:
        """Check what concerns several parameters, when the DAG file is parsed.

        :raises InvalidInput: naming the parameter that is wrong.
        """

    @functools.cached_property
    def hook(self) -> MarketingHook:
        """The hook of the connection's platform."""
        from airflow_provider_mkt.hooks.base import hook_for
        from airflow_provider_mkt.hooks.run_context import RunContext

        hook = hook_for(self.conn_id)
        if self._resumed:
            hook = hook.without_warnings()
        if isinstance(self, Cancellable):
            # It binds the hook for its work, and also uses it to clean up.
            return hook
        return hook.bind(RunContext(sleep=self.sleep, raise_if_cancelled=self.raise_if_cancelled))

    def hook_on(self, platform: str) -> MarketingHook:
        """Return the hook, for an action that only one platform has.

        :raises InvalidInput: when the connection is of the other platform.
        """
        if self.hook.conn_type != platform:
            raise InvalidInput(
                "conn_id", f"connection {self.conn_id!r} is of type {self.hook.conn_type}, not {platform}"
            )
        return self.hook

    def execute(self, context: Context) -> Any:
        """Run the action, and raise its errors in Airflow's terms.

        :returns: the outcome, as :meth:`run_action` describes it.
        """
        if self.execution_deadline is None:
            start_execution_timeout(self)
        with self.airflow_errors():
            if not self._resumed:
                self.log_start()
            outcome = self.run_action(context)
            self.outcome = outcome if isinstance(outcome, Mapping) else None
            self.log_rejects(self.outcome or {})
            return self.emit_asset_events(context, outcome)

    def on_kill(self) -> None:
        """End every wait of the task: for the rate limit, a retry, a lock or a job."""
        self.cancel()

    @property
    def _cancellation(self) -> Cancellation:
        # Made when the task first uses it: Airflow runs each try with a copy of the operator, so that a
        # cancelled try cancels no later one in the same process.
        # In one step, because the signal that kills the task may come at any moment, also before ``execute``.
        made: Cancellation = vars(self).setdefault("_cancellation_event", Cancellation())
        return made

    @property
    def cancelled(self) -> bool:
        """Whether the task was cancelled."""
        return self._cancellation.is_set()

    def cancel(self) -> None:
        """End every wait, now and later."""
        self._cancellation.set()

    def sleep(self, seconds: float) -> None:
        """Wait.

        :param seconds: how long; 0 only checks whether the task was cancelled.
        :raises TaskCancelled: as soon as the task is cancelled, or ``execution_timeout`` has passed.
        """
        try:
            cancelled = self._cancellation.wait(seconds)
        except AirflowTaskTimeout as timeout:
            # Nothing is being sent, which AirflowTaskTimeout does not say: airflow_errors raises it again.
            raise TaskCancelled from timeout
        if cancelled:
            raise TaskCancelled

    def raise_if_cancelled(self) -> None:
        """Raise :class:`TaskCancelled` when the task was cancelled."""
        self.sleep(0)

    def log_start(self) -> None:
        """Log on which account the task works, and with which settings."""
        from airflow_provider_mkt.operators._task_log import start_line

        self.log.info("%s", start_line(self, self.hook.where(may_ask=True)))

    def log_rejects(self, outcome: Mapping[str, object]) -> None:
        """Log how many records were not written, by reason, and where they are."""
        from airflow_provider_mkt.operators._task_log import rejects_line

        if line := rejects_line(outcome):
            self.log.warning("%s", line)

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Continue after a deferral, in the log and with the links that the task had before it."""
        self._resumed = True
        self.carried_pages, kwargs = take_carried_pages(next_kwargs)
        return super().resume_execution(next_method, kwargs, context)

    @abstractmethod
    def run_action(self, context: Context) -> object:
        """Run what the operator is for, and return its outcome as JSON."""

    def resume(self, context: Context, event: object = None, execution_deadline: float | None = None) -> Any:
        """Continue after a deferral.

        :param event: the trigger's event.
        :param execution_deadline: when ``execution_timeout`` ends the try, in epoch seconds.
        :raises AirflowTaskTimeout: when it has passed.
        """
        self.continue_after(context, event, execution_deadline)
        self.resumed = True
        try:
            return self.execute(context)
        finally:
            self.resumed = False

    def continue_after(self, context: Context, event: object, execution_deadline: float | None) -> None:
        """Continue the ``execution_timeout`` after a deferral.

        When it has passed, the jobs that were waited for are canceled where ``cancel_on_kill`` says so.

        :raises AirflowTaskTimeout: when the timeout has passed.
        """
        continue_execution_timeout(self, context, execution_deadline)
        raise_at_execution_timeout(
            self, event, self._cancel_jobs if getattr(self, "cancel_on_kill", False) else None
        )

    def emit_asset_events(self, context: Context, outcome: T) -> T:
        """Add the outcome's counts, paths and reasons to the events of the task's assets.

        :returns: the outcome.
        """
        events = context.get("outlet_events")
        if events is None or not isinstance(outcome, Mapping):
            return outcome
        details: dict[str, JsonValue] = {
            name: value for name, value in outcome.items() if isinstance(value, (bool, int, float, str))
        }
        if isinstance(reasons := outcome.get("reasons"), Mapping):
            details["reasons"] = dict(reasons)
        for outlet in self.outlets:
            if isinstance(outlet, Asset):
                events[outlet].extra.update(details)
        return outcome

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

    @contextmanager
    def airflow_errors(self) -> Iterator[None]:
        """Raise a permanent error as one that Airflow does not retry.

        When the quota is exhausted, or the platform or a safeguard names a time, the task is deferred until
        then. Other errors are raised as they are, for the task's own retries.

        :raises AirflowFailException: in place of a permanent error.
        """
        try:
            yield
        except PlatformError as error:
            if error.permanent:
                raise AirflowFailException(str(error)) from error
            if isinstance(error, QuotaExhausted):
                self.defer_until(self.hook.quota_resets_at(error), error)
            if error.retry_at is None:
                raise
            self.defer_until(error.retry_at, error)
        except ValueError as error:
            if (problem := missing_filesystem(error)) is None:
                raise
            raise AirflowFailException(problem) from error
        except TaskCancelled as cancelled:
            if isinstance(timeout := cancelled.__cause__, AirflowTaskTimeout):
                raise timeout from None
            # Airflow may have no other line about it: it ends the process a few seconds after the signal.
            self.log.warning("The task was killed while it worked or waited")
            raise

    def defer_until(self, moment: datetime, reason: object) -> NoReturn:
        """Defer the task; :meth:`resume` continues it."""
        from airflow.providers.standard.triggers.temporal import DateTimeTrigger

        if self.execution_deadline is not None:
            moment = min(moment, datetime.fromtimestamp(self.execution_deadline, UTC))
        self.log.warning("%s. Deferred until %s", reason, moment.isoformat(timespec="minutes"))
        defer_within_timeout(self, DateTimeTrigger(moment=max(moment, datetime.now(UTC))), "resume")

    def _cancel_jobs(self, jobs: Sequence[Job]) -> None:
        from airflow_provider_mkt.operators._cancellation import cancel

        with self.hook as hook:
            cancel(hook, jobs, self.log)


class Cancellable:
    """Mixin of operators that run for long: they clean up when the task is killed.

    Stands before the operator's base class, because it overrides ``on_kill``.
    """

    _unwound: threading.Event | None = None

    if TYPE_CHECKING:

        @property
        def cancelled(self) -> bool: ...

        def cancel(self) -> None: ...

    def on_kill(self) -> None:
        """End all waits and start nothing more. Requests under way are allowed to finish."""
        self.cancel()
        unwound = self._unwound
        if unwound is None or unwound.is_set():
            run_in_thread(self.on_cancel)
        else:
            # Airflow calls this in a signal handler, which stops the task where it is, with its locks held.
            # So the handler returns at once, and on_cancel runs while the task unwinds.
            start_thread(functools.partial(self._cancel_unless, unwound))

    def on_cancel(self) -> None:
        """Clean up on the platform after a cancellation. Does not raise."""

    @contextmanager
    def cancellable(self) -> Iterator[None]:
        """Run the block, and :meth:`on_cancel` after it when the task was cancelled."""
        self._unwound = unwound = threading.Event()
        try:
            yield
        finally:
            unwound.set()
            if self.cancelled:
                self.on_cancel()

    def _cancel_unless(self, unwound: threading.Event) -> None:
        if not unwound.wait(_UNWIND_SECONDS):
            self.on_cancel()


class CancellableOperator(Cancellable, MarketingOperator):
    """Base of the operators that run for long.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type selects the platform.
    """


def fail_if_rejected(
    context: Context, outcome: Mapping[str, object], rejected: Mapping[str, str], total: int, noun: str
) -> None:
    """Fail the task when any item was rejected. Its outcome is in XCom all the same.

    :param rejected: the items' labels and the platform's reasons.
    :param total: how many items there are.
    :param noun: what the items are, in the singular.
    :raises AirflowFailException: when any item was rejected.
    """
    if not rejected:
        return
    push_outcome(context, outcome)
    reasons = "; ".join(f"{label!r}: {reason}" for label, reason in list(rejected.items())[:_MAX_REASONS])
    if (more := len(rejected) - _MAX_REASONS) > 0:
        reasons += f"; and {more:,} more, in the task's XCom"
    msg = f"{part_of(len(rejected), total, noun)} {was_or_were(total)} rejected: {reasons}"
    raise AirflowFailException(msg)


def push_outcome(context: Context, outcome: Mapping[str, object]) -> None:
    """Push the outcome of a task that fails: to XCom, its links and its lineage."""
    context["ti"].xcom_push(key="return_value", value=outcome)
    task = context.get("task")
    if isinstance(task, MarketingOperator):
        task.outcome = outcome
        task.log_rejects(outcome)


def is_last_try(context: Context, error: Exception) -> bool:
    """Tell whether Airflow runs no other try of the task after an error."""
    if isinstance(error, AirflowFailException) or (isinstance(error, PlatformError) and error.permanent):
        return True
    return bool(context["ti"].try_number > context["ti"].max_tries)
