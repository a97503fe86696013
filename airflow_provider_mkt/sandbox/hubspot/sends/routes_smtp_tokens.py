"""SMTP tokens: list, create, get, delete, and reset the password."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.errors import forbidden, invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.paging import page
from airflow_provider_mkt.sandbox.hubspot.requests import check_object, int_param, read_object
from airflow_provider_mkt.sandbox.hubspot.sends import TRANSACTIONAL_PREFIXES
from airflow_provider_mkt.sandbox.hubspot.sends.routes_single_sends import TRANSACTIONAL
from airflow_provider_mkt.sandbox.hubspot.sends.smtp_token_store import SmtpToken
from airflow_provider_mkt.sandbox.hubspot.settings import PROFESSIONAL
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

_FIELDS = ("campaignName", "createContact")
_PAGE = 100

routes = HubSpotRoutes(*TRANSACTIONAL_PREFIXES, product=PROFESSIONAL)


@routes.handle("GET", "/smtp-tokens", scopes=TRANSACTIONAL)
async def list_tokens(request: HubSpotRequest) -> Response:
    """List tokens. The page size is not documented; 100 is the default and the maximum here."""
    limit = int_param(request.query_params.get("limit"), "limit", _PAGE, 1, _PAGE)
    await request.simulate_latency()
    _check_product(request)
    found = [
        one
        for one in request.state.smtp_tokens.all()
        if request.query_params.get("campaignName") in (None, one.campaign)
        and request.query_params.get("emailCampaignId") in (None, one.campaign_id)
    ]
    items, paging = page(found, request.query_params.get("after"), limit)
    return JSONResponse({"results": [one.view() for one in items], **paging})


@routes.handle("POST", "/smtp-tokens", scopes=TRANSACTIONAL)
async def create_token(request: HubSpotRequest) -> Response:
    schema = "SmtpApiTokenRequestEgg"
    body = check_object(await read_object(request, schema, _FIELDS), schema, known=_FIELDS)
    if not isinstance(body["createContact"], bool) or not isinstance(body["campaignName"], str):
        msg = f"Invalid input JSON on line 1, column 1: Cannot build {schema}, a field is of the wrong type"
        raise invalid(msg)
    if not body["campaignName"].strip():
        raise invalid("campaignName must not be empty")
    await request.simulate_latency()
    _check_product(request)
    if request.state.settings.smtp_tokens_need_oauth and not request.token.is_oauth:
        raise forbidden("SMTP tokens are created with the access token of an OAuth app")
    token = request.state.smtp_tokens.create(body["campaignName"], creates_contacts=body["createContact"])
    return JSONResponse(token.view(with_password=True), 201)


@routes.handle("GET", "/smtp-tokens/{tokenId}", scopes=TRANSACTIONAL)
async def get_token(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    return JSONResponse(_find(request).view())


@routes.handle("DELETE", "/smtp-tokens/{tokenId}", scopes=TRANSACTIONAL)
async def delete_token(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    request.state.smtp_tokens.remove(_find(request))
    return Response(status_code=204)


@routes.handle("POST", "/smtp-tokens/{tokenId}/password-reset", scopes=TRANSACTIONAL)
async def reset_password(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    token = _find(request)
    request.state.smtp_tokens.reset(token)
    return JSONResponse(token.view(with_password=True))


def _find(request: HubSpotRequest) -> SmtpToken:
    _check_product(request)
    token = request.state.smtp_tokens.get(request.path_params["tokenId"])
    if token is None:
        raise not_found(f"SMTP token {request.path_params['tokenId']} not found")
    return token


def _check_product(request: HubSpotRequest) -> None:
    if not request.state.settings.transactional_email:
        raise forbidden("This account does not have the transactional email add-on")
