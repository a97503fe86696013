"""Counters and breakdowns of participations."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.bodies import whole_number
from airflow_provider_mkt.sandbox.hubspot.contacts.store import Contact
from airflow_provider_mkt.sandbox.hubspot.errors import invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.events.common import FAMILY, READ, by_object_id, own_by_path
from airflow_provider_mkt.sandbox.hubspot.events.record import (
    ATTENDED,
    CANCELLED,
    NO_SHOW,
    REGISTERED,
    STATES,
    Event,
)
from airflow_provider_mkt.sandbox.hubspot.events.views import counters, participation, taking_part
from airflow_provider_mkt.sandbox.hubspot.paging import page
from airflow_provider_mkt.sandbox.hubspot.world import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.reply import Reply

_OBJECT = "marketingEventId"

routes = HubSpotRoutes()


@routes.handle("GET", FAMILY, "/participations/{marketingEventId}", scopes=READ)
async def counters_by_object_id(request: HubSpotRequest) -> Reply:
    await request.work()
    return _counters(request, by_object_id(request, _OBJECT))


@routes.handle("GET", FAMILY, "/participations/{externalAccountId}/{externalEventId}", scopes=READ)
async def counters_by_external_id(request: HubSpotRequest) -> Reply:
    await request.work()
    return _counters(request, own_by_path(request))


@routes.handle("GET", FAMILY, "/participations/{marketingEventId}/breakdown", scopes=READ)
async def breakdown_by_object_id(request: HubSpotRequest) -> Reply:
    await request.work()
    return _breakdown(request, [by_object_id(request, _OBJECT)], request.query.get("contactIdentifier"))


@routes.handle("GET", FAMILY, "/participations/{externalAccountId}/{externalEventId}/breakdown", scopes=READ)
async def breakdown_by_external_id(request: HubSpotRequest) -> Reply:
    await request.work()
    return _breakdown(request, [own_by_path(request)], request.query.get("contactIdentifier"))


@routes.handle("GET", FAMILY, "/participations/contacts/{contactIdentifier}/breakdown", scopes=READ)
async def breakdown_of_contact(request: HubSpotRequest) -> Reply:
    """Events of every app that a contact has to do with."""
    await request.work()
    identifier = request.path["contactIdentifier"]
    if not _contacts(request, identifier):
        msg = f"Contact {identifier} was not found"
        raise not_found(msg)
    return _breakdown(request, request.world.events.all(), identifier)


def _counters(request: HubSpotRequest, event: Event) -> Reply:
    states = counters(request.world, event)
    return Reply(
        200,
        {
            "registered": states[REGISTERED],
            "attended": states[ATTENDED],
            "cancelled": states[CANCELLED],
            "noShows": states[NO_SHOW],
        },
    )


def _breakdown(request: HubSpotRequest, events: list[Event], identifier: str | None) -> Reply:
    limit = whole_number(request.query.get("limit"), "limit", 10, 1, 100)
    state = request.query.get("state")
    if state is not None and state not in STATES:
        msg = f"state must be one of {', '.join(STATES)}, not {state!r}"
        raise invalid(msg)
    world, now = request.world, request.clock.time()
    wanted = None if identifier is None else {contact.id for contact in _contacts(request, identifier)}
    rows = [
        (event, one, contact)
        for event in events
        for one, contact in taking_part(world, event)
        if (wanted is None or contact.id in wanted)
        and (state is None or event.state_of(one, now)[0] == state)
    ]
    shown, paging = page(rows, request.query.get("after"), limit)
    return Reply(
        200, {"total": len(rows), "results": [participation(world, *row) for row in shown], **paging}
    )


def _contacts(request: HubSpotRequest, identifier: str) -> list[Contact]:
    contacts = request.world.contacts
    found = contacts.find("email", identifier) if "@" in identifier else contacts.get(identifier)
    return [found] if found is not None else []
