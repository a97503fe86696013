"""One action on many people, each of whom gets a result."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from airflow_provider_mkt.actions.idempotency import not_found, send_at_most_once
from airflow_provider_mkt.actions.procedure import Procedure, TaskState
from airflow_provider_mkt.client.call import Call, numeric_id
from airflow_provider_mkt.client.errors import InvalidRequest, NotRepeated, PlatformError


class MemberStatus(StrEnum):
    """What became of one person. Each has exactly one."""

    DONE = "done"
    ALREADY = "already"
    REJECTED = "rejected"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class MemberResult:
    """What became of one person.

    :param person: id or address, as the verb was given it.
    :param code: the platform's code, or this package's own in capitals.
    :param reason: why it was not done.
    """

    person: str
    status: MemberStatus = MemberStatus.DONE
    code: str = ""
    reason: str = ""


def rejected_member(person: str, error: PlatformError) -> MemberResult:
    """The outcome of somebody for whom the platform refused it."""
    return MemberResult(
        person, MemberStatus.REJECTED, error.code or str(error.status or "REFUSED"), error.message
    )


def unknown(person: str) -> MemberResult:
    """The outcome of somebody whose request was lost, and left no trace that could be found."""
    reason = "the answer to its request was lost and nothing shows it; clear the task to request it again"
    return MemberResult(person, MemberStatus.UNKNOWN, "OUTCOME_UNKNOWN", reason)


def record_id(field: str, value: Any) -> str:
    """Check the id of a lead or contact; both platforms count them in whole numbers.

    :raises InvalidInput: when it is none.
    """
    return str(numeric_id("", field, value.strip() if isinstance(value, str) else value))


@dataclass(frozen=True)
class MemberAction:
    """One thing that can be done with many people.

    :param outcome: what its result is called, e.g. ``nurture_enrollment``.
    :param key: names this work in a task's memory, and to other tasks that must not do it meanwhile.
    :param done: what somebody is called whom it was done with, e.g. ``enrolled``.
    :param already: what somebody is called with whom it was so before.
    :param chunk_max: people that :attr:`apply` takes at a time.
    :param apply: does it with a chunk, and tells what became of each, in their order. What it remembers of
        a request in doubt is a mapping with ``asked``, without ``done``; once a person was told of it,
        ``told`` is added, and it may be repeated.
    :param check: a value as a person, or :class:`InvalidInput` naming the field.
    :param before: looks whether it can be done at all.
    :param once: whether doing it again has an effect again. Then a later try or a cleared task does it with
        nobody a second time.
    :param verify: which of these people are where they should be; None where it cannot be looked up.
    """

    outcome: str
    key: str
    done: str
    already: str
    chunk_max: int
    apply: Callable[[Sequence[str], TaskState], Procedure[list[MemberResult]]]
    check: Callable[[str, Any], str] = record_id
    before: Callable[[], Procedure[None]] = not_found
    once: bool = False
    verify: Callable[[Sequence[str]], Procedure[set[str]]] | None = None


def enroll_once(
    person: str,
    key: str,
    task_state: TaskState,
    call: Call[Any],
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
