"""Batch endpoints of events, by external ids and by object id."""

from __future__ import annotations

from collections import Counter

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.batches import batch_response
from airflow_provider_mkt.sandbox.hubspot.errors import HubSpotError, invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.events import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.events.field_checks import (
    FIELDS,
    IDS,
    REQUIRED,
    UPDATABLE_BY_OBJECT_ID,
    check_app_id,
    check_values,
    event_fields,
)
from airflow_provider_mkt.sandbox.hubspot.events.requests import MAX_INPUTS, WRITE
from airflow_provider_mkt.sandbox.hubspot.events.views import object_write_view, write_view
from airflow_provider_mkt.sandbox.hubspot.requests import read_inputs
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

routes = HubSpotRoutes(*PREFIXES)


@routes.handle("POST", "/events/upsert", scopes=WRITE)
async def batch_upsert(request: HubSpotRequest) -> Response:
    """Create or update events; some inputs may fail, with status 200."""
    began, schema = request.clock.time(), "MarketingEventCreateRequestParams"
    inputs = await read_inputs(request, schema, MAX_INPUTS, REQUIRED)
    fields = [event_fields(item, schema, (*IDS, *FIELDS)) for item in inputs]
    keys = [(str(values.pop(IDS[0])), str(values.pop(IDS[1]))) for values, _ in fields]
    _refuse_twice(keys)
    await request.simulate_latency()
    events, app = request.state.events, request.token.app
    results: list[JsonObject] = []
    errors: list[JsonObject] = []
    for (account_id, event_id), (values, custom) in zip(keys, fields, strict=True):
        event = events.find(app, account_id, event_id)
        try:
            check_values(values, event)
        except HubSpotError as error:
            errors.append(error.as_batch_error(ids=[event_id]))
            continue
        if event is None:
            event = events.create(app, account_id, event_id, values, custom)
        else:
            events.update(event, values, custom)
        results.append(write_view(event))
    return inside_200(batch_response(request, results, errors, began=began))


@routes.handle("POST", "/events/delete", scopes=WRITE)
async def batch_delete(request: HubSpotRequest) -> Response:
    """Delete events. 204 also for unknown events and those of other apps."""
    schema = "MarketingEventExternalUniqueIdentifier"
    inputs = await read_inputs(request, schema, MAX_INPUTS, ["appId", *IDS])
    for item in inputs:
        check_app_id(item, schema)
    await request.simulate_latency()
    events, app = request.state.events, request.token.app
    for item in inputs:
        event = events.find(app, str(item[IDS[0]]), str(item[IDS[1]]))
        if event is not None and str(events.app_of(event).id) == str(item["appId"]):
            events.remove(event)
    return Response(status_code=204)


@routes.handle("POST", "/batch/update", scopes=WRITE)
async def update_objects(request: HubSpotRequest) -> Response:
    began, schema = request.clock.time(), "MarketingEventPublicUpdateRequestFullV2"
    inputs = await read_inputs(request, schema, MAX_INPUTS, ["objectId"])
    fields = [event_fields(item, schema, ("objectId", *UPDATABLE_BY_OBJECT_ID)) for item in inputs]
    await request.simulate_latency()
    state = request.state
    results: list[JsonObject] = []
    errors: list[JsonObject] = []
    for item, (values, custom) in zip(inputs, fields, strict=True):
        object_id = str(item["objectId"])
        try:
            event = state.events.get(object_id)
            if event is None:
                raise not_found(f"Marketing event {object_id} was not found")
            check_values(values, event)
        except HubSpotError as error:
            errors.append(error.as_batch_error(ids=[object_id]))
        else:
            state.events.update(event, values, custom)
            results.append(object_write_view(state, event))
    return batch_response(request, results, errors, began=began)


@routes.handle("POST", "/batch/archive", scopes=WRITE)
async def archive_objects(request: HubSpotRequest) -> Response:
    """Archive events: 204, or 207 when some ids are unknown."""
    began = request.clock.time()
    inputs = await read_inputs(request, "MarketingEventPublicObjectIdDeleteRequest", MAX_INPUTS, ["objectId"])
    await request.simulate_latency()
    events, errors = request.state.events, []
    for object_id in dict.fromkeys(str(item["objectId"]) for item in inputs):
        event = events.get(object_id)
        if event is None:
            missing = not_found(f"Marketing event {object_id} was not found")
            errors.append(missing.as_batch_error(ids=[object_id]))
        else:
            events.remove(event)
    return batch_response(request, [], errors, began=began) if errors else Response(status_code=204)


def inside_200(response: Response) -> Response:
    """Set the status of a batch response to 200, whether there are errors or not."""
    response.status_code = 200
    return response


def _refuse_twice(keys: list[tuple[str, str]]) -> None:
    twice = sorted(event_id for (_, event_id), count in Counter(keys).items() if count > 1)
    if twice:
        msg = f"The same marketing event comes more than once: [{', '.join(twice)}]"
        raise invalid(msg)
