"""Marketing events of any app, by HubSpot's object id."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from datetime import datetime
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
from airflow_provider_mkt.client.hubspot.batch import as_inputs, nothing
from airflow_provider_mkt.client.hubspot.events._fields import (
    BATCH_MAX,
    FAMILY,
    OBJECT_FIELDS,
    PAGE_MAX,
    READ,
    WRITE,
    AppInfo,
    Batch,
    EventRow,
    Fields,
    MarketingEvent,
    check_not_reserved,
    event_body,
    read_event,
    read_event_batch,
    read_events_of,
    without_none,
)
from airflow_provider_mkt.client.hubspot.parameters import PageSize
from airflow_provider_mkt.client.paging import Cursor, after_cursor
from airflow_provider_mkt.client.parameters import NumericId, endpoint, items, to_id
from airflow_provider_mkt.client.redaction import describe_type


class EventIdentifiers(TypedDict):
    objectId: str
    externalEventId: str
    marketingEventName: str
    externalAccountId: NotRequired[str]
    appInfo: NotRequired[AppInfo]


@endpoint
def list(*, limit: PageSize = PAGE_MAX, after: Cursor | None = None) -> Call[builtins.list[MarketingEvent]]:
    """List the events of all apps.

    :param limit: rows per page, 1-100.
    :param after: cursor of the page to begin with; the first page when not given.
    :returns: one page of events; iterate the call for all pages.
    :raises InvalidInput: when *limit* is out of range.

    Source: ``GET /marketing/{version}/marketing-events``.
    """
    return Call(
        "marketing_event_objects.list",
        Route("GET", FAMILY),
        lambda envelope: cast("builtins.list[MarketingEvent]", envelope["results"]),
        Replay.SAFE,
        query=query_pairs(after=after, limit=limit),
        follow=after_cursor,
        scopes=READ,
    )


@endpoint
def find(external_event_id: str, *, after: Cursor | None = None) -> Call[builtins.list[EventIdentifiers]]:
    """Find the object ids of the events with an external event id, in all apps and external accounts.

    A new event is found only some minutes after its creation, so an empty result does not mean that there is
    no event.

    :param external_event_id: its id in the external system.
    :param after: cursor of the page to begin with; the first page when not given.
    :returns: one row per event.
    :raises InvalidInput: when the id is ``events`` or ``participations``, which are paths of other calls.

    Source: ``GET /marketing/{version}/marketing-events/{externalEventId}/identifiers``.
    """
    check_not_reserved("external_event_id", external_event_id, "events", "participations")
    path = path_params(externalEventId=external_event_id)
    return Call(
        "marketing_event_objects.find",
        Route("GET", FAMILY, "/{externalEventId}/identifiers", path),
        _identifiers,
        Replay.SAFE,
        query=query_pairs(after=after),
        follow=after_cursor,
        scopes=READ,
    )


@endpoint
def get(object_id: NumericId) -> Call[MarketingEvent]:
    """Read an event, with its participant counters.

    :param object_id: object id of the event.
    :raises NotFound: when it does not exist.

    Source: ``GET /marketing/{version}/marketing-events/{objectId}``.
    """
    return Call("marketing_event_objects.get", _route("GET", object_id), read_event, Replay.SAFE, scopes=READ)


@endpoint
def update(
    object_id: NumericId,
    *,
    name: str | None = None,
    organizer: str | None = None,
    event_type: str | None = None,
    description: str | None = None,
    url: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    cancelled: bool | None = None,
    custom_properties: Mapping[str, str] | None = None,
) -> Call[MarketingEvent]:
    """Update an event. Fields that are not given stay.

    :param object_id: object id of the event.
    :param name: new name of the event.
    :param organizer: new organizer of the event.
    :param event_type: free text, e.g. ``WEBINAR``.
    :param description: new description of the event.
    :param url: address of the event's page.
    :param start: start time (timezone-aware).
    :param end: end time (timezone-aware).
    :param cancelled: whether the event was cancelled.
    :param custom_properties: HubSpot silently ignores unknown ones.
    :returns: the event after the change.
    :raises InvalidInput: when no field is given, or a time has no time zone.
    :raises NotFound: when it does not exist.

    Source: ``PATCH /marketing/{version}/marketing-events/{objectId}``.
    """
    fields = without_none(
        name=name,
        organizer=organizer,
        event_type=event_type,
        description=description,
        url=url,
        start=start,
        end=end,
        cancelled=cancelled,
        custom_properties=custom_properties,
    )
    if not fields:
        raise InvalidInput("name", "and every other field are missing: nothing to change")
    return Call(
        "marketing_event_objects.update",
        _route("PATCH", object_id),
        read_event,
        Replay.SAFE,
        body=JsonBody(event_body(fields, known=OBJECT_FIELDS)),
        scopes=WRITE,
    )


@endpoint
def update_batch(events: Annotated[Sequence[Fields], items(BATCH_MAX)]) -> Call[Batch[EventRow]]:
    """Update up to 100 events.

    :param events: 1-100 mappings: ``object_id`` and `update`'s parameters by name; a time can also be ISO
        8601 text.
    :returns: the updated records in any order, and the errors; inputs that are in neither have an
        error ``NOT_IN_ANSWER``.
    :raises InvalidInput: on an empty or too large batch, an event given twice, or an event without changes.

    Source: ``POST /marketing/{version}/marketing-events/batch/update``.
    """
    inputs: builtins.list[dict[str, Json]] = []
    seen: set[int] = set()
    for index, fields in enumerate(events):
        where = f"events[{index}]"
        if not isinstance(fields, Mapping):
            raise InvalidInput(where, f"must be a mapping of fields, not {describe_type(fields)}")
        object_id = to_id(f"{where}.object_id", fields.get("object_id", ""))
        if object_id in seen:
            # HubSpot does not document which of the two changes wins.
            raise InvalidInput(f"{where}.object_id", "is in the batch twice")
        seen.add(object_id)
        changes = {name: value for name, value in fields.items() if name != "object_id" and value is not None}
        if not changes:
            raise InvalidInput(where, "has no fields to change")
        body = event_body(changes, prefix=f"{where}.", known=OBJECT_FIELDS)
        inputs.append({"objectId": str(object_id), **body})
    return Call(
        "marketing_event_objects.update_batch",
        Route("POST", FAMILY, "/batch/update"),
        read_events_of(inputs),
        Replay.SAFE,
        body=JsonBody(as_inputs(inputs)),
        scopes=WRITE,
    )


@endpoint
def delete(object_id: NumericId) -> Call[None]:
    """Delete an event.

    :param object_id: object id of the event.
    :raises NotFound: when it does not exist; HubSpot does not document a second delete.

    Source: ``DELETE /marketing/{version}/marketing-events/{objectId}``.
    """
    return Call(
        "marketing_event_objects.delete", _route("DELETE", object_id), nothing, Replay.SAFE, scopes=WRITE
    )


@endpoint
def delete_batch(object_ids: Annotated[Sequence[NumericId], items(BATCH_MAX)]) -> Call[Batch[EventRow]]:
    """Delete up to 100 events.

    :param object_ids: 1-100 object ids.
    :returns: an empty batch, or errors for ids that are not an event.
    :raises InvalidInput: on an empty or too large batch, or an invalid id.

    Source: ``POST /marketing/{version}/marketing-events/batch/archive``.
    """
    return Call(
        "marketing_event_objects.delete_batch",
        Route("POST", FAMILY, "/batch/archive"),
        read_event_batch,
        Replay.SAFE,
        body=JsonBody(as_inputs([{"objectId": str(object_id)} for object_id in object_ids])),
        scopes=WRITE,
    )


def _route(method: str, object_id: NumericId) -> Route:
    return Route(method, FAMILY, "/{objectId}", path_params(objectId=object_id))


def _identifiers(envelope: Envelope) -> builtins.list[EventIdentifiers]:
    return cast("builtins.list[EventIdentifiers]", envelope["results"])
