"""Leads in the state and on the page."""

from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.marketo.tables import MAX_ROWS
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.state import Table


def snapshot(state: MarketoState) -> JsonObject:
    return {"leads": len(state.leads)}


def tables(state: MarketoState) -> list[Table]:
    rows = [
        [str(lead.id), str(lead.values.get("email", "")), str(lead.partition_id)]
        for lead, _ in zip(state.leads, range(MAX_ROWS), strict=False)
    ]
    return [Table(f"Leads ({len(state.leads)})", ["id", "email", "partition"], rows)]
