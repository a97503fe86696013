"""Bulk imports in the state and on the pages."""

from collections.abc import Mapping

from airflow_provider_mkt.sandbox.marketo.folders.models import Asset
from airflow_provider_mkt.sandbox.marketo.imports.store import ImportJob
from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.marketo.tables import MAX_ROWS, facts_table, table
from airflow_provider_mkt.sandbox.marketo.times import lead_time
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.state import Link, Table


def snapshot(state: MarketoState) -> JsonObject:
    return {"imports": _jobs(state)}


def tables(state: MarketoState) -> list[Table]:
    return [table("Imports", ("batchId", "status", "rows", "failed"), _jobs(state), "import")]


def _jobs(state: MarketoState) -> list[JsonObject]:
    return [
        {"batchId": job.id, "status": job.status, "rows": len(job.rows), "failed": len(job.failures)}
        for job in state.imports.all()
    ]


def _page(state: MarketoState, number: str) -> list[Table]:
    job = next((one for one in state.imports.all() if str(one.id) == number), None)
    if job is None:
        return []
    facts: dict[str, object] = {
        "status": job.status,
        "message": job.message,
        "created": lead_time(job.created_at),
        "rows": len(job.rows),
        "processed": job.processed,
        "custom object": job.object_name,
        "found by": job.lookup_field,
        "partition": job.partition,
        "list": _link(state.lists, "list", job.list_id),
        "program": _link(state.programs, "program", job.program_id),
        "status of members": job.member_status,
    }
    return [
        facts_table(f"Import {job.id}", facts),
        _rows(job, "Failed rows", job.failures),
        _rows(job, "Rows with a warning", job.warnings),
    ]


def _link(assets: Mapping[int, Asset], kind: str, number: int | None) -> str | None:
    """Return a link to an asset; the number of one that is gone."""
    if number is None:
        return None
    return Link(assets[number].name, kind, number) if number in assets else str(number)


def _rows(job: ImportJob, title: str, rows: list[tuple[list[str], str]]) -> Table:
    cells = [[*row, *[""] * (len(job.header) - len(row)), reason] for row, reason in rows[-MAX_ROWS:]]
    return Table(
        f"{title} ({len(rows):,})", [*job.header, "reason"], cells, f"The last ones, {MAX_ROWS} at most"
    )


DETAILS = {"import": _page}
