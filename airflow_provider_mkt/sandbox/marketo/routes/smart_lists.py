"""Whom email programs and campaigns go to, as the user interface would show it."""

from airflow_provider_mkt.sandbox.marketo.answers import ASSET, Call, MarketoRoutes, Row, assets
from airflow_provider_mkt.sandbox.marketo.asset_rows import APP, by_path, common
from airflow_provider_mkt.sandbox.marketo.params import truth
from airflow_provider_mkt.sandbox.marketo.permissions import ASSETS_READABLE
from airflow_provider_mkt.sandbox.marketo.world.campaigns import SmartCampaign
from airflow_provider_mkt.sandbox.marketo.world.programs import Program
from airflow_provider_mkt.sandbox.reply import Reply

routes = MarketoRoutes()


@routes.handle("GET", ASSET, "/program/{id}/smartList.json", scopes=ASSETS_READABLE)
async def of_program(call: Call) -> Reply:
    """Only email programs have one; what another kind answers is not documented: nothing found."""
    return _told(call, by_path(call, call.world.programs))


@routes.handle("GET", ASSET, "/smartCampaign/{id}/smartList.json", scopes=ASSETS_READABLE)
async def of_campaign(call: Call) -> Reply:
    return _told(call, by_path(call, call.world.campaigns))


def _told(call: Call, owner: Program | SmartCampaign | None) -> Reply:
    with_rules = truth(call.query.get("includeRules"), default=False)
    if owner is None or owner.smart_list is None:
        return assets(call, [])
    one = owner.smart_list
    row = common(owner) | {
        "id": one.id,
        "name": one.name,
        "description": "",
        "url": f"{APP}/#SL{one.id}A1",
        "folder": owner.folder.flat(),
    }
    return assets(call, [row | {"rules": _rules(call, one.static_list_id)} if with_rules else row])


def _rules(call: Call, static_list_id: int | None) -> Row:
    chosen = None if static_list_id is None else call.world.lists.get(static_list_id)
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
