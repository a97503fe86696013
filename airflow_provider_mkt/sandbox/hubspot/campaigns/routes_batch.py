"""Batch endpoints of campaigns."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.batches import batch_response
from airflow_provider_mkt.sandbox.hubspot.campaigns import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.campaigns.date_ranges import metric_days
from airflow_provider_mkt.sandbox.hubspot.campaigns.requests import READ, WRITE, valid, with_assets
from airflow_provider_mkt.sandbox.hubspot.errors import HubSpotError, not_found
from airflow_provider_mkt.sandbox.hubspot.requests import check_object, property_map, read_inputs
from airflow_provider_mkt.sandbox.hubspot.settings import PROFESSIONAL
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

MAX_INPUTS = 50

routes = HubSpotRoutes(*PREFIXES, product=PROFESSIONAL)


@routes.handle("POST", "/batch/create", scopes=WRITE)
async def batch_create(request: HubSpotRequest) -> Response:
    """Create campaigns; some inputs may fail. An error names the property, but not the input."""
    began, schema = request.clock.time(), "PublicCampaignInput"
    inputs = await read_inputs(request, schema, MAX_INPUTS, ["properties"])
    for item in inputs:
        check_object(item, schema, known=["properties"])
        property_map(item["properties"], schema)
    await request.simulate_latency()
    results: list[JsonObject] = []
    errors: list[JsonObject] = []
    for item in inputs:
        try:
            values = valid(item["properties"], schema, creating=True)
        except HubSpotError as error:
            errors.append(error.as_batch_error())
        else:
            results.append(request.state.campaigns.create(values).view(list(values)))
    return batch_response(request, results, errors, began=began, success=201)


@routes.handle("POST", "/batch/read", scopes=READ)
async def batch_read(request: HubSpotRequest) -> Response:
    began = request.clock.time()
    inputs = await read_inputs(request, "PublicCampaignReadInput", MAX_INPUTS, ["id"])
    names, days = request.list_param("properties"), metric_days(request)
    await request.simulate_latency()
    results: list[JsonObject] = []
    errors: list[JsonObject] = []
    for guid in dict.fromkeys(str(item["id"]).lower() for item in inputs):
        campaign = request.state.campaigns.get(guid)
        if campaign is None:
            errors.append(not_found(f"Campaign {guid} not found").as_batch_error(id=[guid]))
        else:
            results.append(with_assets(request, campaign, names, days))
    return batch_response(request, results, errors, began=began)


@routes.handle("POST", "/batch/update", scopes=WRITE)
async def batch_update(request: HubSpotRequest) -> Response:
    began, schema = request.clock.time(), "PublicCampaignBatchUpdateItem"
    inputs = await read_inputs(request, schema, MAX_INPUTS, ["id", "properties"])
    for item in inputs:
        property_map(item["properties"], schema)
    await request.simulate_latency()
    results: list[JsonObject] = []
    errors: list[JsonObject] = []
    for item in inputs:
        guid = str(item["id"])
        try:
            values = valid(item["properties"], schema, creating=False)
            campaign = request.state.campaigns.get(guid)
            if campaign is None:
                raise not_found(f"Campaign {guid} not found")
        except HubSpotError as error:
            errors.append(error.as_batch_error(id=[guid]))
        else:
            request.state.campaigns.update(campaign, values)
            results.append(campaign.view(list(values)))
    return batch_response(request, results, errors, began=began)


@routes.handle("POST", "/batch/archive", scopes=WRITE)
async def batch_archive(request: HubSpotRequest) -> Response:
    """Delete campaigns. 204 for unknown ids as well."""
    inputs = await read_inputs(request, "PublicCampaignDeleteInput", MAX_INPUTS, ["id"])
    await request.simulate_latency()
    for item in inputs:
        request.state.campaigns.remove(str(item["id"]))
    return Response(status_code=204)
