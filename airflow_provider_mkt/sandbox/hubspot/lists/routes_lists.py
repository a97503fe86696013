"""Create, get, update, delete and restore lists."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot import times
from airflow_provider_mkt.sandbox.hubspot.errors import invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.lists import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.lists.filters import check_branch
from airflow_provider_mkt.sandbox.hubspot.lists.models import DYNAMIC, KINDS, MANUAL
from airflow_provider_mkt.sandbox.hubspot.lists.requests import READ, WRITE, find, list_view, read_texts
from airflow_provider_mkt.sandbox.hubspot.objects.types import has_no_records
from airflow_provider_mkt.sandbox.hubspot.requests import bool_param, check_object, map_of, read_object
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

_MORE = ("customProperties", "listPermissions", "membershipSettings")
_FIELDS = ("name", "objectTypeId", "processingType", "filterBranch", "listFolderId", *_MORE)
_MAX_LEGACY_IDS = 10_000

routes = HubSpotRoutes(*PREFIXES)


@routes.handle("GET", "", scopes=READ)
async def get_lists(request: HubSpotRequest) -> Response:
    """Return lists by their ids; unknown ids are ignored."""
    filters = _with_filters(request)
    await request.simulate_latency()
    found = [request.state.lists.get(one) for one in dict.fromkeys(request.list_param("listIds"))]
    return JSONResponse(
        {"lists": [list_view(request, one, filters=filters) for one in found if one is not None]}
    )


@routes.handle("POST", "", scopes=WRITE, also=READ)
async def create_list(request: HubSpotRequest) -> Response:
    """Create a list. Responds 200, not 201."""
    schema = "ListCreateRequest"
    body = await read_object(request, schema, ["name", "objectTypeId", "processingType"])
    check_object(body, schema, known=_FIELDS)
    name, kind = _name(body["name"]), body["processingType"]
    if kind not in KINDS:
        msg = f"processingType must be one of {', '.join(KINDS)}"
        raise invalid(msg)
    filters = body.get("filterBranch")
    if (filters is None) is not (kind == MANUAL):
        msg = f"A {kind} list {'takes no' if kind == MANUAL else 'needs a'} filterBranch"
        raise invalid(msg)
    if filters is not None:
        check_branch(filters, request.state.contacts.definitions, request.state.lists)
    own = map_of(body, "customProperties", schema)
    state, object_type = request.state, str(body["objectTypeId"])
    if state.objects.find(object_type) is None and not has_no_records(object_type):
        msg = f"Unable to infer object type from: {object_type!r}"
        raise invalid(msg)
    await request.simulate_latency()
    _refuse_taken(request, object_type, name)
    folder = str(body.get("listFolderId") or "0")
    if state.list_folders.get(folder) is None:
        raise not_found(f"Folder {folder} does not exist")
    more = {key: body[key] for key in _MORE if key in body} | {"customProperties": own}
    created = state.lists.create(
        name, kind=kind, object_type=object_type, filters=filters, folder=folder, more=more
    )
    return JSONResponse({"list": list_view(request, created, filters=True)})


@routes.handle("GET", "/idmapping", scopes=READ)
async def map_legacy_id(request: HubSpotRequest) -> Response:
    legacy = request.query_params.get("legacyListId") or ""
    await request.simulate_latency()
    found = request.state.lists.legacy_ids.get(legacy)
    if found is None:
        raise not_found(f"No list has the legacy id {legacy}")
    return JSONResponse({"legacyListId": legacy, "listId": found})


@routes.handle("POST", "/idmapping", scopes=READ)
async def map_legacy_ids(request: HubSpotRequest) -> Response:
    ids = await read_texts(request, _MAX_LEGACY_IDS)
    await request.simulate_latency()
    known = request.state.lists.legacy_ids
    return JSONResponse(
        {
            "legacyListIdsToIdsMapping": [
                {"legacyListId": one, "listId": known[one]} for one in ids if one in known
            ],
            "missingLegacyListIds": [one for one in ids if one not in known],
        }
    )


@routes.handle("GET", "/object-type-id/{objectTypeId}/name/{listName}", scopes=READ)
async def get_by_name(request: HubSpotRequest) -> Response:
    filters = _with_filters(request)
    await request.simulate_latency()
    found = request.state.lists.named(request.path_params["objectTypeId"], request.path_params["listName"])
    if found is None:
        raise not_found(f"There is no list of the name {request.path_params['listName']}")
    return JSONResponse({"list": list_view(request, found, filters=filters)})


@routes.handle("GET", "/{listId}", scopes=READ)
async def get_list(request: HubSpotRequest) -> Response:
    filters = _with_filters(request)
    await request.simulate_latency()
    return JSONResponse({"list": list_view(request, find(request), filters=filters)})


@routes.handle("DELETE", "/{listId}", scopes=WRITE, also=READ)
async def delete_list(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    find(request).deleted_at = request.clock.time()
    return Response(status_code=204)


@routes.handle("PUT", "/{listId}/restore", scopes=WRITE, also=READ)
async def restore_list(request: HubSpotRequest) -> Response:
    """Restore a deleted list, unless another list has its name by now."""
    await request.simulate_latency()
    one = request.state.lists.get(request.path_params["listId"], deleted=True)
    if one is None:
        raise not_found(f"List {request.path_params['listId']} does not exist, or not any more")
    if one.deleted_at is not None:
        _refuse_taken(request, one.object_type, one.name)
        one.deleted_at = None
    return Response(status_code=204)


@routes.handle("PUT", "/{listId}/update-list-name", scopes=WRITE, also=READ)
async def rename_list(request: HubSpotRequest) -> Response:
    """Rename a list. The new name is in the query."""
    name, filters = _name(request.query_params.get("listName")), _with_filters(request)
    await request.simulate_latency()
    one = find(request)
    _refuse_taken(request, one.object_type, name, exclude=one.id)
    one.name, one.updated = name, request.clock.time()
    return JSONResponse({"updatedList": list_view(request, one, filters=filters)})


@routes.handle("PUT", "/{listId}/update-list-filters", scopes=WRITE, also=READ)
async def update_filters(request: HubSpotRequest) -> Response:
    bool_param(request.query_params.get("enrollObjectsInWorkflows"), "enrollObjectsInWorkflows")
    body = await read_object(request, "ListFilterUpdateRequest", ["filterBranch"])
    check_object(body, "ListFilterUpdateRequest", known=["filterBranch"])
    branch = check_branch(body["filterBranch"], request.state.contacts.definitions, request.state.lists)
    await request.simulate_latency()
    one = find(request)
    if one.kind != DYNAMIC:
        msg = f"List {one.id} is {one.kind}: its filters cannot be changed"
        raise invalid(msg)
    request.state.lists.set_filters(one, branch)
    return JSONResponse({"updatedList": list_view(request, one, filters=True)})


@routes.handle("GET", "/{listId}/size-and-edits-history/between", scopes=READ)
async def size_history(request: HubSpotRequest) -> Response:
    start, end = _moment(request, "startDate", 0.0), _moment(request, "endDate", float("inf"))
    await request.simulate_latency()
    one = find(request)
    sizes = [{"timestamp": times.iso(at), "size": size} for at, size in one.sizes if start <= at <= end]
    edits = [times.iso(at) for at in one.edits if start <= at <= end]
    return JSONResponse({"sizeHistory": sizes, "editHistory": edits})


def _with_filters(request: HubSpotRequest) -> bool:
    return bool_param(request.query_params.get("includeFilters"), "includeFilters")


def _name(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise invalid("A list needs a name")
    return value.strip()


def _refuse_taken(request: HubSpotRequest, object_type: str, name: str, exclude: str | None = None) -> None:
    existing = request.state.lists.named(object_type, name)
    if existing is not None and existing.id != exclude:
        msg = f"A list named {name} already exists"
        raise invalid(msg)


def _moment(request: HubSpotRequest, name: str, default: float) -> float:
    text = request.query_params.get(name)
    if text is None:
        return default
    moment = times.parse(text)
    if moment is None:
        msg = f"{name} is no time: {text!r}"
        raise invalid(msg)
    return moment
