"""Batch endpoints of associations."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.associations import BETWEEN
from airflow_provider_mkt.sandbox.hubspot.associations.requests import (
    as_error,
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
from airflow_provider_mkt.sandbox.hubspot.errors import HubSpotError, invalid
from airflow_provider_mkt.sandbox.hubspot.objects.write_rules import check_association_permission
from airflow_provider_mkt.sandbox.hubspot.paging import page
from airflow_provider_mkt.sandbox.hubspot.requests import array, check_object, is_dated, read_inputs
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.limits import CONCURRENCY, DAILY

MAX_READ, MAX_CREATE, MAX_ARCHIVE = 1_000, 2_000, 100
_PAGE = 500

# Exempt from the window of ten seconds, but not from the day's.
routes = HubSpotRoutes(*(f"{one}/{{fromObjectType}}/{{toObjectType}}" for one in BETWEEN))
_GATES = (CONCURRENCY, DAILY)


@routes.handle("POST", "/batch/read", scopes_of=scopes_of, gates=_GATES)
async def batch_read(request: HubSpotRequest) -> Response:
    began, (kind, other) = request.clock.time(), pair_of(request)
    inputs = await read_inputs(request, "PublicFetchAssociationsBatchRequest", MAX_READ, ["id"])
    await request.simulate_latency()
    results: list[JsonObject] = []
    errors: list[JsonObject] = []
    for item in inputs:
        record, after = str(item["id"]), item.get("after")
        every = request.state.associations.of((kind.id, record), other)
        found = [target_view(one, types) for one, types in every.items() if other.store.get(one) is not None]
        if not found:
            message = f"No {other.singular} is associated with {kind.singular} {record}."
            sub = "crm.associations.NO_ASSOCIATIONS_FOUND"
            missing = HubSpotError(404, "OBJECT_NOT_FOUND", message, subCategory=sub)
            errors.append(as_error(missing, record))
            continue
        items, paging = page(found, None if after is None else str(after), _PAGE)
        results.append({"from": {"id": record}, "to": list(items), **paging})
    return batch_response(request, results, errors, began=began)


@routes.handle("POST", "/batch/create", scopes_of=write_scopes_of, gates=_GATES)
async def batch_create(request: HubSpotRequest) -> Response:
    began, (kind, other) = request.clock.time(), pair_of(request)
    inputs = await read_inputs(request, "PublicAssociationMultiPost", MAX_CREATE, ["from", "to", "types"])
    pairs = [(_id(item, "from"), _id(item, "to")) for item in inputs]
    types = [
        spec_types(request, kind, other, array(item, "types", "PublicAssociationMultiPost"))
        for item in inputs
    ]
    if not all(types):
        raise invalid("Invalid input JSON on line 1, column 1: types is empty")
    check_association_permission(request, pairs)
    await request.simulate_latency()
    results: list[JsonObject] = []
    errors: list[JsonObject] = []
    for (record, target), wanted in zip(pairs, types, strict=True):
        error = missing_record(kind, record, other, target)
        for one in wanted:
            error = error or no_room(request.state, kind, record, other, target, one)
        if error is not None:
            errors.append(as_error(error, record, target))
            continue
        every = request.state.associations.link(kind, record, other, target, wanted)
        results.append(pair_view(kind, record, other, target, every))
    return batch_response(request, results, errors, began=began, success=201)


@routes.handle("POST", "/batch/associate/default", scopes_of=write_scopes_of, gates=_GATES)
async def batch_associate_by_default(request: HubSpotRequest) -> Response:
    began, (kind, other) = request.clock.time(), pair_of(request)
    inputs = await read_inputs(request, "PublicDefaultAssociationMultiPost", MAX_CREATE, ["from", "to"])
    pairs = [(_id(item, "from"), _id(item, "to")) for item in inputs]
    check_association_permission(request, pairs)
    await request.simulate_latency()
    default = request.state.associations.types(kind, other)[0]
    results: list[JsonObject] = []
    errors: list[JsonObject] = []
    for record, target in pairs:
        error = missing_record(kind, record, other, target) or no_room(
            request.state, kind, record, other, target, default
        )
        if error is not None:
            errors.append(as_error(error, record, target))
            continue
        request.state.associations.link(kind, record, other, target, ())
        results += default_views(request.state, kind, record, other, target)
    return batch_response(request, results, errors, began=began)


@routes.handle("POST", "/batch/archive", scopes_of=write_scopes_of, gates=_GATES)
async def batch_archive(request: HubSpotRequest) -> Response:
    """Remove every association of records with others. Those that do not exist are ignored."""
    began, (kind, other) = request.clock.time(), pair_of(request)
    inputs = await read_inputs(request, "PublicAssociationMultiArchive", MAX_ARCHIVE, ["from", "to"])
    pairs = [
        (_id(item, "from"), str(check_object(one, "PublicObjectId", ["id"])["id"]))
        for item in inputs
        for one in array(item, "to", "PublicAssociationMultiArchive")
    ]
    check_association_permission(request, pairs)
    await request.simulate_latency()
    for record, target in pairs:
        request.state.associations.unlink(kind, record, other, target)
    return _archived(request, began)


@routes.handle("POST", "/batch/labels/archive", scopes_of=write_scopes_of, gates=_GATES)
async def batch_archive_labels(request: HubSpotRequest) -> Response:
    """Remove some types of associations."""
    began, (kind, other) = request.clock.time(), pair_of(request)
    schema = "PublicAssociationMultiPost"
    # The maximum number of inputs is not documented.
    inputs = await read_inputs(request, schema, MAX_CREATE, ["from", "to", "types"])
    found = [
        (_id(item, "from"), _id(item, "to"), spec_types(request, kind, other, array(item, "types", schema)))
        for item in inputs
    ]
    check_association_permission(request, found)
    await request.simulate_latency()
    for record, target, types in found:
        request.state.associations.unlink(kind, record, other, target, types)
    return _archived(request, began)


def _id(item: JsonObject, name: str) -> str:
    return str(check_object(item[name], "PublicObjectId", ["id"])["id"])


def _archived(request: HubSpotRequest, began: float) -> Response:
    if is_dated(request):
        return batch_response(request, [], [], began=began)
    return Response(status_code=204)
