"""Smart lists: those of email programs and campaigns, and those that are assets of their own."""

from airflow_provider_mkt.sandbox.marketo.assets import (
    APP,
    by_name,
    by_path,
    chosen_place,
    common,
    for_write,
    in_folder,
)
from airflow_provider_mkt.sandbox.marketo.campaigns.models import SmartCampaign
from airflow_provider_mkt.sandbox.marketo.lists.models import OwnSmartList
from airflow_provider_mkt.sandbox.marketo.paging import asset_page
from airflow_provider_mkt.sandbox.marketo.permissions import ASSETS_READABLE, WRITE_ASSETS
from airflow_provider_mkt.sandbox.marketo.programs.models import Program
from airflow_provider_mkt.sandbox.marketo.requests import asset_params, path_id, text_param, truth
from airflow_provider_mkt.sandbox.marketo.responses import ASSET, Call, MarketoRoutes, Row, assets
from airflow_provider_mkt.sandbox.server.responses import Reply

routes = MarketoRoutes(ASSET)

Owner = Program | SmartCampaign | OwnSmartList


@routes.handle("GET", "/program/{id}/smartList.json", scopes=ASSETS_READABLE)
async def of_program(call: Call) -> Reply:
    """Only email programs have one; what another kind answers is not documented: nothing found."""
    return _told(call, by_path(call, call.state.programs))


@routes.handle("GET", "/smartCampaign/{id}/smartList.json", scopes=ASSETS_READABLE)
async def of_campaign(call: Call) -> Reply:
    return _told(call, by_path(call, call.state.campaigns))


@routes.handle("GET", "/smartList/{id}.json", scopes=ASSETS_READABLE)
async def by_id(call: Call) -> Reply:
    """Tell any smart list. That one of a program or campaign is told here too is not documented."""
    number, state = path_id(call, "id"), call.state
    owners: list[Owner] = [*state.smart_lists.values(), *state.programs.values(), *state.campaigns.values()]
    return _told(call, next((one for one in owners if one.smart_list and one.smart_list.id == number), None))


@routes.handle("GET", "/smartList/byName.json", scopes=ASSETS_READABLE)
async def named(call: Call) -> Reply:
    found = by_name(call.state.smart_lists, text_param(call.query, "name"))
    return assets(call, [_row(one) for one in found])


@routes.handle("GET", "/smartLists.json", scopes=ASSETS_READABLE)
async def browse(call: Call) -> Reply:
    chosen = in_folder(list(call.state.smart_lists.values()), call.query.get("folder"))
    return assets(call, [_row(one) for one in asset_page(call, chosen)])


@routes.handle("POST", "/smartList/{id}/clone.json", scopes=(WRITE_ASSETS,))
async def clone(call: Call) -> Reply:
    params = await asset_params(call)
    source = for_write(call, call.state.smart_lists, "Smart list")
    name, place = text_param(params, "name"), chosen_place(call, params)
    call.state.check_name_free(call.state.smart_lists, name, place)
    now = call.clock.now()
    made = OwnSmartList(call.state.next_id("smart list"), name, place, now, now, source.static_list_id)
    made.description = params.get("description") or ""
    call.state.smart_lists[made.id] = made
    return assets(call, [_row(made)])


@routes.handle("POST", "/smartList/{id}/delete.json", scopes=(WRITE_ASSETS,))
async def delete(call: Call) -> Reply:
    chosen = for_write(call, call.state.smart_lists, "Smart list")
    del call.state.smart_lists[chosen.id]
    return assets(call, [{"id": chosen.id}])


def _told(call: Call, owner: Owner | None) -> Reply:
    with_rules = truth(call.query.get("includeRules"), default=False)
    if owner is None or owner.smart_list is None:
        return assets(call, [])
    row = _row(owner)
    rules = _rules(call, owner.smart_list.static_list_id)
    return assets(call, [row | {"rules": rules} if with_rules else row])


def _row(owner: Owner) -> Row:
    row = common(owner)
    if owner.smart_list and not isinstance(owner, OwnSmartList):
        # What is described are the program and the campaign, not their smart lists.
        row |= {"id": owner.smart_list.id, "name": owner.smart_list.name, "description": ""}
    return row | {"url": f"{APP}/#SL{row['id']}A1", "folder": owner.folder.flat()}


def _rules(call: Call, static_list_id: int | None) -> Row:
    chosen = None if static_list_id is None else call.state.lists.get(static_list_id)
    kind, value = ("Member of List", chosen.name) if chosen else ("Email Address", "")
    condition = {
        "activityAttributeId": 1,
        "activityAttributeName": kind,
        "operator": "is",
        "values": [value],
        "isPrimary": True,
    }
    rule = {
        "id": 1,
        "name": kind,
        "ruleTypeId": 1,
        "ruleType": kind,
        "operator": "is",
        "conditions": [condition],
    }
    return {"filterMatchType": "All", "triggers": [], "filters": [rule]}
