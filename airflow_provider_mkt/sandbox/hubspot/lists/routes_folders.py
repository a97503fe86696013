"""Folders of lists."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.errors import invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.lists import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.lists.folder_store import ROOT, Folder
from airflow_provider_mkt.sandbox.hubspot.lists.requests import READ, WRITE
from airflow_provider_mkt.sandbox.hubspot.requests import check_object, read_object
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

routes = HubSpotRoutes(*PREFIXES)


@routes.handle("GET", "/folders", scopes=READ)
async def get_folder(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    return _folder_response(request, _find(request, request.query_params.get("folderId") or ROOT))


@routes.handle("POST", "/folders", scopes=WRITE, also=READ)
async def create_folder(request: HubSpotRequest) -> Response:
    schema = "ListFolderCreateRequest"
    body = check_object(
        await read_object(request, schema, ["name"]), schema, known=["name", "parentFolderId"]
    )
    name = _name(body["name"])
    await request.simulate_latency()
    parent = _find(request, str(body.get("parentFolderId") or ROOT))
    return _folder_response(request, request.state.list_folders.create(name, parent.id))


@routes.handle("PUT", "/folders/move-list", scopes=WRITE, also=READ)
async def move_list(request: HubSpotRequest) -> Response:
    schema, required = "ListMoveRequest", ("listId", "newFolderId")
    body = check_object(await read_object(request, schema, required), schema, known=required)
    await request.simulate_latency()
    one = request.state.lists.get(str(body["listId"]))
    if one is None:
        raise not_found(f"List {body['listId']} does not exist")
    one.folder = _find(request, str(body["newFolderId"])).id
    return Response(status_code=204)


@routes.handle("DELETE", "/folders/{folderId}", scopes=WRITE, also=READ)
async def delete_folder(request: HubSpotRequest) -> Response:
    """Delete a folder. One that is not empty cannot be deleted, which is not documented."""
    await request.simulate_latency()
    folder, folders = _below_root(request), request.state.list_folders
    if folders.children(folder) or folders.lists_in(folder):
        msg = f"Folder {folder.id} is not empty"
        raise invalid(msg)
    folders.remove(folder)
    return Response(status_code=204)


@routes.handle("PUT", "/folders/{folderId}/move/{newParentFolderId}", scopes=WRITE, also=READ)
async def move_folder(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    folder, parent = _below_root(request), _find(request, request.path_params["newParentFolderId"])
    if request.state.list_folders.inside(parent, folder):
        raise invalid("A folder cannot be put into itself")
    folder.parent = parent.id
    return _folder_response(request, folder)


@routes.handle("PUT", "/folders/{folderId}/rename", scopes=WRITE, also=READ)
async def rename_folder(request: HubSpotRequest) -> Response:
    """Rename a folder. The new name is in the query."""
    name = _name(request.query_params.get("newFolderName"))
    await request.simulate_latency()
    folder = _below_root(request)
    folder.name = name
    return _folder_response(request, folder)


def _find(request: HubSpotRequest, folder_id: str) -> Folder:
    folder = request.state.list_folders.get(folder_id)
    if folder is None:
        msg = f"Folder {folder_id} does not exist"
        raise not_found(msg)
    return folder


def _below_root(request: HubSpotRequest) -> Folder:
    folder = _find(request, request.path_params["folderId"])
    if folder.id == ROOT:
        raise invalid("The root folder cannot be changed")
    return folder


def _name(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise invalid("A folder needs a name")
    return value.strip()


def _folder_response(request: HubSpotRequest, folder: Folder) -> Response:
    return JSONResponse({"folder": request.state.list_folders.view(folder)})
