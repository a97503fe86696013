"""What a token that does not expire may do."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.errors import not_found
from airflow_provider_mkt.sandbox.hubspot.requests import read_object
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

_USER_ID = 12345

routes = HubSpotRoutes("/oauth/v2/private-apps")


@routes.handle("POST", "/get/access-token-info", auth=False, gates=())
async def access_token_info(request: HubSpotRequest) -> Response:
    """Return the account and the scopes of a token. The response to an unknown token is not documented."""
    body = await read_object(request, "AccessTokenInfoRequest", ["tokenKey"])
    await request.simulate_latency()
    token = request.state.credentials.tokens.get(str(body["tokenKey"]))
    if token is None or token.is_oauth:
        raise not_found("The token is not known")
    return JSONResponse(
        {
            "userId": _USER_ID,
            "hubId": seed.PORTAL_ID,
            "appId": seed.PRIVATE_APP_IDS.get(token.app, 0),
            "scopes": sorted(token.without(request.state.settings.withheld_scopes).scopes),
        }
    )
