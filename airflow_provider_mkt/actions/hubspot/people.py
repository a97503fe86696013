"""What both platforms do with people, on HubSpot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from airflow_provider_mkt.actions.hubspot import automation as nurture
from airflow_provider_mkt.actions.ports import MemberAction, MemberResult, MemberStatus
from airflow_provider_mkt.actions.procedure import Procedure, TaskState
from airflow_provider_mkt.client.call import numeric_id
from airflow_provider_mkt.client.errors import InvalidInput, InvalidRequest
from airflow_provider_mkt.client.hubspot.batch import BatchResult
from airflow_provider_mkt.client.hubspot.contacts import contacts
from airflow_provider_mkt.client.hubspot.lists import list_memberships, lists
from airflow_provider_mkt.client.hubspot.lists._types import CONTACTS, ContactList

_LIST_CHUNK = 1_000
"""A list takes more at once; these many are told of soon, and cost little to send again."""


class HubSpotPeople:
    """The verbs of :class:`~airflow_provider_mkt.actions.ports.Audience`."""

    def enroll(
        self,
        *,
        campaign_id: str | None,
        program_id: str | None,
        status_name: str | None,
        tokens: Mapping[str, str] | None,
        verify: bool,
        stream_name: str | None,
    ) -> MemberAction:
        if not campaign_id:
            raise InvalidInput("campaign_id", "is missing: the GUID of the nurturing campaign")
        for name, value in (
            ("program_id", program_id),
            ("status_name", status_name),
            ("tokens", tokens),
            ("verify", verify),
            ("stream_name", stream_name),
        ):
            if value:
                raise InvalidInput(name, "HubSpot's nurturing campaigns have none; leave it out")
        return nurture.nurture_action(campaign_id)

    def add_to_list(self, list_id: str) -> MemberAction:
        number = numeric_id("list_memberships.add", "list_id", list_id)

        def apply(people: Sequence[str], task_state: TaskState) -> Procedure[list[MemberResult]]:
            changes: list_memberships.MemberChanges = yield list_memberships.add(number, people)
            return _fared(people, changes["added"], changes["missing"])

        return MemberAction(
            outcome="list_addition",
            key=f"add to list {number}",
            done="added",
            already="already_in",
            chunk_max=_LIST_CHUNK,
            apply=apply,
            before=lambda: _static(number),
        )

    def remove_from_list(self, list_id: str) -> MemberAction:
        number = numeric_id("list_memberships.remove", "list_id", list_id)

        def apply(people: Sequence[str], task_state: TaskState) -> Procedure[list[MemberResult]]:
            changes: list_memberships.MemberChanges = yield list_memberships.remove(number, people)
            return _fared(people, changes["removed"], changes["missing"])

        return MemberAction(
            outcome="list_removal",
            key=f"remove from list {number}",
            done="removed",
            already="not_in",
            chunk_max=_LIST_CHUNK,
            apply=apply,
            before=lambda: _static(number),
        )

    def delete(self) -> MemberAction:
        return MemberAction(
            outcome="lead_deletion",
            key="delete contacts",
            done="deleted",
            already="already_gone",
            chunk_max=contacts.BATCH_MAX,
            apply=_delete,
        )


def _delete(people: Sequence[str], task_state: TaskState) -> Procedure[list[MemberResult]]:
    # The platform does not tell which of them there were, so they are looked up first.
    there: BatchResult = yield contacts.batch_read(people)
    # The id of a contact that was merged away is answered by the one that stayed, which nobody named.
    found = {row.id for row in there.results}.intersection(people)
    if found:
        yield contacts.archive_batch(sorted(found))
    return [
        MemberResult(one)
        if one in found
        else MemberResult(one, MemberStatus.ALREADY, "NOT_FOUND", "there is no such contact")
        for one in people
    ]


def _fared(people: Sequence[str], done: Sequence[str], missing: Sequence[str]) -> list[MemberResult]:
    changed, absent = set(done), set(missing)

    def status(person: str) -> MemberResult:
        if person in absent:
            return MemberResult(person, MemberStatus.REJECTED, "NOT_FOUND", "there is no such contact")
        return MemberResult(person, MemberStatus.DONE if person in changed else MemberStatus.ALREADY)

    return [status(person) for person in people]


def _static(list_id: int) -> Procedure[None]:
    """Check that it is a list of contacts that takes them: ids of other records would be taken for theirs."""
    one: ContactList = yield lists.get(list_id)
    problem = ""
    if one["processingType"] == "DYNAMIC":
        problem = "is filled by its filters and takes nobody"
    elif one["objectTypeId"] != CONTACTS:
        problem = "is no list of contacts"
    if problem:
        raise InvalidRequest(f"list {list_id} {problem}", platform="hubspot", call="lists.get")
