"""Companies in the state; the page does not show them."""

from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.server.json_types import JsonObject


def snapshot(state: MarketoState) -> JsonObject:
    return {"companies": len(state.companies)}
