"""The v3 API: two states, and an opt-out cannot be undone."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.requests import check_object, read_object
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.hubspot.subscriptions.requests import (
    READ,
    WRITE,
    definition,
    legal_basis,
    opted_out,
    person,
)
from airflow_provider_mkt.sandbox.hubspot.subscriptions.store import SUBSCRIBED, UNSUBSCRIBED, Definition
from airflow_provider_mkt.sandbox.hubspot.versions import SEPTEMBER
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

_SCHEMA = "PublicUpdateSubscriptionStatusRequest"
_REQUIRED = ("emailAddress", "subscriptionId")
_FIELDS = (*_REQUIRED, "legalBasis", "legalBasisExplanation")

routes = HubSpotRoutes("/communication-preferences/v3")
september_routes = HubSpotRoutes(f"/communication-preferences/{SEPTEMBER}")
"""2026-09 has the calls for one subscriber, with the bodies of v3, beside those of v4."""


@routes.handle("GET", "/definitions", scopes=READ)
async def definitions(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    every = request.state.subscriptions.definitions.values()
    return JSONResponse({"subscriptionDefinitions": [one.view() for one in every]})


@september_routes.handle("GET", "/status/email/{emailAddress}", scopes=READ)
@routes.handle("GET", "/status/email/{emailAddress}", scopes=READ)
async def statuses(request: HubSpotRequest) -> Response:
    address = person(request.path_params["emailAddress"])
    await request.simulate_latency()
    views = [_view(request, address, one) for one in request.state.subscriptions.definitions.values()]
    return JSONResponse({"recipient": address, "subscriptionStatuses": views})


@september_routes.handle("POST", "/subscribe", scopes=WRITE)
@routes.handle("POST", "/subscribe", scopes=WRITE)
async def subscribe(request: HubSpotRequest) -> Response:
    return await _write(request, SUBSCRIBED)


@september_routes.handle("POST", "/unsubscribe", scopes=WRITE)
@routes.handle("POST", "/unsubscribe", scopes=WRITE)
async def unsubscribe(request: HubSpotRequest) -> Response:
    return await _write(request, UNSUBSCRIBED)


@september_routes.handle("POST", "/resubscribe", scopes=WRITE)
async def resubscribe(request: HubSpotRequest) -> Response:
    """Undo an opt-out of one type.

    Scope and rules are not documented. The scope of the others is assumed, and that an opt-out of all types
    stays, as it does in v4.
    """
    return await _write(request, SUBSCRIBED, again=True)


async def _write(request: HubSpotRequest, state: str, *, again: bool = False) -> Response:
    body = check_object(await read_object(request, _SCHEMA, _REQUIRED), _SCHEMA, known=_FIELDS)
    address = person(body["emailAddress"])
    await request.simulate_latency()
    basis, explanation = legal_basis(request, body)
    of, store = definition(request, body["subscriptionId"]), request.state.subscriptions
    of_all = store.opted_out_of_all(address) is not None
    if state == SUBSCRIBED and (of_all or (store.state(address, of.id) == UNSUBSCRIBED and not again)):
        raise opted_out(f"{of.name}: the subscriber has opted out and cannot be subscribed again")
    store.set(address, of.id, state, basis, explanation)
    return JSONResponse(_view(request, address, of))


def _view(request: HubSpotRequest, address: str, of: Definition) -> JsonObject:
    store = request.state.subscriptions
    wide = store.opted_out_of_all(address) is not None
    return {
        "id": str(of.id),
        "name": of.name,
        "description": of.description,
        "status": SUBSCRIBED if store.state(address, of.id) == SUBSCRIBED else "NOT_SUBSCRIBED",
        "sourceOfStatus": "PORTAL_WIDE_STATUS" if wide else "SUBSCRIPTION_STATUS",
        "preferenceGroupName": "Marketing",
        "brandId": 0,
        **store.consent(address, of.id).legal(),
    }
