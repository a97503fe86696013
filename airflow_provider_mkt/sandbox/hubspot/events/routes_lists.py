"""Contact lists associated with events. Reading them needs the write scope, as documented."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.errors import not_found
from airflow_provider_mkt.sandbox.hubspot.events import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.events.models import Event
from airflow_provider_mkt.sandbox.hubspot.events.requests import WRITE, by_object_id, own_by_path
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

_EXTERNAL = "/associations/{externalAccountId}/{externalEventId}/lists"
_OBJECT = "/associations/{marketingEventId}/lists"

routes = HubSpotRoutes(*PREFIXES)


@routes.handle("GET", _EXTERNAL, scopes=WRITE)
async def lists_by_external_id(request: HubSpotRequest) -> Response:
    return await _read(request, own_by_path)


@routes.handle("PUT", f"{_EXTERNAL}/{{listId}}", scopes=WRITE)
async def associate_by_external_id(request: HubSpotRequest) -> Response:
    return await _associate(request, own_by_path)


@routes.handle("DELETE", f"{_EXTERNAL}/{{listId}}", scopes=WRITE)
async def disassociate_by_external_id(request: HubSpotRequest) -> Response:
    return await _disassociate(request, own_by_path)


@routes.handle("GET", _OBJECT, scopes=WRITE)
async def lists_by_object_id(request: HubSpotRequest) -> Response:
    return await _read(request, _by_object_id)


@routes.handle("PUT", f"{_OBJECT}/{{listId}}", scopes=WRITE)
async def associate_by_object_id(request: HubSpotRequest) -> Response:
    return await _associate(request, _by_object_id)


@routes.handle("DELETE", f"{_OBJECT}/{{listId}}", scopes=WRITE)
async def disassociate_by_object_id(request: HubSpotRequest) -> Response:
    return await _disassociate(request, _by_object_id)


_Finder = Callable[[HubSpotRequest], Event]


async def _read(request: HubSpotRequest, find: _Finder) -> Response:
    await request.simulate_latency()
    lists, now = request.state.lists, request.clock.time()
    # Deleted lists are left out.
    found = [one for one in map(lists.get, find(request).lists) if one is not None]
    rows = [one.view(now, len(lists.members(one))) for one in found]
    return JSONResponse({"total": len(rows), "results": rows})


async def _associate(request: HubSpotRequest, find: _Finder) -> Response:
    list_id = request.path_params["listId"]
    await request.simulate_latency()
    event = find(request)
    if list_id not in request.state.lists:
        msg = f"List {list_id} was not found"
        raise not_found(msg)
    event.lists[list_id] = None
    return Response(status_code=204)


async def _disassociate(request: HubSpotRequest, find: _Finder) -> Response:
    """Disassociate a list. 204 also if it was not associated."""
    await request.simulate_latency()
    find(request).lists.pop(request.path_params["listId"], None)
    return Response(status_code=204)


def _by_object_id(request: HubSpotRequest) -> Event:
    return by_object_id(request, "marketingEventId")
