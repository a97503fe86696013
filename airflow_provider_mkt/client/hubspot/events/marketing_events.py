"""Marketing events by the ids of the system they come from.

The pair of external account and external event id is a key within the app that makes the calls: events
of other apps are not found by it, and are reached by object id (``marketing_event_objects``).
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
    """Create an event. What a repeat does is documented nowhere: `upsert` is the one that may be repeated.

    :param external_event_id: its id in the system it comes from.
    :param external_account_id: the account there.
    :param name: shown to people.
    :param organizer: who holds it.
    :param event_type: free text, e.g. ``WEBINAR``.
    :param start: when it begins.
    :param end: when it ends.
    :param cancelled: whether it was called off.
    :param completed: whether it is over.
    :param custom_properties: the platform drops the ones it does not know without a word.
    :returns: the event with its ``objectId``.
    :raises InvalidInput: on a missing name or organizer, a time without a zone, or an end before the start.

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
    """Create an event, or update the one with these ids that this app made.

    :param external_event_id: its id in the system it comes from.
    :param external_account_id: the account there.
    :param name: shown to people.
    :param organizer: who holds it.
    :param event_type: free text, e.g. ``WEBINAR``.
    :param start: when it begins.
    :param end: when it ends.
    :param cancelled: whether it was called off.
    :param completed: whether it is over.
    :param custom_properties: the platform drops the ones it does not know without a word.
    :returns: the event with its ``objectId``.
    :raises InvalidInput: on a missing name or organizer, a time without a zone, or an end before the start.

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

    :param events: one mapping each, of `upsert`'s arguments by name; a time may be ISO 8601 text.
    :returns: the written ones in any order, and the failures, which come inside a 200.
    :raises InvalidInput: on an empty or too large batch, an event that is not whole, or one given twice.

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
    """Read an event that this app made, with its counters.

    :param external_event_id: its id in the system it comes from.
    :param external_account_id: the account there.
    :raises NotFound: when there is none, or another app made it.
    :raises InvalidInput: on the event id ``search``, whose path is that of the search.

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
    """Change fields of an event that this app made; what is not given stays.

    :param external_event_id: its id in the system it comes from.
    :param external_account_id: the account there.
    :param event_type: free text, e.g. ``WEBINAR``.
    :param custom_properties: the platform drops the ones it does not know without a word.
    :returns: the event after the change.
    :raises InvalidInput: when there is nothing to change, or a time has no zone.
    :raises NotFound: when there is none, or another app made it.

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
        raise InvalidInput("name", "and every other field is missing: nothing to change", call=call)
    route, query = _one(call, "PATCH", "", external_event_id, external_account_id)
    body = JsonBody(event_body(call, fields))
    return Call(call, route, event, Replay.SAFE, query=query, body=body, scopes=WRITE)


def delete(external_event_id: str, external_account_id: str) -> Call[None]:
    """Delete an event that this app made.

    :param external_event_id: its id in the system it comes from.
    :param external_account_id: the account there.
    :raises NotFound: when there is none, or another app made it; not documented for a repeat.

    Source: ``DELETE /marketing/{version}/marketing-events/events/{externalEventId}``.
    """
    call = "marketing_events.delete"
    route, query = _one(call, "DELETE", "", external_event_id, external_account_id)
    return Call(call, route, nothing, Replay.SAFE, query=query, scopes=WRITE)


def delete_batch(events: Sequence[Fields]) -> Call[Batch[EventRow]]:
    """Delete up to 100 events that this app made. The platform need not tell which there were.

    :param events: one mapping each: ``app_id``, ``external_account_id`` and ``external_event_id``.
    :returns: an empty batch, or the failures where the platform names any.
    :raises InvalidInput: on an empty or too large batch, or an event without all three ids.

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
    """Mark an event that this app made as called off. A repeat changes nothing.

    :param external_event_id: its id in the system it comes from.
    :param external_account_id: the account there.
    :returns: the event.
    :raises NotFound: when there is none, or another app made it.

    Source: ``POST /marketing/{version}/marketing-events/events/{externalEventId}/cancel``.
    """
    call = "marketing_events.cancel"
    route, query = _one(call, "POST", "/cancel", external_event_id, external_account_id)
    return Call(call, route, event, Replay.SAFE, query=query, scopes=WRITE)


def complete(
    external_event_id: str, external_account_id: str, *, start: datetime, end: datetime
) -> Call[MarketingEvent]:
    """Mark an event that this app made as over. A repeat changes nothing.

    The platform works out how long everybody attended, so call it after the last attendance is written.

    :param external_event_id: its id in the system it comes from.
    :param external_account_id: the account there.
    :param start: when it really began.
    :param end: when it really ended.
    :returns: the event.
    :raises InvalidInput: on a time without a zone, or an end before the start.
    :raises NotFound: when there is none, or another app made it.

    Source: ``POST /marketing/{version}/marketing-events/events/{externalEventId}/complete``.
    """
    call = "marketing_events.complete"
    body = {"startDateTime": moment(call, "start", start), "endDateTime": moment(call, "end", end)}
    in_order(call, "end", body["startDateTime"], body["endDateTime"])
    route, query = _one(call, "POST", "/complete", external_event_id, external_account_id)
    return Call(call, route, event, Replay.SAFE, query=query, body=JsonBody(body), scopes=WRITE)


def search(external_event_id: str) -> Call[list[FoundEvent]]:
    """Look for events that this app made by external event id, in every external account.

    :param external_event_id: the whole id. Whether its beginning is enough is not settled, so rows of
        longer ids may come too.
    :returns: all there are; there is one page.

    Source: ``GET /marketing/{version}/marketing-events/events/search``.
    """
    call = "marketing_events.search"
    return Call(
        call,
        Route("GET", FAMILY, "/events/search"),
        _found,
        Replay.SAFE,
        # Not one of the CRM searches: it counts in the ten-second window as any other call.
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
            # Said to be refused, or else nobody knows which of the two would win.
            raise InvalidInput(f"events[{index}].external_event_id", "is in the batch twice", call=call)
        seen.add(key)


def _found(envelope: Envelope) -> list[FoundEvent]:
    return cast("list[FoundEvent]", envelope["results"])
