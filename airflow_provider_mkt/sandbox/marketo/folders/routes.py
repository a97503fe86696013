"""Folders: list, get, create, update and delete them, and list their content."""

from collections.abc import Iterable

from starlette.datastructures import QueryParams
from starlette.responses import Response

from airflow_provider_mkt.sandbox.marketo.assets import (
    APP,
    by_name,
    by_path,
    common,
    for_write,
    program_url,
    requested_folder,
)
from airflow_provider_mkt.sandbox.marketo.errors import MarketoError
from airflow_provider_mkt.sandbox.marketo.folders.models import (
    WORKSPACE,
    Asset,
    Folder,
    FolderRef,
    parse_folder,
)
from airflow_provider_mkt.sandbox.marketo.paging import asset_page
from airflow_provider_mkt.sandbox.marketo.permissions import ASSETS_READABLE, WRITE_ASSETS
from airflow_provider_mkt.sandbox.marketo.programs import models as kinds
from airflow_provider_mkt.sandbox.marketo.programs.models import Program
from airflow_provider_mkt.sandbox.marketo.requests import asset_params, path_id, text_param, to_bool, to_int
from airflow_provider_mkt.sandbox.marketo.responses import ASSET, MarketoRequest, MarketoRoutes, Row, assets
from airflow_provider_mkt.sandbox.marketo.smart_campaigns import flow_runs as flow_runs

routes = MarketoRoutes(ASSET)

DEFAULT_DEPTH = 2
LONGEST_DESCRIPTION = 2000
TYPES = ("Folder", "Program")
# Folder types of programs.
PROGRAM_KINDS = {
    kinds.DEFAULT: "Marketing Program",
    kinds.EVENT: "Marketing Event",
    kinds.WEBINAR: "Marketing Event",
    kinds.ENGAGEMENT: "Nurture Program",
    kinds.EMAIL: "Email Batch Program",
}


@routes.handle("GET", "/folders.json", scopes=ASSETS_READABLE)
async def list_folders(request: MarketoRequest) -> Response:
    """List folders below a root; depth 0 is the root only."""
    depth = to_int(request.query_params.get("maxDepth") or DEFAULT_DEPTH, "maxDepth")
    if depth < 0:
        raise MarketoError(701, "maxDepth must not be negative")
    level = _roots(request)
    chosen: list[Folder | Program] = []
    for _ in range(depth + 1):
        chosen += level
        above = {_ref(one) for one in level}
        # The root folder is its own parent.
        level = [one for one in request.state.folders.values() if one.folder in above and one not in level]
    return assets(
        request, [_row(request, one) for one in asset_page(request, _in_workspace(request, chosen))]
    )


def _roots(request: MarketoRequest) -> list[Folder | Program]:
    text = request.query_params.get("root")
    if not text:
        return [one for one in request.state.folders.values() if one.folder == _ref(one)]
    folder = FolderRef(int(text), "Folder") if text.isdigit() else parse_folder(text, "root")
    root = _at(request, folder)
    return [root] if root else []


def _ref(one: Folder | Program) -> FolderRef:
    return FolderRef(one.id, "Program" if isinstance(one, Program) else "Folder")


def _at(request: MarketoRequest, folder: FolderRef) -> Folder | Program | None:
    return (
        request.state.folders.get(folder.id)
        if folder.type == "Folder"
        else request.state.programs.get(folder.id)
    )


def _in_workspace(request: MarketoRequest, found: Iterable[Folder | Program]) -> list[Folder | Program]:
    """Filter by workspace. One page of the guide spells the parameter `workspace`."""
    named = request.query_params.get("workSpace") or request.query_params.get("workspace")
    return list(found) if named in (None, "", WORKSPACE) else []


@routes.handle("GET", "/folder/byName.json", scopes=ASSETS_READABLE)
async def get_folder_by_name(request: MarketoRequest) -> Response:
    name, kind = text_param(request.query_params, "name"), _kind(request.query_params.get("type") or "Folder")
    store: list[Folder] | list[Program] = (
        by_name(request.state.folders, name) if kind == "Folder" else by_name(request.state.programs, name)
    )
    found = _in_workspace(request, store)
    if request.query_params.get("root"):
        roots = {_ref(one) for one in _roots(request)}
        found = [one for one in found if one.folder in roots]
    return assets(request, [_row(request, one) for one in found])


@routes.handle("GET", "/folder/{id}.json", scopes=ASSETS_READABLE)
async def get_folder(request: MarketoRequest) -> Response:
    found: Folder | Program | None = (
        by_path(request, request.state.folders)
        if _kind(text_param(request.query_params, "type")) == "Folder"
        else by_path(request, request.state.programs)
    )
    return assets(request, [_row(request, found)] if found else [])


def _kind(text: str) -> str:
    if text not in TYPES:
        raise MarketoError(711, f"Folder type '{text}' is not valid")
    return text


@routes.handle("GET", "/folder/{id}/content.json", scopes=ASSETS_READABLE)
async def content(request: MarketoRequest) -> Response:
    """List the content of a folder. Its types have the names of the user interface."""
    types = _inside(
        request, FolderRef(path_id(request, "id"), _kind(text_param(request.query_params, "type")))
    )
    found = [one for one, _ in types]
    kinds = {id(one): kind for one, kind in types}
    return assets(request, [{"id": one.id, "type": kinds[id(one)]} for one in asset_page(request, found)])


def _inside(request: MarketoRequest, folder: FolderRef) -> list[tuple[Asset, str]]:
    state = request.state
    stores: dict[str, Iterable[Asset]] = {
        "Folder": [one for one in state.folders.values() if one.folder != _ref(one)],
        "Program": state.programs.values(),
        "Smart Campaign": state.campaigns.values(),
        "Email": state.emails.values(),
        "List": state.lists.values(),
        "Smart List": state.smart_lists.values(),
        "Form": state.forms.values(),
    }
    return [(one, kind) for kind, store in stores.items() for one in store if one.folder == folder]


@routes.handle("POST", "/folders.json", scopes=(WRITE_ASSETS,))
async def create_folder(request: MarketoRequest) -> Response:
    """Create a folder. Its name must be unique in the parent folder, which is not documented."""
    params = await asset_params(request)
    name, parent = text_param(params, "name"), requested_folder(request, params, "parent")
    _check_description(params)
    _check_name(request, name, parent)
    now = request.clock.now()
    created = Folder(request.state.next_id("folder"), name, parent, now, now)
    created.description = params.get("description") or ""
    request.state.folders[created.id] = created
    return assets(request, [_row(request, created)])


@routes.handle("POST", "/folder/{id}.json", scopes=(WRITE_ASSETS,))
async def update_folder(request: MarketoRequest) -> Response:
    params = await asset_params(request)
    folder = _for_write(request, params)
    _check_description(params)
    if "name" in params:
        name = text_param(params, "name")
        _check_name(request, name, folder.folder, exclude=folder)
        folder.name = name
    if "description" in params:
        folder.description = params.get("description") or ""
    folder.archived = bool(to_bool(params.get("isArchive"), default=folder.archived))
    if folder.archived:
        flow_runs.switch_off(request.state, _ref(folder))
    folder.updated_at = request.clock.now()
    return assets(request, [_row(request, folder)])


@routes.handle("POST", "/folder/{id}/delete.json", scopes=(WRITE_ASSETS,))
async def delete_folder(request: MarketoRequest) -> Response:
    folder = _for_write(request, await asset_params(request))
    if _inside(request, _ref(folder)):
        raise MarketoError(709, "Folder is not empty")
    del request.state.folders[folder.id]
    return assets(request, [{"id": folder.id}])


def _for_write(request: MarketoRequest, params: QueryParams) -> Folder:
    # The schema requires the type, but a sample of the guide has none.
    if _kind(params.get("type") or "Folder") == "Program":
        raise MarketoError(709, "Programs cannot be changed as folders")
    folder = for_write(request, request.state.folders, "Folder")
    if folder.system:
        raise MarketoError(709, "System folders cannot be changed")
    return folder


def _check_description(params: QueryParams) -> None:
    if len(params.get("description") or "") > LONGEST_DESCRIPTION:
        raise MarketoError(701, f"description cannot be longer than {LONGEST_DESCRIPTION} characters")


def _check_name(request: MarketoRequest, name: str, parent: FolderRef, exclude: Folder | None = None) -> None:
    for other in request.state.folders.values():
        if other is not exclude and other.folder == parent and other.name.lower() == name.lower():
            raise MarketoError(709, f"A folder named '{name}' already exists there")


def _row(request: MarketoRequest, one: Folder | Program) -> Row:
    folder = _ref(one)
    row = common(one) | {
        "folderId": folder.flat(),
        "parent": one.folder.flat() if one.folder != folder else None,
        "path": _path(request, one),
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


def _path(request: MarketoRequest, one: Folder | Program) -> str:
    parent = None if one.folder == _ref(one) else _at(request, one.folder)
    return f"{_path(request, parent) if parent else ''}/{one.name}"
