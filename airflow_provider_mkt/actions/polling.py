"""Looking at jobs: what they are at, and whether that means going on, waiting or failing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

from airflow_provider_mkt.actions.jobs import BatchStatus, Job, JobDict, JobSpec, PollResult
from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.client.errors import JobFailed, PlatformError, QuotaExhausted


class JobStateDict(TypedDict):
    """A look as it travels through events and XCom."""

    job: JobDict
    status: str
    raw_status: str
    details: dict[str, Any]


@dataclass(frozen=True)
class JobState:
    """What one job is at.

    :param raw_status: the platform's own raw_status.
    :param known: whether the raw_status is one that the job's spec knows; an unknown one counts as
        PROCESSING, so that it neither passes for success nor ends the wait.
    """

    job: Job
    status: BatchStatus
    raw_status: str
    details: Mapping[str, Any] = field(default_factory=dict)
    known: bool = True

    def to_json(self) -> JobStateDict:
        return JobStateDict(
            job=self.job.to_json(),
            status=self.status.value,
            raw_status=self.raw_status,
            details=dict(self.details),
        )

    def __str__(self) -> str:
        details = ", ".join(f"{name} {value}" for name, value in self.details.items() if value is not None)
        return f"{self.job}: {self.status.value} ({self.raw_status}){f', {details}' if details else ''}"


def poll_job(spec: JobSpec, job: Job) -> Procedure[JobState]:
    """Ask the platform once what a job is at."""
    observation: PollResult = yield from spec.poll(job)
    status = spec.status(observation)
    return JobState(
        job,
        status if status is not None else BatchStatus.PROCESSING,
        observation.raw_status,
        observation.details,
        known=status is not None,
    )


def all_complete(job_states: Sequence[JobState]) -> bool:
    return all(look.status is BatchStatus.COMPLETE for look in job_states)


def failures(job_states: Sequence[JobState]) -> list[JobState]:
    """The jobs that ended otherwise than complete."""
    return [look for look in job_states if look.status.final and look.status is not BatchStatus.COMPLETE]


def none_failed(job_states: Sequence[JobState]) -> None:
    """Check that no job has ended badly.

    :raises JobFailed: naming the jobs that did.
    """
    if failed := failures(job_states):
        raise JobFailed("; ".join(str(look) for look in failed), platform=failed[0].job.platform)


@dataclass
class PollFailureBudget:
    """How long looks may go on failing before a wait is given up.

    :param seconds: that long.
    :param failing_since: when the looks in a row that failed began (epoch seconds), None if the last
        one worked.
    """

    seconds: float
    failing_since: float | None = None

    def worked(self) -> None:
        self.failing_since = None

    def failed(self, error: PlatformError, now: float) -> None:
        """A look failed.

        :raises PlatformError: the error itself, when waiting on has no point.
        """
        if error.permanent:
            raise error
        if isinstance(error, QuotaExhausted):
            # The work goes on without being asked about, and the day ends by itself.
            return
        if self.failing_since is None:
            self.failing_since = now
        if now - self.failing_since > self.seconds:
            raise error


def poll_interval(specs: Sequence[JobSpec], wanted: float | None) -> float:
    """How often to ask, in seconds: as wanted, else as often as the fastest job is worth it."""
    return wanted if wanted is not None else min(spec.poke_interval for spec in specs)
