"""How contacts stand to marketing events: counters, and one row per contact and event."""

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
    """Count the participants of an event that this app made, by state.

    :param external_event_id: its id in the system it comes from.
    :param external_account_id: the account there.
    :raises NotFound: when there is none, or another app made it.

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
    """Count the participants of an event, by state.

    :param object_id: its object id.
    :raises NotFound: when there is none.

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
    """Page through the participants of an event that this app made.

    :param external_event_id: its id in the system it comes from.
    :param external_account_id: the account there.
    :param state: only ``REGISTERED``, ``CANCELLED``, ``ATTENDED`` or ``NO_SHOW``.
    :param contact: only the contact of this email or id.
    :param limit: rows per page, 1-100.
    :returns: one page of participations; iterate the call for all.
    :raises InvalidInput: on an unknown state or a limit out of bounds.
    :raises NotFound: when there is no such event, or another app made it.

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
    """Page through the participants of an event.

    :param object_id: its object id.
    :param state: only ``REGISTERED``, ``CANCELLED``, ``ATTENDED`` or ``NO_SHOW``.
    :param contact: only the contact of this email or id.
    :param limit: rows per page, 1-100.
    :returns: one page of participations; iterate the call for all.
    :raises InvalidInput: on an unknown state or a limit out of bounds.
    :raises NotFound: when there is no such event.

    Source: ``GET /marketing/{version}/marketing-events/participations/{marketingEventId}/breakdown``.
    """
    call = "marketing_event_participations.breakdown_by_object_id"
    params = object_key(call, object_id, name="marketingEventId")
    return _breakdown(call, "/{marketingEventId}", params, _query(call, state, contact, limit))


def of_contact(
    contact: int | str, *, state: str | None = None, limit: int = PAGE_MAX
) -> Call[list[Participation]]:
    """Page through the events that a contact has to do with.

    :param contact: its email or id.
    :param state: only ``REGISTERED``, ``CANCELLED``, ``ATTENDED`` or ``NO_SHOW``.
    :param limit: rows per page, 1-100.
    :returns: one page of participations; iterate the call for all.
    :raises InvalidInput: on an unknown state or a limit out of bounds.
    :raises NotFound: when there is no such contact.

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
