"""The base of all operators: the hook of the connection, errors in Airflow's terms, and cancellation."""

from __future__ import annotations

import functools
import threading
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from airflow.providers.common.compat.sdk import AirflowFailException, Asset, BaseOperator

from airflow_provider_mkt.client.errors import (
    InvalidInput,
    PlatformError,
    QuotaExhausted,
    ServerUnavailable,
    TaskCancelled,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.providers.common.compat.sdk import Context
    from pydantic import JsonValue

    from airflow_provider_mkt.hooks.base import MarketingHook

T = TypeVar("T")

_UNWIND_SECONDS = 1.0
"""Seconds after which a killed task counts as stuck in a call. Airflow ends its process 4 seconds later."""

_MAX_REASONS = 5
"""Reasons that an error lists at most."""


class MarketingOperator(BaseOperator):
    """Base of all operators of this provider.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type selects the platform.
    """

    template_fields: Sequence[str] = ("conn_id",)

    def __init__(self, *, conn_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.conn_id = conn_id

    @functools.cached_property
    def hook(self) -> MarketingHook:
        """The hook of the connection's platform."""
        from airflow_provider_mkt.hooks.base import hook_for

        return hook_for(self.conn_id)

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
        with self.airflow_errors():
            return self.emit_asset_events(context, self.run_action(context))

    @abstractmethod
    def run_action(self, context: Context) -> object:
        """Run what the operator is for, and return its outcome as JSON."""

    def resume(self, context: Context, event: object = None) -> Any:
        """Continue after the task was deferred until the quota's reset."""
        return self.execute(context)

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

    @contextmanager
    def airflow_errors(self) -> Iterator[None]:
        """Raise a permanent error as one that Airflow does not retry.

        When the quota is exhausted, or the platform names a time, the task is deferred until then. Other
        errors are raised as they are, for the task's own retries.

        :raises AirflowFailException: in place of a permanent error.
        """
        try:
            yield
        except QuotaExhausted as error:
            self.defer_until(error.resets_at, error)
        except ServerUnavailable as error:
            if error.retry_at is None:
                raise
            self.defer_until(error.retry_at, error)
        except PlatformError as error:
            if error.permanent:
                raise AirflowFailException(str(error)) from error
            raise

    def defer_until(self, moment: datetime, reason: object) -> NoReturn:
        """Defer the task; :meth:`resume` continues it."""
        from airflow.providers.standard.triggers.temporal import DateTimeTrigger

        self.log.warning("%s. Deferred until %s", reason, moment.isoformat(timespec="minutes"))
        self.defer(trigger=DateTimeTrigger(moment=max(moment, datetime.now(UTC))), method_name="resume")
        raise AssertionError  # pragma: no cover - defer raises


class Cancellable:
    """Mixin of operators that run for long: their waits end when the task is killed.

    Stands before the operator's base class, because it overrides ``on_kill``.
    """

    # Made when the action starts: Airflow copies operators, and an event cannot be copied.
    _cancelled: threading.Event | None = None
    _unwound: threading.Event | None = None

    def reset_cancellation(self) -> None:
        """Start an action that can be cancelled."""
        self._cancelled = threading.Event()

    def on_kill(self) -> None:
        """End all waits and start nothing more. Requests under way are allowed to finish."""
        self.cancel()
        unwound = self._unwound
        if unwound is None or unwound.is_set():
            self.on_cancel()
        else:
            # Airflow calls this in a signal handler, which stops the task where it is, with its locks held.
            # So the handler returns at once, and on_cancel runs while the task unwinds.
            threading.Thread(target=self._cancel_unless, args=(unwound,), daemon=True).start()

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

    @property
    def cancelled(self) -> bool:
        """Whether the task was cancelled."""
        return self._cancelled is not None and self._cancelled.is_set()

    def cancel(self) -> None:
        """End every wait, now and later."""
        if self._cancelled is not None:
            self._cancelled.set()

    def sleep(self, seconds: float) -> None:
        """Wait.

        :param seconds: how long; 0 only checks whether the task was cancelled.
        :raises TaskCancelled: as soon as the task is cancelled.
        """
        if self._cancelled is not None and self._cancelled.wait(seconds):
            raise TaskCancelled

    def raise_if_cancelled(self) -> None:
        """Raise :class:`TaskCancelled` when the task was cancelled."""
        self.sleep(0)

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
    :param noun: what the items are, in the plural.
    :raises AirflowFailException: when any item was rejected.
    """
    if not rejected:
        return
    context["ti"].xcom_push(key="return_value", value=outcome)
    reasons = "; ".join(f"{label!r}: {reason}" for label, reason in list(rejected.items())[:_MAX_REASONS])
    msg = f"{len(rejected)} of {total} {noun} were rejected: {reasons}"
    raise AirflowFailException(msg)
