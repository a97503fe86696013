"""Exports write their formats to S3, and keep to what `if_exists` says there."""

from __future__ import annotations

import gzip
import io
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from export_runs import shorten
from storage_runs import BUCKET, OnMachine, SeveralOnMachine, files_under, s3_server
from workers import Worker, until

from airflow_provider_mkt.operators._existing_files import OutputFiles
from airflow_provider_mkt.operators.campaign_reports import ExportCampaignReportsOperator
from airflow_provider_mkt.operators.exports import ExportLeadsOperator
from airflow_provider_mkt.operators.object_exports import ExportObjectsOperator
from airflow_provider_mkt.operators.statistics import EmailStatisticsOperator
from airflow_provider_mkt.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("airflow_home", "short_waits")

RANGE = {"start": "2020-01-01T00:00:00Z", "end": "2020-01-31T00:00:00Z"}
KINDS: dict[str, tuple[type[Any], str, dict[str, Any]]] = {
    "pages": (ExportObjectsOperator, "hubspot", {"method": "list", "properties": ["email"]}),
    "a job of HubSpot": (
        ExportObjectsOperator,
        "hubspot",
        {"method": "job", "properties": ["email"], "poll_interval": 0.05},
    ),
    "jobs of Marketo": (
        ExportLeadsOperator,
        "marketo",
        {"fields": ["id", "email"], "static_list_id": 6001, "poll_interval": 0.05},
    ),
    "campaigns": (ExportCampaignReportsOperator, "hubspot", {}),
    "statistics": (EmailStatisticsOperator, "hubspot", {}),
}


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with s3_server() as endpoint:
        yield endpoint


@pytest.fixture(autouse=True)
def quick(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    shorten(monkeypatch)
    sandbox.hubspot.settings.export_startup = 0.0


def count(content: bytes, name: str) -> int:
    """The rows of a file."""
    if name.endswith(".parquet"):
        rows: int = pq.read_table(io.BytesIO(content)).num_rows
        return rows
    text = gzip.decompress(content) if name.endswith(".gz") else content
    lines = text.decode().splitlines()
    if ".jsonl" in name:
        return len([json.loads(line) for line in lines])
    return len(lines) - 1


@pytest.mark.parametrize("kind", KINDS)
def test_every_format_is_written_and_a_file_that_exists_is_kept_or_replaced(
    sandbox: Sandbox, tmp_path: Path, s3: str, kind: str
) -> None:
    operator, platform, arguments = KINDS[kind]

    def run(*tasks: tuple[str, str, str]) -> list[dict[str, Any]]:
        """Run tasks on one machine: the name of each one's file, its ``if_exists``, and its DAG run."""

        def make() -> list[tuple[str, Any]]:
            made = []
            for name, if_exists, run_id in tasks:
                path = f"s3://{BUCKET}/{tmp_path.name}/{name}"
                given = {"output_path": path, "conn_id": f"{platform}_default", "if_exists": if_exists}
                made.append((run_id, operator(task_id="export", **given, **arguments)))
            return made

        ended = Worker(SeveralOnMachine(tmp_path / "machine", s3, make)).end()
        assert "result" in ended, ended
        found: list[dict[str, Any]] = ended["result"]
        return found

    names = ["a.csv", "a.csv.gz", "a.jsonl.gz", "a.parquet"]
    *ends, refused, replaced, first = run(
        *((name, "replace", name) for name in names),
        ("a.csv", "fail", "another run"),
        ("a.csv", "replace", "a run that replaces"),
        ("b.csv", "fail", "one"),
    )
    files = files_under(s3, f"{tmp_path.name}/")
    for name, end in zip(names, ends, strict=True):
        assert "result" in end, end
        assert count(files[f"{tmp_path.name}/{name}"], name) == end["result"]["rows"] > 0
    assert "output_path: exists already" in refused["error"]
    assert "result" in replaced, replaced
    # The task that wrote a file may write it again.
    assert "result" in first, first
    assert "result" in run(("b.csv", "fail", "one"))[0]
    assert set(files_under(s3, f"{tmp_path.name}/")) == {
        f"{tmp_path.name}/{one}" for one in (*names, "b.csv")
    }


REQUESTED: dict[str, tuple[dict[str, Any], int]] = {
    "before the request for the job": ({"path": "*/export/async"}, 1),
    # No call lists exports: this one job cannot be found.
    "before the answer with the job": ({"path": "*/export/async", "when": "after"}, 2),
    "while it waits": ({"path": "/crm/exports/2026-09/export/[0-9]*"}, 1),
    "when it asks for the address": ({"path": "*/async/tasks/*/status"}, 1),
    "while it downloads": ({"path": "/crm-exports-file/*"}, 1),
}
"""Requests that do not end before the worker is killed, and how many jobs there are at the end."""
WRITTEN = {
    "before the file appears": ("placing", False),
    "after the file appeared": ("note", True),
}
"""Methods of the files at which the worker is killed: before it does anything, or when it has ended."""


@pytest.mark.parametrize("instant", [*REQUESTED, *WRITTEN, "after it returned"])
def test_a_job_of_hubspot_is_continued_on_another_machine(
    sandbox: Sandbox, tmp_path: Path, s3: str, instant: str
) -> None:
    halted = tmp_path / "halted"
    name = f"{tmp_path.name}/contacts.csv"

    def make() -> ExportObjectsOperator:
        return ExportObjectsOperator(
            task_id="export",
            conn_id="hubspot_default",
            output_path=f"s3://{BUCKET}/{name}",
            method="job",
            properties=["email"],
            poll_interval=0.05,
        )

    def make_and_halt() -> ExportObjectsOperator:
        halt(*WRITTEN[instant], halted)
        return make()

    fault, jobs = REQUESTED.get(instant, ({}, 1))
    if fault:
        sandbox.hubspot.faults.add(delay=600, **fault)
    first = Worker(OnMachine(tmp_path / "first", s3, make_and_halt if instant in WRITTEN else make))
    if fault or instant in WRITTEN:
        until(lambda: sandbox.hubspot.faults.fired or halted.exists() or first.ended)
        assert not first.ended
        first.kill()
    else:
        assert "result" in first.end()
    sandbox.hubspot.faults.clear()
    again = Worker(OnMachine(tmp_path / "second", s3, make)).end()["result"]
    files = files_under(s3, f"{tmp_path.name}/")
    assert list(files) == [name]
    lines = files[name].decode().splitlines()
    contacts = [one.id for one in sandbox.hubspot.state.contacts.live()]
    assert [line.split(",")[0] for line in lines] == ["id", *contacts]
    assert (again["rows"], again["bytes"]) == (len(contacts), len(files[name]))
    assert len(sandbox.hubspot.state.exports.all()) == jobs


def halt(method: str, before: bool, halted: Path) -> None:
    """Have this process stop at a method of the output's files."""
    original = getattr(OutputFiles, method)

    def stopped(*arguments: Any) -> None:
        if not before:
            original(*arguments)
        halted.touch()
        threading.Event().wait()

    setattr(OutputFiles, method, stopped)
