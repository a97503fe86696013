"""Static lists in the asset API."""

from starlette.responses import Response

from airflow_provider_mkt.sandbox.marketo.assets import (
    APP,
    by_name,
    by_path,
    common,
    for_write,
    in_folder,
    rename,
    requested_folder,
)
from airflow_provider_mkt.sandbox.marketo.errors import MarketoError
from airflow_provider_mkt.sandbox.marketo.lists.models import StaticList
from airflow_provider_mkt.sandbox.marketo.lists.rules import MEMBER_OF_LIST
from airflow_provider_mkt.sandbox.marketo.paging import asset_page
from airflow_provider_mkt.sandbox.marketo.permissions import ASSETS_READABLE, WRITE_ASSETS
from airflow_provider_mkt.sandbox.marketo.requests import asset_params, text_param
from airflow_provider_mkt.sandbox.marketo.responses import ASSET, MarketoRequest, MarketoRoutes, Row, assets
from airflow_provider_mkt.sandbox.marketo.smart_campaigns.models import AddToList

routes = MarketoRoutes(ASSET)


@routes.handle("GET", "/staticLists.json", scopes=ASSETS_READABLE)
async def list_lists(request: MarketoRequest) -> Response:
    chosen = in_folder(list(request.state.lists.values()), request.query_params.get("folder"))
    return assets(request, [_row(one) for one in asset_page(request, chosen)])


@routes.handle("GET", "/staticList/{id}.json", scopes=ASSETS_READABLE)
async def get_list(request: MarketoRequest) -> Response:
    chosen = by_path(request, request.state.lists)
    return assets(request, [_row(chosen)] if chosen else [])


@routes.handle("GET", "/staticList/byName.json", scopes=ASSETS_READABLE)
async def get_list_by_name(request: MarketoRequest) -> Response:
    return assets(
        request, [_row(one) for one in by_name(request.state.lists, text_param(request.query_params, "name"))]
    )


@routes.handle("POST", "/staticLists.json", scopes=(WRITE_ASSETS,))
async def create_list(request: MarketoRequest) -> Response:
    params = await asset_params(request)
    name, folder = text_param(params, "name"), requested_folder(request, params)
    request.state.check_name_free(request.state.lists, name, folder)
    now = request.clock.now()
    created = StaticList(request.state.next_id("list"), name, folder, now, now)
    created.description = params.get("description") or ""
    request.state.lists[created.id] = created
    return assets(request, [_row(created)])


@routes.handle("POST", "/staticList/{id}.json", scopes=(WRITE_ASSETS,))
async def update_list(request: MarketoRequest) -> Response:
    params = await asset_params(request)
    chosen = for_write(request, request.state.lists, "Static list")
    rename(request, request.state.lists, chosen, params)
    return assets(request, [_row(chosen)])


@routes.handle("POST", "/staticList/{id}/delete.json", scopes=(WRITE_ASSETS,))
async def delete_list(request: MarketoRequest) -> Response:
    chosen, state = for_write(request, request.state.lists, "Static list"), request.state
    importing = any(job.list_id == chosen.id and not job.ended for job in state.imports.all())
    lists_used = [one.smart_list for one in state.smart_list_owners()]
    flow_uses = any(AddToList(chosen.id) in one.flow for one in state.campaigns.values())
    if importing or flow_uses or any(one and chosen.id in one.numbers(MEMBER_OF_LIST) for one in lists_used):
        raise MarketoError(709, "Static list is in use")
    del state.lists[chosen.id]
    return assets(request, [{"id": chosen.id}])


def _row(one: StaticList) -> Row:
    url = f"{APP}/#ST{one.id}A1"
    return common(one) | {"folder": one.folder.flat(), "url": url, "computedUrl": url}
