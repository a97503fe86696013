"""Jobs and conditions: what can be waited for on a platform, and how to follow it.

A :class:`Job` names work that a platform does in the background, or a condition, such as that leads can be
read. Everything known about a kind of job is one :class:`JobSpec`, which sensors, waiting operators, triggers
and links read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeAlias, TypedDict, TypeVar

from airflow_provider_mkt.actions.batch_reads import BatchRead
from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.client.call import Call, Json
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.quota import DayQuota
from airflow_provider_mkt.client.redaction import describe_type
from airflow_provider_mkt.client.wording import counted

T = TypeVar("T")

Details: TypeAlias = Mapping[str, Any]
"""Small JSON about a job or a condition: counts, ids and messages, as the platform sent them."""
PollCache: TypeAlias = dict[str, Json]
"""What the polls of one wait leave for the next. A poll without it finds the same, with more calls, except
since when figures have not changed: that counts anew."""


class BatchStatus(StrEnum):
    """The status that every platform's own statuses map to."""

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
    stable_for: float


class ConditionDict(TypedDict):
    """A condition as it travels through trigger arguments."""

    name: str
    arguments: JsonDict


class JobStateDict(TypedDict):
    """A job's state as it travels through events and XCom."""

    job: JobDict
    status: str
    raw_status: str
    details: JsonDict


@dataclass(frozen=True)
class Job:
    """Work under way on a platform, or a condition to wait for.

    :param platform: ``hubspot`` or ``marketo``.
    :param kind: e.g. ``campaign_batch``, ``email_publish``, ``lead_import``; for a condition its name, e.g.
        ``quota_left``.
    :param id: the platform's id of the work; empty for a condition.
    :param members: for a job that stands for several things, their ids.
    :param arguments: of a condition, as plain JSON.
    :param stable_for: of a send: seconds for which its figures must not change before it is complete; as its
        kind says when None.
    """

    platform: str
    kind: str
    id: str
    members: tuple[str, ...] = ()
    arguments: Mapping[str, object] = field(default_factory=dict, hash=False)
    stable_for: float | None = None

    def to_json(self) -> JobDict:
        """Return the job as plain JSON."""
        plain = JobDict(platform=self.platform, kind=self.kind, id=self.id)
        if self.members:
            plain["members"] = list(self.members)
        if self.stable_for is not None:
            plain["stable_for"] = self.stable_for
        return plain

    @classmethod
    def from_json(cls, value: object, *, where: str = "job") -> Job:
        """Read a job from JSON.

        :param where: the argument it came from, for the error.
        :raises InvalidInput: when it is not a job.
        """
        if isinstance(value, Job):
            return value
        if not isinstance(value, Mapping):
            raise InvalidInput(where, f"must be a job (platform, kind, id), not {describe_type(value)}")
        if value.get("outcome") == "dry_run":
            raise InvalidInput(where, "is the outcome of a dry run, which started nothing to wait for")
        for key in ("platform", "kind", "id"):
            part = value.get(key)
            if part in ("", None):
                raise InvalidInput(f"{where}.{key}", "is missing or empty: a job has platform, kind and id")
            if not isinstance(part, (str, int)):
                raise InvalidInput(f"{where}.{key}", f"must be text, not {describe_type(part)}")
        members = value.get("members") or ()
        if not isinstance(members, Sequence) or isinstance(members, str):
            raise InvalidInput(f"{where}.members", f"must be a list of ids, not {describe_type(members)}")
        stable_for = value.get("stable_for")
        if stable_for is not None and (
            isinstance(stable_for, bool) or not isinstance(stable_for, (int, float))
        ):
            raise InvalidInput(f"{where}.stable_for", f"must be a number, not {describe_type(stable_for)}")
        return cls(
            str(value["platform"]),
            str(value["kind"]),
            str(value["id"]),
            tuple(str(one) for one in members),
            stable_for=stable_for,
        )

    @classmethod
    def of_many(cls, platform: str, kind: str, members: Sequence[str]) -> Job:
        """Make one job for several things, named by a digest of their ids."""
        digest = hashlib.sha256(",".join(sorted(members)).encode()).hexdigest()[:16]
        return cls(platform, kind, digest, tuple(members))

    def to_condition_json(self) -> ConditionDict:
        """Return the condition as plain JSON."""
        return ConditionDict(name=self.kind, arguments=dict(self.arguments))

    @classmethod
    def from_condition_json(cls, platform: str, value: object) -> Job:
        """Read a condition from JSON.

        :raises InvalidInput: when it is not a condition.
        """
        if not isinstance(value, Mapping) or not isinstance(value.get("name"), str):
            raise InvalidInput(
                "condition", f"must be a mapping of name and arguments, not {describe_type(value)}"
            )
        arguments = value.get("arguments") or {}
        if not isinstance(arguments, Mapping):
            raise InvalidInput("condition.arguments", f"must be a mapping, not {describe_type(arguments)}")
        return cls(platform, value["name"], "", arguments=arguments)

    def __str__(self) -> str:
        return f"{self.platform} {self.kind} {self.id}".rstrip()


@dataclass(frozen=True)
class PollResult:
    """What the platform returned for one poll.

    :param raw_status: the platform's own status; for a condition mostly ``met`` or ``not met``.
    :param details: small JSON worth logging: counts, ids, messages.
    :param reason: why a condition can no longer be met.
    """

    raw_status: str
    details: Details = field(default_factory=dict)
    reason: str = ""


@dataclass(frozen=True)
class JobState:
    """The state of a job or a condition, as one poll found it.

    :param raw_status: the platform's own status.
    :param details: small JSON worth logging: counts, ids, messages.
    :param known: whether the job's spec knows the raw status. An unknown one counts as PROCESSING, so that it
        is neither success nor the end of the wait.
    :param reason: why a condition can no longer be met.
    """

    job: Job
    status: BatchStatus
    raw_status: str
    details: Details = field(default_factory=dict)
    known: bool = True
    reason: str = ""

    def to_json(self) -> JobStateDict:
        """Return the state as plain JSON."""
        return JobStateDict(
            job=self.job.to_json(),
            status=self.status.value,
            raw_status=self.raw_status,
            details=dict(self.details),
        )

    def __str__(self) -> str:
        details = ", ".join(
            f"{name} {_short(value)}" for name, value in self.details.items() if value is not None
        )
        return f"{self.job}: {self.status.value} ({self.raw_status}){f', {details}' if details else ''}"


def _short(value: object) -> object:
    """Return a value for the log: of a long list, how many."""
    return f"({len(value)})" if isinstance(value, list) and len(value) > _LOGGED_MAX else value


_LOGGED_MAX = 5


@dataclass(frozen=True)
class JobSpec:
    """Everything known about one kind of job or condition.

    :param platform: ``hubspot`` or ``marketo``.
    :param kind: its name.
    :param poll: polls the platform once.
    :param status_map: the platform's statuses in lower case, with what they mean.
    :param poke_interval: seconds between two polls that are worth their calls.
    :param cancel: the call that cancels a job, where the platform has one.
    :param failures: for imports, from the details: how many rows were rejected, and how many there were.
    :param target: the kind of thing whose page shows the job, one of :data:`.targets.NAMES`; empty when no
        page does. Its id is the job's, or its members'.
    :param batch_reads: which calls of a poll can be read together with those of other waits.
    """

    platform: str
    kind: str
    poll: Callable[[Job, PollCache], Procedure[PollResult]]
    status_map: Mapping[str, BatchStatus]
    poke_interval: float
    cancel: Callable[[Job], Call[object]] | None = None
    failures: Callable[[Details], tuple[int, int]] | None = None
    target: str = ""
    batch_reads: tuple[BatchRead, ...] = ()

    def status(self, result: PollResult) -> BatchStatus | None:
        """Return what a raw status means; None for an unknown one."""
        return self.status_map.get(result.raw_status.strip().lower())

    def state(self, job: Job, result: PollResult) -> JobState:
        """Return a job's state, from what a poll returned."""
        status = self.status(result)
        return JobState(
            job,
            BatchStatus.PROCESSING if status is None else status,
            result.raw_status,
            result.details,
            known=status is not None,
            reason=result.reason,
        )


def poll_by_call(
    call: Callable[[Job], Call[T]],
    raw_status: Callable[[T], str],
    details: Callable[[T], Details] = lambda answer: {},
) -> Callable[[Job, PollCache], Procedure[PollResult]]:
    """Make the ``poll`` of a job whose status one call returns."""

    def poll(job: Job, cache: PollCache) -> Procedure[PollResult]:
        answer: T = yield call(job)
        return PollResult(raw_status(answer), details(answer))

    return poll


def select(envelope: Mapping[str, object], *names: str) -> dict[str, object]:
    """Return those of the named fields that an answer has."""
    return {name: envelope[name] for name in names if envelope.get(name) is not None}


def spec_of(specs: Sequence[JobSpec], job: Job) -> JobSpec:
    """Return the spec of a job's kind.

    :raises InvalidInput: when the platform has no such kind.
    """
    for spec in specs:
        if (spec.platform, spec.kind) == (job.platform, job.kind):
            return spec
    kinds = ", ".join(f"{spec.platform} {spec.kind}" for spec in specs)
    raise InvalidInput("job.kind", f"{job.platform} {job.kind} cannot be followed here; known: {kinds}")


# -- conditions ---------------------------------------------------------------------------------------

_CONDITION_STATUSES = {
    "met": BatchStatus.COMPLETE,
    "not met": BatchStatus.PROCESSING,
    "impossible": BatchStatus.FAILED,
}


def condition(
    platform: str,
    name: str,
    poll: Callable[..., Procedure[PollResult]],
    *,
    poke_interval: float,
    status_map: Mapping[str, BatchStatus] = _CONDITION_STATUSES,
    batch_reads: tuple[BatchRead, ...] = (),
) -> JobSpec:
    """Make the spec of a condition.

    :param poll: takes the :data:`PollCache` of the wait, and the condition's arguments by name.
    :param batch_reads: which calls of a poll can be read together with those of other waits.
    """

    def poll_condition(job: Job, cache: PollCache) -> Procedure[PollResult]:
        try:
            polling = poll(cache, **job.arguments)
        except TypeError:
            # A trigger of another version of this package may have been stored with other ones.
            raise InvalidInput("condition.arguments", f"are not those of {name}") from None
        return polling

    return JobSpec(platform, name, poll_condition, status_map, poke_interval, batch_reads=batch_reads)


def condition_spec_of(specs: Sequence[JobSpec], job: Job) -> JobSpec:
    """Return the spec of a condition.

    :raises InvalidInput: when the platform has no such condition.
    """
    for spec in specs:
        if spec.kind == job.kind:
            return spec
    raise InvalidInput("conn_id", f"is of type {job.platform}, where there is no {job.kind} to wait for")


NAMED_MAX = 100
"""Ids that the result of a condition names of what was found."""


def met_when(met: bool, details: Details | None = None) -> PollResult:
    """Return the poll result of a condition that is met, or not yet."""
    return PollResult("met" if met else "not met", details or {})


def impossible(reason: str, details: Details | None = None) -> PollResult:
    """Return the poll result of a condition that can no longer be met."""
    return PollResult("impossible", details or {}, reason)


def not_found_yet(cache: PollCache, ids: Sequence[str]) -> list[str]:
    """Return the ids that no earlier poll of this wait has found."""
    found = _found(cache)
    return [one for one in ids if one not in found]


def note_found(cache: PollCache, ids: Sequence[str]) -> None:
    """Keep ids that were found, so that later polls read the others alone."""
    cache["found"] = sorted(_found(cache).union(ids))


def _found(cache: PollCache) -> set[str]:
    found = cache.get("found")
    return {str(one) for one in found} if isinstance(found, list) else set()


def chunked(ids: Sequence[T], size: int) -> list[Sequence[T]]:
    """Split ids into chunks of at most *size*."""
    return [ids[start : start + size] for start in range(0, len(ids), size)]


def whole_number(field_name: str, value: object, *, at_least: int = 1) -> int:
    """Validate a count.

    :raises InvalidInput: when it is not a whole number, or too small.
    """
    if isinstance(value, bool) or not isinstance(value, int) or value < at_least:
        raise InvalidInput(
            field_name, f"must be a whole number, {at_least} or more, not {describe_type(value)}"
        )
    return value


def one_of(field_name: str, value: object, choices: Sequence[str]) -> str:
    """Validate a choice.

    :raises InvalidInput: when it is not one of *choices*.
    """
    if not isinstance(value, str) or value not in choices:
        raise InvalidInput(field_name, f"must be one of {', '.join(choices)}, not {describe_type(value)}")
    return value


def aware_time(field_name: str, value: object) -> datetime:
    """Read a time with its offset, as conditions carry it.

    :raises InvalidInput: when it is not a time with an offset.
    """
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or moment.utcoffset() is None:
        raise InvalidInput(
            field_name, f"must be an ISO 8601 time with its offset, not {describe_type(value)}"
        )
    return moment


def enough_left(today: Procedure[DayQuota | None], need: int) -> Procedure[PollResult]:
    """Poll whether enough of the day's calls are left.

    :param today: reads how many are.
    """
    whole_number("need", need)
    quota = yield from today
    if quota is None:
        return PollResult("not reported", {"left": None})
    details = {"left": quota.left, "limit": quota.limit}
    if need > quota.limit:
        return impossible(
            f"a day has {counted(quota.limit, 'call')}, fewer than the {need:,} needed", details
        )
    return met_when(quota.left >= need, details)
