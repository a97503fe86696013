"""Folders: finding them and what is in them, making, changing and deleting them."""

from collections.abc import Iterable

from airflow_provider_mkt.sandbox.marketo.answers import ASSET, Call, MarketoRoutes, Row, assets
from airflow_provider_mkt.sandbox.marketo.asset_rows import (
    APP,
    by_name,
    by_path,
    chosen_place,
    common,
    for_write,
    program_url,
)
from airflow_provider_mkt.sandbox.marketo.paging import asset_page
from airflow_provider_mkt.sandbox.marketo.params import asset_params, path_id, text_param, truth, whole
from airflow_provider_mkt.sandbox.marketo.permissions import ASSETS_READABLE, WRITE_ASSETS
from airflow_provider_mkt.sandbox.marketo.problems import Problem
from airflow_provider_mkt.sandbox.marketo.world import programs as kinds
from airflow_provider_mkt.sandbox.marketo.world.folders import WORKSPACE, Asset, Folder, Place, read_place
from airflow_provider_mkt.sandbox.marketo.world.programs import Program
from airflow_provider_mkt.sandbox.reply import Reply
from airflow_provider_mkt.sandbox.request import Query

routes = MarketoRoutes()

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


@routes.handle("GET", ASSET, "/folders.json", scopes=ASSETS_READABLE)
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
        level = [one for one in call.world.folders.values() if one.folder in above and one not in level]
    return assets(call, [_row(call, one) for one in asset_page(call, _in_workspace(call, chosen))])


def _roots(call: Call) -> list[Folder | Program]:
    text = call.query.get("root")
    if not text:
        return [one for one in call.world.folders.values() if one.folder == _place(one)]
    place = Place(int(text), "Folder") if text.isdigit() else read_place(text, "root")
    root = _at(call, place)
    return [root] if root else []


def _place(one: Folder | Program) -> Place:
    return Place(one.id, "Program" if isinstance(one, Program) else "Folder")


def _at(call: Call, place: Place) -> Folder | Program | None:
    return call.world.folders.get(place.id) if place.type == "Folder" else call.world.programs.get(place.id)


def _in_workspace(call: Call, found: Iterable[Folder | Program]) -> list[Folder | Program]:
    """Keep what is in the workspace named; the guide once spells the parameter without its capital."""
    named = call.query.get("workSpace") or call.query.get("workspace")
    return list(found) if named in (None, "", WORKSPACE) else []


@routes.handle("GET", ASSET, "/folder/byName.json", scopes=ASSETS_READABLE)
async def named(call: Call) -> Reply:
    name, kind = text_param(call.query, "name"), _kind(call.query.get("type") or "Folder")
    store: list[Folder] | list[Program] = (
        by_name(call.world.folders, name) if kind == "Folder" else by_name(call.world.programs, name)
    )
    found = _in_workspace(call, store)
    if call.query.get("root"):
        roots = {_place(one) for one in _roots(call)}
        found = [one for one in found if one.folder in roots]
    return assets(call, [_row(call, one) for one in found])


@routes.handle("GET", ASSET, "/folder/{id}.json", scopes=ASSETS_READABLE)
async def by_id(call: Call) -> Reply:
    found: Folder | Program | None = (
        by_path(call, call.world.folders)
        if _kind(text_param(call.query, "type")) == "Folder"
        else by_path(call, call.world.programs)
    )
    return assets(call, [_row(call, found)] if found else [])


def _kind(text: str) -> str:
    if text not in TYPES:
        raise Problem(711, f"Folder type '{text}' is not valid")
    return text


@routes.handle("GET", ASSET, "/folder/{id}/content.json", scopes=ASSETS_READABLE)
async def content(call: Call) -> Reply:
    """Tell what is right inside; the words for the types are those of the user interface."""
    types = _inside(call, Place(path_id(call, "id"), _kind(text_param(call.query, "type"))))
    found = [one for one, _ in types]
    words = {id(one): word for one, word in types}
    return assets(call, [{"id": one.id, "type": words[id(one)]} for one in asset_page(call, found)])


def _inside(call: Call, place: Place) -> list[tuple[Asset, str]]:
    world = call.world
    stores: dict[str, Iterable[Asset]] = {
        "Folder": [one for one in world.folders.values() if one.folder != _place(one)],
        "Program": world.programs.values(),
        "Smart Campaign": world.campaigns.values(),
        "Email": world.emails.values(),
        "List": world.lists.values(),
        "Smart List": world.smart_lists.values(),
        "Form": world.forms.values(),
    }
    return [(one, word) for word, store in stores.items() for one in store if one.folder == place]


@routes.handle("POST", ASSET, "/folders.json", scopes=(WRITE_ASSETS,))
async def create(call: Call) -> Reply:
    """Make a folder. Which names are taken is not documented: those right beside it."""
    params = await asset_params(call)
    name, parent = text_param(params, "name"), chosen_place(call, params, "parent")
    _check_description(params)
    _check_name(call, name, parent)
    now = call.clock.now()
    made = Folder(call.world.next_id("folder"), name, parent, now, now)
    made.description = params.get("description") or ""
    call.world.folders[made.id] = made
    return assets(call, [_row(call, made)])


@routes.handle("POST", ASSET, "/folder/{id}.json", scopes=(WRITE_ASSETS,))
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


@routes.handle("POST", ASSET, "/folder/{id}/delete.json", scopes=(WRITE_ASSETS,))
async def delete(call: Call) -> Reply:
    folder = _for_write(call, await asset_params(call))
    if _inside(call, _place(folder)):
        raise Problem(709, "Folder is not empty")
    del call.world.folders[folder.id]
    return assets(call, [{"id": folder.id}])


def _for_write(call: Call, params: Query) -> Folder:
    # The contract wants the type, and the guide's sample of deleting does without it.
    if _kind(params.get("type") or "Folder") == "Program":
        raise Problem(709, "Programs cannot be changed as folders")
    folder = for_write(call, call.world.folders, "Folder")
    if folder.system:
        raise Problem(709, "System folders cannot be changed")
    return folder


def _check_description(params: Query) -> None:
    if len(params.get("description") or "") > LONGEST_DESCRIPTION:
        raise Problem(701, f"description cannot be longer than {LONGEST_DESCRIPTION} characters")


def _check_name(call: Call, name: str, parent: Place, but: Folder | None = None) -> None:
    for other in call.world.folders.values():
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
