"""Waiting for jobs, for operators and sensors alike: a look at them, and the event of the trigger."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, Protocol, TypeVar

from airflow.providers.common.compat.sdk import AirflowException, AirflowFailException, conf

from airflow_provider_mkt.client.errors import InvalidInput, PlatformError
from airflow_provider_mkt.client.redaction import describe_type
from airflow_provider_mkt.operators._base import MarketingOperator
from airflow_provider_mkt.triggers.batch_status import BatchStatusTrigger

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.actions.jobs import Job
    from airflow_provider_mkt.actions.polling import JobState, JobStateDict, PollFailureBudget
    from airflow_provider_mkt.hooks.base import MarketingHook

T = TypeVar("T")


class Log(Protocol):
    """What is used of a task's logger."""

    def info(self, message: str, /, *args: object) -> None: ...

    def warning(self, message: str, /, *args: object) -> None: ...


class JobsOverdue(AirflowException):
    """What was waited for was not so when the wait's time was up."""


class PollingFailed(AirflowException):
    """Asking for the jobs' status kept failing."""


def jobs_of(value: Any, where: str = "job") -> list[Job]:
    """The jobs in a value: a job, a list of them, or what an operator returned with its ``job`` or ``jobs``.

    :raises InvalidInput: when there is none.
    """
    from airflow_provider_mkt.actions.jobs import Job

    if isinstance(value, str):
        import json

        try:
            value = json.loads(value)
        except ValueError:
            raise InvalidInput(
                where, f"must be a job or a list of jobs, not {describe_type(value)}"
            ) from None
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
    raise InvalidInput(where, f"must be a job or a list of jobs, not {describe_type(value)}")


def poll_jobs(hook: MarketingHook, jobs: Sequence[Job], log: Log) -> list[JobState]:
    """Ask once what each job is at, and log it."""
    from airflow_provider_mkt.actions.polling import poll_job

    job_states = []
    for job in jobs:
        look = hook.follow(poll_job(hook.job_spec(job), job))
        log.info("%s", look)
        if not look.known:
            log.warning("%s: unknown status %r; still waiting", job, look.raw_status)
        job_states.append(look)
    return job_states


def looked(
    hook: MarketingHook, jobs: Sequence[Job], failure_budget: PollFailureBudget, log: Log
) -> list[JobStateDict] | None:
    """Look once. The looks as JSON when all are complete, None when they are still at work.

    :raises AirflowFailException: when a job ended badly, or asking cannot work.
    :raises PollingFailed: when asking has failed for longer than tolerated.
    """
    from airflow_provider_mkt.actions.polling import all_complete, none_failed

    def look() -> list[JobState]:
        job_states = poll_jobs(hook, jobs, log)
        none_failed(job_states)
        return job_states

    job_states = tolerated(look, failure_budget, log)
    return (
        [one.to_json() for one in job_states] if job_states is not None and all_complete(job_states) else None
    )


def tolerated(look: Callable[[], T], failure_budget: PollFailureBudget, log: Log) -> T | None:
    """What a look shows; None when it failed, and may.

    :raises AirflowFailException: when asking cannot work, or showed that waiting has no point.
    :raises PollingFailed: when asking has failed for longer than tolerated.
    """
    try:
        try:
            shown = look()
        except PlatformError as error:
            failure_budget.failed(error, time.time())
            log.warning("status poll failed: %s", error)
            return None
    except PlatformError as error:
        if error.permanent:
            raise AirflowFailException(str(error)) from error
        raise PollingFailed(str(error)) from error
    failure_budget.worked()
    return shown


def wait_in_worker(
    hook: MarketingHook,
    jobs: Sequence[Job],
    *,
    interval: float | None,
    deadline: float,
    failure_budget: PollFailureBudget,
    log: Log,
) -> list[JobStateDict]:
    """Wait for jobs, holding the worker.

    :raises JobsOverdue: at the deadline.
    """
    from airflow_provider_mkt.actions.polling import poll_interval

    every = poll_interval([hook.job_spec(job) for job in jobs], interval)
    while True:
        if (job_states := looked(hook, jobs, failure_budget, log)) is not None:
            return job_states
        left = deadline - time.time()
        if left <= 0:
            raise JobsOverdue(_overdue(jobs))
        time.sleep(min(left, every))


def job_states_of_event(event: Any) -> list[JobStateDict]:
    """The looks of the trigger's event.

    :raises AirflowFailException: when a job ended badly, or asking cannot work.
    :raises JobsOverdue: at the deadline.
    :raises PollingFailed: when asking kept failing.
    """
    job_states: list[JobStateDict] = list(succeeded(event).get("job_states") or ())
    return job_states


def succeeded(event: Any) -> Mapping[str, Any]:
    """A trigger's event, of a wait that ended well.

    :raises AirflowFailException: when it can no longer end well, or asking cannot work.
    :raises JobsOverdue: at the deadline.
    :raises PollingFailed: when asking kept failing.
    """
    if not isinstance(event, Mapping) or "status" not in event:
        msg = f"the trigger's event is {describe_type(event)}, not what it should be"
        raise PollingFailed(msg)
    message = str(event.get("message"))
    match event["status"]:
        case "success":
            return event
        case "failed":
            raise AirflowFailException(message)
        case "timeout":
            words = [f"{look['job']['id']}: {look['raw_status']}" for look in event.get("job_states") or ()]
            words += [f"{name} {value}" for name, value in (event.get("details") or {}).items()]
            raise JobsOverdue(f"{message} ({'; '.join(words)})" if words else message)
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


class WaitingOperator(MarketingOperator):
    """Base of the operators that start background work and may wait for it, in a worker or the triggerer.

    ``work`` starts it and ends with ``return self.waited(context, jobs, outcome)``.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type decides the platform.
    :param wait_for_completion: wait until the work is complete, and fail where it is not.
    :param deferrable: wait in the triggerer instead of in a worker.
    :param poll_interval: how often to ask while waiting, in seconds; as often as it is worth it when
        not given.
    :param wait_timeout: how long to wait, in seconds.
    :param max_poll_failure_time: how long asking may go on failing while waiting, in seconds.
    :param cancel_on_kill: cancel what can be canceled when a user ends the task while it is deferred.
    """

    def __init__(
        self,
        *,
        conn_id: str,
        wait_for_completion: bool = False,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: float | None = None,
        wait_timeout: float = 24 * 3600,
        max_poll_failure_time: float = 600.0,
        cancel_on_kill: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.wait_for_completion = wait_for_completion
        self.deferrable = deferrable
        self.poll_interval = poll_interval
        self.wait_timeout = wait_timeout
        self.max_poll_failure_time = max_poll_failure_time
        self.cancel_on_kill = cancel_on_kill

    def wait_for_jobs(self, context: Context, jobs: Sequence[Job], outcome: dict[str, Any]) -> dict[str, Any]:
        """Wait for *jobs* where that is wanted, and return what :meth:`build_outcome` makes of *outcome*.

        :param outcome: plain JSON. In the triggerer it is kept with the trigger, so it must be small.
        :raises AirflowFailException: when a job ended badly, or asking cannot work.
        :raises JobsOverdue: after ``wait_timeout``.
        :raises PollingFailed: when asking kept failing.
        """
        if not self.wait_for_completion or not jobs:
            return outcome
        from airflow_provider_mkt.actions.polling import PollFailureBudget

        deadline = time.time() + self.wait_timeout
        failure_budget = PollFailureBudget(self.max_poll_failure_time)
        with self.hook as hook:
            if not self.deferrable:
                job_states = wait_in_worker(
                    hook,
                    jobs,
                    interval=self.poll_interval,
                    deadline=deadline,
                    failure_budget=failure_budget,
                    log=self.log,
                )
                return self.build_outcome(context, outcome, job_states)
            if (done := looked(hook, jobs, failure_budget, self.log)) is not None:
                return self.build_outcome(context, outcome, done)
        self._wait_in_triggerer(jobs, outcome, deadline)

    def build_outcome(
        self, context: Context, outcome: dict[str, Any], job_states: Sequence[JobStateDict]
    ) -> dict[str, Any]:
        """What the task returns once all its jobs are complete."""
        word = job_states[0]["raw_status"] if job_states else outcome.get("state")
        return {**outcome, "state": word, "job_states": list(job_states)}

    def execute_complete(self, context: Context, event: Any = None) -> dict[str, Any]:
        """Take the trigger's event."""
        job_states = job_states_of_event(event)
        with self.airflow_errors():
            outcome = self.build_outcome(context, dict(event.get("carry") or {}), job_states)
            return dict(self.emit_asset_events(context, outcome))

    def _wait_in_triggerer(self, jobs: Sequence[Job], outcome: dict[str, Any], deadline: float) -> NoReturn:
        self.defer(
            trigger=BatchStatusTrigger(
                conn_id=self.conn_id,
                jobs=[dict(job.to_json()) for job in jobs],
                deadline=deadline,
                poll_interval=self.poll_interval,
                max_poll_failure_time=self.max_poll_failure_time,
                cancel_on_kill=self.cancel_on_kill,
                carry=outcome,
            ),
            method_name="execute_complete",
        )
        raise AssertionError  # pragma: no cover - defer raises
