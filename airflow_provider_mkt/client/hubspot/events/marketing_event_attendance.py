"""Attendance of marketing events: who registered, attended or cancelled.

Recording the same contact, state and ``interaction_at`` again changes nothing. Take that time from the
external system, not from the clock of the task, so that a retry is safe.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

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
from airflow_provider_mkt.client.hubspot.batch import as_inputs
from airflow_provider_mkt.client.hubspot.events._fields import (
    BATCH_MAX,
    FAMILY,
    WRITE,
    Batch,
    Fields,
    bodiless,
    external_key,
    in_order,
    moment,
    object_key,
    only,
    string_map,
)
from airflow_provider_mkt.client.hubspot.parameters import one_of, text
from airflow_provider_mkt.client.redaction import describe_type

STATES = ("register", "attend", "cancel")
_EARLIEST = 100_000_000_000
"""As milliseconds a day in 1973, as seconds a day in the year 5138."""
_LATEST = 253_402_300_799_999
"""The end of the year 9999."""


class Subscriber(BaseModel):
    """A contact whose attendance state was recorded."""

    model_config = ConfigDict(extra="allow")

    vid: int
    email: str | None = None


def record_contacts(
    external_event_id: str, external_account_id: str, state: str, attendances: Sequence[Fields]
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
    call = "marketing_event_attendance.record_contacts"
    inputs = _inputs(call, state, attendances, _contact_id)
    return _external(call, "create", external_event_id, external_account_id, state, inputs)


def record_emails(
    external_event_id: str, external_account_id: str, state: str, attendances: Sequence[Fields]
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
    call = "marketing_event_attendance.record_emails"
    inputs = _inputs(call, state, attendances, _new_email)
    return _external(call, "email-create", external_event_id, external_account_id, state, inputs)


def record_contacts_by_object_id(
    object_id: int | str, state: str, attendances: Sequence[Fields]
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
    call = "marketing_event_attendance.record_contacts_by_object_id"
    return _by_object_id(call, "create", object_id, state, _inputs(call, state, attendances, _contact_id))


def record_emails_by_object_id(
    object_id: int | str, state: str, attendances: Sequence[Fields]
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
    call = "marketing_event_attendance.record_emails_by_object_id"
    return _by_object_id(call, "email-create", object_id, state, _inputs(call, state, attendances, _email))


def upsert_contacts(
    external_event_id: str, external_account_id: str, state: str, attendances: Sequence[Fields]
) -> Call[Batch[Subscriber]]:
    """Record the attendance state of up to 100 existing contacts. Missing contacts are silently ignored.

    Deprecated: `record_contacts` replaces it and reports failures.

    :param external_event_id: the event's id in the external system.
    :param external_account_id: the account in the external system.
    :param state: ``register``, ``attend`` or ``cancel``.
    :param attendances: as for `record_contacts`.
    :returns: an empty batch, or the response of HubSpot.
    :raises InvalidInput: naming the attendance and the invalid field.
    :raises NotFound: when the event does not exist, or another app created it.

    Source: ``POST /marketing/{version}/marketing-events/events/{externalEventId}/{subscriberState}/upsert``.
    """
    call = "marketing_event_attendance.upsert_contacts"
    inputs = _inputs(call, state, attendances, _contact_id)
    return _deprecated(call, "upsert", external_event_id, external_account_id, state, inputs)


def upsert_emails(
    external_event_id: str, external_account_id: str, state: str, attendances: Sequence[Fields]
) -> Call[Batch[Subscriber]]:
    """Record the attendance state of up to 100 existing contacts, by email.

    Missing contacts are silently ignored.

    Deprecated: `record_emails` replaces it, creates contacts and reports failures.

    :param external_event_id: the event's id in the external system.
    :param external_account_id: the account in the external system.
    :param state: ``register``, ``attend`` or ``cancel``.
    :param attendances: as for `record_contacts`, with ``email`` instead of ``contact_id``.
    :returns: an empty batch, or the response of HubSpot.
    :raises InvalidInput: naming the attendance and the invalid field.
    :raises NotFound: when the event does not exist, or another app created it.

    Source: ``POST /marketing/{version}/marketing-events/events/{externalEventId}/{subscriberState}/email-upsert``.
    """  # noqa: E501
    call = "marketing_event_attendance.upsert_emails"
    inputs = _inputs(call, state, attendances, _email)
    return _deprecated(call, "email-upsert", external_event_id, external_account_id, state, inputs)


_Key = Callable[[str, str, Fields], dict[str, Any]]
_FIELDS = ("interaction_at", "joined_at", "left_at", "properties")


def _external(
    call: str, verb: str, external_event_id: str, external_account_id: str, state: str, inputs: JsonBody
) -> Call[Batch[Subscriber]]:
    event_id, account_id = external_key(call, external_event_id, external_account_id)
    tail = f"/attendance/{{externalEventId}}/{{subscriberState}}/{verb}"
    params = (event_id, ("subscriberState", state))
    return _call(call, tail, params, inputs, Batch[Subscriber].model_validate, (account_id,))


def _by_object_id(
    call: str, verb: str, object_id: int | str, state: str, inputs: JsonBody
) -> Call[Batch[Subscriber]]:
    tail = f"/{{objectId}}/attendance/{{subscriberState}}/{verb}"
    params = (*object_key(call, object_id), ("subscriberState", state))
    return _call(call, tail, params, inputs, Batch[Subscriber].model_validate)


def _deprecated(
    call: str, verb: str, external_event_id: str, external_account_id: str, state: str, inputs: JsonBody
) -> Call[Batch[Subscriber]]:
    event_id, account_id = external_key(call, external_event_id, external_account_id)
    tail = f"/events/{{externalEventId}}/{{subscriberState}}/{verb}"
    params = (event_id, ("subscriberState", state))
    return _call(call, tail, params, inputs, _perhaps_empty, (account_id,))


def _call(
    call: str,
    tail: str,
    params: Pairs,
    inputs: JsonBody,
    read: Callable[[Envelope], Batch[Subscriber]],
    query: Pairs = (),
) -> Call[Batch[Subscriber]]:
    return Call(
        call,
        Route("POST", FAMILY, tail, params),
        read,
        # The body contains the interaction's time, so a retry records the same interaction.
        Replay.SAFE,
        query=query_pairs(**dict(query)),
        body=inputs,
        scopes=WRITE,
    )


def _perhaps_empty(envelope: Envelope) -> Batch[Subscriber]:
    return Batch[Subscriber].model_validate(bodiless(envelope))


def _inputs(call: str, state: str, attendances: Sequence[Fields], key: _Key) -> JsonBody:
    one_of(call, "state", state, STATES)
    rows = batch(call, "attendances", attendances, at_most=BATCH_MAX)
    return JsonBody(
        as_inputs([_one(call, f"attendances[{index}]", state, row, key) for index, row in enumerate(rows)])
    )


def _one(call: str, where: str, state: str, row: Fields, key: _Key) -> dict[str, Any]:
    only(call, f"{where}.", row, (*_FIELDS, *_KEYS[key]))
    named = key(call, where, row)
    interaction = _milliseconds(call, f"{where}.interaction_at", row.get("interaction_at"))
    properties = {
        **string_map(call, f"{where}.properties", row.get("properties") or {}),
        **_stay(call, where, state, row),
    }
    return {**named, "interactionDateTime": interaction, "properties": properties}


def _stay(call: str, where: str, state: str, row: Fields) -> dict[str, str]:
    stay: dict[str, str] = {}
    for name, written in (("joined_at", "joinedAt"), ("left_at", "leftAt")):
        if row.get(name) is None:
            continue
        if state != "attend":
            raise InvalidInput(f"{where}.{name}", "is only valid with state attend", call=call)
        stay[written] = moment(call, f"{where}.{name}", row[name])
    if len(stay) == 2:
        in_order(call, f"{where}.left_at", stay["joinedAt"], stay["leftAt"])
    return stay


def _milliseconds(call: str, field: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, str, datetime)):
        raise InvalidInput(field, f"must be a time, not {describe_type(value)}", call=call)
    if isinstance(value, str) and value.isdecimal() and len(value) < 19:
        # Jinja templates render numbers as text.
        value = int(value)
    if isinstance(value, int):
        if value < _EARLIEST:
            raise InvalidInput(
                field, "must be in milliseconds since 1970; it seems to be in seconds", call=call
            )
        if value > _LATEST:
            raise InvalidInput(
                field, "must be in milliseconds since 1970; it is after the year 9999", call=call
            )
        return value
    read = datetime.fromisoformat(moment(call, field, value)).astimezone(UTC)
    return round(read.timestamp() * 1000)


def _contact_id(call: str, where: str, row: Fields) -> dict[str, Any]:
    return {"vid": numeric_id(call, f"{where}.contact_id", row.get("contact_id", ""))}


def _email(call: str, where: str, row: Fields) -> dict[str, Any]:
    return {"email": text(call, f"{where}.email", row.get("email", "")), "contactProperties": {}}


def _new_email(call: str, where: str, row: Fields) -> dict[str, Any]:
    about = string_map(call, f"{where}.contact_properties", row.get("contact_properties") or {})
    return {**_email(call, where, row), "contactProperties": about}


_KEYS: dict[_Key, tuple[str, ...]] = {
    _contact_id: ("contact_id",),
    _email: ("email",),
    _new_email: ("email", "contact_properties"),
}
