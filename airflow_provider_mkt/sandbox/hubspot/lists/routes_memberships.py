"""Members of lists, and lists of a record."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.batches import batch_response
from airflow_provider_mkt.sandbox.hubspot.errors import HubSpotError, invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.lists import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.lists.models import CONTACTS, RecordList
from airflow_provider_mkt.sandbox.hubspot.lists.requests import LARGEST, READ, WRITE, find, read_texts, static
from airflow_provider_mkt.sandbox.hubspot.paging import cursor, offset_of
from airflow_provider_mkt.sandbox.hubspot.requests import (
    check_object,
    int_param,
    names,
    read_inputs,
    read_object,
)
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.responses import JSONResponse
from airflow_provider_mkt.sandbox.server.turns import finish, in_turns

MAX_INPUTS = 100_000
"""Not documented, but often reported."""
_MAX_RECORDS = 100

routes = HubSpotRoutes(*PREFIXES)


@routes.handle("GET", "/{listId}/memberships", scopes=READ)
async def list_members(request: HubSpotRequest) -> Response:
    return await _page(request, by_time=False)


@routes.handle("GET", "/{listId}/memberships/join-order", scopes=READ)
async def list_by_join_time(request: HubSpotRequest) -> Response:
    return await _page(request, by_time=True)


@routes.handle("DELETE", "/{listId}/memberships", scopes=WRITE, also=READ)
async def remove_all(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    one = static(request)
    _refuse_large(one)
    request.state.lists.take_out(one, list(one.joined))
    return Response(status_code=204)


@routes.handle("PUT", "/{listId}/memberships/add", scopes=WRITE, also=READ)
async def add_members(request: HubSpotRequest) -> Response:
    ids = await read_texts(request, MAX_INPUTS)
    await request.simulate_latency()
    return await _change(request, ids, [])


@routes.handle("PUT", "/{listId}/memberships/remove", scopes=WRITE, also=READ)
async def remove_members(request: HubSpotRequest) -> Response:
    ids = await read_texts(request, MAX_INPUTS)
    await request.simulate_latency()
    return await _change(request, [], ids)


@routes.handle("PUT", "/{listId}/memberships/add-and-remove", scopes=WRITE, also=READ)
async def add_and_remove(request: HubSpotRequest) -> Response:
    schema, required = "MembershipChangeRequest", ("recordIdsToAdd", "recordIdsToRemove")
    body = check_object(await read_object(request, schema, required), schema, known=required)
    added, removed = (list(dict.fromkeys(names(body, name, schema))) for name in required)
    if len(added) > MAX_INPUTS or len(removed) > MAX_INPUTS:
        msg = f"At most {MAX_INPUTS} ids per call"
        raise invalid(msg)
    await request.simulate_latency()
    return await _change(request, added, removed)


@routes.handle("PUT", "/{listId}/memberships/add-from/{sourceListId}", scopes=WRITE, also=READ)
async def add_from(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    one, source = static(request), find(request, "sourceListId")
    if one.object_type != source.object_type:
        raise invalid("The two lists hold records of different types")
    _refuse_large(source)
    request.state.lists.add_members(one, list(request.state.lists.members(source)))
    return Response(status_code=204)


@routes.handle("GET", "/records/{objectTypeId}/{recordId}/memberships", scopes=READ)
async def lists_of_record(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    record = request.path_params["recordId"]
    if not _exists(request, request.path_params["objectTypeId"], record):
        raise not_found(f"Record {record} does not exist")
    rows = _memberships(request, record)
    return JSONResponse({"results": rows, "total": len(rows)})


@routes.handle("POST", "/records/memberships/batch/read", scopes=READ)
async def lists_of_records(request: HubSpotRequest) -> Response:
    began = request.clock.time()
    inputs = await read_inputs(request, "RecordIdInput", _MAX_RECORDS, ["objectTypeId", "recordId"])
    await request.simulate_latency()
    results: list[JsonObject] = []
    missing: list[str] = []
    for item in inputs:
        kind, record = str(item["objectTypeId"]), str(item["recordId"])
        if _exists(request, kind, record):
            rows = _memberships(request, record)
            results.append({"objectTypeId": kind, "recordId": record, "recordListMemberships": rows})
        else:
            missing.append(record)
    error = HubSpotError(404, "OBJECT_NOT_FOUND", "Some records do not exist").as_batch_error(ids=missing)
    return batch_response(request, results, [error] if missing else [], began=began)


async def _change(request: HubSpotRequest, added: list[str], removed: list[str]) -> Response:
    """Add and remove members. Unknown ids are reported, but not as an error."""
    one, lists = static(request), request.state.lists
    missing = dict.fromkeys(
        [record async for record in in_turns([*added, *removed]) if not lists.exists(one, record)]
    )
    return JSONResponse(
        {
            # HubSpot's spelling.
            "recordsIdsAdded": (await finish(lists.change(one, _without(missing, added), ())))[0],
            "recordIdsRemoved": (await finish(lists.change(one, (), _without(missing, removed))))[1],
            "recordIdsMissing": list(missing),
        }
    )


def _without(missing: Container[str], records: Iterable[str]) -> Iterator[str]:
    return (record for record in records if record not in missing)


async def _page(request: HubSpotRequest, *, by_time: bool) -> Response:
    """Return one page of members: ascending with `after`, descending with `before` if `after` is missing."""
    limit = int_param(request.query_params.get("limit"), "limit", 100, 1, 250)
    after, before = request.query_params.get("after"), request.query_params.get("before")
    await request.simulate_latency()
    one, lists = find(request), request.state.lists
    joined, order = lists.members(one), lists.ordered(one, by_time=by_time)
    if before is not None and after is None:
        end = min(offset_of(before), len(order))
        start = max(0, end - limit)
        records = order[start:end][::-1]
    else:
        start = offset_of(after)
        end = start + limit
        records = order[start:end]
    paging: JsonObject = {}
    if end < len(order):
        paging["next"] = {"after": cursor(end), "link": f"?after={cursor(end)}"}
    if start > 0:
        paging["prev"] = {"before": cursor(start), "link": f"?before={cursor(start)}"}
    rows = [{"recordId": record, "membershipTimestamp": iso(joined[record])} for record in records]
    body: JsonObject = {"results": rows, "total": len(order)}
    return JSONResponse({**body, "paging": paging} if paging else body)


def _memberships(request: HubSpotRequest, record: str) -> list[JsonObject]:
    return [
        {
            "listId": one.id,
            "listVersion": one.version,
            "firstAddedTimestamp": iso(one.first_joined[record]),
            "lastAddedTimestamp": iso(one.joined[record]),
            "isPublicList": False,
        }
        for one in request.state.lists.of_record(record)
    ]


def _exists(request: HubSpotRequest, kind: str, record: str) -> bool:
    return kind == CONTACTS and request.state.contacts.get(record) is not None


def _refuse_large(one: RecordList) -> None:
    if len(one.joined) >= LARGEST:
        msg = f"List {one.id} has {len(one.joined)} members; this call takes lists under {LARGEST}"
        raise invalid(msg)
