"""Signing in."""

import math

from airflow_provider_mkt.sandbox.marketo.responses import IDENTITY, Call, MarketoRoutes
from airflow_provider_mkt.sandbox.server.requests import Query
from airflow_provider_mkt.sandbox.server.responses import Reply

routes = MarketoRoutes(IDENTITY)


@routes.handle("GET", "/oauth/token", auth=False, gates=())
async def get_token(call: Call) -> Reply:
    return _sign_in(call, call.query)


@routes.handle("POST", "/oauth/token", auth=False, gates=())
async def post_token(call: Call) -> Reply:
    """Sign in by POST: the contract puts the secret in the query, everybody puts it in a form."""
    return _sign_in(call, Query(call.query.pairs + (await call.form()).fields.pairs))


def _sign_in(call: Call, given: Query) -> Reply:
    grant = given.get("grant_type")
    if grant != "client_credentials":
        return _refuse(400, "unsupported_grant_type", f"Unsupported grant type: {grant}")
    user = call.state.accounts.client(given.get("client_id") or "")
    if user is None:
        return _refuse(401, "unauthorized", f"No client with requested id: {given.get('client_id')}")
    if user.client_secret != given.get("client_secret"):
        return _refuse(401, "unauthorized", "Bad client credentials")
    now = call.clock.time()
    token = call.state.accounts.token_for(user, now)
    body = {
        "access_token": token.value,
        "token_type": "bearer",
        "expires_in": math.floor(token.expires - now),
        "scope": user.email,
    }
    return Reply(200, body, {"cache-control": "no-store"})


def _refuse(status: int, error: str, description: str) -> Reply:
    return Reply(status, {"error": error, "error_description": description})
