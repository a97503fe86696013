"""Smart campaigns from the asset side: reading, making, switching on and off."""

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
from airflow_provider_mkt.sandbox.marketo.campaigns import flow_runs as flows
from airflow_provider_mkt.sandbox.marketo.campaigns.models import EMPTY, SmartCampaign
from airflow_provider_mkt.sandbox.marketo.errors import Problem
from airflow_provider_mkt.sandbox.marketo.paging import asset_page
from airflow_provider_mkt.sandbox.marketo.permissions import (
    ACTIVATE_CAMPAIGN,
    ASSETS_READABLE,
    DEACTIVATE_CAMPAIGN,
    WRITE_ASSETS,
)
from airflow_provider_mkt.sandbox.marketo.programs.cloning import clone_campaign
from airflow_provider_mkt.sandbox.marketo.requests import asset_params, text_param, truth
from airflow_provider_mkt.sandbox.marketo.responses import ASSET, Call, MarketoRoutes, Row, assets
from airflow_provider_mkt.sandbox.server.requests import Query
from airflow_provider_mkt.sandbox.server.responses import Reply

routes = MarketoRoutes(ASSET)

LONGEST_DESCRIPTION = 2000


@routes.handle("GET", "/smartCampaigns.json", scopes=ASSETS_READABLE)
async def browse(call: Call) -> Reply:
    # The switch narrows only when it is on: off is what it is without being named.
    only_active = truth(call.query.get("isActive"), default=False)
    chosen = in_folder(list(call.state.campaigns.values()), call.query.get("folder"))
    chosen = [one for one in chosen if one.active or not only_active]
    return assets(call, [_row(one) for one in asset_page(call, chosen)])


@routes.handle("GET", "/smartCampaign/{id}.json", scopes=ASSETS_READABLE)
async def by_id(call: Call) -> Reply:
    campaign = by_path(call, call.state.campaigns)
    return assets(call, [_row(campaign)] if campaign else [])


@routes.handle("GET", "/smartCampaign/byName.json", scopes=ASSETS_READABLE)
async def named(call: Call) -> Reply:
    return assets(call, [_row(one) for one in by_name(call.state.campaigns, text_param(call.query, "name"))])


def _check_description(params: Query) -> None:
    if len(params.get("description") or "") > LONGEST_DESCRIPTION:
        raise Problem(701, f"description cannot be longer than {LONGEST_DESCRIPTION} characters")


@routes.handle("POST", "/smartCampaigns.json", scopes=(WRITE_ASSETS,))
async def create(call: Call) -> Reply:
    """Make an empty campaign: rules and flow can be given only in the user interface."""
    params = await asset_params(call)
    name, place = text_param(params, "name"), chosen_place(call, params)
    _check_description(params)
    call.state.check_name_free(call.state.campaigns, name, place)
    now = call.clock.now()
    campaign = SmartCampaign(call.state.next_id("campaign"), name, place, now, now, EMPTY, rule="once")
    campaign.description = params.get("description") or ""
    campaign.program_id = place.id if place.type == "Program" else None
    call.state.campaigns[campaign.id] = campaign
    return assets(call, [_row(campaign)])


@routes.handle("POST", "/smartCampaign/{id}.json", scopes=(WRITE_ASSETS,))
async def update(call: Call) -> Reply:
    params = await asset_params(call)
    campaign = for_write(call, call.state.campaigns, "Smart campaign")
    _check_description(params)
    rename(call, call.state.campaigns, campaign, params)
    return assets(call, [_row(campaign)])


@routes.handle("POST", "/smartCampaign/{id}/clone.json", scopes=(WRITE_ASSETS,))
async def clone(call: Call) -> Reply:
    params = await asset_params(call)
    source = for_write(call, call.state.campaigns, "Smart campaign")
    name, place = text_param(params, "name"), chosen_place(call, params)
    _check_description(params)
    call.state.check_name_free(call.state.campaigns, name, place)
    made = clone_campaign(call.state, source, name, place, params.get("description"))
    return assets(call, [_row(made)])


@routes.handle("POST", "/smartCampaign/{id}/activate.json", scopes=(ACTIVATE_CAMPAIGN,))
async def activate(call: Call) -> Reply:
    campaign = for_write(call, call.state.campaigns, "Smart campaign")
    flows.activate(call.state, campaign)
    return assets(call, [{"id": campaign.id}])


@routes.handle("POST", "/smartCampaign/{id}/deactivate.json", scopes=(DEACTIVATE_CAMPAIGN,))
async def deactivate(call: Call) -> Reply:
    campaign = for_write(call, call.state.campaigns, "Smart campaign")
    flows.deactivate(call.state, campaign)
    return assets(call, [{"id": campaign.id}])


@routes.handle("POST", "/smartCampaign/{id}/delete.json", scopes=(WRITE_ASSETS,))
async def delete(call: Call) -> Reply:
    campaign = for_write(call, call.state.campaigns, "Smart campaign")
    if campaign.active or campaign.scheduled:
        raise Problem(709, "Campaign is in use")
    del call.state.campaigns[campaign.id]
    return assets(call, [{"id": campaign.id}])


def _row(one: SmartCampaign) -> Row:
    row = common(one) | {
        "type": one.type,
        "isSystem": False,
        "isActive": one.active,
        "isRequestable": one.requestable,
        "recurrence": {"weekdayOnly": False},
        "qualificationRuleType": one.rule,
        "isCommunicationLimitEnabled": False,
        "smartListId": one.smart_list.id if one.smart_list else one.id * 10 + 1,
        "flowId": one.id * 10 + 2,
        "folder": one.folder.flat(),
        "computedUrl": f"{APP}/#SC{one.id}A1",
        "status": one.status,
    }
    # What is not set is left out, whatever the contract says about being required.
    optional = {
        "qualificationRuleInterval": one.rule_interval,
        "qualificationRuleUnit": one.rule_unit,
        "parentProgramId": one.program_id,
    }
    return row | {name: value for name, value in optional.items() if value is not None}
