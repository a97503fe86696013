"""The v4 API and its dated version: one subscriber."""

from __future__ import annotations

from urllib.parse import quote

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.errors import invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.requests import bool_param, check_object, read_object
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.hubspot.subscriptions import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.subscriptions.requests import (
    READ,
    WRITE,
    definition,
    person,
    set_status,
    status_view,
)
from airflow_provider_mkt.sandbox.hubspot.subscriptions.store import UNSUBSCRIBED
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

_PAGES = "https://preferences.sandbox.example.com"
_REQUIRED = ("channel", "statusState", "subscriptionId")
_PARTIAL = (*_REQUIRED, "legalBasis", "legalBasisExplanation")

routes = HubSpotRoutes(*PREFIXES)


@routes.handle("GET", "/definitions", scopes=READ)
async def definitions(request: HubSpotRequest) -> Response:
    business_unit(request)
    translations = bool_param(request.query_params.get("includeTranslations"), "includeTranslations")
    began = request.clock.time()
    await request.simulate_latency()
    every = request.state.subscriptions.definitions.values()
    return action_reply(request, [one.view(translations=translations) for one in every], began)


@routes.handle("POST", "/links/generate", scopes=READ, also=WRITE)
async def links(request: HubSpotRequest) -> Response:
    """Generate links. Needs both scopes, or the one that includes both, as documented."""
    in_channel(request)
    schema = "LinkGenerationRequest"
    body = await read_object(request, schema, ["subscriberIdString"])
    check_object(body, schema, known=["subscriberIdString", "subscriptionId", "language"])
    address = person(body["subscriberIdString"])
    await request.simulate_latency()
    # JSON can escape a lone surrogate, which UTF-8 cannot encode.
    language = quote(str(body.get("language") or "en"), safe="", errors="replace")
    base = f"{_PAGES}/{quote(address, safe='', errors='replace')}?lang={language}"
    view = {
        "subscriberIdString": address,
        "managePreferencesUrl": f"{base}&page=manage",
        "unsubscribeAllUrl": f"{base}&page=unsubscribe-all",
    }
    if body.get("subscriptionId") is not None:
        of = definition(request, body["subscriptionId"])
        view["unsubscribeSingleUrl"] = f"{base}&page=unsubscribe&subscription={of.id}"
    return JSONResponse(view)


@routes.handle("GET", "/statuses/{subscriberIdString}", scopes=READ)
async def get_statuses(request: HubSpotRequest) -> Response:
    in_channel(request)
    began, address = request.clock.time(), person(request.path_params["subscriberIdString"])
    await request.simulate_latency()
    return action_reply(request, all_statuses(request, address), began)


@routes.handle("POST", "/statuses/{subscriberIdString}", scopes=WRITE)
async def write_status(request: HubSpotRequest) -> Response:
    schema = "PartialPublicStatusRequest"
    began, address = request.clock.time(), person(request.path_params["subscriberIdString"])
    body = check_object(await read_object(request, schema, _REQUIRED), schema, known=_PARTIAL)
    await request.simulate_latency()
    return action_reply(request, [set_status(request, address, body)], began)


@routes.handle("GET", "/statuses/{subscriberIdString}/unsubscribe-all", scopes=READ)
async def get_unsubscribed_from_all(request: HubSpotRequest) -> Response:
    in_channel(request)
    bool_param(request.query_params.get("verbose"), "verbose")
    began, address = request.clock.time(), person(request.path_params["subscriberIdString"])
    await request.simulate_latency()
    return action_reply(request, [wide_status(request, address)], began)


@routes.handle("POST", "/statuses/{subscriberIdString}/unsubscribe-all", scopes=WRITE)
async def unsubscribe_from_all(request: HubSpotRequest) -> Response:
    in_channel(request)
    verbose = bool_param(request.query_params.get("verbose"), "verbose")
    began, address = request.clock.time(), person(request.path_params["subscriberIdString"])
    await request.simulate_latency()
    return action_reply(
        request, opt_out_of_all(request, address) if verbose else _left(request, address), began
    )


def action_reply(request: HubSpotRequest, results: list[JsonObject], began: float) -> Response:
    """Return the envelope of an action on one subscriber."""
    return JSONResponse(
        {
            "status": "COMPLETE",
            "results": results,
            "startedAt": iso(began),
            "completedAt": iso(request.clock.time()),
        }
    )


def in_channel(request: HubSpotRequest) -> None:
    """Check the channel, which is required and must be EMAIL."""
    if request.query_params.get("channel") != "EMAIL":
        raise invalid("channel is required and must be EMAIL")
    business_unit(request)


def business_unit(request: HubSpotRequest) -> None:
    """Check the business unit; the account has only the default one."""
    if request.query_params.get("businessUnitId") not in (None, "0"):
        raise not_found(f"Business unit {request.query_params.get('businessUnitId')} not found")


def all_statuses(request: HubSpotRequest, address: str, **more: object) -> list[JsonObject]:
    every = request.state.subscriptions.definitions.values()
    return [status_view(request, address, one, **more) for one in every]


def wide_status(request: HubSpotRequest, address: str) -> JsonObject:
    left = request.state.subscriptions.opted_out_of_all(address)
    return {
        "subscriberIdString": address,
        "channel": "EMAIL",
        "businessUnitId": 0,
        "wideStatusType": "PORTAL_WIDE",
        "status": "NOT_SPECIFIED" if left is None else UNSUBSCRIBED,
        "timestamp": iso(left or 0.0),
    }


def opt_out_of_all(request: HubSpotRequest, address: str) -> list[JsonObject]:
    """Opt a subscriber out of all types, and return their statuses."""
    request.state.subscriptions.opt_out_of_all(address)
    return all_statuses(request, address, setStatusSuccessReason="UNSUBSCRIBE_FROM_ALL_OCCURRED")


def _left(request: HubSpotRequest, address: str) -> list[JsonObject]:
    opt_out_of_all(request, address)
    return []
