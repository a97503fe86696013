"""Run one ``export`` task against a sandbox whose jobs take moments instead of minutes."""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow_runs import Airflow, Run

from airflow_provider_mkt.actions.marketo import exports as export_actions
from airflow_provider_mkt.operators import _exporting
from airflow_provider_mkt.operators.exports import ExportLeadsOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed
from airflow_provider_mkt.sandbox.marketo.exports import store as exports
from airflow_provider_mkt.sandbox.marketo.exports.store import ExportJob

START = datetime(2025, 1, 1, tzinfo=UTC)
RANGE = 'start="2025-01-01T00:00:00Z", end="2025-01-31T00:00:00Z"'
QUARTER = 'start="2025-01-01T00:00:00Z", end="2025-04-06T00:00:00Z"'
"""95 days."""
FIELDS = 'fields=["id", "email", "lastName"]'
FILE = "*/file.json"
CREATE = "*/create.json"
ENQUEUE = "*/enqueue.json"
STATUS = "*/status.json"


def shorten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each status of a job last 40 ms instead of a minute, and shorten the waits accordingly."""
    monkeypatch.setattr(exports, "STEP", timedelta(seconds=0.04))
    monkeypatch.setattr(export_actions, "_FILE_RETRY_AFTER", 0.02)
    # Less than the shortened wait after a full queue, as 50 s are less than 60.
    monkeypatch.setattr(export_actions, "_QUEUE_MAX_ELAPSED", 0.01)
    monkeypatch.setattr(_exporting, "_QUEUE_WAIT", (0.05, 0.1))


def export(
    airflow: Airflow,
    arguments: str,
    *,
    operator: str = "ExportLeadsOperator",
    whole: bool = False,
    **params: Any,
) -> Run:
    """Run one task ``export`` with these arguments.

    :param whole: in the whole of Airflow.
    """
    return (airflow.run if whole else airflow.run_tasks)(
        f"from airflow_provider_mkt.operators.exports import {operator}\n"
        f'{operator}(task_id="export", conn_id="marketo_default", poll_interval=0.05, {arguments})',
        **params,
    )


def succeeded(run: Run) -> dict[str, Any]:
    assert run.tasks == {"export": "success"}, run.log[-4000:]
    outcome: dict[str, Any] = run.returned["export"]
    return outcome


def failed(run: Run) -> str:
    assert run.tasks == {"export": "failed"}, run.log[-4000:]
    return run.log


def jobs(sandbox: Sandbox) -> list[ExportJob]:
    sandbox.marketo.state.run_due_work()
    return sandbox.marketo.state.exports.all()


def statuses(sandbox: Sandbox) -> Counter[str]:
    """Number of jobs by status."""
    return Counter(job.status for job in jobs(sandbox))


def rows(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
    return list(
        csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8"), newline=""), delimiter=delimiter)
    )


def ids(path: Path) -> list[int]:
    return [int(row["id"]) for row in rows(path)]


def spread(sandbox: Sandbox, *moments: datetime) -> None:
    """Let the seeded leads, in order, be created at these times."""
    for number, moment in enumerate(moments):
        lead = sandbox.marketo.state.leads.existing(seed.ANNA + number)
        lead.created_at = lead.updated_at = moment


def name(sandbox: Sandbox, lead_id: int, last_name: str) -> None:
    sandbox.marketo.state.leads.existing(lead_id).values["lastName"] = last_name


def exporting(out: Path | str, **more: Any) -> ExportLeadsOperator:
    """An operator for a worker process: a range of 40 days, which is two windows."""
    given: dict[str, Any] = {"start": START, "end": START + timedelta(days=40), "poll_interval": 0.02}
    return ExportLeadsOperator(
        task_id="export",
        conn_id="marketo_default",
        output_path=str(out),
        fields=["id", "email", "lastName"],
        **(given | more),
    )
