"""One action on many people, each of whom gets a result."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from airflow_provider_mkt.actions.idempotency import not_found, platform_answer, send_at_most_once
from airflow_provider_mkt.actions.procedure import Procedure, TaskState
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import InvalidRequest, NotRepeated, OutcomeUnknown, PlatformError
from airflow_provider_mkt.client.parameters import to_id


class MemberStatus(StrEnum):
    """The status of one person. Each has exactly one."""

    DONE = "done"
    ALREADY = "already"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class MemberResult:
    """The result for one person.

    :param member: id or mail address, as it was given.
    :param code: the platform's code, or this package's own in capitals.
    :param reason: why the status is not ``DONE``.
    """

    member: str
    status: MemberStatus = MemberStatus.DONE
    code: str = ""
    reason: str = ""


def rejected_member(person: str, error: PlatformError) -> MemberResult:
    """Return the result of a person for whom the platform rejected the request."""
    return MemberResult(
        person, MemberStatus.REJECTED, error.code or str(error.status or "REFUSED"), error.message
    )


def unknown(person: str, error: OutcomeUnknown | None = None, hint: str = "") -> MemberResult:
    """Return the result of a person for whom it is unknown whether the request took effect.

    :param error: the error of the request; None when its worker was killed before the answer.
    :param hint: a likely cause of the platform's answer, as a sentence.
    """
    answer = platform_answer(error)
    cause = f"the platform answered {answer}" if answer else "the answer to the request was lost"
    advice = f" {hint}" if hint else ""
    reason = f"{cause} and no effect shows; clear the task to send it again.{advice}"
    return MemberResult(person, MemberStatus.UNKNOWN, "OUTCOME_UNKNOWN", reason)


def record_id(field: str, value: object) -> str:
    """Validate the id of a lead or contact, a whole number on both platforms.

    :raises InvalidInput: when it is not.
    """
    return str(to_id(field, value.strip() if isinstance(value, str) else value))


FindVerified = Callable[[Sequence[str]], Procedure[Mapping[str, MemberResult]]]
"""Finds which of some members the platform shows with a result."""
FindBounced = Callable[[Sequence[str], float], Procedure[set[str]]]
"""Finds to which of some members mail has bounced since a time in epoch seconds."""


@dataclass(frozen=True)
class MemberAction:
    """One action that can be applied to many leads or contacts, its members.

    :param outcome: the kind of the outcome, e.g. ``nurture_enrollment``.
    :param key: names the action in the task state, and in the lock that makes other tasks wait.
    :param done_key: key of the outcome for members that were changed, e.g. ``enrolled``.
    :param already_key: key of the outcome for members that were as wanted before.
    :param chunk_max: members per call of :attr:`apply`.
    :param call_max: members that one request takes; more than *chunk_max* where small requests are reported
        sooner.
    :param apply: applies the action to a chunk and returns a result for each member, in their order. It marks
        its requests in the task state as :mod:`.idempotency` does.
    :param parse_id: validates a member's id, given the name of its field.
    :param precheck: checks, before the first chunk, that the action is possible at all.
    :param once_only: whether a repeated request has an effect again. Then neither a retry nor a cleared
        task applies the action to a member twice.
    :param find_verified: which of these members the platform shows with the result, each with ``DONE``, or
        ``REJECTED`` where it has no effect; None when that cannot be looked up.
    :param find_bounced: to which of these members mail has bounced since a time in epoch seconds; None when
        that cannot be found out.
    :param warnings: what verified members have, and still may keep them from getting anything, in sentences.
    """

    outcome: str
    key: str
    done_key: str
    already_key: str
    chunk_max: int
    apply: Callable[[Sequence[str], TaskState], Procedure[list[MemberResult]]]
    parse_id: Callable[[str, object], str] = record_id
    precheck: Callable[[], Procedure[None]] = not_found
    once_only: bool = False
    find_verified: FindVerified | None = None
    find_bounced: FindBounced | None = None
    warnings: Callable[[], Procedure[list[str]]] | None = None
    call_max: int | None = None

    def in_large_requests(self) -> MemberAction:
        """Return the action with as many members in a request as the platform takes."""
        return replace(self, chunk_max=self.call_max or self.chunk_max)


@dataclass(frozen=True)
class StaticList:
    """A list whose members are added and removed, and not found by rules."""

    id: str
    name: str


def enroll_once(
    person: str,
    key: str,
    task_state: TaskState,
    call: Call[object],
    find: Callable[[], Procedure[bool | None]],
    *,
    clock: Callable[[], float] = time.time,
) -> Procedure[MemberResult]:
    """Enroll one person, for whom the request must not be sent twice.

    After an ambiguous failure or a killed worker the enrollment is looked up. Where it does not show, the
    result is ``UNKNOWN``, and the request is not sent again.

    :param key: names the person in *task_state*; no mail address.
    :param call: the request.
    :param find: looks up whether the person is enrolled: True, or None when not. An
        :class:`~airflow_provider_mkt.client.errors.InvalidRequest` says why the person cannot be.
    """
    try:
        ensured = yield from send_at_most_once(
            key,
            task_state,
            call,
            to_answer=lambda _: True,
            find=find,
            find_first=True,
            report=False,
            clock=clock,
        )
    except NotRepeated as error:
        return unknown(person, error)
    except InvalidRequest as error:
        return rejected_member(person, error)
    return MemberResult(person, MemberStatus.DONE if ensured.created else MemberStatus.ALREADY)
