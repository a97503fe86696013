"""Bulk extracts in the state and on the pages."""

import csv
import io
from itertools import islice

from airflow_provider_mkt.sandbox.marketo.exports.store import LEADS, ExportJob
from airflow_provider_mkt.sandbox.marketo.imports.rows import DELIMITERS
from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.marketo.tables import MAX_ROWS, facts_table, table
from airflow_provider_mkt.sandbox.marketo.times import lead_time
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.state import Link, Table


def snapshot(state: MarketoState) -> JsonObject:
    return {"exports": _jobs(state), "exportedToday": state.exports.bytes_of_day(state.now())}


def tables(state: MarketoState) -> list[Table]:
    columns = ("exportId", "kind", "owner", "status", "records", "fileSize")
    return [table("Exports", columns, _jobs(state), "export")]


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


def _page(state: MarketoState, number: str) -> list[Table]:
    job = next((one for one in state.exports.all() if one.id == number), None)
    if job is None:
        return []
    moments = {
        "created": job.created_at,
        "queued": job.queued_at,
        "started": job.started_at,
        "finished": job.finished_at,
    }
    facts: dict[str, object] = {
        "kind": job.kind,
        "owner": job.owner,
        "status": job.status,
        "format": job.format,
        **{name: lead_time(at) for name, at in moments.items() if at is not None},
        "records": job.extract.records,
        "bytes": len(job.extract.content),
        "checksum": job.extract.checksum,
        "error": job.error,
    }
    return [facts_table(f"Export {job.id}", facts), _file(job)]


def _file(job: ExportJob) -> Table:
    """Return the first rows of the file; the ids of leads lead to their pages."""
    text = io.TextIOWrapper(io.BytesIO(job.extract.content), "utf-8", newline="")
    lines = csv.reader(text, delimiter=DELIMITERS[job.format.lower()])
    header = next(lines, [])
    ids = {"id" if job.kind == LEADS else "leadId"}
    rows: list[list[str]] = [
        [
            Link(value, "lead", value) if name in ids and value.isdigit() else value
            for name, value in zip(header, line, strict=True)
        ]
        for line in islice(lines, MAX_ROWS)
    ]
    return Table("File", header, rows, f"The first rows, {MAX_ROWS} at most")


DETAILS = {"export": _page}
