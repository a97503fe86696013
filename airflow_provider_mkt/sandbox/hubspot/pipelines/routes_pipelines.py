"""List and get pipelines and their stages."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.errors import not_found
from airflow_provider_mkt.sandbox.hubspot.objects.requests import kind_of, read_scopes
from airflow_provider_mkt.sandbox.hubspot.pipelines import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.pipelines.store import Pipeline, Stage
from airflow_provider_mkt.sandbox.hubspot.requests import is_dated
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

routes = HubSpotRoutes(*PREFIXES, scopes_of=read_scopes)


@routes.handle("GET", "/{objectType}")
async def list_pipelines(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    every = request.state.pipelines.of(kind_of(request).name).values()
    return JSONResponse({"results": [_view(request, one) for one in every]})


@routes.handle("GET", "/{objectType}/{pipelineId}")
async def get_pipeline(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    return JSONResponse(_view(request, _find(request)))


@routes.handle("GET", "/{objectType}/{pipelineId}/stages")
async def list_stages(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    one = _find(request)
    return JSONResponse({"results": [_stage(request, one, stage) for stage in one.stages.values()]})


def _find(request: HubSpotRequest) -> Pipeline:
    wanted = request.path_params["pipelineId"]
    found = request.state.pipelines.of(kind_of(request).name).get(wanted)
    if found is None:
        raise not_found(f"No pipeline with id {wanted}")
    return found


def _view(request: HubSpotRequest, one: Pipeline) -> JsonObject:
    return {
        "id": one.id,
        "label": one.label,
        "displayOrder": one.order,
        "createdAt": iso(one.created),
        "updatedAt": iso(one.created),
        "archived": False,
        "stages": [_stage(request, one, stage) for stage in one.stages.values()],
    }


def _stage(request: HubSpotRequest, one: Pipeline, stage: Stage) -> JsonObject:
    view: JsonObject = {
        "id": stage.id,
        "label": stage.label,
        "displayOrder": stage.order,
        "metadata": stage.metadata,
        "createdAt": iso(one.created),
        "updatedAt": iso(one.created),
        "archived": False,
    }
    if is_dated(request):
        view["writePermissions"] = "CRM_PERMISSIONS_ENFORCEMENT"
    return view
