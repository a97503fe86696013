"""Search lists, with an offset in the body, and list all of them, with a cursor."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.errors import invalid
from airflow_provider_mkt.sandbox.hubspot.lists import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.lists.models import RecordList
from airflow_provider_mkt.sandbox.hubspot.lists.requests import READ
from airflow_provider_mkt.sandbox.hubspot.paging import page
from airflow_provider_mkt.sandbox.hubspot.requests import check_object, is_dated, names, read_object
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.hubspot.versions import SEPTEMBER
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

_MORE = ("additionalProperties", "additional_filter_properties")
_FIELDS = (
    *_MORE,
    "count",
    "listIds",
    "objectTypeId",
    "offset",
    "processingTypes",
    "query",
    "sort",
)
_SCHEMA = "ListSearchRequest"
_USUAL = ("hs_list_size", "hs_folder_name")
"""Properties that are returned even if they are not requested."""
_MAX_INPUTS = 500
_SORTS: dict[str, Callable[[RecordList], str | float]] = {
    "name": lambda one: one.name.casefold(),
    "hs_list_name": lambda one: one.name.casefold(),
    "hs_list_id": lambda one: int(one.id),
    "hs_created_at": lambda one: one.created,
    "hs_updated_at": lambda one: one.updated,
}

_ALL_FIELDS = ("additionalProperties", "after", "count", "objectTypeId", "processingTypes")
_ALL_SCHEMA = "ListAllRequest"

routes = HubSpotRoutes(*PREFIXES)
september_routes = HubSpotRoutes(f"/crm/lists/{SEPTEMBER}")


@routes.handle("POST", "/search", scopes=READ)
async def search_lists(request: HubSpotRequest) -> Response:
    """Search lists. The schema requires more fields than HubSpot's clients send; those are optional here.

    The client for the dated path has another name for `additionalProperties`.
    """
    required = ("offset", "listIds", "processingTypes") if is_dated(request) else ()
    body = check_object(await read_object(request, _SCHEMA, required), _SCHEMA, known=_FIELDS)
    requested = [one for name in _MORE for one in names(body, name, _SCHEMA)]
    ids, kinds = names(body, "listIds", _SCHEMA), names(body, "processingTypes", _SCHEMA)
    offset, count = _number(body, "offset", 0, 0), _number(body, "count", 20, 1)
    # A known connector requests 1,000 per page, so a high count is not rejected.
    count = min(count, _MAX_INPUTS)
    await request.simulate_latency()
    lists, search_text = request.state.lists, str(body.get("query") or "").casefold()
    found = [
        one
        for one in lists.all()
        if search_text in one.name.casefold()
        and (not ids or one.id in ids)
        and (not kinds or one.kind in kinds)
        and body.get("objectTypeId") in (None, one.object_type)
    ]
    sort = str(body.get("sort") or "")
    key = _SORTS.get(sort.removeprefix("-").lower())
    if key is not None:
        found.sort(key=key, reverse=sort.startswith("-"))
    end = offset + count
    rows = [_row(request, one, requested) for one in found[offset:end]]
    return JSONResponse(
        {"lists": rows, "hasMore": end < len(found), "offset": min(end, len(found)), "total": len(found)}
    )


@september_routes.handle("POST", "/all", scopes=READ)
async def get_all_lists(request: HubSpotRequest) -> Response:
    """List all lists. Default and maximum of `count` are not documented; those of search are assumed."""
    body = await read_object(request, _ALL_SCHEMA, ("additionalProperties", "processingTypes"))
    check_object(body, _ALL_SCHEMA, known=_ALL_FIELDS)
    requested = names(body, "additionalProperties", _ALL_SCHEMA)
    kinds = names(body, "processingTypes", _ALL_SCHEMA)
    count = min(_number(body, "count", 20, 1), _MAX_INPUTS)
    after = names({"after": [body["after"]]}, "after", _ALL_SCHEMA)[0] if body.get("after") else None
    await request.simulate_latency()
    found = [
        one
        for one in request.state.lists.all()
        if (not kinds or one.kind in kinds) and body.get("objectTypeId") in (None, one.object_type)
    ]
    chosen, paging = page(found, after, count)
    rows = [_row(request, one, requested) for one in chosen]
    return JSONResponse({"results": rows, "total": len(found), **paging})


def _row(request: HubSpotRequest, one: RecordList, requested: list[str]) -> JsonObject:
    known = _properties(request, one)
    more = {name: known[name] for name in dict.fromkeys((*_USUAL, *requested)) if name in known}
    return {**one.brief(request.clock.time()), "additionalProperties": more}


def _properties(request: HubSpotRequest, one: RecordList) -> dict[str, str]:
    """Return the properties of a list, including those that a client set."""
    folder = request.state.list_folders.get(one.folder)
    where = {"hs_folder_name": folder.name} if folder is not None and folder.name else {}
    own = one.more.get("customProperties") or {}
    return {**own, **where, "hs_list_size": str(len(request.state.lists.members(one)))}


def _number(body: JsonObject, name: str, default: int, minimum: int) -> int:
    value = default if body.get(name) is None else body[name]
    if isinstance(value, bool) or not isinstance(value, int) or not minimum <= value < 2**31:
        msg = f"{name} must be a whole number, {minimum} or more"
        raise invalid(msg)
    return value
