"""Smart campaigns in the state and on the page."""

from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.marketo.tables import table
from airflow_provider_mkt.sandbox.marketo.times import lead_time
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.state import Table


def snapshot(state: MarketoState) -> JsonObject:
    return {"campaigns": _campaigns(state)}


def tables(state: MarketoState) -> list[Table]:
    return [table("Smart campaigns", ("id", "name", "active", "requests", "runs"), _campaigns(state))]


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
