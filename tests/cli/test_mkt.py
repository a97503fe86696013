"""The commands ``mkt`` and ``airflow mkt``, in processes of their own, as a user runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from airflow_runs import connected

from airflow_provider_mkt.sandbox import Sandbox

DAGS = """
from airflow.sdk import DAG
from airflow_provider_mkt.operators.leads import SyncLeadsOperator
from airflow_provider_mkt.operators.objects import SyncObjectsOperator

with DAG("crm", schedule=None):
    SyncLeadsOperator(
        task_id="good", conn_id="hubspot_default", source="/a.csv", columns={"mail": "email", "x": None}
    )
    SyncLeadsOperator(
        task_id="bad", conn_id="hubspot_default", source="/a.csv",
        columns={"mail": "emial"}, constants={"city": "Bern", "createdate": "now"},
    )
    SyncLeadsOperator.partial(
        task_id="mapped", conn_id="marketo_default", columns={"a": "firstname"}
    ).expand(source=["/a.csv"])
    SyncLeadsOperator(task_id="template", conn_id="{{ params.c }}", source="/a.csv", columns={"a": "emial"})
    SyncObjectsOperator(
        task_id="deals", conn_id="hubspot_default", object_type="deals", source="/a.csv",
        action="updateOnly", lookup_field="hs_object_id", columns={"a": "dealnam"},
    )
    SyncLeadsOperator(
        task_id="creates", conn_id="marketo_default", source="/a.csv", create_missing_fields=True,
        columns={"a": "email", "b": "shoeSize", "c": "hatSize"}, types={"shoeSize": "integer"},
    )
    SyncLeadsOperator(task_id="gone", conn_id="no_such", source="/a.csv")
"""
READING = """
from airflow.sdk import DAG
from airflow_provider_mkt.operators.custom_object_exports import ExportCustomObjectsOperator
from airflow_provider_mkt.operators.exports import ExportLeadsOperator
from airflow_provider_mkt.operators.list_exports import ExportListMembersOperator
from airflow_provider_mkt.operators.lists import SyncListOperator
from airflow_provider_mkt.operators.object_exports import ExportObjectsOperator
from airflow_provider_mkt.sensors.lead_changes import LeadChangesSensor

TIMES = {"start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z"}

with DAG("reading", schedule=None):
    ExportLeadsOperator(
        task_id="leads", conn_id="marketo_default", output_path="/a.csv",
        fields=["email", "createdAt", "town"], **TIMES,
    )
    ExportListMembersOperator(
        task_id="members", conn_id="hubspot_default", output_path="/a.csv", list_id="1",
        fields=["email", "createdate", "{{ params.more }}", "emial"],
    )
    ExportObjectsOperator(
        task_id="deals", conn_id="hubspot_default", object_type="deals", output_path="/a.csv",
        properties=["dealname", "dealnam"], properties_with_history=["amount", "amounts"],
    )
    ExportCustomObjectsOperator(
        task_id="machines", conn_id="marketo_default", output_path="/a.csv", api_name="machine_c",
        fields=["marketoGUID", "vim"], **TIMES,
    )
    ExportCustomObjectsOperator(
        task_id="no_such", conn_id="marketo_default", output_path="/a.csv", api_name="machin_c",
        fields=["vin"], **TIMES,
    )
    LeadChangesSensor(task_id="changes", conn_id="marketo_default", fields=["email", "stats"])
    for missing in ("reject", "create"):
        SyncListOperator(
            task_id=missing, conn_id="hubspot_default", list_id="101", source="/a.csv", missing=missing,
            columns={"mail": "email", "a": "emial"},
        )
"""
BROKEN = """
from airflow.sdk import DAG
from airflow_provider_mkt.sensors.quota import QuotaSensor

with DAG("broken", schedule=None):
    QuotaSensor(task_id="quota", conn_id="hubspot_default", need=1, no_such_argument=1)
"""


SEVERAL = """
from airflow.sdk import DAG
from airflow_provider_mkt.operators.hubspot import HubSpotOperator
from airflow_provider_mkt.operators.leads import SyncLeadsOperator

with DAG("several", schedule=None):
    HubSpotOperator(task_id="call", conn_id="hubspot_default", call="lists.creat")
    SyncLeadsOperator(
        task_id="sync", conn_id="hubspot_default", source="/a.csv", max_rejected="many", deferrable="yes",
    )
    SyncLeadsOperator.partial(task_id="mapped", conn_id="").expand(source=["/a.csv"])
    SyncLeadsOperator(task_id="good", conn_id="hubspot_default", source="/a.csv")
"""


@pytest.fixture
def box(airflow_home: Path) -> Iterator[Sandbox]:
    with connected() as sandbox:
        yield sandbox


def mkt(*arguments: str | Path, program: str = "airflow_provider_mkt.cli.mkt") -> tuple[int, str]:
    run = subprocess.run(
        [sys.executable, "-m", program, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert "Traceback" not in run.stderr, run.stderr
    return run.returncode, run.stdout


def test_connections_are_tested_from_the_environment_and_from_the_database(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, output = mkt("connections", "test", "hubspot_default", "marketo_default", "no_such")
    assert code == 1
    hubspot, marketo, absent = output.strip().splitlines()
    assert hubspot.startswith("hubspot_default: OK: HubSpot account ")
    assert marketo.startswith("marketo_default: OK: Marketo instance ")
    assert absent.startswith("no_such: failed: ")

    stored = os.environ["AIRFLOW_CONN_HUBSPOT_DEFAULT"]
    monkeypatch.delenv("AIRFLOW_CONN_HUBSPOT_DEFAULT")
    added = subprocess.run(
        [sys.executable, "-m", "airflow", "connections", "add", "in_database", "--conn-json", stored],
        capture_output=True,
        text=True,
        check=False,
    )
    assert added.returncode == 0, added.stderr[-2000:]
    # Airflow 3.2 and later have the commands too.
    code, output = mkt("mkt", "connections", "test", "in_database", program="airflow")
    assert code == 0, output
    assert "in_database: OK: HubSpot account " in output


def test_files_are_checked_with_the_fields_of_the_accounts(box: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "crm.py").write_text(DAGS)
    (tmp_path / "broken.py").write_text(BROKEN)
    code, output = mkt("check", tmp_path, "--schema")
    assert code == 1
    lines = [line for line in output.splitlines() if line.startswith(str(tmp_path)) or "problem" in line]
    assert lines[0].startswith(f"{tmp_path}/broken.py: ")
    assert "no_such_argument" in lines[0]
    assert lines[0].endswith("(line 6)")
    crm = f"{tmp_path}/crm.py: crm"
    assert lines[1:-1] == [
        f"{crm}.bad: columns.mail: field 'emial' does not exist",
        f"{crm}.bad: constants.createdate: field 'createdate' is read-only: the platform sets it",
        f"{crm}.mapped: columns.a: field 'firstname' does not exist",
        f"{crm}.deals: columns.a: field 'dealnam' does not exist",
        f"{crm}.creates: columns.c: field 'hatSize' does not exist",
        next(line for line in lines if f"{crm}.gone: " in line),
    ]
    assert lines[-1] == "1 DAG, 7 tasks of this provider: 7 problems"


def test_the_fields_that_are_read_are_checked_too(
    box: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRFLOW__LOGGING__LOGGING_LEVEL")
    (tmp_path / "reading.py").write_text(READING)
    code, output = mkt("check", tmp_path, "--schema")
    place = f"{tmp_path}/reading.py: reading"
    assert (code, output.splitlines()) == (
        1,
        [
            f"{place}.leads: fields[2]: field 'town' does not exist",
            f"{place}.members: fields[3]: field 'emial' does not exist",
            f"{place}.deals: properties[1]: field 'dealnam' does not exist",
            f"{place}.deals: properties_with_history[1]: field 'amounts' does not exist",
            f"{place}.machines: fields[1]: field 'vim' does not exist",
            next(line for line in output.splitlines() if line.startswith(f"{place}.no_such: api_name: ")),
            f"{place}.changes: fields[1]: field 'stats' does not exist",
            f"{place}.create: columns.a: field 'emial' does not exist",
            "1 DAG, 8 tasks of this provider: 8 problems",
        ],
    )


def test_without_the_option_no_call_is_made(box: Sandbox, tmp_path: Path) -> None:
    (tmp_path / "crm.py").write_text(DAGS)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "crm.py").write_text(DAGS)
    code, output = mkt("check", tmp_path / "crm.py", tmp_path / "other")
    assert (code, output.splitlines()[-1]) == (0, "2 DAGs, 14 tasks of this provider: 0 problems")
    assert box.hubspot.calls.total == box.marketo.calls.total == 0
    assert mkt("check", tmp_path / "none")[0] == 2


def test_every_wrong_argument_of_a_file_is_reported(
    airflow_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AIRFLOW__LOGGING__LOGGING_LEVEL")
    (tmp_path / "several.py").write_text(SEVERAL)
    (tmp_path / "broken.py").write_text(BROKEN)
    code, output = mkt("check", tmp_path)
    assert code == 1
    several = f"{tmp_path}/several.py"
    # Airflow's own log of the files is not between them.
    assert all(line.startswith(str(tmp_path)) for line in output.splitlines()[:-1])
    lines = [line for line in output.splitlines() if line.startswith(several)]
    assert [line.removeprefix(f"{several}: ").partition(":")[0] for line in lines] == [
        "call",
        "sync",
        "sync",
        "mapped",
    ]
    assert "did you mean lists.create" in lines[0]
    assert lines[0].endswith("(line 7)")
    assert {"max_rejected", "deferrable"} == {line.split(": ")[2] for line in lines[1:3]}
    assert lines[3].endswith(": mapped: conn_id: is missing or empty (line 11)")
    assert output.splitlines()[-1] == "1 DAG, 4 tasks of this provider: 5 problems"
