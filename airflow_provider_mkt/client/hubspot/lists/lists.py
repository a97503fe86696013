"""Lists of contacts and of other records, static and dynamic.

See ``list_memberships`` for members, ``list_folders`` for folders, ``list_conversions`` for the conversion of
an active list into a static one, and ``list_legacy_ids`` for ids of the discontinued API.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NotRequired, TypedDict, cast

from airflow_provider_mkt.client.call import (
    Call,
    Json,
    JsonBody,
    Pairs,
    Replay,
    Route,
    flag,
    numeric_id,
    parameter,
    path_params,
    query_pairs,
    utc,
)
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.batch import nothing
from airflow_provider_mkt.client.hubspot.lists._parameters import mapping, record_ids, word, words
from airflow_provider_mkt.client.hubspot.lists._parameters import processing_type as _kind
from airflow_provider_mkt.client.hubspot.lists._types import (
    CONTACTS,
    FAMILY,
    LEGACY_IDS_MAX,
    READ,
    SEARCH_PAGE_MAX,
    WRITE,
    ContactList,
    the_list,
    the_updated_list,
)
from airflow_provider_mkt.client.paging import body_offset
from airflow_provider_mkt.client.redaction import describe_type

ProcessingType = Literal["MANUAL", "DYNAMIC", "SNAPSHOT"]


class Size(TypedDict):
    """The size of a list from a time on."""

    timestamp: str
    size: int


class SizeHistory(TypedDict):
    """The sizes of a list, and the times at which its filters were edited."""

    sizeHistory: list[Size]
    editHistory: list[str]


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


def get(list_id: int | str, *, include_filters: bool = False) -> Call[ContactList]:
    """Read a list.

    :param list_id: id of the list.
    :param include_filters: also return the filters.
    :raises NotFound: when it does not exist.

    Source: ``GET /crm/{version}/lists/{listId}``.
    """
    name = "lists.get"
    return Call(
        name,
        Route("GET", FAMILY, "/{listId}", path_params(name, listId=list_id)),
        the_list,
        Replay.SAFE,
        query=_with_filters(name, include_filters),
        scopes=READ,
    )


def batch_read(list_ids: Sequence[int | str], *, include_filters: bool = False) -> Call[list[ContactList]]:
    """Read lists by id.

    :param list_ids: 1-500 list ids.
    :param include_filters: also return the filters.
    :returns: the lists that exist; HubSpot silently omits unknown ids.
    :raises InvalidInput: when *list_ids* is empty, or an id is invalid.

    Source: ``GET /crm/{version}/lists``.
    """
    name = "lists.batch_read"
    ids = record_ids(name, "list_ids", list_ids, at_most=SEARCH_PAGE_MAX)
    return Call(
        name,
        Route("GET", FAMILY),
        lambda envelope: cast("list[ContactList]", envelope["lists"]),
        Replay.SAFE,
        query=(*query_pairs(listIds=ids), *_with_filters(name, include_filters)),
        scopes=READ,
    )


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
    name = "lists.by_name"
    params = path_params(name, objectTypeId=object_type_id, listName=list_name)
    return Call(
        name,
        Route("GET", FAMILY, "/object-type-id/{objectTypeId}/name/{listName}", params),
        the_list,
        Replay.SAFE,
        query=_with_filters(name, include_filters),
        scopes=READ,
    )


def search(
    *,
    query: str | None = None,
    list_ids: Sequence[int | str] = (),
    processing_types: Sequence[ProcessingType] = (),
    object_type_id: str | None = None,
    additional_properties: Sequence[str] = (),
    sort: str | None = None,
    count: int = SEARCH_PAGE_MAX,
    offset: int = 0,
) -> Call[list[FoundList]]:
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
    name = "lists.search"
    for field, number, least, most in (
        ("count", count, 1, SEARCH_PAGE_MAX),
        ("offset", offset, 0, 2**31 - 1),
    ):
        if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
            raise InvalidInput(field, f"must be a whole number from {least} to {most}", call=name)
    kinds = words(name, "processing_types", processing_types)
    for index, kind in enumerate(kinds):
        _kind(name, f"processing_types[{index}]", kind)
    # The schemas disagree on which fields are optional; an empty list means no filter in both.
    body: dict[str, Json] = {
        "listIds": record_ids(name, "list_ids", list_ids, at_most=LEGACY_IDS_MAX) if list_ids else [],
        "processingTypes": kinds,
        "additionalProperties": words(name, "additional_properties", additional_properties),
        "count": count,
        "offset": offset,
    }
    for key, value in (("query", query), ("objectTypeId", object_type_id), ("sort", sort)):
        if value is not None:
            body[key] = word(name, parameter(key), value)
    return Call(
        name,
        Route("POST", FAMILY, "/search"),
        lambda envelope: cast("list[FoundList]", envelope["lists"]),
        Replay.SAFE,
        body=JsonBody(body),
        follow=body_offset,
        scopes=READ,
    )


def create(
    list_name: str,
    *,
    processing_type: ProcessingType = "MANUAL",
    object_type_id: str = CONTACTS,
    filter_branch: Mapping[str, Any] | None = None,
    folder_id: int | None = None,
    custom_properties: Mapping[str, str] | None = None,
    membership_settings: Mapping[str, Any] | None = None,
    permissions: Mapping[str, Any] | None = None,
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
    name = "lists.create"
    kind = _kind(name, "processing_type", processing_type)
    if filter_branch is None and kind != "MANUAL":
        raise InvalidInput("filter_branch", f"is missing: a {kind} list needs filters", call=name)
    if filter_branch is not None and kind == "MANUAL":
        raise InvalidInput("filter_branch", "is not allowed: a MANUAL list has no filters", call=name)
    body: dict[str, Json] = {
        "name": word(name, "list_name", list_name),
        "objectTypeId": word(name, "object_type_id", object_type_id),
        "processingType": kind,
    }
    for field, key, value in (
        ("filter_branch", "filterBranch", filter_branch),
        ("custom_properties", "customProperties", custom_properties),
        ("membership_settings", "membershipSettings", membership_settings),
        ("permissions", "listPermissions", permissions),
    ):
        if value is not None:
            body[key] = mapping(name, field, value)
    if folder_id is not None:
        body["listFolderId"] = numeric_id(name, "folder_id", folder_id)
    return Call(name, Route("POST", FAMILY), the_list, Replay.VERIFY, body=JsonBody(body), scopes=WRITE)


def rename(list_id: int | str, list_name: str, *, include_filters: bool = False) -> Call[ContactList]:
    """Rename a list.

    :param list_id: id of the list.
    :param list_name: the new name.
    :param include_filters: also return the filters.
    :raises InvalidRequest: when the name is already in use.
    :raises NotFound: when the list does not exist.

    Source: ``PUT /crm/{version}/lists/{listId}/update-list-name``.
    """
    name = "lists.rename"
    return Call(
        name,
        Route("PUT", FAMILY, "/{listId}/update-list-name", path_params(name, listId=list_id)),
        the_updated_list,
        Replay.SAFE,
        query=(
            *query_pairs(listName=word(name, "list_name", list_name)),
            *_with_filters(name, include_filters),
        ),
        scopes=WRITE,
    )


def update_filters(
    list_id: int | str, filter_branch: Mapping[str, Any], *, enroll_in_workflows: bool = False
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
    name = "lists.update_filters"
    if not filter_branch:
        raise InvalidInput("filter_branch", f"must be filters, not {describe_type(filter_branch)}", call=name)
    return Call(
        name,
        Route("PUT", FAMILY, "/{listId}/update-list-filters", path_params(name, listId=list_id)),
        the_updated_list,
        Replay.SAFE,
        query=query_pairs(enrollObjectsInWorkflows=flag(name, "enroll_in_workflows", enroll_in_workflows)),
        body=JsonBody({"filterBranch": mapping(name, "filter_branch", filter_branch)}),
        scopes=WRITE,
    )


def delete(list_id: int | str) -> Call[None]:
    """Delete a list. It can be restored for 90 days.

    :param list_id: id of the list.
    :raises NotFound: when it does not exist.

    Source: ``DELETE /crm/{version}/lists/{listId}``.
    """
    name = "lists.delete"
    return Call(
        name,
        Route("DELETE", FAMILY, "/{listId}", path_params(name, listId=list_id)),
        nothing,
        Replay.SAFE,
        scopes=WRITE,
    )


def restore(list_id: int | str) -> Call[None]:
    """Restore a list that was deleted within the last 90 days.

    :param list_id: id of the list.
    :raises NotFound: when it does not exist.

    Source: ``PUT /crm/{version}/lists/{listId}/restore``.
    """
    name = "lists.restore"
    return Call(
        name,
        Route("PUT", FAMILY, "/{listId}/restore", path_params(name, listId=list_id)),
        nothing,
        Replay.SAFE,
        scopes=WRITE,
    )


def size_history(
    list_id: int | str, *, start: datetime | None = None, end: datetime | None = None
) -> Call[SizeHistory]:
    """Read the size history and the edit history of a list.

    :param list_id: id of the list.
    :param start: start of the period (timezone-aware).
    :param end: end of the period (timezone-aware).
    :returns: both histories.
    :raises InvalidInput: when a time has no time zone, or the end is before the start.

    Source: ``GET /crm/{version}/lists/{listId}/size-and-edits-history/between``.
    """
    name = "lists.size_history"
    first = None if start is None else utc(name, "start", start)
    last = None if end is None else utc(name, "end", end)
    if first is not None and last is not None and first > last:
        raise InvalidInput("end", "is before start", call=name)
    return Call(
        name,
        Route("GET", FAMILY, "/{listId}/size-and-edits-history/between", path_params(name, listId=list_id)),
        lambda envelope: cast("SizeHistory", envelope),
        Replay.SAFE,
        query=query_pairs(startDate=_instant(first), endDate=_instant(last)),
        scopes=READ,
    )


def _with_filters(call: str, include_filters: bool) -> Pairs:
    return query_pairs(includeFilters=flag(call, "include_filters", include_filters) or None)


def _instant(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z") if moment else None
