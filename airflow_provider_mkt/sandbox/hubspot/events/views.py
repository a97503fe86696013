"""Events and participations as JSON, which differs between external ids and object ids."""

from __future__ import annotations

from collections import Counter

from airflow_provider_mkt.sandbox.hubspot.contacts.store import Contact
from airflow_provider_mkt.sandbox.hubspot.events.models import (
    ATTENDED,
    CANCELLED,
    NO_SHOW,
    REGISTERED,
    STATES,
    Event,
    Participation,
)
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotState
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.json_types import JsonObject


def create_view(event: Event) -> JsonObject:
    """Return an event as in responses to creating, cancelling and completing."""
    custom = [_custom_property(name, value, event.updated) for name, value in event.custom.items()]
    return {"objectId": event.id, **event.values, "customProperties": custom}


def write_view(event: Event) -> JsonObject:
    """Return an event as in responses to writes by external id. Its `id` is the object id."""
    return {
        "id": event.id,
        **create_view(event),
        "createdAt": iso(event.created),
        "updatedAt": iso(event.updated),
    }


def external_view(state: HubSpotState, event: Event) -> JsonObject:
    """Return an event as in responses to reads by external id."""
    return {**write_view(event), "externalEventId": event.external_event_id, **_counted(state, event)}


def object_write_view(state: HubSpotState, event: Event) -> JsonObject:
    """Return an event as in responses to writes by object id."""
    app = state.events.app_of(event)
    return {
        **create_view(event),
        "customProperties": [{"name": name, "value": value} for name, value in event.custom.items()],
        "appInfo": {"id": str(app.id), "name": app.name},
        "createdAt": iso(event.created),
        "updatedAt": iso(event.updated),
    }


def object_view(state: HubSpotState, event: Event) -> JsonObject:
    """Return an event as in responses to reads by object id, without two statuses that are not documented."""
    external = {"externalEventId": event.external_event_id}
    return {**object_write_view(state, event), **external, **_counted(state, event)}


def taking_part(state: HubSpotState, event: Event) -> list[tuple[Participation, Contact]]:
    """Return participations with their contacts, without those of archived contacts."""
    event.follow(state.contacts.survivor)
    pairs = ((one, state.contacts.get(one.contact_id)) for one in event.participations.values())
    return [(one, contact) for one, contact in pairs if contact is not None]


def counters(state: HubSpotState, event: Event) -> dict[str, int]:
    """Return the number of contacts in each state."""
    now = state.clock.time()
    counted = Counter(event.state_of(one, now)[0] for one, _ in taking_part(state, event))
    return {attendance: counted[attendance] for attendance in STATES}


def participation(state: HubSpotState, event: Event, one: Participation, contact: Contact) -> JsonObject:
    """Return one row of a breakdown."""
    attendance, at = event.state_of(one, state.clock.time())
    properties: JsonObject = {"attendanceState": attendance, "occurredAt": at}
    if attendance == ATTENDED and one.stay is not None:
        properties["attendanceDurationSeconds"] = one.stay
        if event.length():
            # Only its type, string, is documented.
            properties["attendancePercentage"] = f"{min(100.0, 100 * one.stay / event.length()):.1f}"
    person = {"contactId": contact.id, "email": contact.properties.get("email", "")}
    for name in ("firstname", "lastname"):
        if name in contact.properties:
            person[name] = contact.properties[name]
    return {
        "id": one.id,
        "createdAt": iso(one.created),
        "properties": properties,
        "associations": {
            "contact": person,
            "marketingEvent": {
                "marketingEventId": event.id,
                "name": event.name,
                "externalAccountId": event.external_account_id,
                "externalEventId": event.external_event_id,
            },
        },
    }


def _custom_property(name: str, value: str, at: float) -> JsonObject:
    """Return a custom property with all twenty fields that the schema requires."""
    moment = int(at * 1000)
    return {
        "name": name,
        "value": value,
        "timestamp": moment,
        "persistenceTimestamp": moment,
        "useTimestampAsPersistenceTimestamp": False,
        "source": "API",
        **dict.fromkeys(("sourceId", "sourceLabel", "sourceMetadata", "sourceUpstreamDeployable"), ""),
        "sourceVid": [],
        "requestId": "",
        "unit": "",
        "updatedByUserId": 0,
        "selectedByUser": False,
        "selectedByUserTimestamp": 0,
        "dataSensitivity": "none",
        "maskedSubstrings": {},
        "isEncrypted": False,
        "isLargeValue": False,
    }


def _counted(state: HubSpotState, event: Event) -> dict[str, int]:
    states = counters(state, event)
    return {
        "registrants": states[REGISTERED],
        "attendees": states[ATTENDED],
        "cancellations": states[CANCELLED],
        "noShows": states[NO_SHOW],
    }
