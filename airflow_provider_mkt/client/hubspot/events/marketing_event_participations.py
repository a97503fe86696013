"""Participations in marketing events: counters, and one row per contact and event."""

from __future__ import annotations

from typing import NotRequired, TypedDict, cast

from airflow_provider_mkt.client.call import Call, Envelope, Pairs, Replay, Route, path_params, query_pairs
from airflow_provider_mkt.client.hubspot.events._fields import (
    FAMILY,
    PAGE_MAX,
    READ,
    external_key,
    not_reserved,
    object_key,
)
from airflow_provider_mkt.client.hubspot.parameters import one_of, page_size
from airflow_provider_mkt.client.paging import after_cursor

STATES = ("REGISTERED", "CANCELLED", "ATTENDED", "NO_SHOW")


class Counters(TypedDict):
    registered: int
    attended: int
    cancelled: int
    noShows: int


class ParticipationProperties(TypedDict):
    attendanceState: str
    occurredAt: int
    attendanceDurationSeconds: NotRequired[int]
    attendancePercentage: NotRequired[str]


class ParticipatingContact(TypedDict):
    contactId: str
    email: str
    firstname: NotRequired[str]
    lastname: NotRequired[str]


class ParticipationEvent(TypedDict):
    marketingEventId: str
    name: str
    externalAccountId: NotRequired[str]
    externalEventId: NotRequired[str]


class ParticipationAssociations(TypedDict):
    contact: ParticipatingContact
    marketingEvent: ParticipationEvent


class Participation(TypedDict):
    id: str
    createdAt: str
    associations: ParticipationAssociations
    properties: ParticipationProperties


def counters(external_event_id: str, external_account_id: str) -> Call[Counters]:
    """Read the number of participants per state, of an event that this app created.

    :param external_event_id: its id in the external system.
    :param external_account_id: the account in the external system.
    :raises NotFound: when the event does not exist, or another app created it.

    Source: ``GET /marketing/{version}/marketing-events/participations/{externalAccountId}/{externalEventId}``.
    """  # noqa: E501
    call = "marketing_event_participations.counters"
    not_reserved(call, "external_event_id", external_event_id, "breakdown")
    return _counters(
        call,
        "/{externalAccountId}/{externalEventId}",
        external_key(call, external_event_id, external_account_id),
    )


def counters_by_object_id(object_id: int | str) -> Call[Counters]:
    """Read the number of participants of an event per state.

    :param object_id: object id of the event.
    :raises NotFound: when it does not exist.

    Source: ``GET /marketing/{version}/marketing-events/participations/{marketingEventId}``.
    """
    call = "marketing_event_participations.counters_by_object_id"
    return _counters(call, "/{marketingEventId}", object_key(call, object_id, name="marketingEventId"))


def breakdown(
    external_event_id: str,
    external_account_id: str,
    *,
    state: str | None = None,
    contact: int | str | None = None,
    limit: int = PAGE_MAX,
) -> Call[list[Participation]]:
    """List the participants of an event that this app created.

    :param external_event_id: its id in the external system.
    :param external_account_id: the account in the external system.
    :param state: only ``REGISTERED``, ``CANCELLED``, ``ATTENDED`` or ``NO_SHOW``.
    :param contact: only the contact with this email or id.
    :param limit: rows per page, 1-100.
    :returns: one page of participations; iterate the call for all pages.
    :raises InvalidInput: when *state* is unknown, or *limit* is out of range.
    :raises NotFound: when the event does not exist, or another app created it.

    Source: ``GET /marketing/{version}/marketing-events/participations/{externalAccountId}/{externalEventId}/breakdown``.
    """  # noqa: E501
    call = "marketing_event_participations.breakdown"
    not_reserved(call, "external_account_id", external_account_id, "contacts")
    params = external_key(call, external_event_id, external_account_id)
    query = _query(call, state, contact, limit)
    return _breakdown(call, "/{externalAccountId}/{externalEventId}", params, query)


def breakdown_by_object_id(
    object_id: int | str, *, state: str | None = None, contact: str | None = None, limit: int = PAGE_MAX
) -> Call[list[Participation]]:
    """List the participants of an event.

    :param object_id: object id of the event.
    :param state: only ``REGISTERED``, ``CANCELLED``, ``ATTENDED`` or ``NO_SHOW``.
    :param contact: only the contact with this email or id.
    :param limit: rows per page, 1-100.
    :returns: one page of participations; iterate the call for all pages.
    :raises InvalidInput: when *state* is unknown, or *limit* is out of range.
    :raises NotFound: when the event does not exist.

    Source: ``GET /marketing/{version}/marketing-events/participations/{marketingEventId}/breakdown``.
    """
    call = "marketing_event_participations.breakdown_by_object_id"
    params = object_key(call, object_id, name="marketingEventId")
    return _breakdown(call, "/{marketingEventId}", params, _query(call, state, contact, limit))


def of_contact(
    contact: int | str, *, state: str | None = None, limit: int = PAGE_MAX
) -> Call[list[Participation]]:
    """List the event participations of a contact.

    :param contact: email or id of the contact.
    :param state: only ``REGISTERED``, ``CANCELLED``, ``ATTENDED`` or ``NO_SHOW``.
    :param limit: rows per page, 1-100.
    :returns: one page of participations; iterate the call for all pages.
    :raises InvalidInput: when *state* is unknown, or *limit* is out of range.
    :raises NotFound: when the contact does not exist.

    Source: ``GET /marketing/{version}/marketing-events/participations/contacts/{contactIdentifier}/breakdown``.
    """  # noqa: E501
    call = "marketing_event_participations.of_contact"
    params = (("contactIdentifier", _contact(call, contact)),)
    return _breakdown(call, "/contacts/{contactIdentifier}", params, _query(call, state, None, limit))


def _query(call: str, state: str | None, contact: int | str | None, limit: int) -> Pairs:
    if state is not None:
        one_of(call, "state", state, STATES)
    named = None if contact is None else _contact(call, contact)
    size = page_size(call, limit, at_most=PAGE_MAX)
    return query_pairs(state=state, contactIdentifier=named, limit=size)


def _contact(call: str, contact: int | str) -> str:
    ((_, identifier),) = path_params(call, contact=contact)
    return identifier


def _counters(call: str, tail: str, params: Pairs) -> Call[Counters]:
    route = Route("GET", FAMILY, f"/participations{tail}", params)
    return Call(call, route, _read_counters, Replay.SAFE, scopes=READ)


def _breakdown(call: str, tail: str, params: Pairs, query: Pairs) -> Call[list[Participation]]:
    return Call(
        call,
        Route("GET", FAMILY, f"/participations{tail}/breakdown", params),
        _rows,
        Replay.SAFE,
        query=query,
        follow=after_cursor,
        scopes=READ,
    )


def _read_counters(envelope: Envelope) -> Counters:
    return cast("Counters", envelope)


def _rows(envelope: Envelope) -> list[Participation]:
    return cast("list[Participation]", envelope["results"])
