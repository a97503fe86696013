"""Channels and My Tokens."""

from starlette.responses import Response

from airflow_provider_mkt.sandbox.marketo.assets import APP
from airflow_provider_mkt.sandbox.marketo.errors import MarketoError
from airflow_provider_mkt.sandbox.marketo.folders.models import FolderRef
from airflow_provider_mkt.sandbox.marketo.paging import offset_page
from airflow_provider_mkt.sandbox.marketo.permissions import ASSETS_READABLE, WRITE_ASSETS
from airflow_provider_mkt.sandbox.marketo.programs.models import Channel
from airflow_provider_mkt.sandbox.marketo.programs.token_store import TYPES, MyToken, check_value
from airflow_provider_mkt.sandbox.marketo.requests import asset_params, path_id, text_param
from airflow_provider_mkt.sandbox.marketo.responses import ASSET, MarketoRequest, MarketoRoutes, Row, assets
from airflow_provider_mkt.sandbox.marketo.times import asset_time

routes = MarketoRoutes(ASSET)

LONGEST_TOKEN_NAME = 50


@routes.handle("GET", "/channels.json", scopes=ASSETS_READABLE)
async def channels(request: MarketoRequest) -> Response:
    return assets(
        request, [_channel(one) for one in offset_page(request, list(request.state.channels.values()))]
    )


@routes.handle("GET", "/channel/byName.json", scopes=ASSETS_READABLE)
async def channel_named(request: MarketoRequest) -> Response:
    """Find a channel by name. The schema spells the parameter `Name`, the guide `name`."""
    name = request.query_params.get("name") or text_param(request.query_params, "Name")
    return assets(request, [_channel(one) for one in request.state.channels.values() if one.name == name])


def _channel(one: Channel) -> Row:
    statuses: list[Row] = []
    for status in sorted(one.statuses, key=lambda status: status.step):
        row: Row = {
            "name": status.name,
            "description": status.name,
            "hidden": status.hidden,
            "step": status.step,
            "success": status.success,
        }
        statuses.append(row | {"type": status.type} if status.type else row)
    return {
        "id": one.id,
        "name": one.name,
        "applicableProgramType": one.program_type,
        "progressionStatuses": statuses,
        "createdAt": asset_time(one.created_at),
        "updatedAt": asset_time(one.created_at),
    }


def _token_folder(request: MarketoRequest, kind: str) -> FolderRef:
    if kind not in ("Folder", "Program"):
        raise MarketoError(711, f"Folder type '{kind}' is not valid")
    folder = FolderRef(path_id(request, "id"), kind)
    request.state.folder_name(folder)
    return folder


def _tokens(request: MarketoRequest, folder: FolderRef) -> list[Row]:
    rows = [
        {"name": one.name, "type": one.type, "value": one.value, "computedUrl": f"{APP}/#MF{folder.id}A1"}
        for one in request.state.tokens.of(folder)
    ]
    return [{"folder": {"type": folder.type, "value": folder.id}, "tokens": rows}] if rows else []


@routes.handle("GET", "/folder/{id}/tokens.json", scopes=ASSETS_READABLE)
async def tokens(request: MarketoRequest) -> Response:
    return assets(
        request, _tokens(request, _token_folder(request, request.query_params.get("folderType") or "Folder"))
    )


@routes.handle("POST", "/folder/{id}/tokens.json", scopes=(WRITE_ASSETS,))
async def put_token(request: MarketoRequest) -> Response:
    params = await asset_params(request)
    folder = _token_folder(request, text_param(params, "folderType"))
    name, kind = text_param(params, "name", LONGEST_TOKEN_NAME), text_param(params, "type")
    if kind not in TYPES:
        raise MarketoError(701, f"Invalid token type '{kind}'")
    if "value" not in params:
        raise MarketoError(701, "value cannot be blank")
    check_value(kind, params.get("value") or "")
    request.state.tokens.put(folder, MyToken(name, kind, params.get("value") or ""))
    return assets(request, _tokens(request, folder))


@routes.handle("POST", "/folder/{id}/tokens/delete.json", scopes=(WRITE_ASSETS,))
async def delete_token(request: MarketoRequest) -> Response:
    params = await asset_params(request)
    folder = _token_folder(request, text_param(params, "folderType"))
    request.state.tokens.remove(folder, text_param(params, "name"), text_param(params, "type"))
    return assets(request, [{"id": folder.id}])
