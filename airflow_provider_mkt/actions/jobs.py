"""Work that a platform does in the background, and how to follow it.

A :class:`Job` names the work. What there is to know about a kind of job is one :class:`JobSpec`,
which sensors, waiting operators, triggers and links all read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, TypedDict

from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.redaction import describe_type


class BatchStatus(StrEnum):
    """The one status that every platform's own status_map map to."""

    PENDING = "PENDING"
    PROCESSING = "PROCESSING"
    COMPLETE = "COMPLETE"
    CANCELED = "CANCELED"
    FAILED = "FAILED"

    @property
    def final(self) -> bool:
        """Whether the status can no longer change."""
        return self in (BatchStatus.COMPLETE, BatchStatus.CANCELED, BatchStatus.FAILED)


class JobDict(TypedDict, total=False):
    """A job as it travels through XCom and trigger arguments."""

    platform: str
    kind: str
    id: str
    members: list[str]


@dataclass(frozen=True)
class Job:
    """Work under way on a platform.

    :param platform: ``hubspot`` or ``marketo``.
    :param kind: e.g. ``campaign_batch``, ``email_publish``, ``lead_import``.
    :param id: the platform's id of it.
    :param members: for a job that stands for several things, their ids.
    """

    platform: str
    kind: str
    id: str
    members: tuple[str, ...] = ()

    def to_json(self) -> JobDict:
        """The job as plain JSON."""
        plain = JobDict(platform=self.platform, kind=self.kind, id=self.id)
        if self.members:
            plain["members"] = list(self.members)
        return plain

    @classmethod
    def from_json(cls, value: object, *, where: str = "job") -> Job:
        """Read a job from JSON.

        :param where: the argument it came from, for the error.
        :raises InvalidInput: when it is not one.
        """
        if isinstance(value, Job):
            return value
        if not isinstance(value, Mapping):
            raise InvalidInput(where, f"must be a job (platform, kind, id), not {describe_type(value)}")
        for key in ("platform", "kind", "id"):
            if not isinstance(value.get(key), (str, int)) or value.get(key) in ("", None):
                raise InvalidInput(f"{where}.{key}", f"is missing: {describe_type(value.get(key))}")
        members = value.get("members") or ()
        if not isinstance(members, Sequence) or isinstance(members, str):
            raise InvalidInput(f"{where}.members", f"must be a list of ids, not {describe_type(members)}")
        return cls(
            str(value["platform"]), str(value["kind"]), str(value["id"]), tuple(str(one) for one in members)
        )

    @classmethod
    def of_many(cls, platform: str, kind: str, members: Sequence[str]) -> Job:
        """One job for several things, named by a digest of their ids."""
        digest = hashlib.sha256(",".join(sorted(members)).encode()).hexdigest()[:16]
        return cls(platform, kind, digest, tuple(members))

    def __str__(self) -> str:
        return f"{self.platform} {self.kind} {self.id}"


@dataclass(frozen=True)
class PollResult:
    """What a look at a job showed.

    :param raw_status: the platform's own status raw_status.
    :param details: small JSON details worth showing: counts, messages.
    """

    raw_status: str
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class JobSpec:
    """What there is to know about one kind of job.

    :param platform: whose kind it is.
    :param kind: its name.
    :param observe: looks at a job.
    :param status_map: what the platform's status_map mean, in lower case.
    :param poke_interval: how often asking is worth it, in seconds.
    :param cancel: the call that cancels a job, where the platform knows one.
    :param counts: for imports, from the details: how many rows were rejected, and how many there were.
    """

    platform: str
    kind: str
    poll: Callable[[Job], Procedure[PollResult]]
    status_map: Mapping[str, BatchStatus]
    poke_interval: float
    cancel: Callable[[Job], Call[Any]] | None = None
    counts: Callable[[Mapping[str, Any]], tuple[int, int]] | None = None

    def status(self, observation: PollResult) -> BatchStatus | None:
        """What the observed raw_status means; None for a raw_status nobody knows."""
        return self.status_map.get(observation.raw_status.strip().lower())


def asked(
    ask: Callable[[Job], Call[Any]],
    raw_status: Callable[[Any], str],
    details: Callable[[Any], Mapping[str, Any]] = lambda answer: {},
) -> Callable[[Job], Procedure[PollResult]]:
    """The ``observe`` of a job whose status one call tells."""

    def poll(job: Job) -> Procedure[PollResult]:
        answer = yield ask(job)
        return PollResult(raw_status(answer), details(answer))

    return poll


def only(envelope: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The named details of an answer that it has."""
    return {name: envelope[name] for name in names if envelope.get(name) is not None}


def spec_of(specs: Sequence[JobSpec], job: Job) -> JobSpec:
    """The spec of a job's kind.

    :raises InvalidInput: when the platform has no such kind.
    """
    for spec in specs:
        if (spec.platform, spec.kind) == (job.platform, job.kind):
            return spec
    kinds = ", ".join(f"{spec.platform} {spec.kind}" for spec in specs)
    raise InvalidInput("job.kind", f"{job.platform} {job.kind} cannot be followed here; known: {kinds}")
