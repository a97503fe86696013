"""Create, get, update and archive a property, and list properties."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.errors import invalid
from airflow_provider_mkt.sandbox.hubspot.objects.definitions import Property
from airflow_provider_mkt.sandbox.hubspot.objects.own_properties import COMMON
from airflow_provider_mkt.sandbox.hubspot.objects.types import has_no_records
from airflow_provider_mkt.sandbox.hubspot.properties import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.properties.requests import (
    REQUIRED,
    archivable,
    check,
    check_new,
    check_options,
    find,
    own,
    properties_of,
    read_scopes,
    write_scopes,
)
from airflow_provider_mkt.sandbox.hubspot.properties.views import property_view
from airflow_provider_mkt.sandbox.hubspot.requests import bool_param, read_object
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

SENSITIVITIES = ("non_sensitive", "sensitive", "highly_sensitive")
_FIXED = ("name", "hasUniqueValue")

routes = HubSpotRoutes(*PREFIXES)
routes_v1 = HubSpotRoutes("/properties/v1", "/properties/v2")


@routes.handle("GET", "/{objectType}", scopes_of=read_scopes)
async def list_properties(request: HubSpotRequest) -> Response:
    """List all properties of an object type in one response.

    Clients that copy an account read this for every object type.
    """
    archived = bool_param(request.query_params.get("archived"), "archived")
    wanted = request.query_params.get("dataSensitivity", SENSITIVITIES[0])
    if wanted not in SENSITIVITIES:
        msg = f"dataSensitivity must be one of {', '.join(SENSITIVITIES)}, not {wanted!r}"
        raise invalid(msg)
    await request.simulate_latency()
    every = _every(request, archived=archived)
    return JSONResponse({"results": [one for one in every if one["dataSensitivity"] == wanted]})


@routes_v1.handle("GET", "/{objectType}/properties", scopes_of=read_scopes)
async def list_properties_v1(request: HubSpotRequest) -> Response:
    """List properties in the format of API v1, an array, which connectors still use."""
    await request.simulate_latency()
    return JSONResponse(_every(request))


@routes.handle("POST", "/{objectType}", scopes_of=write_scopes)
async def create_property(request: HubSpotRequest) -> Response:
    body = await read_object(request, "PropertyCreate", REQUIRED)
    properties = properties_of(request)
    check_options(request, body)
    check(properties, body)
    await request.simulate_latency()
    one = properties.put(check_new(properties, body))
    return JSONResponse(property_view(one, properties.default_group), 201)


@routes.handle("GET", "/{objectType}/{propertyName}", scopes_of=read_scopes)
async def get_property(request: HubSpotRequest) -> Response:
    archived = bool_param(request.query_params.get("archived"), "archived")
    await request.simulate_latency()
    properties = properties_of(request)
    one = find(properties, request.path_params["propertyName"], archived=archived)
    return JSONResponse(property_view(one, properties.default_group))


@routes.handle("PATCH", "/{objectType}/{propertyName}", scopes_of=write_scopes)
async def update_property(request: HubSpotRequest) -> Response:
    """Update a property that a client created. Its name and `hasUniqueValue` do not change."""
    body = await read_object(request, "PropertyUpdate")
    check_options(request, body)
    await request.simulate_latency()
    properties = properties_of(request)
    known = own(properties, request.path_params["propertyName"])
    kept = {name: known.custom.get(name) for name in _FIXED}
    return JSONResponse(
        property_view(
            properties.put(check(properties, {**known.custom, **body, **kept})), properties.default_group
        )
    )


@routes.handle("DELETE", "/{objectType}/{propertyName}", scopes_of=write_scopes)
async def archive_property(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    properties = properties_of(request)
    properties.archive(archivable(request, properties, request.path_params["propertyName"]))
    return Response(status_code=204)


def _every(request: HubSpotRequest, *, archived: bool = False) -> list[JsonObject]:
    if has_no_records(request.path_params["objectType"]):
        # Clients that copy an account read the properties of every object type.
        return [] if archived else [property_view(one, "information") for one in COMMON]
    properties = properties_of(request)
    every: Iterable[Property] = properties.archived.values() if archived else properties.live()
    return [property_view(one, properties.default_group) for one in every]
