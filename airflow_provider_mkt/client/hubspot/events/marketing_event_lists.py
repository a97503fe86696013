"""Lists that are associated with marketing events."""

from __future__ import annotations

from typing import NotRequired, TypedDict, cast

from airflow_provider_mkt.client.call import Call, Envelope, Pairs, Replay, Route, numeric_id
from airflow_provider_mkt.client.hubspot.batch import nothing
from airflow_provider_mkt.client.hubspot.events._fields import FAMILY, WRITE, external_key, object_key
from airflow_provider_mkt.client.paging import after_cursor

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


def lists_of(external_event_id: str, external_account_id: str) -> Call[list[EventList]]:
    """List the lists of an event that this app created. HubSpot requires the write scope.

    :param external_event_id: the event's id in the external system.
    :param external_account_id: the account in the external system.
    :returns: the lists.
    :raises NotFound: when the event does not exist, or another app created it.

    Source: ``GET /marketing/{version}/marketing-events/associations/{externalAccountId}/{externalEventId}/lists``.
    """  # noqa: E501
    call = "marketing_event_lists.lists_of"
    return _read(call, _EXTERNAL, external_key(call, external_event_id, external_account_id))


def lists_of_object_id(object_id: int | str) -> Call[list[EventList]]:
    """List the lists of an event. HubSpot requires the write scope.

    :param object_id: object id of the event.
    :returns: the lists.
    :raises NotFound: when the event does not exist.

    Source: ``GET /marketing/{version}/marketing-events/associations/{marketingEventId}/lists``.
    """
    call = "marketing_event_lists.lists_of_object_id"
    return _read(call, _OBJECT, object_key(call, object_id, name="marketingEventId"))


def add(external_event_id: str, external_account_id: str, list_id: int | str) -> Call[None]:
    """Associate a list with an event that this app created. Doing it again changes nothing.

    :param external_event_id: the event's id in the external system.
    :param external_account_id: the account in the external system.
    :param list_id: id of the list in the Lists API.
    :raises NotFound: when the event or the list does not exist, or another app created the event.

    Source: ``PUT /marketing/{version}/marketing-events/associations/{externalAccountId}/{externalEventId}/lists/{listId}``.
    """  # noqa: E501
    call = "marketing_event_lists.add"
    return _write(call, "PUT", _EXTERNAL, external_key(call, external_event_id, external_account_id), list_id)


def add_by_object_id(object_id: int | str, list_id: int | str) -> Call[None]:
    """Associate a list with an event. Doing it again changes nothing.

    :param object_id: object id of the event.
    :param list_id: id of the list in the Lists API.
    :raises NotFound: when the event or the list does not exist.

    Source: ``PUT /marketing/{version}/marketing-events/associations/{marketingEventId}/lists/{listId}``.
    """
    call = "marketing_event_lists.add_by_object_id"
    return _write(call, "PUT", _OBJECT, object_key(call, object_id, name="marketingEventId"), list_id)


def remove(external_event_id: str, external_account_id: str, list_id: int | str) -> Call[None]:
    """Remove the association of a list with an event that this app created. The list itself is kept.

    :param external_event_id: the event's id in the external system.
    :param external_account_id: the account in the external system.
    :param list_id: id of the list in the Lists API.
    :raises NotFound: when the event does not exist, or another app created it.

    Source: ``DELETE /marketing/{version}/marketing-events/associations/{externalAccountId}/{externalEventId}/lists/{listId}``.
    """  # noqa: E501
    call = "marketing_event_lists.remove"
    return _write(
        call, "DELETE", _EXTERNAL, external_key(call, external_event_id, external_account_id), list_id
    )


def remove_by_object_id(object_id: int | str, list_id: int | str) -> Call[None]:
    """Remove the association of a list with an event. The list itself is kept.

    :param object_id: object id of the event.
    :param list_id: id of the list in the Lists API.
    :raises NotFound: when the event does not exist.

    Source: ``DELETE /marketing/{version}/marketing-events/associations/{marketingEventId}/lists/{listId}``.
    """
    call = "marketing_event_lists.remove_by_object_id"
    return _write(call, "DELETE", _OBJECT, object_key(call, object_id, name="marketingEventId"), list_id)


def _read(call: str, tail: str, params: Pairs) -> Call[list[EventList]]:
    route = Route("GET", FAMILY, tail, params)
    return Call(call, route, _rows, Replay.SAFE, follow=after_cursor, scopes=WRITE)


def _write(call: str, method: str, tail: str, params: Pairs, list_id: int | str) -> Call[None]:
    listed = (*params, ("listId", str(numeric_id(call, "list_id", list_id))))
    return Call(call, Route(method, FAMILY, f"{tail}/{{listId}}", listed), nothing, Replay.SAFE, scopes=WRITE)


def _rows(envelope: Envelope) -> list[EventList]:
    return cast("list[EventList]", envelope["results"])
