"""Reads of the participations in marketing events, for exports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.actions.reading import Reading, ReadRow, Span
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import InvalidInput, NotFound
from airflow_provider_mkt.client.hubspot.events import marketing_event_objects
from airflow_provider_mkt.client.hubspot.events import marketing_event_participations as participations
from airflow_provider_mkt.client.hubspot.events._fields import MarketingEvent
from airflow_provider_mkt.client.hubspot.events.marketing_event_participations import Participation
from airflow_provider_mkt.client.hubspot.parameters import from_epoch_milliseconds
from airflow_provider_mkt.client.paging import with_next

COLUMNS: Mapping[str, str] = {
    "id": "",
    "marketingEventId": "",
    "marketingEventName": "",
    "externalAccountId": "",
    "externalEventId": "",
    "contactId": "",
    "email": "",
    "firstname": "",
    "lastname": "",
    "attendanceState": "",
    "occurredAt": "datetime",
    "attendanceDurationSeconds": "integer",
    "attendancePercentage": "float",
    "createdAt": "datetime",
}


def events_of(event_ids: Sequence[object]) -> Procedure[list[str]]:
    """Return the object ids of the events whose participations are exported.

    :param event_ids: object ids; all events of the account when empty.
    :raises InvalidInput: naming an event that does not exist.
    """
    if event_ids:
        for event_id in event_ids:
            try:
                yield marketing_event_objects.get(str(event_id))
            except NotFound:
                raise InvalidInput("event_ids", f"has {event_id}, which is no event of the account") from None
        return [*dict.fromkeys(str(one) for one in event_ids)]
    page: Call[list[MarketingEvent]] | None = marketing_event_objects.list()
    every: list[str] = []
    while page is not None:
        rows: list[MarketingEvent]
        rows, page = yield with_next(page)
        every += [str(one["objectId"]) for one in rows]
    return every


def participation_reading(event_id: str, state: str | None, span: Span | None) -> Reading:
    """Return what reads the participations in an event.

    :param state: only those of this state.
    :param span: the range of ``occurredAt``; None for all. HubSpot cannot filter by it.
    """

    def rows(page: Sequence[Participation]) -> Procedure[Sequence[ReadRow]]:
        yield from ()
        found = []
        for one in page:
            at = from_epoch_milliseconds(one["properties"]["occurredAt"])
            if span is None or span.start <= at < span.end:
                state = one["properties"]["attendanceState"]
                found.append(ReadRow(_values(one), at, f"{one['id']} {state}"))
        return found

    call = participations.breakdown_by_object_id(event_id, state=state)
    # In which order they are listed is not documented.
    return Reading(call, rows, key="id")


def _values(one: Participation) -> dict[str, object]:
    contact, event = one["associations"]["contact"], one["associations"]["marketingEvent"]
    return {
        "id": one["id"],
        "marketingEventId": event["marketingEventId"],
        "marketingEventName": event["name"],
        "externalAccountId": event.get("externalAccountId"),
        "externalEventId": event.get("externalEventId"),
        "contactId": contact["contactId"],
        "email": contact["email"],
        "firstname": contact.get("firstname"),
        "lastname": contact.get("lastname"),
        **one["properties"],
        "createdAt": one["createdAt"],
    }
