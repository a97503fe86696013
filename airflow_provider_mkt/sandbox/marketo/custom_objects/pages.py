"""Custom objects in the state and on the page."""

from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.marketo.tables import table
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.state import Table


def snapshot(state: MarketoState) -> JsonObject:
    return {"customObjects": _types(state)}


def tables(state: MarketoState) -> list[Table]:
    return [table("Custom Objects", ("apiName", "state", "records"), _types(state))]


def _types(state: MarketoState) -> list[JsonObject]:
    return [
        {
            "apiName": one.api_name,
            "state": one.state,
            "records": 0 if one.records is None else len(one.records),
        }
        for one in state.custom_objects.types.values()
    ]
