"""Participations in marketing events: counters, and one row per contact and event."""

from __future__ import annotations

from typing import Annotated, NotRequired, TypedDict, cast

from airflow_provider_mkt.client.call import Call, Envelope, Pairs, Replay, Route, path_params, query_pairs
from airflow_provider_mkt.client.hubspot.events._fields import FAMILY, PAGE_MAX, READ, check_not_reserved
from airflow_provider_mkt.client.hubspot.parameters import PageSize
from airflow_provider_mkt.client.paging import Cursor, after_cursor
from airflow_provider_mkt.client.parameters import NumericId, PathSegment, PathText, endpoint, one_of

State = Annotated[str, one_of("REGISTERED", "CANCELLED", "ATTENDED", "NO_SHOW")]


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


@endpoint
def counters(external_event_id: str, external_account_id: str) -> Call[Counters]:
    """Read the number of participants per state, of an event that this app created.

    :param external_event_id: its id in the external system.
    :param external_account_id: the account in the external system.
    :raises NotFound: when the event does not exist, or another app created it.

    Source: ``GET /marketing/{version}/marketing-events/participations/{externalAccountId}/{externalEventId}``.
    """  # noqa: E501
    check_not_reserved("external_event_id", external_event_id, "breakdown")
    return _counters(
        "marketing_event_participations.counters",
        "/{externalAccountId}/{externalEventId}",
        path_params(externalAccountId=external_account_id, externalEventId=external_event_id),
    )


@endpoint
def counters_by_object_id(object_id: NumericId) -> Call[Counters]:
    """Read the number of participants of an event per state.

    :param object_id: object id of the event.
    :raises NotFound: when it does not exist.

    Source: ``GET /marketing/{version}/marketing-events/participations/{marketingEventId}``.
    """
    return _counters(
        "marketing_event_participations.counters_by_object_id",
        "/{marketingEventId}",
        path_params(marketingEventId=object_id),
    )


@endpoint
def breakdown(
    external_event_id: str,
    external_account_id: str,
    *,
    state: State | None = None,
    contact: PathSegment | None = None,
    limit: PageSize = PAGE_MAX,
    after: Cursor | None = None,
) -> Call[list[Participation]]:
    """List the participants of an event that this app created.

    :param external_event_id: its id in the external system.
    :param external_account_id: the account in the external system.
    :param state: only ``REGISTERED``, ``CANCELLED``, ``ATTENDED`` or ``NO_SHOW``.
    :param contact: only the contact with this email or id.
    :param limit: rows per page, 1-100.
    :param after: cursor of the page to begin with; the first page when not given.
    :returns: one page of participations; iterate the call for all pages.
    :raises InvalidInput: when *state* is unknown, or *limit* is out of range.
    :raises NotFound: when the event does not exist, or another app created it.

    Source: ``GET /marketing/{version}/marketing-events/participations/{externalAccountId}/{externalEventId}/breakdown``.
    """  # noqa: E501
    check_not_reserved("external_account_id", external_account_id, "contacts")
    params = path_params(externalAccountId=external_account_id, externalEventId=external_event_id)
    query = query_pairs(after=after, state=state, contactIdentifier=contact, limit=limit)
    return _breakdown(
        "marketing_event_participations.breakdown", "/{externalAccountId}/{externalEventId}", params, query
    )


@endpoint
def breakdown_by_object_id(
    object_id: NumericId,
    *,
    state: State | None = None,
    contact: PathText | None = None,
    limit: PageSize = PAGE_MAX,
    after: Cursor | None = None,
) -> Call[list[Participation]]:
    """List the participants of an event.

    :param object_id: object id of the event.
    :param state: only ``REGISTERED``, ``CANCELLED``, ``ATTENDED`` or ``NO_SHOW``.
    :param contact: only the contact with this email or id.
    :param limit: rows per page, 1-100.
    :param after: cursor of the page to begin with; the first page when not given.
    :returns: one page of participations; iterate the call for all pages.
    :raises InvalidInput: when *state* is unknown, or *limit* is out of range.
    :raises NotFound: when the event does not exist.

    Source: ``GET /marketing/{version}/marketing-events/participations/{marketingEventId}/breakdown``.
    """
    params = path_params(marketingEventId=object_id)
    return _breakdown(
        "marketing_event_participations.breakdown_by_object_id",
        "/{marketingEventId}",
        params,
        query_pairs(after=after, state=state, contactIdentifier=contact, limit=limit),
    )


@endpoint
def of_contact(
    contact: PathSegment,
    *,
    state: State | None = None,
    limit: PageSize = PAGE_MAX,
    after: Cursor | None = None,
) -> Call[list[Participation]]:
    """List the event participations of a contact.

    :param contact: email or id of the contact.
    :param state: only ``REGISTERED``, ``CANCELLED``, ``ATTENDED`` or ``NO_SHOW``.
    :param limit: rows per page, 1-100.
    :param after: cursor of the page to begin with; the first page when not given.
    :returns: one page of participations; iterate the call for all pages.
    :raises InvalidInput: when *state* is unknown, or *limit* is out of range.
    :raises NotFound: when the contact does not exist.

    Source: ``GET /marketing/{version}/marketing-events/participations/contacts/{contactIdentifier}/breakdown``.
    """  # noqa: E501
    params = path_params(contactIdentifier=contact)
    return _breakdown(
        "marketing_event_participations.of_contact",
        "/contacts/{contactIdentifier}",
        params,
        query_pairs(after=after, state=state, limit=limit),
    )


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
