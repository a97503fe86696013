"""Flows, which are workflows under newer ids, and the mapping of these ids."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.automation.flow_definitions import (
    FOR_NEW,
    definition_view,
    read_definition,
)
from airflow_provider_mkt.sandbox.hubspot.automation.store import Workflow
from airflow_provider_mkt.sandbox.hubspot.batches import batch_response
from airflow_provider_mkt.sandbox.hubspot.errors import HubSpotError, conflict, invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.paging import page
from airflow_provider_mkt.sandbox.hubspot.requests import int_param, read_inputs
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.limits import CONCURRENCY, DAILY
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

SCOPES = ("automation",)
MAX_INPUTS = 100
# Writes of flows are exempt from the ten-second window.
GATES = (CONCURRENCY, DAILY)

routes = HubSpotRoutes("/automation/v4")


@routes.handle("GET", "/flows", scopes=SCOPES)
async def list_flows(request: HubSpotRequest) -> Response:
    limit = int_param(request.query_params.get("limit"), "limit", 100, 1, 100)
    await request.simulate_latency()
    every = list(request.state.automation.workflows.values())
    found, paging = page(every, request.query_params.get("after"), limit)
    return JSONResponse({"results": [_listed(one) for one in found], **paging})


@routes.handle("GET", "/flows/{flowId}", scopes=SCOPES)
async def get_flow(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    return JSONResponse(_flow_view(find_flow(request)))


@routes.handle("POST", "/flows", scopes=SCOPES, gates=GATES)
async def create_flow(request: HubSpotRequest) -> Response:
    body = await read_definition(request, "ApiFlowCreateRequest", FOR_NEW)
    await request.simulate_latency()
    created = request.state.automation.create_workflow()
    request.state.automation.define(created, body)
    return JSONResponse(_flow_view(created), 201)


@routes.handle("PUT", "/flows/{flowId}", scopes=SCOPES, gates=GATES)
async def replace_flow(request: HubSpotRequest) -> Response:
    """Replace a flow. The response to an outdated revision is not documented; it is rejected here."""
    body = await read_definition(request, "ApiFlowPutRequest", ("revisionId",))
    await request.simulate_latency()
    one = find_flow(request)
    if str(body["revisionId"]) != str(one.revision):
        msg = f"revisionId is {body['revisionId']}, but the flow is at {one.revision}"
        raise conflict(msg)
    request.state.automation.define(one, body)
    one.revision += 1
    return JSONResponse(_flow_view(one))


@routes.handle("DELETE", "/flows/{flowId}", scopes=SCOPES)
async def delete_flow(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    del request.state.automation.workflows[find_flow(request).flow_id]
    return Response(status_code=204)


@routes.handle("POST", "/flows/batch/read", scopes=SCOPES)
async def batch_read(request: HubSpotRequest) -> Response:
    began = request.clock.time()
    ids = [_id_of(item, "FLOW_ID", "flowId") for item in await _inputs(request)]
    await request.simulate_latency()
    known = request.state.automation.workflows
    unknown = [one for one in ids if one not in known]
    return batch_response(
        request, [_flow_view(known[one]) for one in ids if one in known], _missing(unknown), began=began
    )


@routes.handle("POST", "/workflow-id-mappings/batch/read", scopes=SCOPES)
async def map_ids(request: HubSpotRequest) -> Response:
    """Map ids. The guide and the schema name the field of the id differently; both are accepted."""
    began = request.clock.time()
    requested = await _inputs(request)
    await request.simulate_latency()
    store, results, unknown = request.state.automation, [], []
    for item in requested:
        if item.get("type") == "WORKFLOW_ID":
            wanted = _id_of(item, "WORKFLOW_ID", "workflowId", "flowMigrationStatusForClassicWorkflows")
            found = store.by_workflow_id(wanted)
        else:
            wanted = _id_of(item, "FLOW_ID", "flowId", "flowMigrationStatuses")
            found = store.workflows.get(wanted)
        if found is None or found.workflow_id is None:
            unknown.append(wanted)
        else:
            results.append({"flowId": int(found.flow_id), "workflowId": int(found.workflow_id)})
    return batch_response(request, results, _missing(unknown), began=began)


def find_flow(request: HubSpotRequest) -> Workflow:
    one = request.state.automation.workflows.get(request.path_params["flowId"])
    if one is None:
        raise not_found(f"No flow with id {request.path_params['flowId']}")
    return one


async def _inputs(request: HubSpotRequest) -> list[JsonObject]:
    return await read_inputs(request, "ApiFlowBatchFetch", MAX_INPUTS, ["type"])


def _id_of(item: JsonObject, kind: str, *fields: str) -> str:
    given = next((item[name] for name in fields if item.get(name) is not None), None)
    if item["type"] != kind or given is None:
        msg = f"An input must have the type {kind} and {fields[-1]}"
        raise invalid(msg)
    return str(given)


def _missing(unknown: list[str]) -> list[JsonObject]:
    if not unknown:
        return []
    return [HubSpotError(404, "OBJECT_NOT_FOUND", "Some flows were not found").as_batch_error(ids=unknown)]


def _listed(one: Workflow) -> JsonObject:
    return {
        "id": one.flow_id,
        "name": one.name,
        "isEnabled": one.enabled,
        "flowType": one.definition.get("flowType", "WORKFLOW"),
        "objectTypeId": one.definition.get("objectTypeId", "0-1"),
        "revisionId": str(one.revision),
        "createdAt": iso(one.created),
        "updatedAt": iso(max(one.created, one.updated)),
    }


def _flow_view(one: Workflow) -> JsonObject:
    return definition_view(one) | _listed(one)
