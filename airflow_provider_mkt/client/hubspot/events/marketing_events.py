"""Marketing events by the ids of the external system.

The external account id and the external event id identify an event within the calling app. Events of other
apps need their object id: see ``marketing_event_objects``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, TypedDict, cast

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
    check_fields,
    check_not_reserved,
    check_order,
    complete_event_body,
    event_body,
    external_ids,
    external_key,
    read_event,
    read_event_batch,
    read_events_of,
    to_time_text,
    without_none,
)
from airflow_provider_mkt.client.parameters import TextId, endpoint, items, to_id


class FoundEvent(TypedDict):
    objectId: str
    externalEventId: str
    externalAccountId: str
    appId: int


@endpoint
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
    :param description: description of the event.
    :param url: address of the event's page.
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
    fields = without_none(
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
    body = complete_event_body(
        {"external_event_id": external_event_id, "external_account_id": external_account_id, **fields}
    )
    return _write("marketing_events.create", "POST", "/events", Replay.VERIFY, body=body)


@endpoint
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
    :param description: description of the event.
    :param url: address of the event's page.
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
    fields = without_none(
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
    body = complete_event_body(
        {"external_event_id": external_event_id, "external_account_id": external_account_id, **fields}
    )
    path = path_params(externalEventId=external_event_id)
    return _write("marketing_events.upsert", "PUT", "/events/{externalEventId}", Replay.SAFE, path, body=body)


@endpoint
def upsert_batch(events: Annotated[Sequence[Fields], items(BATCH_MAX)]) -> Call[Batch[EventRow]]:
    """Create or update up to 100 events of this app.

    :param events: 1-100 mappings of `upsert`'s parameters by name; a time can also be ISO 8601 text.
    :returns: the written events in any order, and the errors, which a 200 can also contain; inputs
        that are in neither have an error ``NOT_IN_ANSWER``.
    :raises InvalidInput: on an empty or too large batch, an incomplete event, or an event given twice.

    Source: ``POST /marketing/{version}/marketing-events/events/upsert``.
    """
    inputs = [complete_event_body(fields, prefix=f"events[{index}].") for index, fields in enumerate(events)]
    _check_unique(inputs)
    return Call(
        "marketing_events.upsert_batch",
        Route("POST", FAMILY, "/events/upsert"),
        read_events_of(inputs),
        Replay.SAFE,
        body=JsonBody(as_inputs(inputs)),
        scopes=WRITE,
    )


@endpoint
def get(external_event_id: str, external_account_id: str) -> Call[MarketingEvent]:
    """Read an event that this app created, with its participant counters.

    :param external_event_id: its id in the external system.
    :param external_account_id: the account in the external system.
    :raises NotFound: when the event does not exist, or another app created it.
    :raises InvalidInput: when the event id is ``search``, which is the path of the search.

    Source: ``GET /marketing/{version}/marketing-events/events/{externalEventId}``.
    """
    check_not_reserved("external_event_id", external_event_id, "search")
    route, query = _route_and_query("GET", "", external_event_id, external_account_id)
    return Call("marketing_events.get", route, read_event, Replay.SAFE, query=query, scopes=READ)


@endpoint
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
    :param name: new name of the event.
    :param organizer: new organizer of the event.
    :param event_type: free text, e.g. ``WEBINAR``.
    :param description: new description of the event.
    :param url: address of the event's page.
    :param start: start time (timezone-aware).
    :param end: end time (timezone-aware).
    :param cancelled: whether the event was cancelled.
    :param completed: whether the event has ended.
    :param custom_properties: HubSpot silently ignores unknown ones.
    :returns: the event after the change.
    :raises InvalidInput: when no field is given, or a time has no time zone.
    :raises NotFound: when the event does not exist, or another app created it.

    Source: ``PATCH /marketing/{version}/marketing-events/events/{externalEventId}``.
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
        completed=completed,
        custom_properties=custom_properties,
    )
    if not fields:
        raise InvalidInput("name", "and every other field are missing: nothing to change")
    route, query = _route_and_query("PATCH", "", external_event_id, external_account_id)
    body = JsonBody(event_body(fields))
    return Call(
        "marketing_events.update", route, read_event, Replay.SAFE, query=query, body=body, scopes=WRITE
    )


@endpoint
def delete(external_event_id: str, external_account_id: str) -> Call[None]:
    """Delete an event that this app created.

    :param external_event_id: its id in the external system.
    :param external_account_id: the account in the external system.
    :raises NotFound: when the event does not exist, or another app created it; HubSpot does not document a
        second delete.

    Source: ``DELETE /marketing/{version}/marketing-events/events/{externalEventId}``.
    """
    route, query = _route_and_query("DELETE", "", external_event_id, external_account_id)
    return Call("marketing_events.delete", route, nothing, Replay.SAFE, query=query, scopes=WRITE)


@endpoint
def delete_batch(events: Annotated[Sequence[Fields], items(BATCH_MAX)]) -> Call[Batch[EventRow]]:
    """Delete up to 100 events that this app created. HubSpot does not always report which existed.

    :param events: 1-100 mappings of ``app_id``, ``external_account_id`` and ``external_event_id``.
    :returns: an empty batch, or the errors that HubSpot reports.
    :raises InvalidInput: on an empty or too large batch, or an event without one of the three ids.

    Source: ``POST /marketing/{version}/marketing-events/events/delete``.
    """
    inputs: list[dict[str, Json]] = []
    for index, fields in enumerate(events):
        prefix = f"events[{index}]."
        check_fields(prefix, fields, ("app_id", *EXTERNAL_KEY))
        app_id = to_id(f"{prefix}app_id", fields.get("app_id", ""))
        inputs.append({"appId": app_id, **external_ids(prefix, fields)})
    return Call(
        "marketing_events.delete_batch",
        Route("POST", FAMILY, "/events/delete"),
        read_event_batch,
        Replay.SAFE,
        body=JsonBody(as_inputs(inputs)),
        scopes=WRITE,
    )


@endpoint
def cancel(external_event_id: str, external_account_id: str) -> Call[MarketingEvent]:
    """Mark an event that this app created as cancelled. Doing it again changes nothing.

    :param external_event_id: its id in the external system.
    :param external_account_id: the account in the external system.
    :returns: the event.
    :raises NotFound: when the event does not exist, or another app created it.

    Source: ``POST /marketing/{version}/marketing-events/events/{externalEventId}/cancel``.
    """
    route, query = _route_and_query("POST", "/cancel", external_event_id, external_account_id)
    return Call("marketing_events.cancel", route, read_event, Replay.SAFE, query=query, scopes=WRITE)


@endpoint
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
    body = {"startDateTime": to_time_text("start", start), "endDateTime": to_time_text("end", end)}
    check_order("end", body["startDateTime"], body["endDateTime"])
    route, query = _route_and_query("POST", "/complete", external_event_id, external_account_id)
    return Call(
        "marketing_events.complete",
        route,
        read_event,
        Replay.SAFE,
        query=query,
        body=JsonBody(body),
        scopes=WRITE,
    )


@endpoint
def search(external_event_id: TextId) -> Call[list[FoundEvent]]:
    """Search the events that this app created by external event id, in all external accounts.

    :param external_event_id: the complete id. HubSpot may also match it as a prefix, so rows with longer ids
        are possible.
    :returns: all matches, in one page.

    Source: ``GET /marketing/{version}/marketing-events/events/search``.
    """
    return Call(
        "marketing_events.search",
        Route("GET", FAMILY, "/events/search"),
        _found,
        Replay.SAFE,
        # This is not a CRM search: it counts in the normal ten-second window.
        query=query_pairs(q=external_event_id),
        scopes=READ,
    )


def _route_and_query(
    method: str, tail: str, external_event_id: str, external_account_id: str
) -> tuple[Route, Pairs]:
    path, query = external_key(external_event_id, external_account_id)
    return Route(method, FAMILY, f"/events/{{externalEventId}}{tail}", path), query


def _write(
    call: str, method: str, tail: str, replay: Replay, params: Pairs = (), *, body: dict[str, Json]
) -> Call[MarketingEvent]:
    return Call(
        call, Route(method, FAMILY, tail, params), read_event, replay, body=JsonBody(body), scopes=WRITE
    )


def _check_unique(inputs: list[dict[str, Json]]) -> None:
    seen: set[tuple[Json, Json]] = set()
    for index, event in enumerate(inputs):
        key = (event["externalAccountId"], event["externalEventId"])
        if key in seen:
            # HubSpot does not document which of the two events wins.
            raise InvalidInput(f"events[{index}].external_event_id", "is in the batch twice")
        seen.add(key)


def _found(envelope: Envelope) -> list[FoundEvent]:
    return cast("list[FoundEvent]", envelope["results"])
