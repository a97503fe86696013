"""Find assets, and write what all assets have in the format of the asset API."""

from typing import TypeVar

from starlette.datastructures import QueryParams

from airflow_provider_mkt.sandbox.marketo.errors import MarketoError
from airflow_provider_mkt.sandbox.marketo.folders.models import WORKSPACE, Asset, FolderRef, parse_folder
from airflow_provider_mkt.sandbox.marketo.programs.models import URL_MARKS, Program
from airflow_provider_mkt.sandbox.marketo.requests import path_id, text_param
from airflow_provider_mkt.sandbox.marketo.responses import MarketoRequest, Row
from airflow_provider_mkt.sandbox.marketo.times import asset_time

AssetT = TypeVar("AssetT", bound=Asset)

APP = "https://app-sandbox.example.com"


def by_path(request: MarketoRequest, store: dict[int, AssetT]) -> AssetT | None:
    return store.get(path_id(request, "id"))


def for_write(request: MarketoRequest, store: dict[int, AssetT], kind: str) -> AssetT:
    """Return the asset to write. For an unknown id, writes respond 702, but reads with a warning."""
    asset = by_path(request, store)
    if asset is None:
        raise MarketoError(702, f"{kind} {request.path_params['id']} not found")
    return asset


def by_name(store: dict[int, AssetT], name: str) -> list[AssetT]:
    """Return the assets of a name. One with a comma is never found, because it separates names."""
    return [] if "," in name else [one for one in store.values() if one.name == name]


def in_folder(assets: list[AssetT], text: str | None) -> list[AssetT]:
    """Filter assets by the folder parameter, if there is one."""
    if not text:
        return assets
    folder = parse_folder(text)
    return [one for one in assets if one.folder == folder]


def requested_folder(request: MarketoRequest, params: QueryParams, name: str = "folder") -> FolderRef:
    """Return the folder of a new asset, which must exist."""
    folder = parse_folder(params.get(name), name)
    request.state.folder_name(folder)
    return folder


def common(asset: Asset) -> Row:
    return {
        "id": asset.id,
        "name": asset.name,
        "description": asset.description,
        "createdAt": asset_time(asset.created_at),
        "updatedAt": asset_time(asset.updated_at),
        "workspace": WORKSPACE,
    }


def program_url(program: Program) -> str:
    return f"{APP}/#{URL_MARKS[program.type]}{program.id}A1"


def rename(request: MarketoRequest, store: dict[int, AssetT], asset: AssetT, params: QueryParams) -> None:
    """Set name and description, where they are given."""
    if "name" in params:
        name = text_param(params, "name")
        request.state.check_name_free(store, name, asset.folder, exclude=asset.id)
        asset.name = name
    if "description" in params:
        asset.description = params.get("description") or ""
    asset.updated_at = request.clock.now()
