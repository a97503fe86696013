"""Marketing events of any app, by HubSpot's object id."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NotRequired, TypedDict, cast

from airflow_provider_mkt.client.call import (
    Call,
    Envelope,
    JsonBody,
    Replay,
    Route,
    batch,
    numeric_id,
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
    bodiless,
    event,
    event_body,
    event_key,
    given,
    not_reserved,
    object_key,
)
from airflow_provider_mkt.client.hubspot.parameters import page_size
from airflow_provider_mkt.client.paging import after_cursor
from airflow_provider_mkt.client.redaction import describe_type


class EventIdentifiers(TypedDict):
    objectId: str
    externalEventId: str
    marketingEventName: str
    externalAccountId: NotRequired[str]
    appInfo: NotRequired[AppInfo]


def list(*, limit: int = PAGE_MAX) -> Call[builtins.list[MarketingEvent]]:
    """List the events of all apps.

    :param limit: rows per page, 1-100.
    :returns: one page of events; iterate the call for all pages.
    :raises InvalidInput: when *limit* is out of range.

    Source: ``GET /marketing/{version}/marketing-events``.
    """
    call = "marketing_event_objects.list"
    return Call(
        call,
        Route("GET", FAMILY),
        lambda envelope: cast("builtins.list[MarketingEvent]", envelope["results"]),
        Replay.SAFE,
        query=query_pairs(limit=page_size(call, limit, at_most=PAGE_MAX)),
        follow=after_cursor,
        scopes=READ,
    )


def find(external_event_id: str) -> Call[builtins.list[EventIdentifiers]]:
    """Find the object ids of the events with an external event id, in all apps and external accounts.

    A new event is found only some minutes after its creation, so an empty result does not mean that there is
    no event.

    :param external_event_id: its id in the external system.
    :returns: one row per event.
    :raises InvalidInput: when the id is ``events`` or ``participations``, which are paths of other calls.

    Source: ``GET /marketing/{version}/marketing-events/{externalEventId}/identifiers``.
    """
    call = "marketing_event_objects.find"
    not_reserved(call, "external_event_id", external_event_id, "events", "participations")
    path = (event_key(call, external_event_id),)
    return Call(
        call,
        Route("GET", FAMILY, "/{externalEventId}/identifiers", path),
        _identifiers,
        Replay.SAFE,
        follow=after_cursor,
        scopes=READ,
    )


def get(object_id: int | str) -> Call[MarketingEvent]:
    """Read an event, with its participant counters.

    :param object_id: object id of the event.
    :raises NotFound: when it does not exist.

    Source: ``GET /marketing/{version}/marketing-events/{objectId}``.
    """
    call = "marketing_event_objects.get"
    return Call(call, _one("GET", call, object_id), event, Replay.SAFE, scopes=READ)


def update(
    object_id: int | str,
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
    :param event_type: free text, e.g. ``WEBINAR``.
    :param custom_properties: HubSpot silently ignores unknown ones.
    :returns: the event after the change.
    :raises InvalidInput: when no field is given, or a time has no time zone.
    :raises NotFound: when it does not exist.

    Source: ``PATCH /marketing/{version}/marketing-events/{objectId}``.
    """
    call = "marketing_event_objects.update"
    fields = given(
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
        raise InvalidInput("name", "and every other field are missing: nothing to change", call=call)
    return Call(
        call,
        _one("PATCH", call, object_id),
        event,
        Replay.SAFE,
        body=JsonBody(event_body(call, fields, known=OBJECT_FIELDS)),
        scopes=WRITE,
    )


def update_batch(events: Sequence[Fields]) -> Call[Batch[EventRow]]:
    """Update up to 100 events.

    :param events: 1-100 mappings: ``object_id`` and `update`'s parameters by name; a time can also be ISO
        8601 text.
    :returns: the updated records in any order, and the errors.
    :raises InvalidInput: on an empty or too large batch, an event given twice, or an event without changes.

    Source: ``POST /marketing/{version}/marketing-events/batch/update``.
    """
    call = "marketing_event_objects.update_batch"
    inputs: builtins.list[dict[str, Any]] = []
    seen: set[int] = set()
    for index, fields in enumerate(batch(call, "events", events, at_most=BATCH_MAX)):
        where = f"events[{index}]"
        if not isinstance(fields, Mapping):
            raise InvalidInput(where, f"must be a mapping of fields, not {describe_type(fields)}", call=call)
        object_id = numeric_id(call, f"{where}.object_id", fields.get("object_id", ""))
        if object_id in seen:
            # HubSpot does not document which of the two changes wins.
            raise InvalidInput(f"{where}.object_id", "is in the batch twice", call=call)
        seen.add(object_id)
        changes = {name: value for name, value in fields.items() if name != "object_id" and value is not None}
        if not changes:
            raise InvalidInput(where, "names nothing to change", call=call)
        body = event_body(call, changes, where=f"{where}.", known=OBJECT_FIELDS)
        inputs.append({"objectId": str(object_id), **body})
    return Call(
        call,
        Route("POST", FAMILY, "/batch/update"),
        Batch[EventRow].model_validate,
        Replay.SAFE,
        body=JsonBody(as_inputs(inputs)),
        scopes=WRITE,
    )


def delete(object_id: int | str) -> Call[None]:
    """Delete an event.

    :param object_id: object id of the event.
    :raises NotFound: when there is none; HubSpot does not document a second delete.

    Source: ``DELETE /marketing/{version}/marketing-events/{objectId}``.
    """
    call = "marketing_event_objects.delete"
    return Call(call, _one("DELETE", call, object_id), nothing, Replay.SAFE, scopes=WRITE)


def delete_batch(object_ids: Sequence[int | str]) -> Call[Batch[EventRow]]:
    """Delete up to 100 events.

    :param object_ids: 1-100 object ids.
    :returns: an empty batch, or errors for ids that are not an event.
    :raises InvalidInput: on an empty or too large batch, or an invalid id.

    Source: ``POST /marketing/{version}/marketing-events/batch/archive``.
    """
    call = "marketing_event_objects.delete_batch"
    ids = [
        numeric_id(call, f"object_ids[{index}]", one)
        for index, one in enumerate(batch(call, "object_ids", object_ids, at_most=BATCH_MAX))
    ]
    return Call(
        call,
        Route("POST", FAMILY, "/batch/archive"),
        lambda envelope: Batch[EventRow].model_validate(bodiless(envelope)),
        Replay.SAFE,
        body=JsonBody(as_inputs([{"objectId": str(one)} for one in ids])),
        scopes=WRITE,
    )


def _one(method: str, call: str, object_id: int | str) -> Route:
    return Route(method, FAMILY, "/{objectId}", object_key(call, object_id))


def _identifiers(envelope: Envelope) -> builtins.list[EventIdentifiers]:
    return cast("builtins.list[EventIdentifiers]", envelope["results"])
