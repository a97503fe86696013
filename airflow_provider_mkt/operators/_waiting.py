"""Waiting for jobs, for operators and sensors alike: a look at them, and the event of the trigger."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException

from airflow_provider_mkt.api.errors import InvalidInput, PlatformError
from airflow_provider_mkt.api.redact import shape

if TYPE_CHECKING:
    from airflow_provider_mkt.api.jobs import Job
    from airflow_provider_mkt.api.watching import Look, LookDict, Tolerance
    from airflow_provider_mkt.hooks.base import MarketingHook


class Log(Protocol):
    """What is used of a task's logger."""

    def info(self, message: str, /, *args: object) -> None: ...

    def warning(self, message: str, /, *args: object) -> None: ...


class JobsOverdue(AirflowException):
    """The jobs were not complete when the wait's time was up."""


class PollingFailed(AirflowException):
    """Asking for the jobs' status kept failing."""


def jobs_of(value: Any, where: str = "job") -> list[Job]:
    """The jobs in a value: a job, a list of them, or what an operator returned with its ``job`` or ``jobs``.

    :raises InvalidInput: when there is none.
    """
    from airflow_provider_mkt.api.jobs import Job

    if isinstance(value, str):
        import json

        try:
            value = json.loads(value)
        except ValueError:
            raise InvalidInput(where, f"must be a job or a list of jobs, not {shape(value)}") from None
    if isinstance(value, Mapping):
        if "jobs" in value:
            return jobs_of(value["jobs"], f"{where}.jobs")
        if "job" in value:
            return jobs_of(value["job"], f"{where}.job")
        return [Job.from_json(value, where=where)]
    if isinstance(value, Job):
        return [value]
    if isinstance(value, Sequence):
        jobs = [job for index, one in enumerate(value) for job in jobs_of(one, f"{where}[{index}]")]
        if jobs:
            return jobs
    raise InvalidInput(where, f"must be a job or a list of jobs, not {shape(value)}")


def look_at_all(hook: MarketingHook, jobs: Sequence[Job], log: Log) -> list[Look]:
    """Ask once what each job is at, and log it."""
    from airflow_provider_mkt.api.watching import look_at

    looks = []
    for job in jobs:
        look = hook.follow(look_at(hook.job_spec(job), job))
        log.info("%s", look)
        if not look.known:
            log.warning("%s: nobody knows the word %r; waiting on", job, look.word)
        looks.append(look)
    return looks


def looked(hook: MarketingHook, jobs: Sequence[Job], tolerance: Tolerance, log: Log) -> list[LookDict] | None:
    """Look once. The looks as JSON when all are complete, None when they are still at work.

    :raises AirflowFailException: when a job ended badly, or asking cannot work.
    :raises PollingFailed: when asking has failed for longer than tolerated.
    """
    from airflow_provider_mkt.api.watching import all_complete, none_failed

    try:
        try:
            looks = look_at_all(hook, jobs, log)
        except PlatformError as error:
            tolerance.failed(error, time.time())
            log.warning("Asking failed: %s", error)
            return None
        tolerance.worked()
        none_failed(looks)
    except PlatformError as error:
        if error.permanent:
            raise AirflowFailException(str(error)) from error
        raise PollingFailed(str(error)) from error
    return [look.to_json() for look in looks] if all_complete(looks) else None


def wait_in_worker(
    hook: MarketingHook,
    jobs: Sequence[Job],
    *,
    interval: float | None,
    deadline: float,
    tolerance: Tolerance,
    log: Log,
) -> list[LookDict]:
    """Wait for jobs, holding the worker.

    :raises JobsOverdue: at the deadline.
    """
    from airflow_provider_mkt.api.watching import poll_interval

    every = poll_interval([hook.job_spec(job) for job in jobs], interval)
    while True:
        if (looks := looked(hook, jobs, tolerance, log)) is not None:
            return looks
        left = deadline - time.time()
        if left <= 0:
            raise JobsOverdue(_overdue(jobs))
        time.sleep(min(left, every))


def looks_of_event(event: Any) -> list[LookDict]:
    """The looks of the trigger's event.

    :raises AirflowFailException: when a job ended badly, or asking cannot work.
    :raises JobsOverdue: at the deadline.
    :raises PollingFailed: when asking kept failing.
    """
    if not isinstance(event, Mapping) or "status" not in event:
        msg = f"the trigger's event is {shape(event)}, not what it should be"
        raise PollingFailed(msg)
    message = str(event.get("message"))
    match event["status"]:
        case "success":
            looks: list[LookDict] = list(event.get("looks") or ())
            return looks
        case "failed":
            raise AirflowFailException(message)
        case "timeout":
            words = "; ".join(f"{look['job']['id']}: {look['word']}" for look in event.get("looks") or ())
            raise JobsOverdue(f"{message}{f' ({words})' if words else ''}")
    raise PollingFailed(message)


def cancel(hook: MarketingHook, jobs: Sequence[Job], log: Log) -> None:
    """Cancel what can be canceled; never raises."""
    for job in jobs:
        try:
            spec = hook.job_spec(job)
            if spec.cancel is not None:
                hook.run(spec.cancel(job))
                log.info("%s was canceled", job)
        except PlatformError as error:
            log.warning("%s was not canceled: %s", job, error)


def _overdue(jobs: Sequence[Job]) -> str:
    return f"not complete in time: {', '.join(str(job) for job in jobs)}"
