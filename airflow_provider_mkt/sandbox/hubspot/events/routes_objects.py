"""Endpoints for events by object id, of any app, and searches."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.errors import invalid
from airflow_provider_mkt.sandbox.hubspot.events import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.events.field_checks import (
    UPDATABLE_BY_OBJECT_ID,
    check_values,
    event_fields,
)
from airflow_provider_mkt.sandbox.hubspot.events.requests import READ, WRITE, by_object_id
from airflow_provider_mkt.sandbox.hubspot.events.views import object_view, object_write_view
from airflow_provider_mkt.sandbox.hubspot.paging import page
from airflow_provider_mkt.sandbox.hubspot.requests import int_param, read_object
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

_UPDATED = "MarketingEventPublicUpdateRequestV2"

routes = HubSpotRoutes(*PREFIXES)
# The documentation and the schema have different paths for this list; clients use either.
list_routes = HubSpotRoutes("/marketing/marketing-events/v3")


@list_routes.handle("GET", "", scopes=READ)
@routes.handle("GET", "", scopes=READ)
async def list_events(request: HubSpotRequest) -> Response:
    limit = int_param(request.query_params.get("limit"), "limit", 10, 1, 100)
    await request.simulate_latency()
    items, paging = page(request.state.events.all(), request.query_params.get("after"), limit)
    return JSONResponse({"results": [object_view(request.state, one) for one in items], **paging})


@routes.handle("GET", "/events/search", scopes=READ)
async def search_events(request: HubSpotRequest) -> Response:
    """Search the calling app's events by their external id, or its beginning."""
    search_text = request.query_params.get("q")
    if not search_text:
        msg = "The query parameter q is required"
        raise invalid(msg)
    await request.simulate_latency()
    events, app = request.state.events, request.token.app
    by_prefix = request.state.settings.event_search_by_prefix
    found = [
        {
            "objectId": one.id,
            "externalEventId": one.external_event_id,
            "externalAccountId": one.external_account_id,
            "appId": events.app_of(one).id,
        }
        for one in (events.beginning_with(search_text, app) if by_prefix else events.named(search_text, app))
    ]
    return JSONResponse({"results": found})


@routes.handle("GET", "/{externalEventId}/identifiers", scopes=READ)
async def find_identifiers(request: HubSpotRequest) -> Response:
    """Find events of all apps by external event id, `event_index_lag` seconds after they were written."""
    await request.simulate_latency()
    events = request.state.events
    indexed = request.clock.time() - request.state.settings.event_index_lag
    found = [
        {
            "objectId": one.id,
            "externalEventId": one.external_event_id,
            "externalAccountId": one.external_account_id,
            "marketingEventName": one.name,
            "appInfo": {"id": str(events.app_of(one).id), "name": events.app_of(one).name},
        }
        for one in events.named(request.path_params["externalEventId"])
        if one.created <= indexed
    ]
    return JSONResponse({"total": len(found), "results": found})


@routes.handle("GET", "/{objectId}", scopes=READ)
async def get_event(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    return JSONResponse(object_view(request.state, by_object_id(request)))


@routes.handle("PATCH", "/{objectId}", scopes=WRITE)
async def update_event(request: HubSpotRequest) -> Response:
    values, custom = event_fields(await read_object(request, _UPDATED), _UPDATED, UPDATABLE_BY_OBJECT_ID)
    await request.simulate_latency()
    event = by_object_id(request)
    check_values(values, event)
    request.state.events.update(event, values, custom)
    return JSONResponse(object_write_view(request.state, event))


@routes.handle("DELETE", "/{objectId}", scopes=WRITE)
async def delete_event(request: HubSpotRequest) -> Response:
    """Delete an event. A repeated request is 404, which is not documented."""
    await request.simulate_latency()
    request.state.events.remove(by_object_id(request))
    return Response(status_code=204)
