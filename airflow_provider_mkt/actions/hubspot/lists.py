"""Add contacts to static lists and remove them."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_mkt.actions.members import MemberAction, MemberResult, MemberStatus
from airflow_provider_mkt.actions.procedure import Procedure, TaskState
from airflow_provider_mkt.client.call import numeric_id
from airflow_provider_mkt.client.errors import InvalidRequest
from airflow_provider_mkt.client.hubspot.lists import list_memberships, lists
from airflow_provider_mkt.client.hubspot.lists._types import CONTACTS, ContactList

_LIST_CHUNK = 1_000
"""A list takes more in one call; chunks of this size are reported soon, and cost little to send again."""


def addition(list_id: str) -> MemberAction:
    """Add contacts to a static list.

    :raises InvalidInput: when the id is not a number.
    """
    number = numeric_id("list_memberships.add", "list_id", list_id)

    def apply(people: Sequence[str], task_state: TaskState) -> Procedure[list[MemberResult]]:
        changes: list_memberships.MemberChanges = yield list_memberships.add(number, people)
        return _results(people, changes["added"], changes["missing"])

    return MemberAction(
        outcome="list_addition",
        key=f"add to list {number}",
        done_key="added",
        already_key="already_in",
        chunk_max=_LIST_CHUNK,
        apply=apply,
        precheck=lambda: _check_static(number),
    )


def removal(list_id: str) -> MemberAction:
    """Remove contacts from a static list.

    :raises InvalidInput: when the id is not a number.
    """
    number = numeric_id("list_memberships.remove", "list_id", list_id)

    def apply(people: Sequence[str], task_state: TaskState) -> Procedure[list[MemberResult]]:
        changes: list_memberships.MemberChanges = yield list_memberships.remove(number, people)
        return _results(people, changes["removed"], changes["missing"])

    return MemberAction(
        outcome="list_removal",
        key=f"remove from list {number}",
        done_key="removed",
        already_key="not_in",
        chunk_max=_LIST_CHUNK,
        apply=apply,
        precheck=lambda: _check_static(number),
    )


def _results(people: Sequence[str], done: Sequence[str], missing: Sequence[str]) -> list[MemberResult]:
    changed, absent = set(done), set(missing)

    def result(person: str) -> MemberResult:
        if person in absent:
            return MemberResult(person, MemberStatus.REJECTED, "NOT_FOUND", "there is no such contact")
        return MemberResult(person, MemberStatus.DONE if person in changed else MemberStatus.ALREADY)

    return [result(person) for person in people]


def _check_static(list_id: int) -> Procedure[None]:
    """Check that it is a static list of contacts: ids of other records would be taken for theirs."""
    one: ContactList = yield lists.get(list_id)
    problem = ""
    if one["processingType"] == "DYNAMIC":
        problem = "is filled by its filters, and contacts cannot be added or removed"
    elif one["objectTypeId"] != CONTACTS:
        problem = "is not a list of contacts"
    if problem:
        raise InvalidRequest(f"list {list_id} {problem}", platform="hubspot", call="lists.get")
