"""Lists that are associated with marketing events."""

from __future__ import annotations

from typing import NotRequired, TypedDict, cast

from airflow_provider_mkt.client.call import Call, Envelope, Pairs, Replay, Route, path_params, query_pairs
from airflow_provider_mkt.client.hubspot.batch import nothing
from airflow_provider_mkt.client.hubspot.events._fields import FAMILY, WRITE
from airflow_provider_mkt.client.paging import Cursor, after_cursor
from airflow_provider_mkt.client.parameters import NumericId, endpoint

_EXTERNAL = "/associations/{externalAccountId}/{externalEventId}/lists"
_OBJECT = "/associations/{marketingEventId}/lists"


class EventList(TypedDict):
    listId: str
    listVersion: int
    name: str
    objectTypeId: str
    processingStatus: str
    processingType: str
    size: NotRequired[int]
    createdAt: NotRequired[str]
    updatedAt: NotRequired[str]


@endpoint
def lists_of(
    external_event_id: str, external_account_id: str, *, after: Cursor | None = None
) -> Call[list[EventList]]:
    """List the lists of an event that this app created. HubSpot requires the write scope.

    :param external_event_id: the event's id in the external system.
    :param external_account_id: the account in the external system.
    :param after: cursor of the page to begin with; the first page when not given.
    :returns: the lists.
    :raises NotFound: when the event does not exist, or another app created it.

    Source: ``GET /marketing/{version}/marketing-events/associations/{externalAccountId}/{externalEventId}/lists``.
    """  # noqa: E501
    return _read(
        "marketing_event_lists.lists_of",
        _EXTERNAL,
        path_params(externalAccountId=external_account_id, externalEventId=external_event_id),
        after,
    )


@endpoint
def lists_of_object_id(object_id: NumericId, *, after: Cursor | None = None) -> Call[list[EventList]]:
    """List the lists of an event. HubSpot requires the write scope.

    :param object_id: object id of the event.
    :param after: cursor of the page to begin with; the first page when not given.
    :returns: the lists.
    :raises NotFound: when the event does not exist.

    Source: ``GET /marketing/{version}/marketing-events/associations/{marketingEventId}/lists``.
    """
    return _read(
        "marketing_event_lists.lists_of_object_id", _OBJECT, path_params(marketingEventId=object_id), after
    )


@endpoint
def add(external_event_id: str, external_account_id: str, list_id: NumericId) -> Call[None]:
    """Associate a list with an event that this app created. Doing it again changes nothing.

    :param external_event_id: the event's id in the external system.
    :param external_account_id: the account in the external system.
    :param list_id: id of the list in the Lists API.
    :raises NotFound: when the event or the list does not exist, or another app created the event.

    Source: ``PUT /marketing/{version}/marketing-events/associations/{externalAccountId}/{externalEventId}/lists/{listId}``.
    """  # noqa: E501
    return _write(
        "marketing_event_lists.add",
        "PUT",
        _EXTERNAL,
        path_params(externalAccountId=external_account_id, externalEventId=external_event_id),
        list_id,
    )


@endpoint
def add_by_object_id(object_id: NumericId, list_id: NumericId) -> Call[None]:
    """Associate a list with an event. Doing it again changes nothing.

    :param object_id: object id of the event.
    :param list_id: id of the list in the Lists API.
    :raises NotFound: when the event or the list does not exist.

    Source: ``PUT /marketing/{version}/marketing-events/associations/{marketingEventId}/lists/{listId}``.
    """
    return _write(
        "marketing_event_lists.add_by_object_id",
        "PUT",
        _OBJECT,
        path_params(marketingEventId=object_id),
        list_id,
    )


@endpoint
def remove(external_event_id: str, external_account_id: str, list_id: NumericId) -> Call[None]:
    """Remove the association of a list with an event that this app created. The list itself is kept.

    :param external_event_id: the event's id in the external system.
    :param external_account_id: the account in the external system.
    :param list_id: id of the list in the Lists API.
    :raises NotFound: when the event does not exist, or another app created it.

    Source: ``DELETE /marketing/{version}/marketing-events/associations/{externalAccountId}/{externalEventId}/lists/{listId}``.
    """  # noqa: E501
    return _write(
        "marketing_event_lists.remove",
        "DELETE",
        _EXTERNAL,
        path_params(externalAccountId=external_account_id, externalEventId=external_event_id),
        list_id,
    )


@endpoint
def remove_by_object_id(object_id: NumericId, list_id: NumericId) -> Call[None]:
    """Remove the association of a list with an event. The list itself is kept.

    :param object_id: object id of the event.
    :param list_id: id of the list in the Lists API.
    :raises NotFound: when the event does not exist.

    Source: ``DELETE /marketing/{version}/marketing-events/associations/{marketingEventId}/lists/{listId}``.
    """
    return _write(
        "marketing_event_lists.remove_by_object_id",
        "DELETE",
        _OBJECT,
        path_params(marketingEventId=object_id),
        list_id,
    )


def _read(call: str, tail: str, params: Pairs, after: object) -> Call[list[EventList]]:
    route = Route("GET", FAMILY, tail, params)
    return Call(
        call, route, _rows, Replay.SAFE, query=query_pairs(after=after), follow=after_cursor, scopes=WRITE
    )


def _write(call: str, method: str, tail: str, params: Pairs, list_id: NumericId) -> Call[None]:
    route = Route(method, FAMILY, f"{tail}/{{listId}}", (*params, *path_params(listId=list_id)))
    return Call(call, route, nothing, Replay.SAFE, scopes=WRITE)


def _rows(envelope: Envelope) -> list[EventList]:
    return cast("list[EventList]", envelope["results"])
