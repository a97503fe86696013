"""OAuth endpoints: forms in, JSON out, with their own error format."""

from __future__ import annotations

from hashlib import sha256

from starlette.datastructures import QueryParams
from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.account.credential_store import ACCESS_TOKEN_LIFE, OAuthApp, Token
from airflow_provider_mkt.sandbox.hubspot.errors import HubSpotError, OAuthError, not_found, unsupported_media
from airflow_provider_mkt.sandbox.hubspot.requests import is_dated, read_object
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.hubspot.versions import dated
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.requests import merge_params
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

_USER_ID = 12345

routes = HubSpotRoutes("/oauth/v3", *dated("/oauth/{v}"))
routes_v1 = HubSpotRoutes("/oauth/v1")


@routes.handle("POST", "/token", auth=False, gates=())
async def token(request: HubSpotRequest) -> Response:
    """Issue a token for an authorization code (once), a refresh token, or client credentials."""
    return await _issue(request, await _form(request))


@routes_v1.handle("POST", "/token", auth=False, gates=())
async def token_v1(request: HubSpotRequest) -> Response:
    """Issue a token. This version also takes the secret and the refresh token in the query."""
    form = await _form(request)
    return await _issue(request, merge_params(request.query_params, form))


async def _issue(request: HubSpotRequest, form: QueryParams) -> Response:
    await request.simulate_latency()
    credentials = request.state.credentials
    app = credentials.app(form.get("client_id"), form.get("client_secret"))
    grant = form.get("grant_type")
    if grant == "client_credentials":
        # Such a token belongs to no account, so it has no permission here.
        scopes = (form.get("scope") or "").split()
        return _issued(credentials.issue(app, frozenset()), grant, scopes=scopes)
    if grant == "refresh_token":
        refresh = form.get("refresh_token") or ""
        if credentials.refresh_tokens.get(refresh) != app:
            raise OAuthError("BAD_REFRESH_TOKEN", "missing or invalid refresh token")
    elif grant == "authorization_code":
        if credentials.codes.get(form.get("code") or "") != app:
            raise OAuthError("BAD_AUTH_CODE", "missing or unknown auth code")
        del credentials.codes[form.get("code") or ""]
        # An installation issues a new refresh token when there is none.
        owned = (value for value, owner in credentials.refresh_tokens.items() if owner == app)
        refresh = next(owned, seed.REFRESH_TOKEN)
        credentials.refresh_tokens[refresh] = app
    else:
        raise OAuthError("BAD_GRANT_TYPE", f"unknown grant type {grant!r}", "unsupported_grant_type")
    return _issued(
        credentials.issue(app),
        "access_token",
        refresh_token=refresh,
        hub_id=seed.PORTAL_ID,
        user_id=_USER_ID,
        scopes=sorted(app.scopes.difference(request.state.settings.withheld_scopes)),
    )


def _issued(issued: Token, use: str, **fields: object) -> Response:
    return JSONResponse(
        {
            "token_type": "bearer",
            "token_use": use,
            "access_token": issued.value,
            "expires_in": ACCESS_TOKEN_LIFE,
            **fields,
        }
    )


@routes.handle("POST", "/token/introspect", auth=False, gates=())
async def introspect(request: HubSpotRequest) -> Response:
    form = await _form(request)
    await request.simulate_latency()
    credentials = request.state.credentials
    app = credentials.app(form.get("client_id"), form.get("client_secret"))
    value = form.get("token") or ""
    if credentials.refresh_tokens.get(value) == app:
        about = _about(request, app, value, app.scopes)
        return JSONResponse({**about, "active": True, "token_use": "refresh_token"})
    known = credentials.tokens.get(value)
    if known is None or known.expires is None:
        raise OAuthError("BAD_TOKEN", "missing or unknown token", "invalid_request")
    about = _about(request, app, value, known.scopes)
    left = int(known.expires - request.clock.time())
    return JSONResponse(
        {
            **about,
            "active": left > 0,
            "token_use": "access_token",
            "expires_in": max(0, left),
            "is_private_distribution": False,
            "signed_access_token": _signed(app, value, known.expires),
        }
    )


@routes.handle("POST", "/token/revoke", auth=False, gates=())
async def revoke(request: HubSpotRequest) -> Response:
    """Revoke a token. An unknown one counts as revoked. The status of success is not documented."""
    form = await _form(request)
    await request.simulate_latency()
    credentials = request.state.credentials
    app = credentials.app(form.get("client_id"), form.get("client_secret"))
    value = form.get("token") or ""
    if credentials.refresh_tokens.get(value) == app:
        del credentials.refresh_tokens[value]
    known = credentials.tokens.get(value)
    if known is not None and known.is_oauth and known.app == f"oauth-{app.app_id}":
        del credentials.tokens[value]
    return Response(status_code=204)


@routes_v1.handle("GET", "/access-tokens/{token}", auth=False, gates=())
async def access_token_v1(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    credentials, value = request.state.credentials, request.path_params["token"]
    known = credentials.tokens.get(value)
    app = next(
        (one for one in credentials.apps.values() if known and known.app == f"oauth-{one.app_id}"), None
    )
    if known is None or known.expires is None or app is None:
        raise _unknown_v1()
    left = max(0, int(known.expires - request.clock.time()))
    about = {**_about(request, app, value, known.scopes), "token_type": "access", "expires_in": left}
    del about["client_id"]
    return JSONResponse(about)


@routes_v1.handle("GET", "/refresh-tokens/{token}", auth=False, gates=())
async def refresh_token_v1(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    value = request.path_params["token"]
    app = request.state.credentials.refresh_tokens.get(value)
    if app is None:
        raise _unknown_v1()
    about = {**_about(request, app, value, app.scopes), "token_type": "refresh"}
    del about["app_id"]
    return JSONResponse(about)


@routes_v1.handle("DELETE", "/refresh-tokens/{token}", auth=False, gates=())
async def delete_refresh_token_v1(request: HubSpotRequest) -> Response:
    """Delete a refresh token. The response to an unknown one is not documented; it is 404 here."""
    await request.simulate_latency()
    if request.state.credentials.refresh_tokens.pop(request.path_params["token"], None) is None:
        raise _unknown_v1()
    return Response(status_code=204)


def _unknown_v1() -> HubSpotError:
    return not_found("The token is not known")


def _signed(app: OAuthApp, value: str, expires: float) -> JsonObject:
    """Return the content of a signed access token. Its signatures are not valid."""
    return {
        "appId": app.app_id,
        "expiresAt": int(expires * 1000),
        "hubId": seed.PORTAL_ID,
        "hublet": "na1",
        "installingUserId": _USER_ID,
        "isPrivateDistribution": False,
        "isServiceAccount": False,
        "isUserLevel": False,
        "newSignature": sha256(f"new {value}".encode()).hexdigest(),
        "scopes": " ".join(sorted(app.scopes)),
        "scopeToScopeGroupPks": "",
        "signature": sha256(value.encode()).hexdigest(),
        "trialScopes": "",
        "trialScopeToScopeGroupPks": "",
        "userId": _USER_ID,
    }


def _about(request: HubSpotRequest, app: OAuthApp, value: str, scopes: frozenset[str]) -> JsonObject:
    return {
        "token": value,
        "token_type": "bearer",
        "client_id": app.client_id,
        "app_id": app.app_id,
        "hub_id": seed.PORTAL_ID,
        "hub_domain": "sandbox.example.com",
        "user": "admin@example.com",
        "user_id": _USER_ID,
        "scopes": sorted(scopes.difference(request.state.settings.withheld_scopes)),
    }


async def _form(request: HubSpotRequest) -> QueryParams:
    if request.content_type == "application/json" and is_dated(request):
        # HubSpot's client for the dated paths sends the fields of the form as JSON.
        body = await read_object(request, "TokenRequest")
        return QueryParams([(name, str(value)) for name, value in body.items() if value is not None])
    if request.content_type != "application/x-www-form-urlencoded":
        raise unsupported_media(request.content_type)
    return merge_params(await request.form_data())
