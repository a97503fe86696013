"""Smart campaigns in the asset API: list, get, create, update, clone, activate and deactivate."""

from starlette.datastructures import QueryParams
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
from airflow_provider_mkt.sandbox.marketo.lists.audience import problem
from airflow_provider_mkt.sandbox.marketo.paging import asset_page
from airflow_provider_mkt.sandbox.marketo.permissions import (
    ACTIVATE_CAMPAIGN,
    ASSETS_READABLE,
    DEACTIVATE_CAMPAIGN,
    WRITE_ASSETS,
)
from airflow_provider_mkt.sandbox.marketo.programs.cloning import clone_campaign
from airflow_provider_mkt.sandbox.marketo.requests import asset_params, text_param, to_bool
from airflow_provider_mkt.sandbox.marketo.responses import ASSET, MarketoRequest, MarketoRoutes, Row, assets
from airflow_provider_mkt.sandbox.marketo.smart_campaigns import flow_runs as flow_runs
from airflow_provider_mkt.sandbox.marketo.smart_campaigns.models import EMPTY, SmartCampaign

routes = MarketoRoutes(ASSET)

LONGEST_DESCRIPTION = 2000
INVALID = "Invalid"


@routes.handle("GET", "/smartCampaigns.json", scopes=ASSETS_READABLE)
async def list_campaigns(request: MarketoRequest) -> Response:
    # `isActive=false` is the default and does not filter.
    only_active = to_bool(request.query_params.get("isActive"), default=False)
    chosen = in_folder(list(request.state.campaigns.values()), request.query_params.get("folder"))
    chosen = [one for one in chosen if one.active or not only_active]
    return assets(request, [_row(request, one) for one in asset_page(request, chosen)])


@routes.handle("GET", "/smartCampaign/{id}.json", scopes=ASSETS_READABLE)
async def get_campaign(request: MarketoRequest) -> Response:
    campaign = by_path(request, request.state.campaigns)
    return assets(request, [_row(request, campaign)] if campaign else [])


@routes.handle("GET", "/smartCampaign/byName.json", scopes=ASSETS_READABLE)
async def get_campaign_by_name(request: MarketoRequest) -> Response:
    return assets(
        request,
        [
            _row(request, one)
            for one in by_name(request.state.campaigns, text_param(request.query_params, "name"))
        ],
    )


def _check_description(params: QueryParams) -> None:
    if len(params.get("description") or "") > LONGEST_DESCRIPTION:
        raise MarketoError(701, f"description cannot be longer than {LONGEST_DESCRIPTION} characters")


@routes.handle("POST", "/smartCampaigns.json", scopes=(WRITE_ASSETS,))
async def create_campaign(request: MarketoRequest) -> Response:
    """Create an empty campaign: smart list and flow can only be set in the user interface."""
    params = await asset_params(request)
    name, folder = text_param(params, "name"), requested_folder(request, params)
    _check_description(params)
    request.state.check_name_free(request.state.campaigns, name, folder)
    now = request.clock.now()
    campaign = SmartCampaign(request.state.next_id("campaign"), name, folder, now, now, EMPTY, rule="once")
    campaign.description = params.get("description") or ""
    campaign.program_id = folder.id if folder.type == "Program" else None
    request.state.campaigns[campaign.id] = campaign
    return assets(request, [_row(request, campaign)])


@routes.handle("POST", "/smartCampaign/{id}.json", scopes=(WRITE_ASSETS,))
async def update_campaign(request: MarketoRequest) -> Response:
    params = await asset_params(request)
    campaign = for_write(request, request.state.campaigns, "Smart campaign")
    _check_description(params)
    rename(request, request.state.campaigns, campaign, params)
    return assets(request, [_row(request, campaign)])


@routes.handle("POST", "/smartCampaign/{id}/clone.json", scopes=(WRITE_ASSETS,))
async def clone(request: MarketoRequest) -> Response:
    params = await asset_params(request)
    source = for_write(request, request.state.campaigns, "Smart campaign")
    name, folder = text_param(params, "name"), requested_folder(request, params)
    _check_description(params)
    # It makes an executable campaign, which other campaigns call; the sandbox has none of these.
    to_bool(params.get("isExecutable"))
    request.state.check_name_free(request.state.campaigns, name, folder)
    created = clone_campaign(request.state, source, name, folder, params.get("description"))
    return assets(request, [_row(request, created)])


@routes.handle("POST", "/smartCampaign/{id}/activate.json", scopes=(ACTIVATE_CAMPAIGN,))
async def activate(request: MarketoRequest) -> Response:
    campaign = for_write(request, request.state.campaigns, "Smart campaign")
    flow_runs.activate(request.state, campaign)
    return assets(request, [{"id": campaign.id}])


@routes.handle("POST", "/smartCampaign/{id}/deactivate.json", scopes=(DEACTIVATE_CAMPAIGN,))
async def deactivate(request: MarketoRequest) -> Response:
    campaign = for_write(request, request.state.campaigns, "Smart campaign")
    flow_runs.deactivate(request.state, campaign)
    return assets(request, [{"id": campaign.id}])


@routes.handle("POST", "/smartCampaign/{id}/delete.json", scopes=(WRITE_ASSETS,))
async def delete_campaign(request: MarketoRequest) -> Response:
    campaign = for_write(request, request.state.campaigns, "Smart campaign")
    if campaign.active or campaign.scheduled:
        raise MarketoError(709, "Campaign is in use")
    del request.state.campaigns[campaign.id]
    return assets(request, [{"id": campaign.id}])


def _row(request: MarketoRequest, one: SmartCampaign) -> Row:
    broken = one.smart_list is not None and problem(request.state, one.smart_list) != ""
    row = common(one) | {
        "type": one.type,
        "isSystem": False,
        "isActive": one.active,
        "isRequestable": one.requestable,
        "recurrence": {"weekdayOnly": False},
        "qualificationRuleType": one.rule,
        "isCommunicationLimitEnabled": one.communication_limits,
        "smartListId": one.smart_list.id if one.smart_list else one.id * 10 + 1,
        "flowId": one.id * 10 + 2,
        "folder": one.folder.flat(),
        "computedUrl": f"{APP}/#SC{one.id}A1",
        "status": INVALID if broken else one.status,
    }
    # Fields without a value are left out, although the schema requires them.
    optional = {
        "qualificationRuleInterval": one.rule_interval,
        "qualificationRuleUnit": one.rule_unit,
        "maxMembers": one.max_members,
        "parentProgramId": one.program_id,
    }
    return row | {name: value for name, value in optional.items() if value is not None}
