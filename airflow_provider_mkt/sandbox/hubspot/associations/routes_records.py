"""Associations of one record."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.associations import OF_RECORDS
from airflow_provider_mkt.sandbox.hubspot.associations.requests import (
    default_views,
    missing_record,
    no_room,
    pair_of,
    pair_view,
    scopes_of,
    spec_types,
    target_view,
    write_scopes_of,
)
from airflow_provider_mkt.sandbox.hubspot.batches import batch_response
from airflow_provider_mkt.sandbox.hubspot.errors import invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.objects.write_rules import check_association_permission
from airflow_provider_mkt.sandbox.hubspot.paging import page
from airflow_provider_mkt.sandbox.hubspot.requests import int_param
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

MAX_PER_PAGE = 500

routes = HubSpotRoutes(*OF_RECORDS)


@routes.handle("GET", "/associations/{toObjectType}", scopes_of=scopes_of)
async def list_associations(request: HubSpotRequest) -> Response:
    limit = int_param(request.query_params.get("limit"), "limit", MAX_PER_PAGE, 1, MAX_PER_PAGE)
    kind, other = pair_of(request)
    await request.simulate_latency()
    record = kind.store.survivor(request.path_params["recordId"])
    if kind.store.get(record) is None:
        raise not_found()
    every = request.state.associations.of((kind.id, record), other)
    found = [target_view(one, types) for one, types in every.items() if other.store.get(one) is not None]
    items, paging = page(found, request.query_params.get("after"), limit)
    return JSONResponse({"results": list(items), **paging})


@routes.handle("PUT", "/associations/default/{toObjectType}/{toRecordId}", scopes_of=write_scopes_of)
async def associate_by_default(request: HubSpotRequest) -> Response:
    began, (kind, other) = request.clock.time(), pair_of(request)
    record, target = request.path_params["recordId"], request.path_params["toRecordId"]
    check_association_permission(request, target)
    await request.simulate_latency()
    default = request.state.associations.types(kind, other)[0]
    error = missing_record(kind, record, other, target) or no_room(
        request.state, kind, record, other, target, default
    )
    if error is not None:
        raise error
    request.state.associations.link(kind, record, other, target, ())
    return batch_response(request, default_views(request.state, kind, record, other, target), [], began=began)


@routes.handle("PUT", "/associations/{toObjectType}/{toRecordId}", scopes_of=write_scopes_of)
async def associate_by_type(request: HubSpotRequest) -> Response:
    kind, other = pair_of(request)
    record, target = request.path_params["recordId"], request.path_params["toRecordId"]
    body = await request.json()
    if not isinstance(body, list) or not body:
        raise invalid("Invalid input JSON on line 1, column 1: an array of association types is expected")
    types = spec_types(request, kind, other, body)
    check_association_permission(request, target)
    await request.simulate_latency()
    if (error := missing_record(kind, record, other, target)) is not None:
        raise error
    for one in types:
        if (error := no_room(request.state, kind, record, other, target, one)) is not None:
            raise error
    every = request.state.associations.link(kind, record, other, target, types)
    return JSONResponse(pair_view(kind, record, other, target, every), 201)


@routes.handle("DELETE", "/associations/{toObjectType}/{toRecordId}", scopes_of=write_scopes_of)
async def remove_associations(request: HubSpotRequest) -> Response:
    """Remove every association of two records."""
    kind, other = pair_of(request)
    record, target = request.path_params["recordId"], request.path_params["toRecordId"]
    check_association_permission(request, target)
    await request.simulate_latency()
    request.state.associations.unlink(kind, record, other, target)
    return Response(status_code=204)
