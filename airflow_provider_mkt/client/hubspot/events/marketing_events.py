"""Marketing events by the ids of the external system.

The external account id and the external event id identify an event within the calling app. Events of other
apps need their object id: see ``marketing_event_objects``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypedDict, cast

from airflow_provider_mkt.client.call import (
    Call,
    Envelope,
    JsonBody,
    Pairs,
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
    EXTERNAL_KEY,
    FAMILY,
    READ,
    WRITE,
    Batch,
    EventRow,
    Fields,
    MarketingEvent,
    bodiless,
    event,
    event_body,
    event_key,
    external_ids,
    external_key,
    given,
    in_order,
    moment,
    not_reserved,
    only,
    whole,
)
from airflow_provider_mkt.client.hubspot.parameters import text


class FoundEvent(TypedDict):
    objectId: str
    externalEventId: str
    externalAccountId: str
    appId: int


def create(
    external_event_id: str,
    external_account_id: str,
    *,
    name: str,
    organizer: str,
    event_type: str | None = None,
    description: str | None = None,
    url: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    cancelled: bool | None = None,
    completed: bool | None = None,
    custom_properties: Mapping[str, str] | None = None,
) -> Call[MarketingEvent]:
    """Create an event. HubSpot does not document what a second call does: `upsert` is safe to retry.

    :param external_event_id: its id in the external system.
    :param external_account_id: the account in the external system.
    :param name: name of the event.
    :param organizer: organizer of the event.
    :param event_type: free text, e.g. ``WEBINAR``.
    :param start: start time (timezone-aware).
    :param end: end time (timezone-aware).
    :param cancelled: whether the event was cancelled.
    :param completed: whether the event has ended.
    :param custom_properties: HubSpot silently ignores unknown ones.
    :returns: the event with its ``objectId``.
    :raises InvalidInput: when *name* or *organizer* is missing, a time has no time zone, or the end is before
        the start.

    Source: ``POST /marketing/{version}/marketing-events/events``.
    """
    call = "marketing_events.create"
    fields = given(
        name=name,
        organizer=organizer,
        event_type=event_type,
        description=description,
        url=url,
        start=start,
        end=end,
        cancelled=cancelled,
        completed=completed,
        custom_properties=custom_properties,
    )
    body = whole(call, {**_pair(external_event_id, external_account_id), **fields})
    return _write(call, "POST", "/events", Replay.VERIFY, body=body)


def upsert(
    external_event_id: str,
    external_account_id: str,
    *,
    name: str,
    organizer: str,
    event_type: str | None = None,
    description: str | None = None,
    url: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    cancelled: bool | None = None,
    completed: bool | None = None,
    custom_properties: Mapping[str, str] | None = None,
) -> Call[MarketingEvent]:
    """Create an event, or update the event with these ids that this app created.

    :param external_event_id: its id in the external system.
    :param external_account_id: the account in the external system.
    :param name: name of the event.
    :param organizer: organizer of the event.
    :param event_type: free text, e.g. ``WEBINAR``.
    :param start: start time (timezone-aware).
    :param end: end time (timezone-aware).
    :param cancelled: whether the event was cancelled.
    :param completed: whether the event has ended.
    :param custom_properties: HubSpot silently ignores unknown ones.
    :returns: the event with its ``objectId``.
    :raises InvalidInput: when *name* or *organizer* is missing, a time has no time zone, or the end is before
        the start.

    Source: ``PUT /marketing/{version}/marketing-events/events/{externalEventId}``.
    """
    call = "marketing_events.upsert"
    fields = given(
        name=name,
        organizer=organizer,
        event_type=event_type,
        description=description,
        url=url,
        start=start,
        end=end,
        cancelled=cancelled,
        completed=completed,
        custom_properties=custom_properties,
    )
    body = whole(call, {**_pair(external_event_id, external_account_id), **fields})
    path = (event_key(call, external_event_id),)
    return _write(call, "PUT", "/events/{externalEventId}", Replay.SAFE, path, body=body)


def upsert_batch(events: Sequence[Fields]) -> Call[Batch[EventRow]]:
    """Create or update up to 100 events of this app.

    :param events: 1-100 mappings of `upsert`'s parameters by name; a time can also be ISO 8601 text.
    :returns: the written events in any order, and the errors, which a 200 can also contain.
    :raises InvalidInput: on an empty or too large batch, an incomplete event, or an event given twice.

    Source: ``POST /marketing/{version}/marketing-events/events/upsert``.
    """
    call = "marketing_events.upsert_batch"
    inputs = [
        whole(call, fields, where=f"events[{index}].")
        for index, fields in enumerate(batch(call, "events", events, at_most=BATCH_MAX))
    ]
    _once(call, inputs)
    return Call(
        call,
        Route("POST", FAMILY, "/events/upsert"),
        Batch[EventRow].model_validate,
        Replay.SAFE,
        body=JsonBody(as_inputs(inputs)),
        scopes=WRITE,
    )


def get(external_event_id: str, external_account_id: str) -> Call[MarketingEvent]:
    """Read an event that this app created, with its participant counters.

    :param external_event_id: its id in the external system.
    :param external_account_id: the account in the external system.
    :raises NotFound: when the event does not exist, or another app created it.
    :raises InvalidInput: when the event id is ``search``, which is the path of the search.

    Source: ``GET /marketing/{version}/marketing-events/events/{externalEventId}``.
    """
    call = "marketing_events.get"
    not_reserved(call, "external_event_id", external_event_id, "search")
    route, query = _one(call, "GET", "", external_event_id, external_account_id)
    return Call(call, route, event, Replay.SAFE, query=query, scopes=READ)


def update(
    external_event_id: str,
    external_account_id: str,
    *,
    name: str | None = None,
    organizer: str | None = None,
    event_type: str | None = None,
    description: str | None = None,
    url: str | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    cancelled: bool | None = None,
    completed: bool | None = None,
    custom_properties: Mapping[str, str] | None = None,
) -> Call[MarketingEvent]:
    """Update an event that this app created. Fields that are not given stay.

    :param external_event_id: its id in the external system.
    :param external_account_id: the account in the external system.
    :param event_type: free text, e.g. ``WEBINAR``.
    :param custom_properties: HubSpot silently ignores unknown ones.
    :returns: the event after the change.
    :raises InvalidInput: when no field is given, or a time has no time zone.
    :raises NotFound: when the event does not exist, or another app created it.

    Source: ``PATCH /marketing/{version}/marketing-events/events/{externalEventId}``.
    """
    call = "marketing_events.update"
    fields = given(
        name=name,
        organizer=organizer,
        event_type=event_type,
        description=description,
        url=url,
        start=start,
        end=end,
        cancelled=cancelled,
        completed=completed,
        custom_properties=custom_properties,
    )
    if not fields:
        raise InvalidInput("name", "and every other field are missing: nothing to change", call=call)
    route, query = _one(call, "PATCH", "", external_event_id, external_account_id)
    body = JsonBody(event_body(call, fields))
    return Call(call, route, event, Replay.SAFE, query=query, body=body, scopes=WRITE)


def delete(external_event_id: str, external_account_id: str) -> Call[None]:
    """Delete an event that this app created.

    :param external_event_id: its id in the external system.
    :param external_account_id: the account in the external system.
    :raises NotFound: when the event does not exist, or another app created it; HubSpot does not document a
        second delete.

    Source: ``DELETE /marketing/{version}/marketing-events/events/{externalEventId}``.
    """
    call = "marketing_events.delete"
    route, query = _one(call, "DELETE", "", external_event_id, external_account_id)
    return Call(call, route, nothing, Replay.SAFE, query=query, scopes=WRITE)


def delete_batch(events: Sequence[Fields]) -> Call[Batch[EventRow]]:
    """Delete up to 100 events that this app created. HubSpot does not always report which existed.

    :param events: 1-100 mappings of ``app_id``, ``external_account_id`` and ``external_event_id``.
    :returns: an empty batch, or the errors that HubSpot reports.
    :raises InvalidInput: on an empty or too large batch, or an event without one of the three ids.

    Source: ``POST /marketing/{version}/marketing-events/events/delete``.
    """
    call = "marketing_events.delete_batch"
    inputs: list[dict[str, Any]] = []
    for index, fields in enumerate(batch(call, "events", events, at_most=BATCH_MAX)):
        where = f"events[{index}]."
        only(call, where, fields, ("app_id", *EXTERNAL_KEY))
        app_id = numeric_id(call, f"{where}app_id", fields.get("app_id", ""))
        inputs.append({"appId": app_id, **external_ids(call, where, fields)})
    return Call(
        call,
        Route("POST", FAMILY, "/events/delete"),
        lambda envelope: Batch[EventRow].model_validate(bodiless(envelope)),
        Replay.SAFE,
        body=JsonBody(as_inputs(inputs)),
        scopes=WRITE,
    )


def cancel(external_event_id: str, external_account_id: str) -> Call[MarketingEvent]:
    """Mark an event that this app created as cancelled. Doing it again changes nothing.

    :param external_event_id: its id in the external system.
    :param external_account_id: the account in the external system.
    :returns: the event.
    :raises NotFound: when the event does not exist, or another app created it.

    Source: ``POST /marketing/{version}/marketing-events/events/{externalEventId}/cancel``.
    """
    call = "marketing_events.cancel"
    route, query = _one(call, "POST", "/cancel", external_event_id, external_account_id)
    return Call(call, route, event, Replay.SAFE, query=query, scopes=WRITE)


def complete(
    external_event_id: str, external_account_id: str, *, start: datetime, end: datetime
) -> Call[MarketingEvent]:
    """Mark an event that this app created as completed. Doing it again changes nothing.

    HubSpot then computes how long each contact attended, so call it after the last attendance was recorded.

    :param external_event_id: its id in the external system.
    :param external_account_id: the account in the external system.
    :param start: actual start time (timezone-aware).
    :param end: actual end time (timezone-aware).
    :returns: the event.
    :raises InvalidInput: when a time has no time zone, or the end is before the start.
    :raises NotFound: when the event does not exist, or another app created it.

    Source: ``POST /marketing/{version}/marketing-events/events/{externalEventId}/complete``.
    """
    call = "marketing_events.complete"
    body = {"startDateTime": moment(call, "start", start), "endDateTime": moment(call, "end", end)}
    in_order(call, "end", body["startDateTime"], body["endDateTime"])
    route, query = _one(call, "POST", "/complete", external_event_id, external_account_id)
    return Call(call, route, event, Replay.SAFE, query=query, body=JsonBody(body), scopes=WRITE)


def search(external_event_id: str) -> Call[list[FoundEvent]]:
    """Search the events that this app created by external event id, in all external accounts.

    :param external_event_id: the complete id. HubSpot may also match it as a prefix, so rows with longer ids
        are possible.
    :returns: all matches, in one page.

    Source: ``GET /marketing/{version}/marketing-events/events/search``.
    """
    call = "marketing_events.search"
    return Call(
        call,
        Route("GET", FAMILY, "/events/search"),
        _found,
        Replay.SAFE,
        # This is not a CRM search: it counts in the normal ten-second window.
        query=query_pairs(q=text(call, "external_event_id", external_event_id)),
        scopes=READ,
    )


def _pair(external_event_id: str, external_account_id: str) -> dict[str, str]:
    return {"external_event_id": external_event_id, "external_account_id": external_account_id}


def _one(
    call: str, method: str, tail: str, external_event_id: str, external_account_id: str
) -> tuple[Route, Pairs]:
    event_id, account_id = external_key(call, external_event_id, external_account_id)
    route = Route(method, FAMILY, f"/events/{{externalEventId}}{tail}", (event_id,))
    return route, query_pairs(externalAccountId=account_id[1])


def _write(
    call: str, method: str, tail: str, replay: Replay, params: Pairs = (), *, body: dict[str, Any]
) -> Call[MarketingEvent]:
    return Call(call, Route(method, FAMILY, tail, params), event, replay, body=JsonBody(body), scopes=WRITE)


def _once(call: str, inputs: list[dict[str, Any]]) -> None:
    seen: set[tuple[str, str]] = set()
    for index, one in enumerate(inputs):
        key = (one["externalAccountId"], one["externalEventId"])
        if key in seen:
            # HubSpot does not document which of the two events wins.
            raise InvalidInput(f"events[{index}].external_event_id", "is in the batch twice", call=call)
        seen.add(key)


def _found(envelope: Envelope) -> list[FoundEvent]:
    return cast("list[FoundEvent]", envelope["results"])
