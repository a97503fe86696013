"""Add contacts to static lists and remove them."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_mkt.actions.jobs import chunked
from airflow_provider_mkt.actions.members import MemberAction, MemberResult, MemberStatus, StaticList
from airflow_provider_mkt.actions.procedure import Pages, Procedure, TaskState
from airflow_provider_mkt.client.call import Call, numeric_id
from airflow_provider_mkt.client.errors import InvalidRequest
from airflow_provider_mkt.client.hubspot.batch import BatchResult
from airflow_provider_mkt.client.hubspot.contacts import contacts
from airflow_provider_mkt.client.hubspot.lists import list_memberships, lists
from airflow_provider_mkt.client.hubspot.lists._types import CONTACTS, ContactList
from airflow_provider_mkt.client.paging import with_next

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

    def check() -> Procedure[None]:
        yield from _check_static(number)

    return MemberAction(
        outcome="list_addition",
        key=f"add to list {number}",
        done_key="added",
        already_key="already_in",
        chunk_max=_LIST_CHUNK,
        apply=apply,
        precheck=check,
        call_max=list_memberships.CHANGE_MAX,
    )


def removal(list_id: str) -> MemberAction:
    """Remove contacts from a static list.

    :raises InvalidInput: when the id is not a number.
    """
    number = numeric_id("list_memberships.remove", "list_id", list_id)

    def apply(people: Sequence[str], task_state: TaskState) -> Procedure[list[MemberResult]]:
        changes: list_memberships.MemberChanges = yield list_memberships.remove(number, people)
        return _results(people, changes["removed"], changes["missing"])

    def check() -> Procedure[None]:
        yield from _check_static(number)

    return MemberAction(
        outcome="list_removal",
        key=f"remove from list {number}",
        done_key="removed",
        already_key="not_in",
        chunk_max=_LIST_CHUNK,
        apply=apply,
        precheck=check,
        call_max=list_memberships.CHANGE_MAX,
    )


def static_list(list_id: str) -> Procedure[StaticList]:
    """Read a static list of contacts.

    :raises NotFound: when there is no such list.
    :raises InvalidRequest: when it is filled by its filters, or is not of contacts.
    """
    number = numeric_id("lists.get", "list_id", list_id)
    one = yield from _check_static(number)
    return StaticList(str(number), one["name"])


def member_ids(list_id: str) -> Procedure[set[int]]:
    """Read the record ids of the members of a list: one call for 250."""
    call = list_memberships.members(numeric_id("list_memberships.members", "list_id", list_id))
    found: set[int] = set()
    more: Call[list[list_memberships.Member]] | None = call
    while more is not None:
        page: list[list_memberships.Member]
        page, more = yield with_next(more)
        found.update(int(row["recordId"]) for row in page)
    return found


def members(list_id: str) -> Procedure[dict[str, str]]:
    """Read the members of a list, and their email addresses: one call for 250, and one for 100.

    :returns: record ids to addresses in lower case, empty without one.
    :raises NotFound: when there is no such list.
    """
    number = numeric_id("list_memberships.members", "list_id", list_id)
    yield from _check_contacts(number)
    rows: list[list_memberships.Member] = yield Pages(list_memberships.members(number))
    emails = dict.fromkeys((row["recordId"] for row in rows), "")
    for batch in chunked(list(emails), contacts.BATCH_MAX):
        answer: BatchResult = yield contacts.batch_read(batch, properties=["email"])
        for row in answer.results:
            emails[row.id] = (row.properties.get("email") or "").lower()
    return emails


def _results(people: Sequence[str], done: Sequence[str], missing: Sequence[str]) -> list[MemberResult]:
    changed, absent = set(done), set(missing)

    def result(person: str) -> MemberResult:
        if person in absent:
            return MemberResult(person, MemberStatus.REJECTED, "NOT_FOUND", "there is no such contact")
        return MemberResult(person, MemberStatus.DONE if person in changed else MemberStatus.ALREADY)

    return [result(person) for person in people]


def _check_static(list_id: int) -> Procedure[ContactList]:
    """Check that it is a static list of contacts."""
    one = yield from _check_contacts(list_id)
    if one["processingType"] == "DYNAMIC":
        problem = "is filled by its filters, and contacts cannot be added or removed"
        raise InvalidRequest(f"list {list_id} {problem}", platform="hubspot", call="lists.get")
    return one


def _check_contacts(list_id: int) -> Procedure[ContactList]:
    """Check that it is a list of contacts: ids of other records would be taken for theirs."""
    one: ContactList = yield lists.get(list_id)
    if one["objectTypeId"] != CONTACTS:
        raise InvalidRequest(
            f"list {list_id} is not a list of contacts", platform="hubspot", call="lists.get"
        )
    return one
