"""Lists of contacts and of other records, static and dynamic.

See ``list_memberships`` for members, ``list_folders`` for folders, ``list_conversions`` for the conversion of
an active list into a static one, and ``list_legacy_ids`` for ids of the discontinued API.
"""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Annotated, Literal, NotRequired, TypedDict, TypeVar, cast

from airflow_provider_mkt.client.call import (
    Call,
    Envelope,
    Json,
    JsonBody,
    Pairs,
    Replay,
    Route,
    path_params,
    query_pairs,
)
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.batch import nothing
from airflow_provider_mkt.client.hubspot.lists._parameters import RecordId
from airflow_provider_mkt.client.hubspot.lists._types import (
    CONTACTS,
    FAMILY,
    LEGACY_IDS_MAX,
    READ,
    SEARCH_PAGE_MAX,
    WRITE,
    ContactList,
    read_list,
    read_updated_list,
)
from airflow_provider_mkt.client.hubspot.parameters import time_range
from airflow_provider_mkt.client.hubspot.versions import PROFILES
from airflow_provider_mkt.client.paging import Cursor, body_cursor, body_offset
from airflow_provider_mkt.client.parameters import (
    JsonObject,
    NumericId,
    Text,
    UtcTime,
    between,
    endpoint,
    items,
    items_or_empty,
)
from airflow_provider_mkt.client.redaction import describe_type

T = TypeVar("T")

SEPTEMBER = "2026-09"
ProcessingType = Literal["MANUAL", "DYNAMIC", "SNAPSHOT"]


class Size(TypedDict):
    """The size of a list from a time on."""

    timestamp: str
    size: int


class SizeHistory(TypedDict):
    """The sizes of a list, and the times at which its filters were edited."""

    sizeHistory: builtins.list[Size]
    editHistory: builtins.list[str]


class FoundList(TypedDict):
    """A list in a search result.

    ``additionalProperties`` contains the further properties that were requested."""

    listId: str
    name: str
    objectTypeId: str
    processingType: str
    processingStatus: str
    listVersion: int
    additionalProperties: dict[str, str]
    createdAt: NotRequired[str]
    updatedAt: NotRequired[str]


@endpoint
def get(list_id: int | str, *, include_filters: bool = False) -> Call[ContactList]:
    """Read a list.

    :param list_id: id of the list.
    :param include_filters: also return the filters.
    :raises NotFound: when it does not exist.

    Source: ``GET /crm/{version}/lists/{listId}``.
    """
    return Call(
        "lists.get",
        Route("GET", FAMILY, "/{listId}", path_params(listId=list_id)),
        read_list,
        Replay.SAFE,
        query=_with_filters(include_filters),
        scopes=READ,
    )


@endpoint
def batch_read(
    list_ids: Annotated[Sequence[RecordId], items(SEARCH_PAGE_MAX)], *, include_filters: bool = False
) -> Call[builtins.list[ContactList]]:
    """Read lists by id.

    :param list_ids: 1-500 list ids.
    :param include_filters: also return the filters.
    :returns: the lists that exist; HubSpot silently omits unknown ids.
    :raises InvalidInput: when *list_ids* is empty, or an id is invalid.

    Source: ``GET /crm/{version}/lists``.
    """
    return Call(
        "lists.batch_read",
        Route("GET", FAMILY),
        lambda envelope: cast("builtins.list[ContactList]", envelope["lists"]),
        Replay.SAFE,
        query=(*query_pairs(listIds=list_ids), *_with_filters(include_filters)),
        scopes=READ,
    )


@endpoint
def by_name(
    list_name: str, *, object_type_id: str = CONTACTS, include_filters: bool = False
) -> Call[ContactList]:
    """Read a list by name. HubSpot may ignore case.

    :param list_name: name of the list.
    :param object_type_id: object type of the records; contacts when not given.
    :param include_filters: also return the filters.
    :raises NotFound: when it does not exist.

    Source: ``GET /crm/{version}/lists/object-type-id/{objectTypeId}/name/{listName}``.
    """
    params = path_params(objectTypeId=object_type_id, listName=list_name)
    return Call(
        "lists.by_name",
        Route("GET", FAMILY, "/object-type-id/{objectTypeId}/name/{listName}", params),
        read_list,
        Replay.SAFE,
        query=_with_filters(include_filters),
        scopes=READ,
    )


@endpoint
def list(
    *,
    processing_types: Sequence[ProcessingType] = (),
    object_type_id: Text | None = None,
    additional_properties: Sequence[Text] = (),
    count: Annotated[int, between(1, SEARCH_PAGE_MAX)] = SEARCH_PAGE_MAX,
    after: Cursor | None = None,
) -> Call[builtins.list[FoundList]]:
    """List all lists.

    Version 2026-09 pages by a cursor, so lists that are created or deleted meanwhile move no row to another
    page. Earlier versions have no such call; there it is a search.

    :param processing_types: only MANUAL, DYNAMIC or SNAPSHOT lists.
    :param object_type_id: only lists of records of this type.
    :param additional_properties: further properties to return, e.g. ``hs_list_size``.
    :param count: rows per page, 1-500. HubSpot documents no maximum; that of :func:`search` is assumed.
    :param after: cursor of the page to begin with; the first page when not given. Earlier versions take only
        cursors that they returned.
    :returns: one page of lists; iterate the call for all pages.
    :raises InvalidInput: when a type is unknown, or a number is out of range.

    Source: ``POST /crm/{version}/lists/all``.
    """
    body: dict[str, Json] = {
        "additionalProperties": [*additional_properties],
        "processingTypes": [*processing_types],
        "count": count,
    }
    if object_type_id is not None:
        body["objectTypeId"] = object_type_id
    if after is not None:
        body["after"] = after
    earlier = () if after is not None and not str(after).isdecimal() else PROFILES
    found = search(
        processing_types=processing_types,
        object_type_id=object_type_id,
        additional_properties=additional_properties,
        count=count,
        offset=int(after or 0) if earlier else 0,
    )
    return Call(
        "lists.list",
        Route("POST", FAMILY, "/all"),
        lambda envelope: cast(
            "builtins.list[FoundList]", envelope["results"] if "results" in envelope else envelope["lists"]
        ),
        Replay.SAFE,
        body=JsonBody(body),
        follow=_next_page,
        scopes=READ,
        shapes={profile: found for profile in earlier if profile != SEPTEMBER},
    )


def _next_page(call: Call[T], envelope: Envelope) -> JsonBody | None:
    """Follow the cursor. That of the earlier versions is an offset."""
    if (following := body_cursor(call, envelope)) is not None:
        return following
    further = body_offset(call, envelope)
    if further is None or not isinstance(further.value, dict):
        return None
    offset = further.value.pop("offset")
    return JsonBody({**further.value, "after": str(offset)})


@endpoint
def search(
    *,
    query: Text | None = None,
    list_ids: Annotated[Sequence[RecordId], items_or_empty(LEGACY_IDS_MAX)] = (),
    processing_types: Sequence[ProcessingType] = (),
    object_type_id: Text | None = None,
    additional_properties: Sequence[Text] = (),
    sort: Text | None = None,
    count: Annotated[int, between(1, SEARCH_PAGE_MAX)] = SEARCH_PAGE_MAX,
    offset: Annotated[int, between(0, 2**31 - 1)] = 0,
) -> Call[builtins.list[FoundList]]:
    """Search lists.

    :param query: part of the name.
    :param list_ids: only these lists.
    :param processing_types: only MANUAL, DYNAMIC or SNAPSHOT lists.
    :param object_type_id: only lists of records of this type.
    :param additional_properties: further properties to return, e.g. ``hs_list_size``.
    :param sort: property to sort by; a leading ``-`` sorts in descending order.
    :param count: rows per page, 1-500.
    :param offset: number of rows to skip.
    :returns: one page of lists; iterate the call for all pages.
    :raises InvalidInput: when a type is unknown, or a number is out of range.

    Source: ``POST /crm/{version}/lists/search``.
    """
    # The schemas disagree on which fields are optional; an empty list means no filter in both.
    body: dict[str, Json] = {
        "listIds": [*list_ids],
        "processingTypes": [*processing_types],
        "additionalProperties": [*additional_properties],
        "count": count,
        "offset": offset,
    }
    for key, value in (("query", query), ("objectTypeId", object_type_id), ("sort", sort)):
        if value is not None:
            body[key] = value
    return Call(
        "lists.search",
        Route("POST", FAMILY, "/search"),
        lambda envelope: cast("builtins.list[FoundList]", envelope["lists"]),
        Replay.SAFE,
        body=JsonBody(body),
        follow=body_offset,
        scopes=READ,
    )


@endpoint
def create(
    list_name: Text,
    *,
    processing_type: ProcessingType = "MANUAL",
    object_type_id: Text = CONTACTS,
    filter_branch: JsonObject | None = None,
    folder_id: NumericId | None = None,
    custom_properties: JsonObject | None = None,
    membership_settings: JsonObject | None = None,
    permissions: JsonObject | None = None,
) -> Call[ContactList]:
    """Create a list. Names are unique, so a retry after a successful call is rejected: read the list by name.

    :param list_name: name of the list.
    :param processing_type: MANUAL for a static list, DYNAMIC for a list that its filters keep up to date,
        SNAPSHOT for a list that its filters fill once.
    :param object_type_id: object type of the records; contacts when not given.
    :param filter_branch: the filters, in HubSpot's own format; required for DYNAMIC and SNAPSHOT lists.
    :param folder_id: id of the parent folder; the root folder when not given.
    :param custom_properties: custom properties of the list.
    :param membership_settings: in HubSpot's own format.
    :param permissions: in HubSpot's own format.
    :returns: the list. Its members are complete when ``processingStatus`` is COMPLETE.
    :raises InvalidInput: when the name is empty, the type is unknown, or filters are missing or not allowed.
    :raises InvalidRequest: when the name is already in use.

    Source: ``POST /crm/{version}/lists``.
    """
    if filter_branch is None and processing_type != "MANUAL":
        raise InvalidInput("filter_branch", f"is missing: a {processing_type} list needs filters")
    if filter_branch is not None and processing_type == "MANUAL":
        raise InvalidInput("filter_branch", "is not allowed: a MANUAL list has no filters")
    body: dict[str, Json] = {
        "name": list_name,
        "objectTypeId": object_type_id,
        "processingType": processing_type,
    }
    for key, value in (
        ("filterBranch", filter_branch),
        ("customProperties", custom_properties),
        ("membershipSettings", membership_settings),
        ("listPermissions", permissions),
    ):
        if value is not None:
            body[key] = value
    if folder_id is not None:
        body["listFolderId"] = folder_id
    return Call(
        "lists.create", Route("POST", FAMILY), read_list, Replay.VERIFY, body=JsonBody(body), scopes=WRITE
    )


@endpoint
def rename(list_id: int | str, list_name: Text, *, include_filters: bool = False) -> Call[ContactList]:
    """Rename a list.

    :param list_id: id of the list.
    :param list_name: the new name.
    :param include_filters: also return the filters.
    :raises InvalidRequest: when the name is already in use.
    :raises NotFound: when the list does not exist.

    Source: ``PUT /crm/{version}/lists/{listId}/update-list-name``.
    """
    return Call(
        "lists.rename",
        Route("PUT", FAMILY, "/{listId}/update-list-name", path_params(listId=list_id)),
        read_updated_list,
        Replay.SAFE,
        query=(*query_pairs(listName=list_name), *_with_filters(include_filters)),
        scopes=WRITE,
    )


@endpoint
def update_filters(
    list_id: int | str, filter_branch: JsonObject, *, enroll_in_workflows: bool = False
) -> Call[ContactList]:
    """Replace the filters of a DYNAMIC list.

    :param list_id: id of the list.
    :param filter_branch: the filters, in HubSpot's own format.
    :param enroll_in_workflows: whether new members enter the workflows that the list triggers.
    :returns: the list. Its members are complete when ``processingStatus`` is COMPLETE.
    :raises InvalidInput: when *filter_branch* is empty.
    :raises NotFound: when the list does not exist.

    Source: ``PUT /crm/{version}/lists/{listId}/update-list-filters``.
    """
    if not filter_branch:
        raise InvalidInput("filter_branch", f"must be filters, not {describe_type(filter_branch)}")
    return Call(
        "lists.update_filters",
        Route("PUT", FAMILY, "/{listId}/update-list-filters", path_params(listId=list_id)),
        read_updated_list,
        Replay.SAFE,
        query=query_pairs(enrollObjectsInWorkflows=enroll_in_workflows),
        body=JsonBody({"filterBranch": filter_branch}),
        scopes=WRITE,
    )


@endpoint
def delete(list_id: int | str) -> Call[None]:
    """Delete a list. It can be restored for 90 days.

    :param list_id: id of the list.
    :raises NotFound: when it does not exist.

    Source: ``DELETE /crm/{version}/lists/{listId}``.
    """
    return Call(
        "lists.delete",
        Route("DELETE", FAMILY, "/{listId}", path_params(listId=list_id)),
        nothing,
        Replay.SAFE,
        scopes=WRITE,
    )


@endpoint
def restore(list_id: int | str) -> Call[None]:
    """Restore a list that was deleted within the last 90 days.

    :param list_id: id of the list.
    :raises NotFound: when it does not exist.

    Source: ``PUT /crm/{version}/lists/{listId}/restore``.
    """
    return Call(
        "lists.restore",
        Route("PUT", FAMILY, "/{listId}/restore", path_params(listId=list_id)),
        nothing,
        Replay.SAFE,
        scopes=WRITE,
    )


@endpoint
def size_history(
    list_id: int | str, *, start: UtcTime | None = None, end: UtcTime | None = None
) -> Call[SizeHistory]:
    """Read the size history and the edit history of a list.

    :param list_id: id of the list.
    :param start: start of the period (timezone-aware).
    :param end: end of the period (timezone-aware).
    :returns: both histories.
    :raises InvalidInput: when a time has no time zone, or the end is before the start.

    Source: ``GET /crm/{version}/lists/{listId}/size-and-edits-history/between``.
    """
    first, last = time_range(start, end)
    return Call(
        "lists.size_history",
        Route("GET", FAMILY, "/{listId}/size-and-edits-history/between", path_params(listId=list_id)),
        lambda envelope: cast("SizeHistory", envelope),
        Replay.SAFE,
        query=query_pairs(startDate=first, endDate=last),
        scopes=READ,
    )


def _with_filters(include_filters: bool) -> Pairs:
    return query_pairs(includeFilters=include_filters or None)
