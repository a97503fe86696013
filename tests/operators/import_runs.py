"""Running one ``import`` task, and platforms that import as fast as tests want it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from airflow_runs import Airflow, Run

from airflow_provider_mkt.actions.hubspot.imports import ContactImporter
from airflow_provider_mkt.actions.marketo.imports import BulkLeadImporter
from airflow_provider_mkt.sandbox import Sandbox

OPERATOR = "from airflow_provider_mkt.operators.imports import ImportLeadsOperator\n"
START = {"hubspot": "*/imports/2026-09", "marketo": "/bulk/v1/leads.json"}
STATUS = {"hubspot": "/crm/imports/2026-09/{importId}", "marketo": "/bulk/v1/leads/batch/{batchId}.json"}


def max_in_flight(sandbox: Sandbox) -> None:
    """Let imports end at the first poll."""
    for settings in (sandbox.hubspot.settings, sandbox.marketo.settings):
        settings.import_startup = settings.import_per_row = 0.0
    sandbox.hubspot.settings.import_error_lag = sandbox.marketo.settings.import_pickup = 0.0


def small_parts(monkeypatch: pytest.MonkeyPatch, *, rows: int) -> None:
    """Let files be cut after so many rows."""
    for importer in (BulkLeadImporter, ContactImporter):
        monkeypatch.setattr(importer, "rows_max", rows)


def jobs(sandbox: Sandbox, platform: str) -> list[Any]:
    """Every import that the platform ever had."""
    if platform == "marketo":
        sandbox.marketo.state.run_due_work()
        return list(sandbox.marketo.state.imports.all())
    sandbox.hubspot.state.imports.run_due_work()
    return list(sandbox.hubspot.state.imports.all())


def write(path: Path, text: str | bytes) -> str:
    """Write a source. Returns its URI."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return f"file://{path}"


def run_import(
    airflow: Airflow, platform: str, source: str, arguments: str = "", *, whole: bool = False, **params: Any
) -> Run:
    """Run one task ``import`` with these arguments.

    :param whole: in the whole of Airflow.
    """
    return (airflow.run if whole else airflow.run_tasks)(
        f'{OPERATOR}ImportLeadsOperator(task_id="import", conn_id="{platform}_default", source="{source}", '
        f"poll_interval=0.05, {arguments})",
        **params,
    )


def succeeded(run: Run) -> dict[str, Any]:
    assert run.tasks == {"import": "success"}, run.log[-6000:]
    outcome: dict[str, Any] = run.returned["import"]
    assert outcome["imported"] + outcome["skipped"] + outcome["rejected"] == outcome["total"]
    return outcome


def failed(run: Run) -> str:
    assert run.tasks == {"import": "failed"}, run.log[-6000:]
    return run.log


def lines(uri: str | None) -> list[dict[str, Any]]:
    assert uri is not None
    text = Path(uri.removeprefix("file://")).read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]
