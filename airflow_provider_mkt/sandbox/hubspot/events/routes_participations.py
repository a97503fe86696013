"""Counters and breakdowns of participations."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.contacts.store import Contact
from airflow_provider_mkt.sandbox.hubspot.errors import invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.events import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.events.models import (
    ATTENDED,
    CANCELLED,
    NO_SHOW,
    REGISTERED,
    STATES,
    Event,
)
from airflow_provider_mkt.sandbox.hubspot.events.requests import READ, by_object_id, own_by_path
from airflow_provider_mkt.sandbox.hubspot.events.views import counters, participation, taking_part
from airflow_provider_mkt.sandbox.hubspot.paging import page
from airflow_provider_mkt.sandbox.hubspot.requests import int_param
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

_OBJECT = "marketingEventId"

routes = HubSpotRoutes(*PREFIXES)


@routes.handle("GET", "/participations/{marketingEventId}", scopes=READ)
async def counters_by_object_id(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    return _counters(request, by_object_id(request, _OBJECT))


@routes.handle("GET", "/participations/{externalAccountId}/{externalEventId}", scopes=READ)
async def counters_by_external_id(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    return _counters(request, own_by_path(request))


@routes.handle("GET", "/participations/{marketingEventId}/breakdown", scopes=READ)
async def breakdown_by_object_id(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    return _breakdown(
        request, [by_object_id(request, _OBJECT)], request.query_params.get("contactIdentifier")
    )


@routes.handle("GET", "/participations/{externalAccountId}/{externalEventId}/breakdown", scopes=READ)
async def breakdown_by_external_id(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    return _breakdown(request, [own_by_path(request)], request.query_params.get("contactIdentifier"))


@routes.handle("GET", "/participations/contacts/{contactIdentifier}/breakdown", scopes=READ)
async def breakdown_of_contact(request: HubSpotRequest) -> Response:
    """List a contact's participations in events of all apps."""
    await request.simulate_latency()
    identifier = request.path_params["contactIdentifier"]
    if not _contacts(request, identifier):
        msg = f"Contact {identifier} was not found"
        raise not_found(msg)
    return _breakdown(request, request.state.events.all(), identifier)


def _counters(request: HubSpotRequest, event: Event) -> Response:
    states = counters(request.state, event)
    return JSONResponse(
        {
            "registered": states[REGISTERED],
            "attended": states[ATTENDED],
            "cancelled": states[CANCELLED],
            "noShows": states[NO_SHOW],
        }
    )


def _breakdown(request: HubSpotRequest, events: list[Event], identifier: str | None) -> Response:
    limit = int_param(request.query_params.get("limit"), "limit", 10, 1, 100)
    wanted_state = request.query_params.get("state")
    if wanted_state is not None and wanted_state not in STATES:
        msg = f"state must be one of {', '.join(STATES)}, not {wanted_state!r}"
        raise invalid(msg)
    state, now = request.state, request.clock.time()
    wanted = None if identifier is None else {contact.id for contact in _contacts(request, identifier)}
    rows = [
        (event, one, contact)
        for event in events
        for one, contact in taking_part(state, event)
        if (wanted is None or contact.id in wanted)
        and (wanted_state is None or event.state_of(one, now)[0] == wanted_state)
    ]
    items, paging = page(rows, request.query_params.get("after"), limit)
    return JSONResponse(
        {"total": len(rows), "results": [participation(state, *row) for row in items], **paging}
    )


def _contacts(request: HubSpotRequest, identifier: str) -> list[Contact]:
    contacts = request.state.contacts
    found = contacts.find("email", identifier) if "@" in identifier else contacts.get(identifier)
    return [found] if found is not None else []
