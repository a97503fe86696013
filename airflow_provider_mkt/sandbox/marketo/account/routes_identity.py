"""Access tokens."""

import math

from starlette.datastructures import QueryParams
from starlette.responses import Response

from airflow_provider_mkt.sandbox.marketo.responses import IDENTITY, MarketoRequest, MarketoRoutes
from airflow_provider_mkt.sandbox.server.requests import merge_params
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

routes = MarketoRoutes(IDENTITY)


@routes.handle("GET", "/oauth/token", auth=False, gates=())
async def get_token(request: MarketoRequest) -> Response:
    return _sign_in(request, request.query_params)


@routes.handle("POST", "/oauth/token", auth=False, gates=())
async def post_token(request: MarketoRequest) -> Response:
    """Issue a token. The schema has the parameters in the query, clients send them in a form."""
    return _sign_in(request, merge_params(request.query_params, await request.form_data()))


def _sign_in(request: MarketoRequest, given: QueryParams) -> Response:
    grant = given.get("grant_type")
    if grant != "client_credentials":
        return _refuse(400, "unsupported_grant_type", f"Unsupported grant type: {grant}")
    user = request.state.accounts.client(given.get("client_id") or "")
    if user is None:
        return _refuse(401, "unauthorized", f"No client with requested id: {given.get('client_id')}")
    if user.client_secret != given.get("client_secret"):
        return _refuse(401, "unauthorized", "Bad client credentials")
    now = request.clock.time()
    token = request.state.accounts.token_for(user, now)
    body = {
        "access_token": token.value,
        "token_type": "bearer",
        "expires_in": math.floor(token.expires - now),
        "scope": user.email,
    }
    return JSONResponse(body, headers={"cache-control": "no-store"})


def _refuse(status: int, error: str, description: str) -> Response:
    return JSONResponse({"error": error, "error_description": description}, status)
