"""Smart campaigns in the state and on the pages."""

from airflow_provider_mkt.sandbox.marketo.emails.pages import mails_table, runs_table
from airflow_provider_mkt.sandbox.marketo.lists.rule_rows import audience_table
from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.marketo.tables import table
from airflow_provider_mkt.sandbox.marketo.times import lead_time
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.state import Table


def snapshot(state: MarketoState) -> JsonObject:
    return {"campaigns": _campaigns(state)}


def tables(state: MarketoState) -> list[Table]:
    columns = ("id", "name", "active", "requests", "runs")
    return [table("Smart campaigns", columns, _campaigns(state), "campaign")]


def _campaigns(state: MarketoState) -> list[JsonObject]:
    return [
        {
            "id": one.id,
            "name": one.name,
            "active": one.active,
            "requests": one.requests,
            "runs": len(one.runs),
            "scheduled": [lead_time(due) for due in one.scheduled],
        }
        for one in state.campaigns.values()
    ]


def _page(state: MarketoState, number: str) -> list[Table]:
    campaign = state.campaigns.get(int(number)) if number.isdigit() else None
    if campaign is None:
        return []
    facts = {
        "name": campaign.name,
        "type": campaign.type,
        "status": campaign.status,
        "qualification rule": campaign.rule,
        "most members": "" if campaign.max_members is None else str(campaign.max_members),
        "communication limits": str(campaign.communication_limits).lower(),
        "scheduled": ", ".join(lead_time(due) for due in campaign.scheduled),
    }
    rows = [[name, value] for name, value in facts.items()]
    shown = [Table(f"Smart campaign {campaign.id}", ["property", "value"], rows)]
    if campaign.smart_list:
        shown.append(audience_table(state, campaign.smart_list))
    runs = [one for one in state.runs if one.campaign_id == campaign.id]
    return [*shown, runs_table(runs), *mails_table(state, lambda mail: mail.campaign_id == campaign.id)]


DETAILS = {"campaign": _page}
