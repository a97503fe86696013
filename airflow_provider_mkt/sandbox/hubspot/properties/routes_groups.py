"""Groups of properties."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.errors import invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.properties import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.properties.requests import (
    exists_already,
    properties_of,
    read_scopes,
    write_scopes,
)
from airflow_provider_mkt.sandbox.hubspot.properties.store import Group
from airflow_provider_mkt.sandbox.hubspot.properties.views import group_view
from airflow_provider_mkt.sandbox.hubspot.requests import read_object
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

routes = HubSpotRoutes(*PREFIXES)


@routes.handle("GET", "/{objectType}/groups", scopes_of=read_scopes)
async def list_groups(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    return JSONResponse({"results": [group_view(one) for one in properties_of(request).groups.values()]})


@routes.handle("POST", "/{objectType}/groups", scopes_of=write_scopes)
async def create_group(request: HubSpotRequest) -> Response:
    body = await read_object(request, "PropertyGroupCreate", ["name", "label"])
    await request.simulate_latency()
    groups, name = properties_of(request).groups, str(body["name"])
    if name in groups:
        raise exists_already("property group", name)
    groups[name] = Group(name, str(body["label"]), _order(body, -1))
    return JSONResponse(group_view(groups[name]), 201)


@routes.handle("GET", "/{objectType}/groups/{groupName}", scopes_of=read_scopes)
async def get_group(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    return JSONResponse(group_view(_find(request)))


@routes.handle("PATCH", "/{objectType}/groups/{groupName}", scopes_of=write_scopes)
async def update_group(request: HubSpotRequest) -> Response:
    body = await read_object(request, "PropertyGroupUpdate")
    await request.simulate_latency()
    group = _find(request)
    group.label = str(body.get("label") or group.label)
    group.order = _order(body, group.order)
    return JSONResponse(group_view(group))


@routes.handle("DELETE", "/{objectType}/groups/{groupName}", scopes_of=write_scopes)
async def archive_group(request: HubSpotRequest) -> Response:
    """Archive a group. One that has properties cannot be archived, which is not documented."""
    await request.simulate_latency()
    properties, group = properties_of(request), _find(request)
    if group.name == properties.default_group or properties.in_group(group.name):
        msg = f"Property group {group.name!r} still has properties"
        raise invalid(msg)
    del properties.groups[group.name]
    return Response(status_code=204)


def _find(request: HubSpotRequest) -> Group:
    name = request.path_params["groupName"]
    group = properties_of(request).groups.get(name)
    if group is None:
        msg = f"Property group {name!r} does not exist"
        raise not_found(msg)
    return group


def _order(body: JsonObject, default: int) -> int:
    value = body.get("displayOrder", default)
    if isinstance(value, bool) or not isinstance(value, int):
        raise invalid("displayOrder must be a whole number")
    return value
