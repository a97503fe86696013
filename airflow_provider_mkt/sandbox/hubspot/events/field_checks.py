"""Read and check the fields of an event."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot import times
from airflow_provider_mkt.sandbox.hubspot.errors import HubSpotError, invalid
from airflow_provider_mkt.sandbox.hubspot.events.models import Event
from airflow_provider_mkt.sandbox.hubspot.requests import array, check_object
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

TEXTS = ("eventName", "eventOrganizer", "eventType", "eventUrl", "eventDescription")
MOMENTS = ("startDateTime", "endDateTime")
FLAGS = ("eventCancelled", "eventCompleted")
FIELDS = (*TEXTS, *MOMENTS, *FLAGS, "customProperties")
IDS = ("externalAccountId", "externalEventId")
REQUIRED = (*IDS, "eventName", "eventOrganizer")
UPDATABLE_BY_OBJECT_ID = tuple(name for name in FIELDS if name != "eventCompleted")

CUSTOM_PROPERTIES = frozenset({"venue", "speaker", "track", "hs_event_region"})
"""Custom event properties of the account; others are ignored."""

Fields = tuple[JsonObject, dict[str, str]]


def event_fields(body: JsonObject, schema: str, known: tuple[str, ...]) -> Fields:
    """Return the fields and the custom properties of a body.

    Wrong types and unknown keys are rejected. The schema requires customProperties, but no example has
    them, so they are optional here.
    """
    check_object(body, schema, known=known)
    values: JsonObject = {}
    for name in (*TEXTS, *IDS):
        if body.get(name) is not None:
            values[name] = _text(body[name], name, schema)
    if empty := [name for name in IDS if name in values and not values[name].strip()]:
        raise invalid(f"{empty[0]} must not be empty")
    for name in MOMENTS:
        if body.get(name) is not None:
            values[name] = moment(body[name], name, schema)
    for name in FLAGS:
        if body.get(name) is not None:
            if not isinstance(body[name], bool):
                raise _misshapen(schema, f"{name} is no boolean")
            values[name] = body[name]
    return values, _custom(body, schema)


def check_app_id(item: JsonObject, schema: str) -> None:
    """Check an app id, which is a number or a string of digits."""
    given = item["appId"]
    if isinstance(given, bool) or not isinstance(given, int | str) or not str(given).isdigit():
        raise _misshapen(schema, "appId is no number")


def moment(value: object, name: str, schema: str) -> str:
    """Return an ISO time in the platform's format."""
    read = times.parse(value) if isinstance(value, str) and not value.lstrip("-").isdigit() else None
    if read is None:
        raise _misshapen(schema, f"{name} is no ISO 8601 time")
    return times.iso(read)


def check_values(values: JsonObject, event: Event | None = None) -> None:
    """Check that an event has a name, an organizer, and an end that is not before its start."""
    whole = {**(event.values if event else {}), **values}
    for name in ("eventName", "eventOrganizer"):
        if not str(whole.get(name, "")).strip():
            msg = f"{name} must not be empty"
            raise invalid(msg)
    start, end = (whole.get(name) for name in MOMENTS)
    if start is not None and end is not None and end < start:
        msg = "endDateTime must not be before startDateTime"
        raise invalid(msg)


def _custom(body: JsonObject, schema: str) -> dict[str, str]:
    custom: dict[str, str] = {}
    for item in array(body, "customProperties", schema):
        # The schema has twenty fields; two of them are used, and the others are optional.
        given = check_object(item, "PropertyValue", ["name", "value"])
        name = _text(given["name"], "name", "PropertyValue")
        if name in CUSTOM_PROPERTIES:
            custom[name] = _text(given["value"], "value", "PropertyValue")
    return custom


def _text(value: object, name: str, schema: str) -> str:
    if isinstance(value, dict | list | bool):
        raise _misshapen(schema, f"{name} is no string")
    return str(value)


def _misshapen(schema: str, what: str) -> HubSpotError:
    return invalid(f"Invalid input JSON on line 1, column 1: Cannot build {schema}, {what}")
