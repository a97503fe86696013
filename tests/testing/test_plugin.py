"""The fixtures for tests of users' DAGs, in a repository of a user, in a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
RECIPES = HERE.parents[1] / "example_dags" / "recipes"
MAX_IMPORT_MS = 15

WAITING = """
import pytest

def test_asks(run_dag):
    run_dag("dags/asks.py")

def test_answered(run_dag):
    assert run_dag("dags/asks.py", answers={"ask": "Reject"}).returned["ask"]["chosen_options"] == ["Reject"]
"""
ASKS = """
from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import DAG

with DAG("asks", schedule=None):
    HITLOperator(task_id="ask", subject="Go?", options=["Approve", "Reject"])
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A user's repository, with the line that switches the fixtures on."""
    (tmp_path / "conftest.py").write_text('pytest_plugins = ["airflow_provider_mkt.testing"]\n')
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "dags").mkdir()
    shutil.copy(RECIPES / "first.py", tmp_path / "dags")
    return tmp_path


def run_pytest(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    # The settings of this test run are not those of a user.
    outer = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTEST"))}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rA"],
        cwd=folder,
        env=outer | environment,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )


def test_the_documented_tests_and_one_that_waits_for_a_person(repository: Path, tmp_path: Path) -> None:
    (repository / "test_first.py").write_text((HERE / "dag_test_example.py").read_text())
    (repository / "test_waiting.py").write_text(WAITING)
    (repository / "dags" / "asks.py").write_text(ASKS)
    own_home = tmp_path / "own"
    run = run_pytest(repository, AIRFLOW_HOME=str(own_home))
    assert "3 passed, 1 failed" in run.stdout or "1 failed, 3 passed" in run.stdout, run.stdout[-6000:]
    assert "task 'ask' waits for a person (Go?). Its options are Approve, Reject" in run.stdout
    assert not own_home.exists()


def test_airflow_that_was_imported_too_early_is_explained(repository: Path) -> None:
    with (repository / "conftest.py").open("a") as file:
        file.write("import airflow\n")
    (repository / "test_first.py").write_text("def test_first(run_dag): ...\n")
    run = run_pytest(repository, AIRFLOW_HOME=str(repository / "early"))
    assert "Airflow was imported before its home could be set" in run.stdout


def test_the_import_of_the_fixtures_is_cheap() -> None:
    """pytest is there already in every run that names them."""
    program = (
        "import json, pytest, sys, time; before, start = set(sys.modules), time.process_time();"
        "import airflow_provider_mkt.testing;"
        "print(json.dumps([(time.process_time() - start) * 1000, sorted(set(sys.modules) - before)]))"
    )
    runs = [
        json.loads(subprocess.run([sys.executable, "-c", program], capture_output=True, check=True).stdout)
        for _ in range(3)
    ]
    assert min(milliseconds for milliseconds, _ in runs) < MAX_IMPORT_MS
    loaded = {module.partition(".")[0] for module in runs[0][1]}
    assert not loaded & {"airflow", "starlette", "pydantic", "httpx"}
