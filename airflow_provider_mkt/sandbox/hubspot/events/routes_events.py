"""Endpoints for one event by its external ids, only for events of the calling app."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.errors import bad_shape, conflict, invalid
from airflow_provider_mkt.sandbox.hubspot.events import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.events.field_checks import (
    FIELDS,
    IDS,
    MOMENTS,
    REQUIRED,
    check_values,
    event_fields,
    moment,
)
from airflow_provider_mkt.sandbox.hubspot.events.requests import READ, WRITE, account_of, own_by_query
from airflow_provider_mkt.sandbox.hubspot.events.views import create_view, external_view, write_view
from airflow_provider_mkt.sandbox.hubspot.requests import check_object, read_object
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

_CREATED = "MarketingEventCreateRequestParams"
_UPDATED = "MarketingEventUpdateRequestParams"
_COMPLETED = "MarketingEventCompleteRequestParams"

routes = HubSpotRoutes(*PREFIXES)


@routes.handle("POST", "/events", scopes=WRITE)
async def create_event(request: HubSpotRequest) -> Response:
    """Create an event. Responds 200, not 201. A repeated request is a conflict, which is not documented."""
    body = await read_object(request, _CREATED, REQUIRED)
    values, custom = event_fields(body, _CREATED, (*IDS, *FIELDS))
    account_id, event_id = (str(values.pop(name)) for name in IDS)
    check_values(values)
    await request.simulate_latency()
    events = request.state.events
    if events.find(request.token.app, account_id, event_id) is not None:
        msg = f"A marketing event with the external event id {event_id} exists already"
        raise conflict(msg)
    return JSONResponse(create_view(events.create(request.token.app, account_id, event_id, values, custom)))


@routes.handle("PUT", "/events/{externalEventId}", scopes=WRITE)
async def upsert_event(request: HubSpotRequest) -> Response:
    body = await read_object(request, _CREATED, REQUIRED)
    values, custom = event_fields(body, _CREATED, (*IDS, *FIELDS))
    account_id, event_id = (str(values.pop(name)) for name in IDS)
    if event_id != request.path_params["externalEventId"]:
        msg = "externalEventId differs between the path and the body"
        raise invalid(msg)
    await request.simulate_latency()
    events, app = request.state.events, request.token.app
    event = events.find(app, account_id, event_id)
    check_values(values, event)
    if event is None:
        event = events.create(app, account_id, event_id, values, custom)
    else:
        events.update(event, values, custom)
    return JSONResponse(write_view(event))


@routes.handle("GET", "/events/{externalEventId}", scopes=READ)
async def get_event(request: HubSpotRequest) -> Response:
    account_of(request)
    await request.simulate_latency()
    return JSONResponse(external_view(request.state, own_by_query(request)))


@routes.handle("PATCH", "/events/{externalEventId}", scopes=WRITE)
async def update_event(request: HubSpotRequest) -> Response:
    account_of(request)
    values, custom = event_fields(await read_object(request, _UPDATED), _UPDATED, FIELDS)
    await request.simulate_latency()
    event = own_by_query(request)
    check_values(values, event)
    request.state.events.update(event, values, custom)
    return JSONResponse(write_view(event))


@routes.handle("DELETE", "/events/{externalEventId}", scopes=WRITE)
async def delete_event(request: HubSpotRequest) -> Response:
    """Delete an event. A repeated request is 404, which is not documented."""
    account_of(request)
    await request.simulate_latency()
    request.state.events.remove(own_by_query(request))
    return Response(status_code=204)


@routes.handle("POST", "/events/{externalEventId}/cancel", scopes=WRITE)
async def cancel_event(request: HubSpotRequest) -> Response:
    account_of(request)
    await request.simulate_latency()
    event = own_by_query(request)
    request.state.events.update(event, {"eventCancelled": True}, {})
    return JSONResponse(create_view(event))


@routes.handle("POST", "/events/{externalEventId}/complete", scopes=WRITE)
async def complete_event(request: HubSpotRequest) -> Response:
    """Complete an event: contacts who registered and did not attend become no-shows at its end."""
    account_of(request)
    body = await read_object(request, _COMPLETED)
    if missing := [name for name in MOMENTS if body.get(name) is None]:
        raise bad_shape(_COMPLETED, missing)
    check_object(body, _COMPLETED, known=MOMENTS)
    start, end = (moment(body[name], name, _COMPLETED) for name in MOMENTS)
    await request.simulate_latency()
    event = own_by_query(request)
    check_values({"startDateTime": start, "endDateTime": end}, event)
    request.state.events.complete(event, start, end)
    return JSONResponse(create_view(event))
