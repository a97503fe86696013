"""Wait for jobs in a worker or the triggerer, with the errors that operators and sensors raise."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, cast

from airflow_provider_mkt.client.errors import InvalidInput, PlatformError
from airflow_provider_mkt.client.redaction import describe_type
from airflow_provider_mkt.operators._base import MarketingOperator
from airflow_provider_mkt.operators._deferral import DeferrableTask, defer_within_timeout
from airflow_provider_mkt.triggers.batch_status import BatchStatusTrigger
from airflow_provider_mkt.version_compat import AirflowException, AirflowFailException, conf

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_mkt.actions.jobs import Job, JobStateDict
    from airflow_provider_mkt.actions.polling import Log, PollFailureBudget
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.triggers._waiting import WaitEvent


class JobsOverdue(AirflowException):
    """The jobs or the condition were not complete at the deadline."""


class PollingFailed(AirflowException):
    """Status polls kept failing."""


def jobs_of(value: object, where: str = "job") -> list[Job]:
    """Return the jobs in a value: a job, a list of jobs, or an operator's result with ``job`` or ``jobs``.

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


def check_jobs(name: str, value: object) -> None:
    """Check a parameter that holds jobs.

    :raises InvalidInput: when it does not.
    """
    jobs_of(value, name)


@contextmanager
def polling_errors(jobs: Sequence[Job] = ()) -> Iterator[None]:
    """Raise the errors of polls and waits as Airflow's.

    :param jobs: what is waited for, for the message at the deadline.
    :raises AirflowFailException: when a job failed, a condition can no longer be met, or polls cannot work.
    :raises JobsOverdue: at the deadline.
    :raises PollingFailed: when polls have failed for too long.
    """
    from airflow_provider_mkt.actions.polling import WaitTimedOut

    try:
        yield
    except WaitTimedOut as error:
        raise JobsOverdue(f"not complete in time: {', '.join(str(job) for job in jobs)}") from error
    except PlatformError as error:
        if error.permanent:
            raise AirflowFailException(str(error)) from error
        raise PollingFailed(str(error)) from error


def poll_once(
    hook: MarketingHook, jobs: Sequence[Job], failure_budget: PollFailureBudget, log: Log
) -> list[JobStateDict] | None:
    """Poll jobs once. Returns their states as JSON when all are complete, else None.

    :raises AirflowFailException: when a job was canceled or failed, or polls cannot work.
    :raises PollingFailed: when polls have failed for too long.
    """
    from airflow_provider_mkt.actions.polling import completed, poll_jobs, poll_within_budget

    with polling_errors():
        specs = [(hook.job_spec(job), job) for job in jobs]
        states = hook.follow(poll_within_budget(lambda: poll_jobs(specs, log), failure_budget, log))
        done = None if states is None else completed(states)
    return None if done is None else [state.to_json() for state in done]


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

    :param interval: seconds between two polls; the shortest interval of the kinds when None.
    :param deadline: epoch seconds.
    :raises AirflowFailException: when a job was canceled or failed, or polls cannot work.
    :raises JobsOverdue: at the deadline.
    :raises PollingFailed: when polls have failed for too long.
    """
    from airflow_provider_mkt.actions.polling import WaitProgress, wait_for_jobs

    progress = WaitProgress.of(jobs, time.time(), deadline)
    with polling_errors(jobs):
        states = hook.follow(
            wait_for_jobs(
                [(hook.job_spec(job), job) for job in jobs],
                interval=interval,
                deadline=deadline,
                failure_budget=failure_budget,
                log=log,
                on_poll=lambda states: progress.polled(states, log, hook.where()),
            )
        )
    return [state.to_json() for state in states]


class JobWaiter(DeferrableTask, Protocol):
    """An operator that waits for jobs: its parameters for that."""

    conn_id: str
    deferrable: bool
    poll_interval: float | None
    wait_timeout: float
    max_poll_failure_time: float

    @property
    def hook(self) -> MarketingHook: ...

    @property
    def log(self) -> Log: ...


def wait_for_states(
    operator: JobWaiter, jobs: Sequence[Job], *, cancel_on_kill: bool, carry: dict[str, object]
) -> list[JobStateDict]:
    """Wait for jobs in a worker, or defer the task to ``execute_complete``. Returns their states.

    :param cancel_on_kill: cancel what can be canceled when a user ends the task while it is deferred.
    :param carry: plain JSON that the trigger's event brings back. It must be small.
    :raises AirflowFailException: when a job was canceled or failed, or polls cannot work.
    :raises JobsOverdue: after ``wait_timeout``.
    :raises PollingFailed: when polls kept failing.
    """
    from airflow_provider_mkt.actions.polling import PollFailureBudget

    deadline = time.time() + operator.wait_timeout
    failure_budget = PollFailureBudget(operator.max_poll_failure_time)
    with operator.hook as hook:
        if not operator.deferrable:
            return wait_in_worker(
                hook,
                jobs,
                interval=operator.poll_interval,
                deadline=deadline,
                failure_budget=failure_budget,
                log=operator.log,
            )
        if (done := poll_once(hook, jobs, failure_budget, operator.log)) is not None:
            return done
    trigger = BatchStatusTrigger(
        conn_id=operator.conn_id,
        jobs=[dict(job.to_json()) for job in jobs],
        deadline=deadline,
        poll_interval=operator.poll_interval,
        max_poll_failure_time=operator.max_poll_failure_time,
        cancel_on_kill=cancel_on_kill,
        carry=carry,
    )
    defer_within_timeout(operator, trigger, "execute_complete")


def job_states_of_event(event: object) -> list[JobStateDict]:
    """Return the job states of the trigger's event.

    :raises AirflowFailException: when a job was canceled or failed, or polls cannot work.
    :raises JobsOverdue: at the deadline.
    :raises PollingFailed: when polls kept failing.
    """
    return list(succeeded(event).get("job_states") or ())


def succeeded(event: object) -> WaitEvent:
    """Return the event of a trigger whose wait succeeded.

    :raises AirflowFailException: when it cannot succeed any more, or polls cannot work.
    :raises JobsOverdue: at the deadline.
    :raises PollingFailed: when polls kept failing.
    """
    if not isinstance(event, Mapping) or "status" not in event:
        msg = f"the trigger's event is {describe_type(event)}, not a mapping with a status"
        raise PollingFailed(msg)
    message = str(event.get("message"))
    match event["status"]:
        case "success":
            return cast("WaitEvent", event)
        case "failed":
            raise AirflowFailException(message)
        case "timeout":
            details = [f"{one['job']['id']}: {one['raw_status']}" for one in event.get("job_states") or ()]
            details += [f"{name} {value}" for name, value in (event.get("details") or {}).items()]
            raise JobsOverdue(f"{message} ({'; '.join(details)})" if details else message)
    raise PollingFailed(message)


class WaitingOperator(MarketingOperator):
    """Base of the operators that start background work and may wait for it, in a worker or the triggerer.

    ``work`` starts it and ends with ``return self.wait_for_jobs(context, jobs, outcome)``.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type decides the platform.
    :param wait_for_completion: wait until the work is complete, and fail where it is not.
    :param deferrable: wait in the triggerer instead of in a worker.
    :param poll_interval: seconds between two polls while waiting; the shortest interval of the kinds when
        not given.
    :param wait_timeout: how long to wait, in seconds.
    :param max_poll_failure_time: how long polls may go on failing while waiting, in seconds.
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

    def wait_for_jobs(
        self, context: Context, jobs: Sequence[Job], outcome: dict[str, object]
    ) -> dict[str, object]:
        """Wait for *jobs* where that is wanted, and return what :meth:`build_outcome` makes of *outcome*.

        :param outcome: plain JSON. In the triggerer it is kept with the trigger, so it must be small.
        :raises AirflowFailException: when a job was canceled or failed, or polls cannot work.
        :raises JobsOverdue: after ``wait_timeout``.
        :raises PollingFailed: when polls kept failing.
        """
        if not self.wait_for_completion or not jobs:
            return outcome
        job_states = wait_for_states(self, jobs, cancel_on_kill=self.cancel_on_kill, carry=outcome)
        return self.build_outcome(context, outcome, job_states)

    def build_outcome(
        self, context: Context, outcome: dict[str, object], job_states: Sequence[JobStateDict]
    ) -> dict[str, object]:
        """Return the task's result once all its jobs are complete."""
        state = job_states[0]["raw_status"] if job_states else outcome.get("state")
        return {**outcome, "state": state, "job_states": list(job_states)}

    def execute_complete(
        self, context: Context, event: object = None, execution_deadline: float | None = None
    ) -> dict[str, object]:
        """Resume with the trigger's event.

        :param execution_deadline: when ``execution_timeout`` ends the try, in epoch seconds.
        :raises AirflowTaskTimeout: when it has passed.
        """
        self.continue_after(context, event, execution_deadline)
        done = succeeded(event)
        with self.airflow_errors():
            outcome = self.build_outcome(
                context, dict(done.get("carry") or {}), list(done.get("job_states") or ())
            )
            self.outcome = outcome
            return dict(self.emit_asset_events(context, outcome))
