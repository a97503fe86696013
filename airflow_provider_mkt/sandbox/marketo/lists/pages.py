"""Static lists in the state and on the page."""

from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.marketo.tables import table
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.state import Table


def snapshot(state: MarketoState) -> JsonObject:
    return {"lists": _lists(state)}


def tables(state: MarketoState) -> list[Table]:
    return [table("Static lists", ("id", "name", "members"), _lists(state))]


def _lists(state: MarketoState) -> list[JsonObject]:
    return [{"id": one.id, "name": one.name, "members": len(one.members)} for one in state.lists.values()]
