"""Smart lists: of email programs, of campaigns, and those that are assets."""

from starlette.responses import Response

from airflow_provider_mkt.sandbox.marketo.assets import (
    APP,
    by_name,
    by_path,
    common,
    for_write,
    in_folder,
    requested_folder,
)
from airflow_provider_mkt.sandbox.marketo.errors import MarketoError
from airflow_provider_mkt.sandbox.marketo.lists.models import OwnSmartList
from airflow_provider_mkt.sandbox.marketo.lists.rule_rows import rules_row
from airflow_provider_mkt.sandbox.marketo.lists.rules import MEMBER_OF_SMART_LIST
from airflow_provider_mkt.sandbox.marketo.paging import asset_page
from airflow_provider_mkt.sandbox.marketo.permissions import ASSETS_READABLE, WRITE_ASSETS
from airflow_provider_mkt.sandbox.marketo.programs.models import Program
from airflow_provider_mkt.sandbox.marketo.requests import asset_params, path_id, text_param, to_bool
from airflow_provider_mkt.sandbox.marketo.responses import ASSET, MarketoRequest, MarketoRoutes, Row, assets
from airflow_provider_mkt.sandbox.marketo.smart_campaigns.models import SmartCampaign

routes = MarketoRoutes(ASSET)

Owner = Program | SmartCampaign | OwnSmartList


@routes.handle("GET", "/program/{id}/smartList.json", scopes=ASSETS_READABLE)
async def of_program(request: MarketoRequest) -> Response:
    """Return the smart list of an email program. Other programs have none, which is not documented."""
    return _view(request, by_path(request, request.state.programs))


@routes.handle("GET", "/smartCampaign/{id}/smartList.json", scopes=ASSETS_READABLE)
async def of_campaign(request: MarketoRequest) -> Response:
    return _view(request, by_path(request, request.state.campaigns))


@routes.handle("GET", "/smartList/{id}.json", scopes=ASSETS_READABLE)
async def get_smart_list(request: MarketoRequest) -> Response:
    """Return a smart list by id, also of a program or campaign, which is not documented."""
    number, state = path_id(request, "id"), request.state
    owners = (one for one in state.smart_list_owners() if one.smart_list and one.smart_list.id == number)
    return _view(request, next(owners, None))


@routes.handle("GET", "/smartList/byName.json", scopes=ASSETS_READABLE)
async def get_smart_list_by_name(request: MarketoRequest) -> Response:
    found = by_name(request.state.smart_lists, text_param(request.query_params, "name"))
    return assets(request, [_row(one) for one in found])


@routes.handle("GET", "/smartLists.json", scopes=ASSETS_READABLE)
async def list_smart_lists(request: MarketoRequest) -> Response:
    chosen = in_folder(list(request.state.smart_lists.values()), request.query_params.get("folder"))
    return assets(request, [_row(one) for one in asset_page(request, chosen)])


@routes.handle("POST", "/smartList/{id}/clone.json", scopes=(WRITE_ASSETS,))
async def clone_smart_list(request: MarketoRequest) -> Response:
    params = await asset_params(request)
    source = for_write(request, request.state.smart_lists, "Smart list")
    name, folder = text_param(params, "name"), requested_folder(request, params)
    request.state.check_name_free(request.state.smart_lists, name, folder)
    now = request.clock.now()
    created = OwnSmartList(request.state.next_id("smart list"), name, folder, now, now, rules=source.rules)
    created.description = params.get("description") or ""
    request.state.smart_lists[created.id] = created
    return assets(request, [_row(created)])


@routes.handle("POST", "/smartList/{id}/delete.json", scopes=(WRITE_ASSETS,))
async def delete_smart_list(request: MarketoRequest) -> Response:
    chosen = for_write(request, request.state.smart_lists, "Smart list")
    nested = [one.smart_list for one in request.state.smart_list_owners()]
    if any(one and chosen.id in one.numbers(MEMBER_OF_SMART_LIST) for one in nested):
        raise MarketoError(709, "Smart list is in use")
    del request.state.smart_lists[chosen.id]
    return assets(request, [{"id": chosen.id}])


def _view(request: MarketoRequest, owner: Owner | None) -> Response:
    with_rules = to_bool(request.query_params.get("includeRules"), default=False)
    if owner is None or owner.smart_list is None:
        return assets(request, [])
    row = _row(owner)
    return assets(
        request, [row | {"rules": rules_row(request.state, owner.smart_list)} if with_rules else row]
    )


def _row(owner: Owner) -> Row:
    row = common(owner)
    if owner.smart_list and not isinstance(owner, OwnSmartList):
        # Only programs and campaigns have descriptions, their smart lists do not.
        row |= {"id": owner.smart_list.id, "name": owner.smart_list.name, "description": ""}
    return row | {"url": f"{APP}/#SL{row['id']}A1", "folder": owner.folder.flat()}
