"""Giving leads a status in a program, which makes those members who are none."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from airflow_provider_mkt.api.flow import Flow, Memory
from airflow_provider_mkt.api.marketo import programs
from airflow_provider_mkt.api.marketo.answers import RecordResult
from airflow_provider_mkt.api.people import Fared, PeopleVerb, PersonOutcome

_ALREADY = "1037"


def verb(
    program_id: int | str,
    status_name: str,
    *,
    outcome: str = "program_status",
    done: str = "changed",
    already: str = "already_there",
    moved: Fared = Fared.DONE,
    verify: Callable[[Sequence[str]], Flow[set[str]]] | None = None,
) -> PeopleVerb:
    """Give leads a status, 300 at a time. One who is further on is left there.

    :param program_id: the program.
    :param status_name: a status of the program's channel.
    :param moved: what is said of somebody who was a member and moved on to the status.
    :raises InvalidInput: on an id that is none, or a missing status.
    """
    programs.set_status(program_id, [1], status_name=status_name)

    def apply(people: Sequence[str], memory: Memory) -> Flow[list[PersonOutcome]]:
        results: list[RecordResult] = yield programs.set_status(
            program_id, [int(person) for person in people], status_name=status_name
        )
        return [_outcome(person, result, moved) for person, result in zip(people, results, strict=True)]

    return PeopleVerb(
        outcome=outcome,
        key=f"status {status_name} in program {program_id}",
        done=done,
        already=already,
        chunk_max=programs.MEMBERS_MAX,
        apply=apply,
        verify=verify,
    )


def _outcome(person: str, result: RecordResult, moved: Fared) -> PersonOutcome:
    match result.status.lower():
        case "created":
            return PersonOutcome(person)
        case "updated":
            return PersonOutcome(person, moved)
    why = result.why()
    code, reason = (why.code, why.message) if why else ("", "skipped without a reason")
    return PersonOutcome(person, Fared.ALREADY if code == _ALREADY else Fared.REJECTED, code, reason)
