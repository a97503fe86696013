"""Types and field checks that the marketing event calls share."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Generic, NotRequired, Self, TypedDict, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, model_validator

from airflow_provider_mkt.client.call import Envelope, Pairs, numeric_id, path_params
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.batch import BatchError
from airflow_provider_mkt.client.hubspot.parameters import instant, text
from airflow_provider_mkt.client.redaction import describe_type

FAMILY = "marketing_events"
BATCH_MAX = 100
"""HubSpot documents no limit for events and attendances; its contact batches accept this many."""
PAGE_MAX = 100
READ = ("crm.objects.marketing_events.read",)
WRITE = ("crm.objects.marketing_events.write",)

Fields = Mapping[str, Any]
Row = TypeVar("Row")

_NAMES = {
    "name": "eventName",
    "organizer": "eventOrganizer",
    "event_type": "eventType",
    "description": "eventDescription",
    "url": "eventUrl",
    "start": "startDateTime",
    "end": "endDateTime",
    "cancelled": "eventCancelled",
    "completed": "eventCompleted",
    "custom_properties": "customProperties",
}
EVENT_FIELDS = tuple(_NAMES)
EXTERNAL_KEY = ("external_event_id", "external_account_id")
OBJECT_FIELDS = tuple(name for name in _NAMES if name != "completed")
"""Fields that an update by object id accepts. Only the app that created an event can complete it."""


class CustomProperty(TypedDict):
    name: str
    value: str


class AppInfo(TypedDict):
    id: str
    name: str


class MarketingEvent(TypedDict):
    """A marketing event. Calls by external id and calls by object id return different fields."""

    eventName: str
    customProperties: list[CustomProperty]
    objectId: NotRequired[str]
    id: NotRequired[str]
    externalEventId: NotRequired[str]
    appInfo: NotRequired[AppInfo]
    eventOrganizer: NotRequired[str]
    eventType: NotRequired[str]
    eventDescription: NotRequired[str]
    eventUrl: NotRequired[str]
    startDateTime: NotRequired[str]
    endDateTime: NotRequired[str]
    eventCancelled: NotRequired[bool]
    eventCompleted: NotRequired[bool]
    registrants: NotRequired[int]
    attendees: NotRequired[int]
    cancellations: NotRequired[int]
    noShows: NotRequired[int]
    createdAt: NotRequired[str]
    updatedAt: NotRequired[str]


class Batch(BaseModel, Generic[Row]):
    """A batch response. A 200 can contain failures, so check ``errors``, not the status.

    :param results: rows in any order.
    :param errors: failures; HubSpot does not guarantee one per input.
    :param numErrors: how many inputs failed.
    """

    model_config = ConfigDict(extra="allow")

    status: str
    results: list[Row] = Field(default_factory=list)
    errors: list[BatchError] = Field(default_factory=list)
    numErrors: int = 0

    @model_validator(mode="after")
    def _ended(self) -> Self:
        # HubSpot has no call to poll a pending batch, so any other status is an error.
        if self.status != "COMPLETE":
            msg = f"batch status {self.status}"
            raise ValueError(msg)
        return self


class EventRow(BaseModel):
    """An event in a batch response. Other fields are kept as extra."""

    model_config = ConfigDict(extra="allow")

    objectId: str | None = None
    eventName: str = ""


def event(envelope: Envelope) -> MarketingEvent:
    """Read one event."""
    return cast("MarketingEvent", envelope)


def bodiless(envelope: Envelope) -> Envelope:
    """A batch answer where success may have no body."""
    return envelope or {"status": "COMPLETE"}


def external_key(call: str, external_event_id: str, external_account_id: str) -> Pairs:
    """Check the pair that names an event within its app."""
    (_, account_id) = path_params(call, external_account_id=external_account_id)[0]
    return (event_key(call, external_event_id), ("externalAccountId", account_id))


def event_key(call: str, external_event_id: str) -> tuple[str, str]:
    """Check an external event id for a path."""
    (_, event_id) = path_params(call, external_event_id=external_event_id)[0]
    return ("externalEventId", event_id)


def object_key(call: str, object_id: int | str, *, name: str = "objectId") -> Pairs:
    """Check an object id: a number, so that it can never read as another word of the path."""
    return ((name, str(numeric_id(call, "object_id", object_id))),)


def not_reserved(call: str, field: str, value: str, *words: str) -> None:
    """Reject an external id that is a reserved word in HubSpot's path.

    :raises InvalidInput: naming the field.
    """
    if value in words:
        problem = f"cannot be {value!r}: it is a reserved word in the path; use the call by object id"
        raise InvalidInput(field, problem, call=call)


def given(**values: object) -> dict[str, Any]:
    """The arguments that were given."""
    return {name: value for name, value in values.items() if value is not None}


def event_body(
    call: str, fields: Fields, *, where: str = "", known: Collection[str] = EVENT_FIELDS
) -> dict[str, Any]:
    """Fields of an event by the platform's names.

    :param where: what stands before a field's name in errors, e.g. ``events[0].``.
    :raises InvalidInput: naming the field that is wrong, without its value.
    """
    only(call, where, fields, known)
    body: dict[str, Any] = {"customProperties": []}
    body |= {_NAMES[name]: _value(call, f"{where}{name}", name, value) for name, value in fields.items()}
    if "start" in fields and "end" in fields:
        in_order(call, f"{where}end", body["startDateTime"], body["endDateTime"])
    return body


def whole(call: str, fields: Fields, *, where: str = "") -> dict[str, Any]:
    """An event with everything that creating it takes.

    :raises InvalidInput: naming the field that is missing or wrong.
    """
    only(call, where, fields, (*EXTERNAL_KEY, *EVENT_FIELDS))
    for name in ("name", "organizer"):
        if fields.get(name) is None:
            raise InvalidInput(f"{where}{name}", "is missing: an event requires it", call=call)
    rest = {name: value for name, value in fields.items() if name not in EXTERNAL_KEY and value is not None}
    return {**external_ids(call, where, fields), **event_body(call, rest, where=where)}


def external_ids(call: str, where: str, fields: Fields) -> dict[str, str]:
    """The pair that names an event within its app, out of its fields."""
    event_id, account_id = (text(call, f"{where}{name}", fields.get(name, "")) for name in EXTERNAL_KEY)
    return {"externalEventId": event_id, "externalAccountId": account_id}


def only(call: str, where: str, fields: Fields, known: Collection[str]) -> None:
    """Refuse what is no mapping, and fields that nobody knows: a slip of the pen would be lost.

    :raises InvalidInput: naming the field.
    """
    if not isinstance(fields, Mapping):
        problem = f"must be a mapping of fields, not {describe_type(fields)}"
        raise InvalidInput(where.removesuffix("."), problem, call=call)
    for name in fields:
        if name not in known:
            problem = f"is no field here; there are {', '.join(known)}"
            raise InvalidInput(f"{where}{name}", problem, call=call)


def in_order(call: str, field: str, first: str, last: str) -> None:
    """Check that one time, as HubSpot writes it, is not before another.

    :raises InvalidInput: naming the later one's field.
    """
    if first > last:
        raise InvalidInput(field, "is before the start", call=call)


def moment(call: str, field: str, value: datetime | str) -> str:
    """A time, or its ISO 8601 text, as HubSpot writes it.

    :raises InvalidInput: when it is neither, or has no zone.
    """
    try:
        read = datetime.fromisoformat(value) if isinstance(value, str) else value
        written = instant(call, field, read)
    except (OverflowError, ValueError) as error:
        if isinstance(error, InvalidInput):
            raise
        raise InvalidInput(
            field, f"must be a time in ISO 8601, not {describe_type(value)}", call=call
        ) from None
    if written is None:
        raise InvalidInput(field, "must be a time, not nothing", call=call)
    return written


def string_map(call: str, field: str, values: Mapping[str, str]) -> dict[str, str]:
    """Check a mapping of text to text; it may be empty.

    :raises InvalidInput: naming the entry that is wrong.
    """
    if not isinstance(values, Mapping):
        raise InvalidInput(field, f"must be a mapping, not {describe_type(values)}", call=call)
    for name, value in values.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise InvalidInput(f"{field}.{name}", f"must be text, not {describe_type(value)}", call=call)
    return dict(values)


def _value(call: str, field: str, name: str, value: object) -> object:
    if name in ("start", "end"):
        return moment(call, field, cast("datetime", value))
    if name in ("cancelled", "completed"):
        if not isinstance(value, bool):
            raise InvalidInput(field, f"must be true or false, not {describe_type(value)}", call=call)
        return value
    if name == "custom_properties":
        values = string_map(call, field, cast("Mapping[str, str]", value))
        return [{"name": key, "value": one} for key, one in values.items()]
    if name in ("name", "organizer"):
        return text(call, field, cast("str", value))
    if not isinstance(value, str):
        raise InvalidInput(field, f"must be text, not {describe_type(value)}", call=call)
    return value
