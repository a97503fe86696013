"""Types and field checks that the marketing event calls share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Generic, NotRequired, Self, TypedDict, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, model_validator

from airflow_provider_mkt.client.call import Envelope, Json, Pairs, path_params
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.batch import BatchError, names_of_row, unanswered
from airflow_provider_mkt.client.hubspot.parameters import time_text
from airflow_provider_mkt.client.parameters import (
    id_text,
    optional_str,
    required_str,
    text_mapping,
    to_bool,
    to_utc,
)
from airflow_provider_mkt.client.redaction import describe_type

FAMILY = "marketing_events"
BATCH_MAX = 100
"""HubSpot documents no limit for events and attendances; its contact batches accept this many."""
PAGE_MAX = 100
READ = ("crm.objects.marketing_events.read",)
WRITE = ("crm.objects.marketing_events.write",)

Fields = Mapping[str, object]
Row = TypeVar("Row")

_API_NAMES = {
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
EVENT_FIELDS = tuple(_API_NAMES)
EXTERNAL_KEY = ("external_event_id", "external_account_id")
OBJECT_FIELDS = tuple(name for name in _API_NAMES if name != "completed")
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


def read_event(envelope: Envelope) -> MarketingEvent:
    """Read one event."""
    return cast("MarketingEvent", envelope)


def read_event_batch(envelope: Envelope) -> Batch[EventRow]:
    """Read a batch response about events, which can be empty on success."""
    return Batch[EventRow].model_validate(envelope or {"status": "COMPLETE"})


def read_events_of(inputs: Sequence[Mapping[str, Json]]) -> Callable[[Envelope], Batch[EventRow]]:
    """Return the reader of a batch response about events that reports which inputs it does not answer.

    :param inputs: as they are sent.
    """

    def read(envelope: Envelope) -> Batch[EventRow]:
        batch = Batch[EventRow].model_validate(envelope)
        batch.errors += unanswered(
            inputs, [names_of_row(row.model_dump()) for row in batch.results], batch.errors
        )
        return batch

    return read


def external_key(external_event_id: str, external_account_id: str) -> tuple[Pairs, Pairs]:
    """Return the ids that identify an event within its app: a path parameter and a query parameter."""
    return path_params(externalEventId=external_event_id), path_params(externalAccountId=external_account_id)


def check_not_reserved(field: str, value: str, *reserved: str) -> None:
    """Reject an external id that is a reserved word in HubSpot's path.

    :raises InvalidInput: naming the field.
    """
    if value in reserved:
        problem = f"cannot be {value!r}: it is a reserved word in the path; use the call by object id"
        raise InvalidInput(field, problem)


def without_none(**values: object) -> dict[str, object]:
    """Return the arguments that are not None."""
    return {name: value for name, value in values.items() if value is not None}


def event_body(fields: Fields, *, prefix: str = "", known: Collection[str] = EVENT_FIELDS) -> dict[str, Json]:
    """Return the fields of an event by their API names.

    :param prefix: precedes a field's name in errors, e.g. ``events[0].``.
    :param known: fields that the call accepts.
    :raises InvalidInput: naming the invalid field, without its value.
    """
    check_fields(prefix, fields, known)
    body: dict[str, Json] = {"customProperties": []}
    body |= {_API_NAMES[name]: _field_value(f"{prefix}{name}", name, value) for name, value in fields.items()}
    if "start" in fields and "end" in fields:
        check_order(f"{prefix}end", str(body["startDateTime"]), str(body["endDateTime"]))
    return body


def complete_event_body(fields: Fields, *, prefix: str = "") -> dict[str, Json]:
    """Return the body that creates an event: its external ids, name, organizer and optional fields.

    :param prefix: precedes a field's name in errors, e.g. ``events[0].``.
    :raises InvalidInput: naming the field that is missing or invalid.
    """
    check_fields(prefix, fields, (*EXTERNAL_KEY, *EVENT_FIELDS))
    for required in ("name", "organizer"):
        if fields.get(required) is None:
            raise InvalidInput(f"{prefix}{required}", "is missing: an event requires it")
    details = {
        name: value for name, value in fields.items() if name not in EXTERNAL_KEY and value is not None
    }
    return {**external_ids(prefix, fields), **event_body(details, prefix=prefix)}


def external_ids(prefix: str, fields: Fields) -> dict[str, str]:
    """Return the ids that identify an event within its app, from its fields.

    :raises InvalidInput: naming the id that is missing.
    """
    event_id, account_id = (id_text(f"{prefix}{key}", fields.get(key, "")) for key in EXTERNAL_KEY)
    return {"externalEventId": event_id, "externalAccountId": account_id}


def check_fields(prefix: str, fields: Fields, known: Collection[str]) -> None:
    """Reject a value that is not a mapping, and unknown fields, which could be misspelt.

    :raises InvalidInput: naming the field.
    """
    if not isinstance(fields, Mapping):
        problem = f"must be a mapping of fields, not {describe_type(fields)}"
        raise InvalidInput(prefix.removesuffix("."), problem)
    for name in fields:
        if name not in known:
            raise InvalidInput(f"{prefix}{name}", f"is not a known field; the fields are {', '.join(known)}")


def check_order(field: str, start: str, end: str) -> None:
    """Check that one time, in HubSpot's format, is not after another.

    :param field: the field of the later time, for the error.
    :raises InvalidInput: when it is.
    """
    if start > end:
        raise InvalidInput(field, "is before the start")


def to_time_text(field: str, value: object) -> str:
    """Convert a time, or its ISO 8601 text, to HubSpot's format.

    :raises InvalidInput: when it is neither, or has no time zone.
    """
    if value is None:
        raise InvalidInput(field, "must be a time, not nothing")
    try:
        time = datetime.fromisoformat(value) if isinstance(value, str) else value
        return str(time_text(to_utc(field, time)))
    except (OverflowError, ValueError) as error:
        if isinstance(error, InvalidInput):
            raise
        raise InvalidInput(field, f"must be a time in ISO 8601, not {describe_type(value)}") from None


def _field_value(field: str, name: str, value: object) -> Json:
    if name in ("start", "end"):
        return to_time_text(field, value)
    if name in ("cancelled", "completed"):
        return to_bool(field, value)
    if name == "custom_properties":
        return [{"name": key, "value": text} for key, text in text_mapping(field, value).items()]
    if name in ("name", "organizer"):
        return required_str(field, value)
    return optional_str(field, value)
