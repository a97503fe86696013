"""Bulk imports in the state and on the page."""

from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.marketo.tables import table
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.state import Table


def snapshot(state: MarketoState) -> JsonObject:
    return {"imports": _jobs(state)}


def tables(state: MarketoState) -> list[Table]:
    return [table("Imports", ("batchId", "status", "rows", "failed"), _jobs(state))]


def _jobs(state: MarketoState) -> list[JsonObject]:
    return [
        {"batchId": job.id, "status": job.status, "rows": len(job.rows), "failed": len(job.failures)}
        for job in state.imports.all()
    ]
