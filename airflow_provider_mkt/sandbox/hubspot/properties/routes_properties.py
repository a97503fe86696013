"""Create, get, update and archive a property, and list properties."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.contacts.property_definitions import Property
from airflow_provider_mkt.sandbox.hubspot.properties import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.properties.object_types import COMMON
from airflow_provider_mkt.sandbox.hubspot.properties.requests import (
    READ,
    REQUIRED,
    WRITE,
    check,
    exists_already,
    find,
    of_contacts,
    own,
    properties_of,
)
from airflow_provider_mkt.sandbox.hubspot.properties.views import property_view
from airflow_provider_mkt.sandbox.hubspot.requests import bool_param, read_object
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

_FIXED = ("name", "hasUniqueValue")

routes = HubSpotRoutes(*PREFIXES)
routes_v1 = HubSpotRoutes("/properties/v1", "/properties/v2")


@routes.handle("GET", "/{objectType}", scopes=READ)
async def list_properties(request: HubSpotRequest) -> Response:
    """List all properties of an object type in one response.

    Clients that copy an account read this for every object type.
    """
    archived = bool_param(request.query_params.get("archived"), "archived")
    await request.simulate_latency()
    return JSONResponse({"results": _every(request, archived=archived)})


@routes_v1.handle("GET", "/{objectType}/properties", scopes=READ)
async def list_properties_v1(request: HubSpotRequest) -> Response:
    """List properties in the format of API v1, an array, which connectors still use."""
    await request.simulate_latency()
    return JSONResponse(_every(request))


@routes.handle("POST", "/{objectType}", scopes=WRITE)
async def create_property(request: HubSpotRequest) -> Response:
    body = await read_object(request, "PropertyCreate", REQUIRED)
    properties = properties_of(request)
    check(properties, body)
    await request.simulate_latency()
    if properties.get(body["name"]) is not None:
        raise exists_already("property", body["name"])
    return JSONResponse(property_view(properties.put(body)), 201)


@routes.handle("GET", "/{objectType}/{propertyName}", scopes=READ)
async def get_property(request: HubSpotRequest) -> Response:
    archived = bool_param(request.query_params.get("archived"), "archived")
    await request.simulate_latency()
    one = find(properties_of(request), request.path_params["propertyName"], archived=archived)
    return JSONResponse(property_view(one))


@routes.handle("PATCH", "/{objectType}/{propertyName}", scopes=WRITE)
async def update_property(request: HubSpotRequest) -> Response:
    """Update a property that a client created. Its name and `hasUniqueValue` do not change."""
    body = await read_object(request, "PropertyUpdate")
    await request.simulate_latency()
    properties = properties_of(request)
    known = own(properties, request.path_params["propertyName"])
    kept = {name: known.custom.get(name) for name in _FIXED}
    return JSONResponse(property_view(properties.put(check(properties, {**known.custom, **body, **kept}))))


@routes.handle("DELETE", "/{objectType}/{propertyName}", scopes=WRITE)
async def archive_property(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    properties = properties_of(request)
    properties.archive(own(properties, request.path_params["propertyName"]))
    return Response(status_code=204)


def _every(request: HubSpotRequest, *, archived: bool = False) -> list[JsonObject]:
    every: Iterable[Property] = () if archived else COMMON
    if of_contacts(request):
        properties = request.state.properties
        every = properties.archived.values() if archived else properties.live()
    return [property_view(one) for one in every]
