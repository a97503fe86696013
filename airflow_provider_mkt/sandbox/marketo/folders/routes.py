"""Folders: finding them and what is in them, making, changing and deleting them."""

from collections.abc import Iterable

from airflow_provider_mkt.sandbox.marketo.assets import (
    APP,
    by_name,
    by_path,
    chosen_place,
    common,
    for_write,
    program_url,
)
from airflow_provider_mkt.sandbox.marketo.errors import Problem
from airflow_provider_mkt.sandbox.marketo.folders.models import WORKSPACE, Asset, Folder, Place, read_place
from airflow_provider_mkt.sandbox.marketo.paging import asset_page
from airflow_provider_mkt.sandbox.marketo.permissions import ASSETS_READABLE, WRITE_ASSETS
from airflow_provider_mkt.sandbox.marketo.programs import models as kinds
from airflow_provider_mkt.sandbox.marketo.programs.models import Program
from airflow_provider_mkt.sandbox.marketo.requests import asset_params, path_id, text_param, truth, whole
from airflow_provider_mkt.sandbox.marketo.responses import ASSET, Call, MarketoRoutes, Row, assets
from airflow_provider_mkt.sandbox.server.requests import Query
from airflow_provider_mkt.sandbox.server.responses import Reply

routes = MarketoRoutes(ASSET)

DEFAULT_DEPTH = 2
LONGEST_DESCRIPTION = 2000
TYPES = ("Folder", "Program")
# What a program is called where it is told as a folder.
PROGRAM_KINDS = {
    kinds.DEFAULT: "Marketing Program",
    kinds.EVENT: "Marketing Event",
    kinds.WEBINAR: "Marketing Event",
    kinds.ENGAGEMENT: "Nurture Program",
    kinds.EMAIL: "Email Batch Program",
}


@routes.handle("GET", "/folders.json", scopes=ASSETS_READABLE)
async def browse(call: Call) -> Reply:
    """Browse downwards from a root, which alone is depth 0."""
    depth = whole(call.query.get("maxDepth") or DEFAULT_DEPTH, "maxDepth")
    if depth < 0:
        raise Problem(701, "maxDepth must not be negative")
    level = _roots(call)
    chosen: list[Folder | Program] = []
    for _ in range(depth + 1):
        chosen += level
        above = {_place(one) for one in level}
        # The root is its own parent.
        level = [one for one in call.state.folders.values() if one.folder in above and one not in level]
    return assets(call, [_row(call, one) for one in asset_page(call, _in_workspace(call, chosen))])


def _roots(call: Call) -> list[Folder | Program]:
    text = call.query.get("root")
    if not text:
        return [one for one in call.state.folders.values() if one.folder == _place(one)]
    place = Place(int(text), "Folder") if text.isdigit() else read_place(text, "root")
    root = _at(call, place)
    return [root] if root else []


def _place(one: Folder | Program) -> Place:
    return Place(one.id, "Program" if isinstance(one, Program) else "Folder")


def _at(call: Call, place: Place) -> Folder | Program | None:
    return call.state.folders.get(place.id) if place.type == "Folder" else call.state.programs.get(place.id)


def _in_workspace(call: Call, found: Iterable[Folder | Program]) -> list[Folder | Program]:
    """Keep what is in the workspace named; the guide once spells the parameter without its capital."""
    named = call.query.get("workSpace") or call.query.get("workspace")
    return list(found) if named in (None, "", WORKSPACE) else []


@routes.handle("GET", "/folder/byName.json", scopes=ASSETS_READABLE)
async def named(call: Call) -> Reply:
    name, kind = text_param(call.query, "name"), _kind(call.query.get("type") or "Folder")
    store: list[Folder] | list[Program] = (
        by_name(call.state.folders, name) if kind == "Folder" else by_name(call.state.programs, name)
    )
    found = _in_workspace(call, store)
    if call.query.get("root"):
        roots = {_place(one) for one in _roots(call)}
        found = [one for one in found if one.folder in roots]
    return assets(call, [_row(call, one) for one in found])


@routes.handle("GET", "/folder/{id}.json", scopes=ASSETS_READABLE)
async def by_id(call: Call) -> Reply:
    found: Folder | Program | None = (
        by_path(call, call.state.folders)
        if _kind(text_param(call.query, "type")) == "Folder"
        else by_path(call, call.state.programs)
    )
    return assets(call, [_row(call, found)] if found else [])


def _kind(text: str) -> str:
    if text not in TYPES:
        raise Problem(711, f"Folder type '{text}' is not valid")
    return text


@routes.handle("GET", "/folder/{id}/content.json", scopes=ASSETS_READABLE)
async def content(call: Call) -> Reply:
    """Tell what is right inside; the words for the types are those of the user interface."""
    types = _inside(call, Place(path_id(call, "id"), _kind(text_param(call.query, "type"))))
    found = [one for one, _ in types]
    words = {id(one): word for one, word in types}
    return assets(call, [{"id": one.id, "type": words[id(one)]} for one in asset_page(call, found)])


def _inside(call: Call, place: Place) -> list[tuple[Asset, str]]:
    state = call.state
    stores: dict[str, Iterable[Asset]] = {
        "Folder": [one for one in state.folders.values() if one.folder != _place(one)],
        "Program": state.programs.values(),
        "Smart Campaign": state.campaigns.values(),
        "Email": state.emails.values(),
        "List": state.lists.values(),
        "Smart List": state.smart_lists.values(),
        "Form": state.forms.values(),
    }
    return [(one, word) for word, store in stores.items() for one in store if one.folder == place]


@routes.handle("POST", "/folders.json", scopes=(WRITE_ASSETS,))
async def create(call: Call) -> Reply:
    """Make a folder. Which names are taken is not documented: those right beside it."""
    params = await asset_params(call)
    name, parent = text_param(params, "name"), chosen_place(call, params, "parent")
    _check_description(params)
    _check_name(call, name, parent)
    now = call.clock.now()
    made = Folder(call.state.next_id("folder"), name, parent, now, now)
    made.description = params.get("description") or ""
    call.state.folders[made.id] = made
    return assets(call, [_row(call, made)])


@routes.handle("POST", "/folder/{id}.json", scopes=(WRITE_ASSETS,))
async def update(call: Call) -> Reply:
    params = await asset_params(call)
    folder = _for_write(call, params)
    _check_description(params)
    if "name" in params:
        name = text_param(params, "name")
        _check_name(call, name, folder.folder, but=folder)
        folder.name = name
    if "description" in params:
        folder.description = params.get("description") or ""
    folder.archived = bool(truth(params.get("isArchive"), default=folder.archived))
    folder.updated_at = call.clock.now()
    return assets(call, [_row(call, folder)])


@routes.handle("POST", "/folder/{id}/delete.json", scopes=(WRITE_ASSETS,))
async def delete(call: Call) -> Reply:
    folder = _for_write(call, await asset_params(call))
    if _inside(call, _place(folder)):
        raise Problem(709, "Folder is not empty")
    del call.state.folders[folder.id]
    return assets(call, [{"id": folder.id}])


def _for_write(call: Call, params: Query) -> Folder:
    # The contract wants the type, and the guide's sample of deleting does without it.
    if _kind(params.get("type") or "Folder") == "Program":
        raise Problem(709, "Programs cannot be changed as folders")
    folder = for_write(call, call.state.folders, "Folder")
    if folder.system:
        raise Problem(709, "System folders cannot be changed")
    return folder


def _check_description(params: Query) -> None:
    if len(params.get("description") or "") > LONGEST_DESCRIPTION:
        raise Problem(701, f"description cannot be longer than {LONGEST_DESCRIPTION} characters")


def _check_name(call: Call, name: str, parent: Place, but: Folder | None = None) -> None:
    for other in call.state.folders.values():
        if other is not but and other.folder == parent and other.name.lower() == name.lower():
            raise Problem(709, f"A folder named '{name}' already exists there")


def _row(call: Call, one: Folder | Program) -> Row:
    place = _place(one)
    row = common(one) | {
        "folderId": place.flat(),
        "parent": one.folder.flat() if one.folder != place else None,
        "path": _path(call, one),
        "accessZoneId": 1,
    }
    if isinstance(one, Program):
        kind, url = PROGRAM_KINDS[one.type], program_url(one)
        return row | {"folderType": kind, "isArchive": False, "isSystem": False, "url": url}
    return row | {
        "folderType": one.kind,
        "isArchive": one.archived,
        "isSystem": one.system,
        "url": f"{APP}/#MF{one.id}A1",
    }


def _path(call: Call, one: Folder | Program) -> str:
    parent = None if one.folder == _place(one) else _at(call, one.folder)
    return f"{_path(call, parent) if parent else ''}/{one.name}"
