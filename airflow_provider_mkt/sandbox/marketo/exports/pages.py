"""Bulk extracts in the state and on the page."""

from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.marketo.tables import table
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.state import Table


def snapshot(state: MarketoState) -> JsonObject:
    return {"exports": _jobs(state), "exportedToday": state.exports.bytes_of_day(state.now())}


def tables(state: MarketoState) -> list[Table]:
    return [table("Exports", ("exportId", "kind", "owner", "status", "records", "fileSize"), _jobs(state))]


def _jobs(state: MarketoState) -> list[JsonObject]:
    return [
        {
            "exportId": job.id,
            "kind": job.kind,
            "owner": job.owner,
            "status": job.status,
            "records": job.extract.records,
            "fileSize": len(job.extract.content),
        }
        for job in state.exports.all()
    ]
