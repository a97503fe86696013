"""Looking at jobs: what they are at, and whether that means going on, waiting or failing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

from airflow_provider_mkt.actions.jobs import BatchStatus, Job, JobDict, JobSpec, Observation
from airflow_provider_mkt.actions.procedure import Flow
from airflow_provider_mkt.client.errors import JobFailed, PlatformError, QuotaExhausted


class LookDict(TypedDict):
    """A look as it travels through events and XCom."""

    job: JobDict
    status: str
    word: str
    facts: dict[str, Any]


@dataclass(frozen=True)
class Look:
    """What one job is at.

    :param word: the platform's own word.
    :param known: whether the word is one that the job's spec knows; an unknown one counts as
        PROCESSING, so that it neither passes for success nor ends the wait.
    """

    job: Job
    status: BatchStatus
    word: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    known: bool = True

    def to_json(self) -> LookDict:
        return LookDict(
            job=self.job.to_json(), status=self.status.value, word=self.word, facts=dict(self.facts)
        )

    def __str__(self) -> str:
        facts = ", ".join(f"{name} {value}" for name, value in self.facts.items() if value is not None)
        return f"{self.job}: {self.status.value} ({self.word}){f', {facts}' if facts else ''}"


def look_at(spec: JobSpec, job: Job) -> Flow[Look]:
    """Ask the platform once what a job is at."""
    observation: Observation = yield from spec.observe(job)
    status = spec.status(observation)
    return Look(
        job,
        status if status is not None else BatchStatus.PROCESSING,
        observation.word,
        observation.facts,
        known=status is not None,
    )


def all_complete(looks: Sequence[Look]) -> bool:
    return all(look.status is BatchStatus.COMPLETE for look in looks)


def failures(looks: Sequence[Look]) -> list[Look]:
    """The jobs that ended otherwise than complete."""
    return [look for look in looks if look.status.final and look.status is not BatchStatus.COMPLETE]


def none_failed(looks: Sequence[Look]) -> None:
    """Check that no job has ended badly.

    :raises JobFailed: naming the jobs that did.
    """
    if failed := failures(looks):
        raise JobFailed("; ".join(str(look) for look in failed), platform=failed[0].job.platform)


@dataclass
class Tolerance:
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
