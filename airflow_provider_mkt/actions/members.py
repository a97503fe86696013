"""One action on many people, each of whom gets a result."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from airflow_provider_mkt.actions.idempotency import not_found, send_at_most_once
from airflow_provider_mkt.actions.procedure import Procedure, TaskState
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import InvalidRequest, NotRepeated, PlatformError
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

    :param person: id or mail address, as it was given.
    :param code: the platform's code, or this package's own in capitals.
    :param reason: why the status is not ``DONE``.
    """

    person: str
    status: MemberStatus = MemberStatus.DONE
    code: str = ""
    reason: str = ""


def rejected_member(person: str, error: PlatformError) -> MemberResult:
    """Return the result of a person for whom the platform rejected the request."""
    return MemberResult(
        person, MemberStatus.REJECTED, error.code or str(error.status or "REFUSED"), error.message
    )


def unknown(person: str) -> MemberResult:
    """Return the result of a person for whom it is unknown whether the request took effect."""
    reason = "the answer to the request was lost and no effect shows; clear the task to send it again"
    return MemberResult(person, MemberStatus.UNKNOWN, "OUTCOME_UNKNOWN", reason)


def record_id(field: str, value: object) -> str:
    """Validate the id of a lead or contact, a whole number on both platforms.

    :raises InvalidInput: when it is not.
    """
    return str(to_id(field, value.strip() if isinstance(value, str) else value))


@dataclass(frozen=True)
class MemberAction:
    """One action on many people.

    :param outcome: the name of its outcome, e.g. ``nurture_enrollment``.
    :param key: names this action in a task's state, and in the lock that keeps other tasks from it.
    :param done: the name of results with ``DONE``, e.g. ``enrolled``.
    :param already: the name of results with ``ALREADY``.
    :param chunk_max: most people that :attr:`apply` takes at a time.
    :param apply: applies the action to a chunk and returns the results in the same order. The marks that it
        keeps are those of :mod:`~airflow_provider_mkt.actions.idempotency`.
    :param check: validates a value as a person, or raises :class:`InvalidInput` naming the field.
    :param before: checks that the action is possible at all.
    :param once: whether the action takes effect each time. Then a later try, or a cleared task, applies it to
        nobody a second time.
    :param verify: returns which of these people are where they should be; None where that cannot be read.
    """

    outcome: str
    key: str
    done: str
    already: str
    chunk_max: int
    apply: Callable[[Sequence[str], TaskState], Procedure[list[MemberResult]]]
    check: Callable[[str, object], str] = record_id
    before: Callable[[], Procedure[None]] = not_found
    once: bool = False
    verify: Callable[[Sequence[str]], Procedure[set[str]]] | None = None


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
    except NotRepeated:
        return unknown(person)
    except InvalidRequest as error:
        return rejected_member(person, error)
    return MemberResult(person, MemberStatus.DONE if ensured.created else MemberStatus.ALREADY)
