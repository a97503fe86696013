"""Start exports, read their states, and download their files."""

from __future__ import annotations

from urllib.parse import urlencode

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.errors import HubSpotError, invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.exports.models import (
    CANCELED,
    DONE,
    ENDED,
    PROCESSING,
    Export,
)
from airflow_provider_mkt.sandbox.hubspot.exports.requests import LIST, VIEW, read_order
from airflow_provider_mkt.sandbox.hubspot.exports.store import is_readable
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.hubspot.versions import dated
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

SCOPES = ("crm.export",)
_FILES = "/crm-exports-file"
_EXPIRED = "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"

routes = HubSpotRoutes("/crm/v3/exports/export", *dated("/crm/exports/{v}/export"))
routes_files = HubSpotRoutes(_FILES)


@routes.handle("POST", "/async", scopes=SCOPES)
async def start_export(request: HubSpotRequest) -> Response:
    """Start an export. A repeated request starts another one."""
    order = await read_order(request)
    exports, most = request.state.exports, request.state.settings.exports_per_day
    if exports.started_today() >= most:
        # What HubSpot answers is not documented. As for imports over their limit, waiting does not help.
        raise HubSpotError(429, "RATE_LIMITS", f"The limit of {most} exports in 24 hours is reached.")
    await request.simulate_latency()
    return JSONResponse({"id": exports.add(order).id, "links": {}}, 202)


@routes.handle("GET", "/async/tasks/{taskId}/status", scopes=SCOPES)
async def get_task(request: HubSpotRequest) -> Response:
    """Return the status of the task that writes the file, and a new address of it."""
    await request.simulate_latency()
    one = _find(request, "taskId")
    failed = one.state in ENDED and one.state not in (DONE, CANCELED)
    if one.state in (PROCESSING, CANCELED):
        status = one.state
    else:
        status = "COMPLETE" if one.state in ENDED else "PENDING"
    ended = one.updated if one.ended is None else one.ended
    view: JsonObject = {
        "status": status,
        "startedAt": iso(one.created if one.began is None else one.began),
        "completedAt": iso(ended),
        "errors": [_failure(one)] if failed else [],
        "numErrors": int(failed),
    }
    if one.file is not None and is_readable(one):
        query = urlencode({"Signature": request.state.exports.new_key(one)})
        view["result"] = f"{request.platform_url}{_FILES}/{one.id}/{one.file.name}?{query}"
    return JSONResponse(view)


@routes.handle("GET", "/{exportId}", scopes=SCOPES)
async def get_export(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    one = _find(request, "exportId")
    order = one.order
    view: JsonObject = {
        "id": one.id,
        "exportName": order.name,
        "exportType": VIEW if order.list_id is None else LIST,
        "objectType": order.kind.id if order.kind.schema else order.kind.noun,
        "objectProperties": list(order.properties),
        "exportState": one.state,
        "createdAt": iso(one.created),
        "updatedAt": iso(one.updated),
    }
    if one.file is not None and is_readable(one):
        view["recordCount"] = one.file.rows
    return JSONResponse(view)


@routes_files.handle("GET", "/{exportId}/{fileName}", auth=False, gates=())
async def get_file(request: HubSpotRequest) -> Response:
    """Return a file to everybody who has its address, while that is alive."""
    key = request.query_params.get("Signature") or ""
    found = request.state.exports.file(request.path_params["exportId"], key)
    if found is None or found.name != request.path_params["fileName"]:
        # As object storage answers, where such files are. HubSpot does not document it.
        return Response(_EXPIRED, 403, media_type="application/xml")
    media_type = "application/zip" if found.name.endswith(".zip") else "text/csv"
    return Response(found.content, media_type=media_type)


def _find(request: HubSpotRequest, parameter: str) -> Export:
    given = request.path_params[parameter]
    if not given.isascii() or not given.isdigit():
        msg = f"{parameter} must be a number, not {given!r}"
        raise invalid(msg)
    one = request.state.exports.get(given)
    if one is None:
        raise not_found(f"No export with id {given}")
    return one


def _failure(one: Export) -> JsonObject:
    return {
        "status": "error",
        "category": "EXPORT_FAILED",
        "message": f"The export is {one.state}",
        "context": {"exportId": [one.id]},
        "errors": [],
        "links": {},
    }
