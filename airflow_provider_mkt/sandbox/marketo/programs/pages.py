"""Programs in the state and on the page."""

from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.marketo.tables import table
from airflow_provider_mkt.sandbox.marketo.times import lead_time
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.state import Table


def snapshot(state: MarketoState) -> JsonObject:
    return {"programs": _programs(state)}


def tables(state: MarketoState) -> list[Table]:
    return [table("Programs", ("id", "name", "status", "members", "sentAt"), _programs(state))]


def _programs(state: MarketoState) -> list[JsonObject]:
    return [
        {
            "id": one.id,
            "name": one.name,
            "status": one.status,
            "members": len(one.members),
            "sentAt": lead_time(one.sent_at) if one.sent_at else None,
        }
        for one in state.programs.values()
    ]
