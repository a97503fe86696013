"""Programs: reading, making, changing, and sending by approval."""

import ast
import json
from datetime import datetime
from typing import Any

from airflow_provider_mkt.sandbox.marketo.assets import (
    by_name,
    by_path,
    chosen_place,
    common,
    for_write,
    program_url,
    rename,
)
from airflow_provider_mkt.sandbox.marketo.emails.sending import approve_program, unapprove_program
from airflow_provider_mkt.sandbox.marketo.errors import Problem, wrong_type
from airflow_provider_mkt.sandbox.marketo.folders.models import WORKSPACE, Place
from airflow_provider_mkt.sandbox.marketo.paging import asset_page
from airflow_provider_mkt.sandbox.marketo.permissions import ASSETS_READABLE, WRITE_ASSETS
from airflow_provider_mkt.sandbox.marketo.programs import models as kinds
from airflow_provider_mkt.sandbox.marketo.programs.cloning import check_clone_name, clone_program
from airflow_provider_mkt.sandbox.marketo.programs.models import Program, Stream
from airflow_provider_mkt.sandbox.marketo.requests import asset_params, text_param, truth
from airflow_provider_mkt.sandbox.marketo.responses import ASSET, Call, MarketoRoutes, Row, assets
from airflow_provider_mkt.sandbox.marketo.times import parse_moment, program_time
from airflow_provider_mkt.sandbox.server.requests import Query
from airflow_provider_mkt.sandbox.server.responses import Reply

routes = MarketoRoutes(ASSET)

# Samples write the types one way, the contract another; both are taken, the first is given.
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
DATED = (kinds.EMAIL, kinds.EVENT, kinds.WEBINAR)


@routes.handle("GET", "/programs.json", scopes=ASSETS_READABLE)
async def browse(call: Call) -> Reply:
    chosen = list(call.state.programs.values())
    kind, values = call.query.get("filterType"), set(call.query.split("filterValues"))
    if kind is not None:
        if not values:
            raise Problem(701, "filterValues cannot be blank")
        chosen = [one for one in chosen if _filter_value(one, kind) in values]
    status = call.query.get("status")
    if status:
        chosen = [one for one in chosen if one.status == status.lower()]
    return assets(call, [program_row(call, one) for one in asset_page(call, chosen)])


def _filter_value(program: Program, kind: str) -> str:
    if kind in ("id", "programId"):
        return str(program.id)
    if kind == "folderId":
        return str(program.folder.id)
    if kind == "workspace":
        return WORKSPACE
    raise Problem(701, f"Invalid filterType '{kind}'")


@routes.handle("GET", "/program/{id}.json", scopes=ASSETS_READABLE)
async def by_id(call: Call) -> Reply:
    program = by_path(call, call.state.programs)
    return assets(call, [_full(call, program)] if program else [])


@routes.handle("GET", "/program/byName.json", scopes=ASSETS_READABLE)
async def named(call: Call) -> Reply:
    rows = []
    for program in by_name(call.state.programs, text_param(call.query, "name")):
        row = _full(call, program)
        for switch, key in (("includeTags", "tags"), ("includeCosts", "costs")):
            if not truth(call.query.get(switch), default=False):
                row[key] = []
        rows.append(row)
    return assets(call, rows)


@routes.handle("POST", "/programs.json", scopes=(WRITE_ASSETS,))
async def create(call: Call) -> Reply:
    params = await asset_params(call)
    name, place = text_param(params, "name"), chosen_place(call, params)
    check_clone_name(call.state, name)
    kind = TYPES.get(text_param(params, "type").lower())
    if kind is None:
        raise Problem(709, f"Invalid program type '{params.get('type')}'")
    channel = next(
        (one for one in call.state.channels.values() if one.name == text_param(params, "channel")), None
    )
    if channel is None:
        raise Problem(709, f"Channel '{params.get('channel')}' not found")
    if channel.program_type != kind:
        raise Problem(709, f"Channel '{channel.name}' is not applicable to program type '{kind}'")
    now = call.clock.now()
    program = Program(call.state.next_id("program"), name, place, now, now, kind, channel)
    program.description = params.get("description") or ""
    if kind == kinds.ENGAGEMENT:
        program.streams = (Stream(program.id * 10 + 1, "Stream 1"),)
    _set_details(program, params)
    call.state.programs[program.id] = program
    return assets(call, [_full(call, program)])


@routes.handle("POST", "/program/{id}.json", scopes=(WRITE_ASSETS,))
async def update(call: Call) -> Reply:
    params = await asset_params(call)
    program = for_write(call, call.state.programs, "Program")
    if program.locked:
        raise Problem(709, "Program is approved. Unapprove it before changing it")
    _set_details(program, params)
    rename(call, call.state.programs, program, params)
    return assets(call, [_full(call, program)])


def _set_details(program: Program, params: Query) -> None:
    dates = {name: _date(params, name) for name in ("startDate", "endDate") if params.get(name)}
    if dates and program.type not in DATED:
        raise Problem(709, "Only email programs and events have a start date and an end date")
    start, end = dates.get("startDate", program.start), dates.get("endDate", program.end)
    if start and end and end < start:
        raise Problem(704, "endDate must not be before startDate")
    tags, costs = _json_list(params, "tags"), _json_list(params, "costs")
    head_start = truth(params.get("headStart"))
    if head_start is not None:
        if program.type != kinds.EMAIL:
            raise Problem(709, "Only email programs have a head start")
        program.head_start = head_start
    program.start, program.end = start, end
    if tags is not None:
        program.tags = tags
    if truth(params.get("costsDestructiveUpdate"), default=False):
        # Without costs of its own it takes the present ones away.
        program.costs = costs or []
    elif costs is not None:
        program.costs = program.costs + costs


def _date(params: Query, name: str) -> datetime:
    found = parse_moment(params.get(name))
    if found is None:
        raise Problem(704, f"Invalid date '{params.get(name)}' for '{name}'")
    return found


def _json_list(params: Query, name: str) -> list[Any] | None:
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
    """What is nearly JSON, with the other kind of quotes: clients in use send it, and are served."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


@routes.handle("POST", "/program/{id}/clone.json", scopes=(WRITE_ASSETS,))
async def clone(call: Call) -> Reply:
    params = await asset_params(call)
    source = for_write(call, call.state.programs, "Program")
    name, place = text_param(params, "name"), chosen_place(call, params)
    if place.type != "Folder":
        raise Problem(711, "A program can only be cloned into a folder")
    check_clone_name(call.state, name)
    await call.work()
    check_clone_name(call.state, name)
    made = clone_program(call.state, source, name, place, params.get("description"))
    return assets(call, [_full(call, made)])


@routes.handle("POST", "/program/{id}/approve.json", scopes=(WRITE_ASSETS,))
async def approve(call: Call) -> Reply:
    program = for_write(call, call.state.programs, "Program")
    approve_program(call.state, program)
    return assets(call, [{"id": program.id}])


@routes.handle("POST", "/program/{id}/unapprove.json", scopes=(WRITE_ASSETS,))
async def unapprove(call: Call) -> Reply:
    program = for_write(call, call.state.programs, "Program")
    unapprove_program(call.state, program)
    return assets(call, [{"id": program.id}])


@routes.handle("POST", "/program/{id}/delete.json", scopes=(WRITE_ASSETS,))
async def delete(call: Call) -> Reply:
    state, program = call.state, for_write(call, call.state.programs, "Program")
    inside = Place(program.id, "Program")
    if program.locked or any(one.active for one in state.campaigns.values() if one.folder == inside):
        raise Problem(709, "Program is in use")
    stores: tuple[dict[int, Any], ...] = (
        state.emails,
        state.campaigns,
        state.lists,
        state.smart_lists,
        state.folders,
    )
    for store in stores:
        for number in [one.id for one in store.values() if one.folder == inside]:
            del store[number]
    del state.programs[program.id]
    return assets(call, [{"id": program.id}])


def program_row(call: Call, program: Program) -> Row:
    row = common(program) | {
        "url": program_url(program),
        "type": program.type,
        "channel": program.channel.name,
        "folder": program.folder.nested(call.state.folder_name(program.folder)),
        "status": program.status,
        "headStart": program.head_start,
    }
    if program.start:
        row["startDate"] = program_time(program.start)
    if program.end:
        row["endDate"] = program_time(program.end)
    return row


def _full(call: Call, program: Program) -> Row:
    return program_row(call, program) | {"tags": program.tags, "costs": program.costs}
