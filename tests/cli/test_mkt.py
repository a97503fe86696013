"""The commands ``mkt`` and ``airflow mkt``, each in a process of its own once, as a user runs it.

One process answers several tests, because Airflow's start takes most of the time.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from airflow.models.connection import Connection
from airflow.utils.session import create_session
from airflow_runs import connected
from commands import in_process

from airflow_provider_mkt.cli.mkt import main
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
    """Run the command in a process of its own. Returns its exit code and its output."""
    run = subprocess.run(
        [sys.executable, "-m", program, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert "Traceback" not in run.stderr, run.stderr
    return run.returncode, run.stdout


def in_this_process(*arguments: str | Path) -> tuple[int, str]:
    """Run the command where Airflow has started already. Returns its exit code and its output."""
    with pytest.MonkeyPatch.context() as patch:
        # The command sets it for its process.
        patch.setenv("AIRFLOW__CORE__DAGBAG_IMPORT_ERROR_TRACEBACK_DEPTH", "50")
        result = in_process(*arguments, main=main)
    return result.code, result.stdout


Run = Callable[..., tuple[int, str]]
"""A way to run the command."""


def test_connections_are_tested_from_the_environment_and_from_the_database(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, output = in_this_process("connections", "test", "hubspot_default", "marketo_default", "no_such")
    assert code == 1
    hubspot, marketo, absent = output.strip().splitlines()
    assert hubspot.startswith("hubspot_default: OK: HubSpot account ")
    assert marketo.startswith("marketo_default: OK: Marketo instance ")
    assert absent.startswith("no_such: failed: ")

    stored = os.environ["AIRFLOW_CONN_HUBSPOT_DEFAULT"]
    monkeypatch.delenv("AIRFLOW_CONN_HUBSPOT_DEFAULT")
    with create_session() as session:
        session.add(Connection.from_json(stored, conn_id="in_database"))
    # Airflow 3.2 and later have the commands too.
    code, output = mkt("mkt", "connections", "test", "in_database", program="airflow")
    assert code == 0, output
    assert "in_database: OK: HubSpot account " in output


@dataclass(frozen=True)
class Checked:
    """What ``mkt check`` did with a folder.

    :param lines: its output.
    :param calls: how many calls it made to the platforms.
    """

    folder: Path
    code: int
    lines: list[str]
    calls: int

    def of(self, name: str) -> list[str]:
        """Return the problems of a file, without its path."""
        path = f"{self.folder}/{name}: "
        return [line.removeprefix(path) for line in self.lines if line.startswith(path)]


def check(run: Run, folder: Path, files: dict[str, str], *options: str) -> Checked:
    for name, text in files.items():
        (folder / name).write_text(text)
    with connected() as box:
        code, output = run("check", folder, *options)
        calls = box.hubspot.calls.total + box.marketo.calls.total
    return Checked(folder, code, output.splitlines(), calls)


@pytest.fixture(scope="module")
def with_schema(airflow_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Checked:
    files = {"crm.py": DAGS, "broken.py": BROKEN, "reading.py": READING}
    with pytest.MonkeyPatch.context() as patch:
        # As if nothing set how much Airflow logs.
        patch.delenv("AIRFLOW__LOGGING__LOGGING_LEVEL")
        return check(mkt, tmp_path_factory.mktemp("schema"), files, "--schema")


@pytest.fixture(scope="module")
def without_schema(airflow_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Checked:
    files = {"crm.py": DAGS, "broken.py": BROKEN, "several.py": SEVERAL}
    return check(in_this_process, tmp_path_factory.mktemp("files"), files)


def test_files_are_checked_with_the_fields_of_the_accounts(with_schema: Checked) -> None:
    assert with_schema.code == 1
    (broken,) = with_schema.of("broken.py")
    assert "no_such_argument" in broken
    assert broken.endswith("(line 6)")
    problems = with_schema.of("crm.py")
    assert problems == [
        "crm.bad: columns.mail: field 'emial' does not exist",
        "crm.bad: constants.createdate: field 'createdate' is read-only: the platform sets it",
        "crm.mapped: columns.a: field 'firstname' does not exist",
        "crm.deals: columns.a: field 'dealnam' does not exist",
        "crm.creates: columns.c: field 'hatSize' does not exist",
        next(problem for problem in problems if problem.startswith("crm.gone: ")),
    ]
    assert with_schema.lines[-1] == "2 DAGs, 15 tasks of this provider: 15 problems"


def test_the_fields_that_are_read_are_checked_too(with_schema: Checked) -> None:
    problems = with_schema.of("reading.py")
    assert problems == [
        "reading.leads: fields[2]: field 'town' does not exist",
        "reading.members: fields[3]: field 'emial' does not exist",
        "reading.deals: properties[1]: field 'dealnam' does not exist",
        "reading.deals: properties_with_history[1]: field 'amounts' does not exist",
        "reading.machines: fields[1]: field 'vim' does not exist",
        next(problem for problem in problems if problem.startswith("reading.no_such: api_name: ")),
        "reading.changes: fields[1]: field 'stats' does not exist",
        "reading.create: columns.a: field 'emial' does not exist",
    ]


def test_airflows_own_log_of_the_files_is_not_in_the_output(with_schema: Checked) -> None:
    assert all(line.startswith(f"{with_schema.folder}/") for line in with_schema.lines[:-1])


def test_without_the_option_no_call_is_made(with_schema: Checked, without_schema: Checked) -> None:
    assert with_schema.calls
    assert without_schema.calls == 0
    assert without_schema.of("crm.py") == []


def test_files_and_folders_may_be_given(airflow_home: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    for file in (tmp_path / "crm.py", tmp_path / "other" / "crm.py"):
        file.write_text(DAGS)
    code, output = in_this_process("check", tmp_path / "crm.py", tmp_path / "other")
    assert (code, output.splitlines()[-1]) == (0, "2 DAGs, 14 tasks of this provider: 0 problems")
    assert in_this_process("check", tmp_path / "none")[0] == 2


def test_every_wrong_argument_of_a_file_is_reported(without_schema: Checked) -> None:
    assert without_schema.code == 1
    problems = without_schema.of("several.py")
    assert [problem.partition(":")[0] for problem in problems] == ["call", "sync", "sync", "mapped"]
    assert "did you mean lists.create" in problems[0]
    assert problems[0].endswith("(line 7)")
    assert {"max_rejected", "deferrable"} == {problem.split(": ")[1] for problem in problems[1:3]}
    assert problems[3] == "mapped: conn_id: is missing or empty (line 11)"
    assert without_schema.lines[-1] == "2 DAGs, 11 tasks of this provider: 5 problems"
