"""Members of a list, and lists of a record.

Members can be added to and removed from MANUAL and SNAPSHOT lists only; filters define the members of a
DYNAMIC list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, NotRequired, TypedDict, cast

from airflow_provider_mkt.client.call import (
    Call,
    Envelope,
    Json,
    JsonBody,
    Replay,
    Route,
    path_params,
    query_pairs,
)
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.batch import as_inputs, nothing, with_unanswered
from airflow_provider_mkt.client.hubspot.lists._parameters import RecordId
from airflow_provider_mkt.client.hubspot.lists._types import CONTACTS, FAMILY, MEMBERS_PAGE_MAX, READ, WRITE
from airflow_provider_mkt.client.json_types import JsonDict
from airflow_provider_mkt.client.paging import Cursor, after_cursor, before_cursor
from airflow_provider_mkt.client.parameters import between, endpoint, items, items_or_empty

CHANGE_MAX = 10_000
"""HubSpot documents no limit. Reports mention ten times as many; this number is known to work."""
BATCH_MAX = 100
"""HubSpot documents no limit; its other batches accept this many."""


MembersPageSize = Annotated[int, between(1, MEMBERS_PAGE_MAX)]


class Member(TypedDict):
    recordId: str
    membershipTimestamp: str


class Membership(TypedDict):
    """The membership of a record in a list."""

    listId: str
    listVersion: int
    firstAddedTimestamp: NotRequired[str]
    lastAddedTimestamp: NotRequired[str]
    isPublicList: NotRequired[bool]


class RecordMemberships(TypedDict):
    objectTypeId: str
    recordId: str
    recordListMemberships: list[Membership]


class MemberChanges(TypedDict):
    """The result of a change of members.

    :param added: records that were added, without those that were already members.
    :param removed: records that were removed.
    :param missing: records that do not exist; HubSpot does not treat them as an error.
    """

    added: list[str]
    removed: list[str]
    missing: list[str]


class MembershipBatch(TypedDict):
    results: list[RecordMemberships]
    errors: list[JsonDict]


@endpoint
def members(
    list_id: int | str,
    *,
    limit: MembersPageSize = MEMBERS_PAGE_MAX,
    after: str | None = None,
    before: str | None = None,
) -> Call[list[Member]]:
    """List the members of a list, by record id.

    :param list_id: id of the list.
    :param limit: rows per page, 1-250.
    :param after: cursor to start after, ascending.
    :param before: cursor to read one page before, descending.
    :returns: one page of members; iterate the call for all pages.
    :raises InvalidInput: when *limit* is out of range, or both cursors are given.

    Source: ``GET /crm/{version}/lists/{listId}/memberships``.
    """
    return _members("list_memberships.members", list_id, "", limit, after, before)


@endpoint
def by_join_time(
    list_id: int | str,
    *,
    limit: MembersPageSize = MEMBERS_PAGE_MAX,
    after: str | None = None,
    before: str | None = None,
) -> Call[list[Member]]:
    """List the members of a list, in the order in which they joined.

    :param list_id: id of the list.
    :param limit: rows per page, 1-250.
    :param after: cursor to start after, ascending.
    :param before: cursor to read one page before, descending.
    :returns: one page of members; iterate the call for all pages.
    :raises InvalidInput: when *limit* is out of range, or both cursors are given.

    Source: ``GET /crm/{version}/lists/{listId}/memberships/join-order``.
    """
    return _members("list_memberships.by_join_time", list_id, "/join-order", limit, after, before)


@endpoint
def add(
    list_id: int | str, record_ids_to_add: Annotated[Sequence[RecordId], items(CHANGE_MAX)]
) -> Call[MemberChanges]:
    """Add up to 10,000 records to a list. This triggers workflows that use the list.

    :param list_id: id of a MANUAL or SNAPSHOT list.
    :param record_ids_to_add: ids of the records.
    :returns: the added records, and those that do not exist.
    :raises InvalidInput: on an empty or too large batch.
    :raises InvalidRequest: when the list is DYNAMIC.

    Source: ``PUT /crm/{version}/lists/{listId}/memberships/add``.
    """
    return _change("list_memberships.add", list_id, "/add", JsonBody(record_ids_to_add))


@endpoint
def remove(
    list_id: int | str, record_ids_to_remove: Annotated[Sequence[RecordId], items(CHANGE_MAX)]
) -> Call[MemberChanges]:
    """Remove up to 10,000 records from a list.

    :param list_id: id of a MANUAL or SNAPSHOT list.
    :param record_ids_to_remove: ids of the records.
    :returns: the removed records, and those that do not exist.
    :raises InvalidInput: on an empty or too large batch.
    :raises InvalidRequest: when the list is DYNAMIC.

    Source: ``PUT /crm/{version}/lists/{listId}/memberships/remove``.
    """
    return _change("list_memberships.remove", list_id, "/remove", JsonBody(record_ids_to_remove))


@endpoint
def add_and_remove(
    list_id: int | str,
    *,
    record_ids_to_add: Annotated[Sequence[RecordId], items_or_empty(CHANGE_MAX)] = (),
    record_ids_to_remove: Annotated[Sequence[RecordId], items_or_empty(CHANGE_MAX)] = (),
) -> Call[MemberChanges]:
    """Add records to a list and remove others, up to 10,000 each.

    :param list_id: id of a MANUAL or SNAPSHOT list.
    :param record_ids_to_add: ids of the records to add.
    :param record_ids_to_remove: ids of the records to remove.
    :returns: the added records, the removed records, and those that do not exist.
    :raises InvalidInput: when both are empty, or a record is in both.
    :raises InvalidRequest: when the list is DYNAMIC.

    Source: ``PUT /crm/{version}/lists/{listId}/memberships/add-and-remove``.
    """
    if not record_ids_to_add and not record_ids_to_remove:
        raise InvalidInput("record_ids_to_add", "is empty, and record_ids_to_remove too")
    if set(record_ids_to_add) & set(record_ids_to_remove):
        raise InvalidInput("record_ids_to_remove", "contains records of record_ids_to_add")
    body = {"recordIdsToAdd": [*record_ids_to_add], "recordIdsToRemove": [*record_ids_to_remove]}
    return _change("list_memberships.add_and_remove", list_id, "/add-and-remove", JsonBody(body))


@endpoint
def add_from(list_id: int | str, source_list_id: int | str) -> Call[None]:
    """Add the members of another list, which must have fewer than 100,000 members.

    They can appear with a delay.

    :param list_id: id of a MANUAL or SNAPSHOT list.
    :param source_list_id: id of the list whose members are added; it stays unchanged.
    :raises InvalidRequest: when the list is DYNAMIC, or the source list is too large.
    :raises NotFound: when the list does not exist.

    Source: ``PUT /crm/{version}/lists/{listId}/memberships/add-from/{sourceListId}``.
    """
    params = path_params(listId=list_id, sourceListId=source_list_id)
    return Call(
        "list_memberships.add_from",
        Route("PUT", FAMILY, "/{listId}/memberships/add-from/{sourceListId}", params),
        nothing,
        Replay.SAFE,
        scopes=WRITE,
    )


@endpoint
def remove_all(list_id: int | str) -> Call[None]:
    """Remove all members of a list, which must have fewer than 100,000. The records themselves are kept.

    :param list_id: id of a MANUAL or SNAPSHOT list.
    :raises InvalidRequest: when the list is DYNAMIC or too large.
    :raises NotFound: when the list does not exist.

    Source: ``DELETE /crm/{version}/lists/{listId}/memberships``.
    """
    return Call(
        "list_memberships.remove_all",
        Route("DELETE", FAMILY, "/{listId}/memberships", path_params(listId=list_id)),
        nothing,
        Replay.SAFE,
        scopes=WRITE,
    )


@endpoint
def of_record(
    record_id: int | str, *, object_type_id: str = CONTACTS, after: Cursor | None = None
) -> Call[list[Membership]]:
    """List the lists that a record is a member of.

    :param record_id: id of the record.
    :param object_type_id: object type of the record; contacts when not given.
    :param after: cursor of the page to begin with; the first page when not given.
    :returns: one page; iterate the call for all pages.
    :raises NotFound: when the record does not exist.

    Source: ``GET /crm/{version}/lists/records/{objectTypeId}/{recordId}/memberships``.
    """
    params = path_params(objectTypeId=object_type_id, recordId=record_id)
    return Call(
        "list_memberships.of_record",
        Route("GET", FAMILY, "/records/{objectTypeId}/{recordId}/memberships", params),
        lambda envelope: cast("list[Membership]", envelope["results"]),
        Replay.SAFE,
        query=query_pairs(after=after),
        follow=after_cursor,
        scopes=READ,
    )


@endpoint
def batch_read(
    wanted: Annotated[Sequence[RecordId], items(BATCH_MAX)], *, object_type_id: RecordId = CONTACTS
) -> Call[MembershipBatch]:
    """Read which lists up to 100 records are members of.

    :param wanted: ids of the records.
    :param object_type_id: object type of the records; contacts when not given.
    :returns: rows in any order, and errors for records that do not exist, or that are not in the answer
        (``NOT_IN_ANSWER``).
    :raises InvalidInput: on an empty or too large batch.

    Source: ``POST /crm/{version}/lists/records/memberships/batch/read``.
    """
    inputs = [{"objectTypeId": object_type_id, "recordId": record_id} for record_id in wanted]
    return Call(
        "list_memberships.batch_read",
        Route("POST", FAMILY, "/records/memberships/batch/read"),
        _batch_of(inputs),
        Replay.SAFE,
        body=JsonBody(as_inputs(inputs)),
        scopes=READ,
    )


def _members(
    name: str, list_id: int | str, tail: str, limit: int, after: str | None, before: str | None
) -> Call[list[Member]]:
    if after is not None and before is not None:
        raise InvalidInput("before", "cannot be combined with after")
    return Call(
        name,
        Route("GET", FAMILY, f"/{{listId}}/memberships{tail}", path_params(listId=list_id)),
        lambda envelope: cast("list[Member]", envelope["results"]),
        Replay.SAFE,
        query=query_pairs(limit=limit, after=after, before=before),
        # In descending order the cursor of the next page would go forward again.
        follow=after_cursor if before is None else before_cursor,
        scopes=READ,
    )


def _change(name: str, list_id: int | str, tail: str, body: JsonBody) -> Call[MemberChanges]:
    return Call(
        name,
        Route("PUT", FAMILY, f"/{{listId}}/memberships{tail}", path_params(listId=list_id)),
        _changes,
        Replay.SAFE,
        body=body,
        scopes=WRITE,
    )


def _changes(envelope: Envelope) -> MemberChanges:
    # HubSpot writes "recordsIdsAdded"; accept the regular spelling as well, in case HubSpot corrects it.
    added = envelope.get("recordsIdsAdded", envelope.get("recordIdsAdded"))
    if added is None:
        msg = "the response does not contain the added records"
        raise ValueError(msg)
    return MemberChanges(
        added=[str(record_id) for record_id in added],
        removed=[str(record_id) for record_id in envelope["recordIdsRemoved"]],
        missing=[str(record_id) for record_id in envelope["recordIdsMissing"]],
    )


def _batch_of(inputs: Sequence[Mapping[str, Json]]) -> Callable[[Envelope], MembershipBatch]:
    def read(envelope: Envelope) -> MembershipBatch:
        if envelope.get("status") != "COMPLETE":
            msg = "the batch is not complete"
            raise ValueError(msg)
        results = list(envelope["results"])
        errors = with_unanswered(inputs, results, envelope.get("errors") or ())
        return MembershipBatch(results=results, errors=errors)

    return read
