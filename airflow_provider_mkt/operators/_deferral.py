"""Deferral within ``execution_timeout``, which Airflow does not enforce while a task is deferred."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from airflow_provider_mkt.version_compat import AirflowTaskTimeout

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow.sdk import Context
    from airflow.triggers.base import BaseTrigger

    from airflow_provider_mkt.actions.jobs import Job

_PAGES = "carried_pages"

_MARGIN = 60.0
"""Seconds after the ``execution_timeout`` after which Airflow itself ends the wait, if no triggerer did."""


class DeferrableTask(Protocol):
    """The part of operators and sensors that is used here."""

    execution_timeout: timedelta | None
    execution_deadline: float | None

    def defer(
        self,
        *,
        trigger: BaseTrigger,
        method_name: str,
        kwargs: dict[str, object] | None = None,
        timeout: timedelta | None = None,
    ) -> object: ...


def start_execution_timeout(task: DeferrableTask) -> None:
    """Start the ``execution_timeout`` of a try."""
    if task.execution_timeout is not None:
        task.execution_deadline = time.time() + task.execution_timeout.total_seconds()


def continue_execution_timeout(task: DeferrableTask, context: Context, deadline: float | None) -> None:
    """Continue the ``execution_timeout`` of a try after a deferral.

    :param deadline: its end as the deferral kept it, in epoch seconds.
    """
    if deadline is None and task.execution_timeout is not None:
        # dag.test() keeps the event only, and Airflow 3.3 the start of the try.
        started = context["ti"].start_date.timestamp()
        deadline = started + task.execution_timeout.total_seconds()
    task.execution_deadline = deadline


def defer_within_timeout(task: DeferrableTask, trigger: BaseTrigger, method_name: str) -> NoReturn:
    """Defer the task until its trigger fires, at most until its ``execution_timeout``.

    The time counts from the start of the try, in all its legs together. The method is called with the keyword
    ``execution_deadline`` where there is a timeout.

    :raises AirflowTaskTimeout: when the timeout has passed.
    """
    limit = task.execution_deadline
    kwargs: dict[str, object] = {}
    if pages := _pages_of(task):
        kwargs[_PAGES] = pages
    if limit is None:
        task.defer(trigger=trigger, method_name=method_name, kwargs=kwargs or None)
    else:
        left = limit - time.time()
        if left <= 0:
            raise _timed_out(task)
        if isinstance(deadline := getattr(trigger, "deadline", None), (int, float)):
            trigger.deadline = min(deadline, limit)  # type: ignore[attr-defined]
        task.defer(
            trigger=trigger,
            method_name=method_name,
            kwargs={"execution_deadline": limit, **kwargs},
            timeout=timedelta(seconds=left + _MARGIN),
        )
    raise AssertionError  # pragma: no cover - defer raises


def _pages_of(task: object) -> dict[str, str]:
    if not getattr(task, "targets", None):
        return {}
    from airflow_provider_mkt.links._addresses import pages_to_carry

    try:
        return pages_to_carry(task)  # type: ignore[arg-type]
    except Exception:
        # A link is no reason to fail.
        return {}


def take_carried_pages(kwargs: Mapping[str, Any] | None) -> tuple[Mapping[str, str], dict[str, Any] | None]:
    """Split what a deferral kept for the links from what it kept for the method that continues."""
    if kwargs is None or _PAGES not in kwargs:
        return {}, None if kwargs is None else dict(kwargs)
    return kwargs[_PAGES], {name: value for name, value in kwargs.items() if name != _PAGES}


def raise_at_execution_timeout(
    task: DeferrableTask, event: object, cancel: Callable[[Sequence[Job]], object] | None
) -> None:
    """End a task that was deferred until its ``execution_timeout``.

    :param event: of the trigger. A wait that succeeded in time is no timeout.
    :param cancel: cancels the jobs that were waited for; None leaves them alone.
    :raises AirflowTaskTimeout: when the timeout has passed.
    """
    status = event.get("status") if isinstance(event, Mapping) else None
    if task.execution_deadline is None or time.time() < task.execution_deadline or status == "success":
        return
    jobs = event.get("jobs") if isinstance(event, Mapping) else None
    if cancel is not None and jobs:
        from airflow_provider_mkt.actions.jobs import Job

        cancel([Job.from_json(job) for job in jobs])
    raise _timed_out(task)


def _timed_out(task: DeferrableTask) -> AirflowTaskTimeout:
    seconds = task.execution_timeout.total_seconds() if task.execution_timeout is not None else 0
    return AirflowTaskTimeout(
        f"execution_timeout: not complete {seconds:,.0f} s after the start of this try, waits included"
    )
