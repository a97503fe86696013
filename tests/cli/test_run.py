"""Runs of failing, invalid and empty DAG files, and a run that is stopped."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

import psutil
import pytest
from airflow import __version__ as airflow_version
from commands import command, start, wait_for

FAILING = """
import pendulum
from airflow.sdk import dag, task
from airflow.providers.common.compat.sdk import BaseHook

@dag(schedule=None, start_date=pendulum.datetime(2026, 1, 1), params={"size": 1})
def mine():
    @task
    def first(params):
        # A connection from the user's environment must point to the sandbox.
        host = BaseHook.get_connection("real").host
        return {"size": params["size"], "host": host}

    @task(retries=1)
    def second(first):
        raise ValueError(f"size {first['size']} at {first['host']}\\nand a second line")

    @task
    def third():
        pass

    second(first()) >> third()

mine()
"""


def test_a_failed_task_is_reported_with_its_error_and_the_log(tmp_path: Path) -> None:
    dag_file, log = tmp_path / "mine.py", tmp_path / "log"
    dag_file.write_text(FAILING)
    (tmp_path / "neighbour.py").write_text("from airflow.sdk import DAG\nraise RuntimeError\n")
    outside = {
        **os.environ,
        "AIRFLOW_CONN_REAL": "hubspot://:pat-real@api.hubapi.com/https",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "sqlite:////nowhere/airflow.db",
        "AIRFLOW_HOME": str(tmp_path / "own_home"),
    }
    run = command("run", dag_file, "--log", log, "--param", "size=3", env=outside)
    assert run.code == 1, run.stderr + log.read_text()[-3000:]
    assert run.stderr.splitlines() == [
        "mkt-sandbox: mine.second failed: ValueError: size 3 at 127.0.0.1",
        f"mkt-sandbox: Airflow's log: {log}",
    ]
    assert run.table()["tasks"] == ["1 failed, 1 success, 1 upstream_failed"]
    assert run.table()["result"] == ["failed"]
    assert "leads created" not in run.table()
    assert not (tmp_path / "own_home").exists()


WAITING = """
import pendulum
from airflow.sdk import DAG, task
from airflow_provider_mkt.operators.email_approval import ApproveEmailOperator

with DAG("asks", schedule=None, start_date=pendulum.datetime(2026, 1, 1)):
    @task
    def check():
        return {
            "status": "ok", "fingerprint": "4f1c", "preview": "# Spring\\n{{ contact.firstname }}",
            "name": "Spring", "audience": {"at_most": 120}, "checks": [],
        }

    ada = [{"id": "7", "name": "ada"}]
    approve = ApproveEmailOperator(task_id="approve", check=check(), assigned_users=ada)

    @task
    def publish(approval):
        return {"by": approval["approved_by"]}

    publish(approve.output)
"""


def test_a_task_that_waits_for_a_person_gets_its_answer_or_ends_the_run(tmp_path: Path) -> None:
    dag_file = tmp_path / "asks.py"
    dag_file.write_text(WAITING)
    given: list[list[str]] = [[], ["--approve"], ["--approve", "--answer", "approve=Reject"]]
    runs = [start("run", dag_file, "--log", tmp_path / str(n), *one) for n, one in enumerate(given)]
    unanswered, approved, rejected = map(wait_for, runs)
    question = "Send 'Spring' to 120 people?"
    assert unanswered.code == 3, unanswered.stderr
    assert unanswered.stderr.splitlines()[0] == (
        "mkt-sandbox: asks.approve waits for a person. Answer it with --approve or --reject or "
        "--answer approve=OPTION (options: Approve, Reject)"
    )
    assert (
        f"waits for a person: {question}\n    # Spring\n    {{{{ contact.firstname }}}}" in unanswered.stdout
    )
    assert unanswered.table()["result"] == ["stopped"]
    assert (approved.code, rejected.code) == (0, 0), approved.stderr + rejected.stderr
    assert f"answer: Approve ({question})" in approved.stdout
    assert approved.table()["tasks"] == ["3 success"]
    assert f"answer: Reject ({question})" in rejected.stdout
    assert rejected.table()["tasks"] == ["1 skipped, 2 success"]


TWO_BRANCHES = """
import pendulum
from airflow.sdk import DAG, task
from airflow_provider_mkt.operators.leads import SyncLeadsOperator
from airflow_provider_mkt.sensors.leads import LeadsMatchingSensor

with DAG("branches", schedule=None, start_date=pendulum.datetime(2026, 1, 1)):
    @task
    def found(leads):
        return leads["leads"]

    wait = LeadsMatchingSensor(
        task_id="wait", conn_id="hubspot_default", field="city", value="Lateville", deferrable=True
    )
    found(wait.output)

    @task
    def begin():
        pass

    leads = [{"email": "late@example.com", "city": "Lateville"}]
    create = SyncLeadsOperator(task_id="create", conn_id="hubspot_default", leads=leads)
    begin() >> create
"""


def test_tasks_of_another_branch_run_while_one_is_deferred(tmp_path: Path) -> None:
    dag_file, log = tmp_path / "branches.py", tmp_path / "log"
    dag_file.write_text(TWO_BRANCHES)
    # What the sensor waits for is done after it was deferred.
    run = command("run", dag_file, "--log", log)
    assert run.code == 0, run.stderr + log.read_text()[-3000:]
    assert run.table()["tasks"] == ["4 success"]
    assert "waits for the platform" in run.stdout
    assert run.stdout.index("create  ") < run.stdout.index("found  ")


INVALID = [
    ("def f(:\n", r"mine\.py cannot be imported: SyntaxError: invalid syntax \(line 1\)"),
    (
        "import airflow\n\nimport no_dag_here\n",
        r"mine\.py cannot be imported: .*'no_dag_here' \(line 3\)",
    ),
    ("x = 1\n", r"mine\.py has no DAG in it"),
]


def test_an_invalid_file_exits_with_code_2(tmp_path: Path) -> None:
    started = []
    for number, (text, _) in enumerate(INVALID):
        dag_file = tmp_path / str(number) / "mine.py"
        dag_file.parent.mkdir()
        dag_file.write_text(text)
        started.append(start("run", dag_file))
    for process, (_, message) in zip(started, INVALID, strict=True):
        run = wait_for(process)
        assert run.code == 2
        assert re.fullmatch(rf"mkt-sandbox: .*{message}\n", run.stderr), run.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "nowhere.py"], "nowhere.py: No such file"),
        (["run", __file__, "--param", "x"], "--param takes NAME=VALUE"),
        (["run", __file__, "--answer", "approve"], "--answer takes TASK_ID=OPTION"),
        (["run", __file__, "--approve", "--reject"], "not allowed with argument"),
        (["run", __file__, "--log", "/nowhere/log"], "--log /nowhere/log: No such file"),
        (["run", __file__, "--timeout", "0"], "must be more than 0"),
        (["serve", "--hubspot-port", "70000"], "'70000' is not a port"),
        ([], "required: command"),
    ],
)
def test_invalid_arguments_exit_with_code_2_before_a_run(arguments: list[str], message: str) -> None:
    run = command(*arguments)
    assert run.code == 2
    assert message in run.stderr
    assert run.stdout == ""


def test_help_and_version() -> None:
    from airflow_provider_mkt import __version__

    assert command("--version").stdout == f"mkt-sandbox {__version__}\n"
    assert "serve" in command("--help").stdout


def test_ctrl_c_stops_airflow_and_deletes_its_home_but_the_log(tmp_path: Path) -> None:
    dag_file = tmp_path / "mine.py"
    dag_file.write_text(FAILING)
    process = start("run", dag_file)
    assert process.stdout is not None
    home = Path(process.stdout.readline().rpartition("log: ")[2].strip()).parent
    deadline = time.monotonic() + 60
    while not (children := psutil.Process(process.pid).children(recursive=True)):
        assert time.monotonic() < deadline
    assert home.is_dir()
    process.send_signal(signal.SIGINT)
    run = wait_for(process)
    assert (run.code, run.stderr) == (130, "mkt-sandbox: stopped\n")
    assert not psutil.wait_procs(children, timeout=120)[1]
    assert [path.name for path in home.iterdir()] == ["airflow.log"]


BRANCHES = """
import pendulum
from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import DAG, task
from airflow_provider_mkt.operators.leads import SyncLeadsOperator

with DAG("branches", schedule=None, start_date=pendulum.datetime(2026, 1, 1)):
    HITLOperator(task_id="ask", subject="Go?", options=["Yes", "No"])

    @task
    def slow():
        import time

        time.sleep(6)

    write = SyncLeadsOperator(
        task_id="write", conn_id="hubspot_default", leads=[{}, {"email": "a@example.com"}], max_rejected=1
    )
    slow() >> write
"""


@pytest.mark.skipif(
    tuple(map(int, airflow_version.split(".")[:2])) < (3, 3),
    reason="such a task blocks dag.test() before Airflow 3.3",
)
def test_a_branch_beside_a_task_that_waits_for_a_person_runs_to_its_end(tmp_path: Path) -> None:
    dag_file = tmp_path / "branches.py"
    dag_file.write_text(BRANCHES)
    run = command("run", dag_file, "--log", tmp_path / "log")
    assert run.code == 3, run.stderr
    assert "waits for a person: Go?" in run.stdout
    assert re.search(r"^  write +success", run.stdout, re.MULTILINE), run.stdout
    # The first reasons follow the path of the file.
    assert re.search(r"Rejects of branches\.write: .*\n  row 1: KEY_MISSING email, the key, ", run.stdout)
