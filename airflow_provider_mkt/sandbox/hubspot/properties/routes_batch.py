"""Batch endpoints of properties. The maximum number of inputs is not documented; 100 is assumed."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.batches import batch_response
from airflow_provider_mkt.sandbox.hubspot.errors import HubSpotError
from airflow_provider_mkt.sandbox.hubspot.properties import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.properties.requests import (
    REQUIRED,
    check_new,
    check_options,
    find,
    own,
    properties_of,
    read_scopes,
    write_scopes,
)
from airflow_provider_mkt.sandbox.hubspot.properties.views import property_view
from airflow_provider_mkt.sandbox.hubspot.requests import batch_inputs, read_inputs, read_object
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

MAX_INPUTS = 100

routes = HubSpotRoutes(*PREFIXES)


@routes.handle("POST", "/{objectType}/batch/create", scopes_of=write_scopes)
async def batch_create(request: HubSpotRequest) -> Response:
    began, properties = request.clock.time(), properties_of(request)
    inputs = await read_inputs(request, "PropertyCreate", MAX_INPUTS, REQUIRED)
    await request.simulate_latency()
    results: list[JsonObject] = []
    errors: list[JsonObject] = []
    for body in inputs:
        name = str(body["name"])
        try:
            check_options(request, body)
            one = properties.put(check_new(properties, body))
            results.append(property_view(one, properties.default_group))
        except HubSpotError as error:
            errors.append(error.as_batch_error(name=[name]))
    return batch_response(request, results, errors, began=began, success=201)


@routes.handle("POST", "/{objectType}/batch/read", scopes_of=read_scopes)
async def batch_read(request: HubSpotRequest) -> Response:
    began, properties = request.clock.time(), properties_of(request)
    body = await read_object(request, "BatchReadInputPropertyName", ["inputs"])
    inputs = batch_inputs(body, "PropertyName", MAX_INPUTS, ["name"])
    await request.simulate_latency()
    results: list[JsonObject] = []
    errors: list[JsonObject] = []
    for name in dict.fromkeys(str(item["name"]) for item in inputs):
        try:
            results.append(
                property_view(
                    find(properties, name, archived=body.get("archived") is True), properties.default_group
                )
            )
        except HubSpotError as error:
            errors.append(error.as_batch_error(name=[name]))
    return batch_response(request, results, errors, began=began)


@routes.handle("POST", "/{objectType}/batch/archive", scopes_of=write_scopes)
async def batch_archive(request: HubSpotRequest) -> Response:
    """Archive properties. Unknown names are ignored."""
    properties = properties_of(request)
    inputs = await read_inputs(request, "PropertyName", MAX_INPUTS, ["name"])
    await request.simulate_latency()
    for item in inputs:
        if properties.get(str(item["name"])) is not None:
            properties.archive(own(properties, str(item["name"])))
    return Response(status_code=204)
