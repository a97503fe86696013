"""Activities and custom activity types in the state and on the page."""

from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.marketo.tables import table
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.state import Table


def snapshot(state: MarketoState) -> JsonObject:
    return {"activities": len(state.log), "customActivityTypes": _custom_types(state)}


def tables(state: MarketoState) -> list[Table]:
    return [table("Custom activity types", ("id", "apiName", "status", "activities"), _custom_types(state))]


def _custom_types(state: MarketoState) -> list[JsonObject]:
    return [
        {
            "id": one.id,
            "apiName": one.api_name,
            "status": one.status,
            "activities": len(state.log.all(one.id)),
        }
        for one in state.custom_types.types.values()
    ]
