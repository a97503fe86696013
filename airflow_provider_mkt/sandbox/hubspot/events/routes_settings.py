"""The settings of an app, which need a token of the developer account."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.errors import invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.events import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.requests import read_object
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

routes = HubSpotRoutes(*PREFIXES)


@routes.handle("GET", "/{appId}/settings", scopes=("developers-read",))
async def get_settings(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    app_id = _app(request)
    url = request.state.events.settings.get(app_id)
    if url is None:
        msg = f"App {app_id} has no settings"
        raise not_found(msg)
    return JSONResponse({"appId": app_id, "eventDetailsUrl": url})


@routes.handle("POST", "/{appId}/settings", scopes=("developers-write",))
async def update_settings(request: HubSpotRequest) -> Response:
    body = await read_object(request, "EventDetailSettingsUrl", ["eventDetailsUrl"])
    url = body["eventDetailsUrl"]
    try:
        good = isinstance(url, str) and "%s" in url and urlsplit(url).scheme == "https"
    except ValueError:
        good = False
    if not good:
        msg = "eventDetailsUrl must be an https URL that contains %s"
        raise invalid(msg)
    await request.simulate_latency()
    app_id = _app(request)
    request.state.events.settings[app_id] = url
    return JSONResponse({"appId": app_id, "eventDetailsUrl": url})


def _app(request: HubSpotRequest) -> int:
    given = request.path_params["appId"]
    known = {str(app.id): app.id for app in request.state.events.apps.values()}
    if given not in known:
        msg = f"App {given} was not found"
        raise not_found(msg)
    return known[given]
