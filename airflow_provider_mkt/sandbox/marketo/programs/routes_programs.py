"""Programs: list, get, create, update, delete, clone, approve and unapprove."""

import ast
import json
from datetime import datetime

from starlette.datastructures import QueryParams
from starlette.responses import Response

from airflow_provider_mkt.sandbox.marketo.assets import (
    AssetT,
    by_name,
    by_path,
    common,
    for_write,
    program_url,
    rename,
    requested_folder,
)
from airflow_provider_mkt.sandbox.marketo.emails.sending import approve_program, unapprove_program
from airflow_provider_mkt.sandbox.marketo.errors import MarketoError, wrong_type
from airflow_provider_mkt.sandbox.marketo.folders.models import WORKSPACE, FolderRef
from airflow_provider_mkt.sandbox.marketo.paging import asset_page
from airflow_provider_mkt.sandbox.marketo.permissions import ASSETS_READABLE, WRITE_ASSETS
from airflow_provider_mkt.sandbox.marketo.programs import models as kinds
from airflow_provider_mkt.sandbox.marketo.programs.cloning import check_clone_name, clone_program
from airflow_provider_mkt.sandbox.marketo.programs.models import Program, Stream, TagType
from airflow_provider_mkt.sandbox.marketo.requests import asset_params, text_param, to_bool
from airflow_provider_mkt.sandbox.marketo.responses import ASSET, MarketoRequest, MarketoRoutes, Row, assets
from airflow_provider_mkt.sandbox.marketo.times import parse_moment, program_time

routes = MarketoRoutes(ASSET)

# Samples and schema have different spellings; both are accepted, and responses have the first.
TYPES = {
    "default": kinds.DEFAULT,
    "program": kinds.DEFAULT,
    "event": kinds.EVENT,
    "event with webinar": kinds.WEBINAR,
    "webinar": kinds.WEBINAR,
    "engagement": kinds.ENGAGEMENT,
    "nurture": kinds.ENGAGEMENT,
    "email": kinds.EMAIL,
}
MAX_ACTIVE = 100
"""How many engagement programs can be on. One more is created off."""
DATED = (kinds.EMAIL, kinds.EVENT, kinds.WEBINAR)


@routes.handle("GET", "/programs.json", scopes=ASSETS_READABLE)
async def list_programs(request: MarketoRequest) -> Response:
    chosen = list(request.state.programs.values())
    kind, values = (
        request.query_params.get("filterType"),
        set(request.list_param("filterValues")),
    )
    if kind is not None:
        if not values:
            raise MarketoError(701, "filterValues cannot be blank")
        chosen = [one for one in chosen if _filter_value(one, kind) in values]
    status = request.query_params.get("status")
    if status:
        chosen = [one for one in chosen if one.status == status.lower()]
    return assets(request, [program_row(request, one) for one in asset_page(request, chosen)])


def _filter_value(program: Program, kind: str) -> str:
    if kind in ("id", "programId"):
        return str(program.id)
    if kind == "folderId":
        return str(program.folder.id)
    if kind == "workspace":
        return WORKSPACE
    raise MarketoError(701, f"Invalid filterType '{kind}'")


@routes.handle("GET", "/program/{id}.json", scopes=ASSETS_READABLE)
async def get_program(request: MarketoRequest) -> Response:
    program = by_path(request, request.state.programs)
    return assets(request, [_full(request, program)] if program else [])


@routes.handle("GET", "/program/byName.json", scopes=ASSETS_READABLE)
async def get_program_by_name(request: MarketoRequest) -> Response:
    query = request.query_params
    switches = {"tags": "includeTags", "costs": "includeCosts"}
    empty: Row = {
        key: [] for key, switch in switches.items() if not to_bool(query.get(switch), default=False)
    }
    found = by_name(request.state.programs, text_param(query, "name"))
    return assets(request, [_full(request, program) | empty for program in found])


@routes.handle("POST", "/programs.json", scopes=(WRITE_ASSETS,))
async def create_program(request: MarketoRequest) -> Response:
    params = await asset_params(request)
    name, folder = text_param(params, "name"), requested_folder(request, params)
    check_clone_name(request.state, name)
    kind = TYPES.get(text_param(params, "type").lower())
    if kind is None:
        raise MarketoError(709, f"Invalid program type '{params.get('type')}'")
    channel = next(
        (one for one in request.state.channels.values() if one.name == text_param(params, "channel")), None
    )
    if channel is None:
        raise MarketoError(709, f"Channel '{params.get('channel')}' not found")
    if channel.program_type != kind:
        raise MarketoError(709, f"Channel '{channel.name}' is not applicable to program type '{kind}'")
    owners = map(request.state.program_of, request.state.path_of(folder))
    if kind == kinds.EMAIL and any(one is not None and one.type == kinds.ENGAGEMENT for one in owners):
        raise MarketoError(709, "An email program cannot be inside an engagement program")
    now = request.clock.now()
    program = Program(request.state.next_id("program"), name, folder, now, now, kind, channel)
    program.description = params.get("description") or ""
    if kind == kinds.ENGAGEMENT:
        program.streams = (Stream(program.id * 10 + 1, "Stream 1"),)
        active = sum(one.type == kinds.ENGAGEMENT and one.on for one in request.state.programs.values())
        program.on = active < MAX_ACTIVE
    _set_details(request, program, params)
    for tag in request.state.tag_types:
        given = any(one.get("tagType") == tag.name for one in program.tags)
        if tag.required and not given and kinds.TAG_NAMES[kind] in tag.program_types:
            raise MarketoError(709, f"Tag '{tag.name}' is required")
    request.state.programs[program.id] = program
    return assets(request, [_full(request, program)])


@routes.handle("POST", "/program/{id}.json", scopes=(WRITE_ASSETS,))
async def update_program(request: MarketoRequest) -> Response:
    params = await asset_params(request)
    program = for_write(request, request.state.programs, "Program")
    if program.locked:
        raise MarketoError(709, "Program is approved. Unapprove it before changing it")
    _set_details(request, program, params)
    rename(request, request.state.programs, program, params)
    return assets(request, [_full(request, program)])


def _set_details(request: MarketoRequest, program: Program, params: QueryParams) -> None:
    dates = {name: _date(params, name) for name in ("startDate", "endDate") if params.get(name)}
    if dates and program.type not in DATED:
        raise MarketoError(709, "Only email programs and events have a start date and an end date")
    start, end = dates.get("startDate", program.start), dates.get("endDate", program.end)
    if start and end and end < start:
        raise MarketoError(704, "endDate must not be before startDate")
    tags, costs = _json_list(params, "tags"), _json_list(params, "costs")
    head_start = to_bool(params.get("headStart"))
    if head_start is not None:
        if program.type != kinds.EMAIL:
            raise MarketoError(709, "Only email programs have a head start")
        program.head_start = head_start
    program.start, program.end = start, end
    if tags is not None:
        check_tags(request.state.tag_types, program.type, tags)
        program.tags = tags
    if to_bool(params.get("costsDestructiveUpdate"), default=False):
        # Without costs it removes all costs.
        program.costs = costs or []
    elif costs is not None:
        program.costs = program.costs + costs


def check_tags(known: tuple[TagType, ...], program_type: str, tags: list[Row]) -> None:
    """Check that the tags exist with these values and for this type of program."""
    types = {one.name: one for one in known}
    for tag in tags:
        name, value = str(tag.get("tagType") or ""), str(tag.get("tagValue") or "")
        found = types.get(name)
        if found is None:
            raise MarketoError(709, f"Tag type '{name}' not found")
        if kinds.TAG_NAMES[program_type] not in found.program_types:
            raise MarketoError(709, f"Tag type '{name}' is not applicable to program type '{program_type}'")
        if value not in found.values:
            raise MarketoError(709, f"Invalid value '{value}' for tag type '{name}'")


def _date(params: QueryParams, name: str) -> datetime:
    found = parse_moment(params.get(name))
    if found is None:
        raise MarketoError(704, f"Invalid date '{params.get(name)}' for '{name}'")
    return found


def _json_list(params: QueryParams, name: str) -> list[Row] | None:
    text = params.get(name)
    if not text:
        return None
    try:
        rows = json.loads(text)
    except (ValueError, RecursionError):
        rows = _loosely(text)
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise wrong_type(text, "array")
    return rows


def _loosely(text: str) -> object:
    """Parse JSON with single quotes, which clients in use send."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


@routes.handle("POST", "/program/{id}/clone.json", scopes=(WRITE_ASSETS,))
async def clone(request: MarketoRequest) -> Response:
    params = await asset_params(request)
    source = for_write(request, request.state.programs, "Program")
    name, folder = text_param(params, "name"), requested_folder(request, params)
    if folder.type != "Folder":
        raise MarketoError(711, "A program can only be cloned into a folder")
    check_clone_name(request.state, name)
    await request.simulate_latency()
    check_clone_name(request.state, name)
    created = clone_program(request.state, source, name, folder, params.get("description"))
    return assets(request, [_full(request, created)])


@routes.handle("POST", "/program/{id}/approve.json", scopes=(WRITE_ASSETS,))
async def approve(request: MarketoRequest) -> Response:
    program = for_write(request, request.state.programs, "Program")
    approve_program(request.state, program)
    return assets(request, [{"id": program.id}])


@routes.handle("POST", "/program/{id}/unapprove.json", scopes=(WRITE_ASSETS,))
async def unapprove(request: MarketoRequest) -> Response:
    program = for_write(request, request.state.programs, "Program")
    unapprove_program(request.state, program)
    return assets(request, [{"id": program.id}])


@routes.handle("POST", "/program/{id}/delete.json", scopes=(WRITE_ASSETS,))
async def delete_program(request: MarketoRequest) -> Response:
    state, program = request.state, for_write(request, request.state.programs, "Program")
    inside = FolderRef(program.id, "Program")
    if program.locked or any(one.active for one in state.campaigns.values() if one.folder == inside):
        raise MarketoError(709, "Program is in use")
    _empty(state.emails, inside)
    _empty(state.campaigns, inside)
    _empty(state.lists, inside)
    _empty(state.smart_lists, inside)
    _empty(state.folders, inside)
    del state.programs[program.id]
    return assets(request, [{"id": program.id}])


def _empty(store: dict[int, AssetT], folder: FolderRef) -> None:
    """Delete the assets that are in a folder."""
    for number in [one.id for one in store.values() if one.folder == folder]:
        del store[number]


def program_row(request: MarketoRequest, program: Program) -> Row:
    row = common(program) | {
        "url": program_url(program),
        "type": program.type,
        "channel": program.channel.name,
        "folder": program.folder.nested(request.state.folder_name(program.folder)),
        "status": program.status,
        "headStart": program.head_start,
    }
    if program.start:
        row["startDate"] = program_time(program.start)
    if program.end:
        row["endDate"] = program_time(program.end)
    return row


def _full(request: MarketoRequest, program: Program) -> Row:
    return program_row(request, program) | {"tags": program.tags, "costs": program.costs}
