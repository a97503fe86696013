"""What Airflow shows of the example DAGs, and the deadline of one of them."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization

from airflow_provider_mkt.cli.dag_files import load_folder

EXAMPLES = Path(__file__).parents[2] / "example_dags"
MINIMAL = {"first"}
"""The first DAG of the documentation, which is as short as can be."""


@pytest.fixture(scope="module")
def dags(airflow_home: Path) -> dict[str, DAG]:
    found, errors = load_folder(EXAMPLES)
    assert not errors
    return found


def test_each_has_a_text_and_titles_in_its_form(dags: dict[str, DAG]) -> None:
    assert len(dags) > 15
    untitled = [
        f"{dag_id}.{name}"
        for dag_id, dag in dags.items()
        for name in dag.params
        if not dag.params.get_param(name).schema.get("title")
    ]
    assert not untitled
    assert [dag_id for dag_id, dag in dags.items() if not dag.doc_md and dag_id not in MINIMAL] == []


def test_operators_and_sensors_have_colors_of_their_own(dags: dict[str, DAG]) -> None:
    colors = {(type(task).__module__.split(".")[1], task.ui_color) for task in dags["new_leads"].tasks}
    assert {("operators", "#ffe8d6"), ("sensors", "#e7e3f6")} <= colors


def test_the_newsletter_has_its_deadline_at_nine(dags: dict[str, DAG]) -> None:
    again = DagSerialization.from_dict(DagSerialization.to_dict(dags["newsletter_deadline"]))
    (deadline,) = dags["newsletter_deadline"].deadline
    assert deadline.interval == timedelta(hours=2)
    assert again.timetable.summary == "0 7 * * MON"
    assert "SlackWebhookNotifier" in deadline.callback.path
    assert again.deadline


CODE = """
import inspect
from importlib import import_module
from airflow_provider_mkt.get_provider_info import get_provider_info
info, waiting = get_provider_info(), 0
for kind in ("operators", "sensors"):
    for name in {module for one in info[kind] for module in one["python-modules"]}:
        for member in vars(import_module(name)).values():
            if not (inspect.isclass(member) and member.__module__ == name):
                continue
            parameters = inspect.signature(member.__init__).parameters
            if "deferrable" in parameters:
                waiting += 1
                assert parameters["deferrable"].default is True, member
            assert kind == "operators" or member.__name__.startswith("_") or not hasattr(member, "poke") \\
                or "deferrable" in parameters, member
print(waiting)
"""


def test_every_operator_and_sensor_that_waits_follows_default_deferrable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AIRFLOW__OPERATORS__DEFAULT_DEFERRABLE", "True")
    run = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert int(run.stdout.splitlines()[-1]) > 25
