"""Opportunities and roles in the state and on the page."""

from airflow_provider_mkt.sandbox.marketo.opportunities.models import KEY
from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.marketo.tables import table
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.state import Table


def snapshot(state: MarketoState) -> JsonObject:
    return {"opportunities": len(state.opportunities), "opportunityRoles": len(state.opportunity_roles)}


def tables(state: MarketoState) -> list[Table]:
    rows: list[JsonObject] = [
        {
            KEY: one.values.get(KEY),
            "name": one.values.get("name"),
            "stage": one.values.get("stage"),
            "amount": one.values.get("amount"),
        }
        for one in state.opportunities
    ]
    return [table("Opportunities", (KEY, "name", "stage", "amount"), rows)]
