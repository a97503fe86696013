"""Attendance of marketing events: who registered, attended or cancelled.

Recording the same contact, state and ``interaction_at`` again changes nothing. Take that time from the
external system, not from the clock of the task, so that a retry is safe.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict

from airflow_provider_mkt.client.call import Call, Envelope, Json, JsonBody, Pairs, Replay, Route, path_params
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.batch import as_inputs, unanswered
from airflow_provider_mkt.client.hubspot.events._fields import (
    BATCH_MAX,
    FAMILY,
    WRITE,
    Batch,
    Fields,
    check_fields,
    check_order,
    external_key,
    to_time_text,
)
from airflow_provider_mkt.client.parameters import (
    NumericId,
    endpoint,
    items,
    one_of,
    required_str,
    text_mapping,
    to_id,
)
from airflow_provider_mkt.client.redaction import describe_type

STATES = ("register", "attend", "cancel")
State = Annotated[str, one_of(*STATES)]
Attendances = Annotated[Sequence[Fields], items(BATCH_MAX)]
_EARLIEST = 100_000_000_000
"""As milliseconds a day in 1973, as seconds a day in the year 5138."""
_LATEST = 253_402_300_799_999
"""The end of the year 9999."""


class Subscriber(BaseModel):
    """A contact whose attendance state was recorded."""

    model_config = ConfigDict(extra="allow")

    vid: int
    email: str | None = None


@endpoint
def record_contacts(
    external_event_id: str, external_account_id: str, state: State, attendances: Attendances
) -> Call[Batch[Subscriber]]:
    """Record the attendance state of up to 100 existing contacts at an event that this app created.

    :param external_event_id: the event's id in the external system.
    :param external_account_id: the account in the external system.
    :param state: ``register``, ``attend`` or ``cancel``.
    :param attendances: 1-100 mappings: ``contact_id``, ``interaction_at`` (a time, ISO 8601 text, or
        milliseconds since 1970), and optionally ``properties`` (text to text); for ``attend`` also
        ``joined_at`` and ``left_at``, without which HubSpot computes no duration.
    :returns: the recorded contacts in any order, and the errors, which a 200 can also contain.
    :raises InvalidInput: naming the attendance and the invalid field.
    :raises NotFound: when the event does not exist, or another app created it.

    Source: ``POST /marketing/{version}/marketing-events/attendance/{externalEventId}/{subscriberState}/create``.
    """  # noqa: E501
    inputs = _inputs(state, attendances, _contact_id)
    return _external(
        "marketing_event_attendance.record_contacts",
        "create",
        external_event_id,
        external_account_id,
        state,
        inputs,
    )


@endpoint
def record_emails(
    external_event_id: str, external_account_id: str, state: State, attendances: Attendances
) -> Call[Batch[Subscriber]]:
    """Record the attendance state of up to 100 people at an event that this app created.

    Contacts that do not exist are created.

    :param external_event_id: the event's id in the external system.
    :param external_account_id: the account in the external system.
    :param state: ``register``, ``attend`` or ``cancel``.
    :param attendances: as for `record_contacts`, with ``email`` instead of ``contact_id``, and optionally
        ``contact_properties``, which only new contacts get.
    :returns: the recorded contacts in any order, and the errors, which a 200 can also contain.
    :raises InvalidInput: naming the attendance and the invalid field.
    :raises NotFound: when the event does not exist, or another app created it.

    Source: ``POST /marketing/{version}/marketing-events/attendance/{externalEventId}/{subscriberState}/email-create``.
    """  # noqa: E501
    inputs = _inputs(state, attendances, _email_or_new_contact)
    return _external(
        "marketing_event_attendance.record_emails",
        "email-create",
        external_event_id,
        external_account_id,
        state,
        inputs,
    )


@endpoint
def record_contacts_by_object_id(
    object_id: NumericId, state: State, attendances: Attendances
) -> Call[Batch[Subscriber]]:
    """Record the attendance state of up to 100 existing contacts at an event of any app.

    :param object_id: object id of the event.
    :param state: ``register``, ``attend`` or ``cancel``.
    :param attendances: as for `record_contacts`.
    :returns: the recorded contacts in any order, and the errors, which a 200 can also contain.
    :raises InvalidInput: naming the attendance and the invalid field.
    :raises NotFound: when the event does not exist.

    Source: ``POST /marketing/{version}/marketing-events/{objectId}/attendance/{subscriberState}/create``.
    """
    return _by_object_id(
        "marketing_event_attendance.record_contacts_by_object_id",
        "create",
        object_id,
        state,
        _inputs(state, attendances, _contact_id),
    )


@endpoint
def record_emails_by_object_id(
    object_id: NumericId, state: State, attendances: Attendances
) -> Call[Batch[Subscriber]]:
    """Record the attendance state of up to 100 existing contacts, by email, at an event of any app.

    :param object_id: object id of the event.
    :param state: ``register``, ``attend`` or ``cancel``.
    :param attendances: as for `record_contacts`, with ``email`` instead of ``contact_id``. Missing contacts
        are not created.
    :returns: the recorded contacts in any order, and the errors, which a 200 can also contain.
    :raises InvalidInput: naming the attendance and the invalid field.
    :raises NotFound: when the event does not exist.

    Source: ``POST /marketing/{version}/marketing-events/{objectId}/attendance/{subscriberState}/email-create``.
    """  # noqa: E501
    return _by_object_id(
        "marketing_event_attendance.record_emails_by_object_id",
        "email-create",
        object_id,
        state,
        _inputs(state, attendances, _email),
    )


@endpoint
def upsert_contacts(
    external_event_id: str, external_account_id: str, state: State, attendances: Attendances
) -> Call[Batch[Subscriber]]:
    """Record the attendance state of up to 100 existing contacts. Missing contacts are silently ignored.

    Deprecated: `record_contacts` replaces it and reports failures.

    :param external_event_id: the event's id in the external system.
    :param external_account_id: the account in the external system.
    :param state: ``register``, ``attend`` or ``cancel``.
    :param attendances: as for `record_contacts`.
    :returns: what HubSpot answered. It may not name the contacts: those are in the errors, with the category
        ``NOT_IN_ANSWER``.
    :raises InvalidInput: naming the attendance and the invalid field.
    :raises NotFound: when the event does not exist, or another app created it.

    Source: ``POST /marketing/{version}/marketing-events/events/{externalEventId}/{subscriberState}/upsert``.
    """
    inputs = _inputs(state, attendances, _contact_id)
    return _deprecated(
        "marketing_event_attendance.upsert_contacts",
        "upsert",
        external_event_id,
        external_account_id,
        state,
        inputs,
    )


@endpoint
def upsert_emails(
    external_event_id: str, external_account_id: str, state: State, attendances: Attendances
) -> Call[Batch[Subscriber]]:
    """Record the attendance state of up to 100 existing contacts, by email.

    Missing contacts are silently ignored.

    Deprecated: `record_emails` replaces it, creates contacts and reports failures.

    :param external_event_id: the event's id in the external system.
    :param external_account_id: the account in the external system.
    :param state: ``register``, ``attend`` or ``cancel``.
    :param attendances: as for `record_contacts`, with ``email`` instead of ``contact_id``.
    :returns: what HubSpot answered. It may not name the contacts: those are in the errors, with the category
        ``NOT_IN_ANSWER``.
    :raises InvalidInput: naming the attendance and the invalid field.
    :raises NotFound: when the event does not exist, or another app created it.

    Source: ``POST /marketing/{version}/marketing-events/events/{externalEventId}/{subscriberState}/email-upsert``.
    """  # noqa: E501
    inputs = _inputs(state, attendances, _email)
    return _deprecated(
        "marketing_event_attendance.upsert_emails",
        "email-upsert",
        external_event_id,
        external_account_id,
        state,
        inputs,
    )


_KeyFields = Callable[[str, Fields], dict[str, Json]]
_FIELDS = ("interaction_at", "joined_at", "left_at", "properties")


def _external(
    call: str,
    verb: str,
    external_event_id: str,
    external_account_id: str,
    state: str,
    inputs: Sequence[Mapping[str, Json]],
) -> Call[Batch[Subscriber]]:
    path, query = external_key(external_event_id, external_account_id)
    tail = f"/attendance/{{externalEventId}}/{{subscriberState}}/{verb}"
    params = (*path, ("subscriberState", state))
    return _call(call, tail, params, inputs, query)


def _by_object_id(
    call: str, verb: str, object_id: NumericId, state: str, inputs: Sequence[Mapping[str, Json]]
) -> Call[Batch[Subscriber]]:
    tail = f"/{{objectId}}/attendance/{{subscriberState}}/{verb}"
    params = path_params(objectId=object_id, subscriberState=state)
    return _call(call, tail, params, inputs)


def _deprecated(
    call: str,
    verb: str,
    external_event_id: str,
    external_account_id: str,
    state: str,
    inputs: Sequence[Mapping[str, Json]],
) -> Call[Batch[Subscriber]]:
    path, query = external_key(external_event_id, external_account_id)
    tail = f"/events/{{externalEventId}}/{{subscriberState}}/{verb}"
    params = (*path, ("subscriberState", state))
    return _call(call, tail, params, inputs, query, may_be_empty=True)


def _call(
    call: str,
    tail: str,
    params: Pairs,
    inputs: Sequence[Mapping[str, Json]],
    query: Pairs = (),
    *,
    may_be_empty: bool = False,
) -> Call[Batch[Subscriber]]:
    return Call(
        call,
        Route("POST", FAMILY, tail, params),
        lambda envelope: _read({"status": "COMPLETE"} if may_be_empty and not envelope else envelope, inputs),
        # The body contains the interaction's time, so a retry records the same interaction.
        Replay.SAFE,
        query=query,
        body=JsonBody(as_inputs(inputs)),
        scopes=WRITE,
    )


def _read(envelope: Envelope, inputs: Sequence[Mapping[str, Json]]) -> Batch[Subscriber]:
    """Read a batch response. In one that has neither results nor errors no input is answered."""
    batch = Batch[Subscriber].model_validate(envelope)
    rows = [
        frozenset(str(one).strip().lower() for one in (row.vid, row.email) if one) for row in batch.results
    ]
    batch.errors += unanswered(inputs, rows, batch.errors)
    return batch


def _inputs(
    state: str, attendances: Sequence[Fields], key_fields: _KeyFields
) -> Sequence[Mapping[str, Json]]:
    return [
        _input(f"attendances[{index}]", state, attendance, key_fields)
        for index, attendance in enumerate(attendances)
    ]


def _input(field: str, state: str, attendance: Fields, key_fields: _KeyFields) -> dict[str, Json]:
    check_fields(f"{field}.", attendance, (*_FIELDS, *_KEYS[key_fields]))
    key = key_fields(field, attendance)
    interaction = _milliseconds(f"{field}.interaction_at", attendance.get("interaction_at"))
    properties = {
        **text_mapping(f"{field}.properties", attendance.get("properties") or {}),
        **_stay(field, state, attendance),
    }
    return {**key, "interactionDateTime": interaction, "properties": properties}


def _stay(field: str, state: str, attendance: Fields) -> dict[str, str]:
    """Return when the contact joined and left, as properties."""
    stay: dict[str, str] = {}
    for name, property_name in (("joined_at", "joinedAt"), ("left_at", "leftAt")):
        if attendance.get(name) is None:
            continue
        if state != "attend":
            raise InvalidInput(f"{field}.{name}", "is only valid with state attend")
        stay[property_name] = to_time_text(f"{field}.{name}", attendance[name])
    if len(stay) == 2:
        check_order(f"{field}.left_at", stay["joinedAt"], stay["leftAt"])
    return stay


def _milliseconds(field: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, str, datetime)):
        raise InvalidInput(field, f"must be a time, not {describe_type(value)}")
    if isinstance(value, str) and value.isdecimal() and len(value) < 19:
        # Jinja templates render numbers as text.
        value = int(value)
    if isinstance(value, int):
        if value < _EARLIEST:
            raise InvalidInput(field, "must be in milliseconds since 1970; it seems to be in seconds")
        if value > _LATEST:
            raise InvalidInput(field, "must be in milliseconds since 1970; it is after the year 9999")
        return value
    time = datetime.fromisoformat(to_time_text(field, value))
    return round(time.timestamp() * 1000)


def _contact_id(field: str, attendance: Fields) -> dict[str, Json]:
    return {"vid": to_id(f"{field}.contact_id", attendance.get("contact_id", ""))}


def _email(field: str, attendance: Fields) -> dict[str, Json]:
    return {"email": required_str(f"{field}.email", attendance.get("email", "")), "contactProperties": {}}


def _email_or_new_contact(field: str, attendance: Fields) -> dict[str, Json]:
    properties = text_mapping(f"{field}.contact_properties", attendance.get("contact_properties") or {})
    return {**_email(field, attendance), "contactProperties": properties}


_KEYS: dict[_KeyFields, tuple[str, ...]] = {
    _contact_id: ("contact_id",),
    _email: ("email",),
    _email_or_new_contact: ("email", "contact_properties"),
}
