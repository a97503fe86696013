"""Static lists from the asset side."""

from airflow_provider_mkt.sandbox.marketo.assets import (
    APP,
    by_name,
    by_path,
    chosen_place,
    common,
    for_write,
    in_folder,
    rename,
)
from airflow_provider_mkt.sandbox.marketo.campaigns.models import AddToList
from airflow_provider_mkt.sandbox.marketo.errors import Problem
from airflow_provider_mkt.sandbox.marketo.lists.models import StaticList
from airflow_provider_mkt.sandbox.marketo.paging import asset_page
from airflow_provider_mkt.sandbox.marketo.permissions import ASSETS_READABLE, WRITE_ASSETS
from airflow_provider_mkt.sandbox.marketo.requests import asset_params, text_param
from airflow_provider_mkt.sandbox.marketo.responses import ASSET, Call, MarketoRoutes, Row, assets
from airflow_provider_mkt.sandbox.server.responses import Reply

routes = MarketoRoutes(ASSET)


@routes.handle("GET", "/staticLists.json", scopes=ASSETS_READABLE)
async def browse(call: Call) -> Reply:
    chosen = in_folder(list(call.state.lists.values()), call.query.get("folder"))
    return assets(call, [_row(one) for one in asset_page(call, chosen)])


@routes.handle("GET", "/staticList/{id}.json", scopes=ASSETS_READABLE)
async def by_id(call: Call) -> Reply:
    chosen = by_path(call, call.state.lists)
    return assets(call, [_row(chosen)] if chosen else [])


@routes.handle("GET", "/staticList/byName.json", scopes=ASSETS_READABLE)
async def named(call: Call) -> Reply:
    return assets(call, [_row(one) for one in by_name(call.state.lists, text_param(call.query, "name"))])


@routes.handle("POST", "/staticLists.json", scopes=(WRITE_ASSETS,))
async def create(call: Call) -> Reply:
    params = await asset_params(call)
    name, place = text_param(params, "name"), chosen_place(call, params)
    call.state.check_name_free(call.state.lists, name, place)
    now = call.clock.now()
    made = StaticList(call.state.next_id("list"), name, place, now, now)
    made.description = params.get("description") or ""
    call.state.lists[made.id] = made
    return assets(call, [_row(made)])


@routes.handle("POST", "/staticList/{id}.json", scopes=(WRITE_ASSETS,))
async def update(call: Call) -> Reply:
    params = await asset_params(call)
    chosen = for_write(call, call.state.lists, "Static list")
    rename(call, call.state.lists, chosen, params)
    return assets(call, [_row(chosen)])


@routes.handle("POST", "/staticList/{id}/delete.json", scopes=(WRITE_ASSETS,))
async def delete(call: Call) -> Reply:
    chosen, state = for_write(call, call.state.lists, "Static list"), call.state
    importing = any(job.list_id == chosen.id and not job.ended for job in state.imports.all())
    lists_used = [one.smart_list for one in state.programs.values()]
    lists_used += [one.smart_list for one in state.campaigns.values()]
    lists_used += [one.smart_list for one in state.smart_lists.values()]
    flow_uses = any(AddToList(chosen.id) in one.flow for one in state.campaigns.values())
    if importing or flow_uses or any(one and one.static_list_id == chosen.id for one in lists_used):
        raise Problem(709, "Static list is in use")
    del state.lists[chosen.id]
    return assets(call, [{"id": chosen.id}])


def _row(one: StaticList) -> Row:
    url = f"{APP}/#ST{one.id}A1"
    return common(one) | {"folder": one.folder.flat(), "url": url, "computedUrl": url}
