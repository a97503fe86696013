"""Runs of failing, invalid and empty DAG files, and a run that is stopped.

Airflow has a process of its own in each. One run serves several tests, because Airflow's start takes most of
the time.
"""

from __future__ import annotations

import os
import re
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from airflow import __version__ as airflow_version
from commands import Result, command, in_process, start, wait_for

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


ANSWERED = """
import pendulum
from airflow.sdk import DAG, task
from airflow_provider_mkt.operators.email_approval import ApproveEmailOperator
from airflow_provider_mkt.operators.leads import SyncLeadsOperator
from airflow_provider_mkt.sensors.leads import LeadsMatchingSensor

for dag_id, task_id in {WAITING}:
    with DAG(dag_id, schedule=None, start_date=pendulum.datetime(2026, 1, 1)):
        @task
        def check():
            return {
                "status": "ok", "fingerprint": "4f1c", "preview": "# Spring\\n{{ contact.firstname }}",
                "name": "Spring", "audience": {"at_most": 120}, "checks": [],
            }

        ada = [{"id": "7", "name": "ada"}]
        approve = ApproveEmailOperator(task_id=task_id, check=check(), assigned_users=ada)

        @task
        def publish(approval):
            return {"by": approval["approved_by"]}

        publish(approve.output)
"""

TWO_BRANCHES = """
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

BESIDE = """
        from airflow.providers.standard.operators.hitl import HITLOperator

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
"""Further tasks of the DAG that waits for a person."""

BESIDE_RUNS = tuple(map(int, airflow_version.split(".")[:2])) >= (3, 3)
"""Before Airflow 3.3 a task that waits for a person blocks ``dag.test()``."""

QUESTION = "Send 'Spring' to 120 people?"


@dataclass(frozen=True)
class Ended:
    """A run that has ended.

    :param folder: of its DAG file.
    """

    folder: Path
    log: Path
    result: Result


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """A run of four DAGs. Two of them wait for a person, one has two branches, and the last one fails."""
    folder = tmp_path_factory.mktemp("answered")
    dag_file, log = folder / "four.py", folder / "log"
    waiting = {"asks": "approve", "asks_again": "refuse"}
    dag_file.write_text(ANSWERED.replace("{WAITING}", f"{waiting}.items()") + TWO_BRANCHES + FAILING)
    (folder / "neighbour.py").write_text("from airflow.sdk import DAG\nraise RuntimeError\n")
    outside = {
        # All DAGs are in one table.
        "COLUMNS": "400",
        "AIRFLOW_CONN_REAL": "hubspot://:pat-real@api.hubapi.com/https",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "sqlite:////nowhere/airflow.db",
        "AIRFLOW_HOME": str(folder / "own_home"),
    }
    options = ["--log", log, "--param", "size=3", "--approve", "--answer", "refuse=Reject"]
    result = command("run", dag_file, *options, env={**os.environ, **outside})
    assert result.code == 1, result.stderr + log.read_text()[-3000:]
    assert result.table()["result"] == [*["success"] * 3, "failed"], result.stdout
    return Ended(folder, log, result)


@pytest.fixture(scope="module")
def unanswered(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """A run that ends because tasks wait for a person."""
    folder = tmp_path_factory.mktemp("unanswered")
    dag_file = folder / "asks.py"
    waiting = ANSWERED.replace("{WAITING}", "[('asks', 'approve')]")
    dag_file.write_text(waiting + BESIDE if BESIDE_RUNS else waiting)
    run = in_process("run", dag_file, "--log", folder / "log")
    assert run.code == 3, run.stderr
    assert run.table()["result"] == ["stopped"]
    return run


def test_a_failed_task_is_reported_with_its_error_and_the_log(answered: Ended) -> None:
    assert answered.result.stderr.splitlines() == [
        "mkt-sandbox: mine.second failed: ValueError: size 3 at 127.0.0.1",
        f"mkt-sandbox: Airflow's log: {answered.log}",
    ]
    assert answered.result.table()["tasks"][3] == "1 failed, 1 success, 1 upstream_failed"
    # It has no task that creates leads.
    assert answered.result.table()["leads created"][3] == "-"
    assert not (answered.folder / "own_home").exists()


def test_a_task_that_waits_for_a_person_gets_its_answer(answered: Ended) -> None:
    assert f"answer: Approve ({QUESTION})" in answered.result.stdout
    assert f"answer: Reject ({QUESTION})" in answered.result.stdout
    assert answered.result.table()["tasks"][:2] == ["3 success", "1 skipped, 2 success"]


def test_a_task_that_waits_for_a_person_without_an_answer_ends_the_run(unanswered: Result) -> None:
    assert (
        "mkt-sandbox: asks.approve waits for a person. Answer it with --approve or --reject or "
        "--answer approve=OPTION (options: Approve, Reject)"
    ) in unanswered.stderr.splitlines()
    preview = "# Spring\n    {{ contact.firstname }}"
    assert f"waits for a person: {QUESTION}\n    {preview}" in unanswered.stdout


@pytest.mark.skipif(not BESIDE_RUNS, reason="such a task blocks dag.test() before Airflow 3.3")
def test_a_branch_beside_a_task_that_waits_for_a_person_runs_to_its_end(unanswered: Result) -> None:
    assert (
        "mkt-sandbox: asks.ask waits for a person. Answer it with --answer ask=OPTION (options: Yes, No)"
    ) in unanswered.stderr.splitlines()
    assert "waits for a person: Go?" in unanswered.stdout
    assert re.search(r"^  write +success", unanswered.stdout, re.MULTILINE), unanswered.stdout
    # The first reasons follow the path of the file.
    assert re.search(r"Rejects of asks\.write: .*\n  row 1: KEY_MISSING email, the key, ", unanswered.stdout)


def test_tasks_of_another_branch_run_while_one_is_deferred(answered: Ended) -> None:
    # What the sensor waits for is done after it was deferred.
    output = answered.result.stdout
    assert answered.result.table()["tasks"][2] == "4 success"
    assert "waits for the platform" in output
    assert output.index("create  ") < output.index("found  ")


def test_a_file_that_cannot_be_imported_exits_with_code_2(tmp_path: Path) -> None:
    dag_file = tmp_path / "mine.py"
    dag_file.write_text("import airflow\n\nimport no_dag_here\n")
    run = in_process("run", dag_file)
    assert run.code == 2
    message = r"mine\.py cannot be imported: .*'no_dag_here' \(line 3\)"
    assert re.fullmatch(rf"mkt-sandbox: .*{message}\n", run.stderr), run.stderr


@pytest.mark.parametrize(
    ("text", "dag_ids", "answers", "message"),
    [
        ("x = 1\n", [], {}, "mine.py has no DAG in it"),
        (FAILING, ["yours"], {}, "mine.py has no DAG 'yours'; it has mine"),
        (FAILING, [], {"fourth": "Approve"}, "mine.py has no task 'fourth' to answer"),
    ],
)
def test_a_file_without_what_is_to_run_is_not_run(
    airflow_home: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    text: str,
    dag_ids: list[str],
    answers: dict[str, str],
    message: str,
) -> None:
    """In this process, because Airflow's start takes most of the time. The error ends the run with code 2."""
    from airflow_provider_mkt.cli import in_airflow

    dag_file = tmp_path / "mine.py"
    dag_file.write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("AIRFLOW__CORE__DAGBAG_IMPORT_ERROR_TRACEBACK_DEPTH", "50")
    events = Events()
    in_airflow.run(events, dag_file, dag_ids, {}, answers=answers)
    assert events.written[-1] == ("usage_error", {"message": message})


class Events:
    """Keeps the events that would be written to the command."""

    def __init__(self) -> None:
        self.written: list[tuple[str, dict[str, object]]] = []

    def write(self, event: str, **details: object) -> None:
        self.written.append((event, details))


def test_a_file_that_does_not_compile_exits_with_code_2(tmp_path: Path) -> None:
    dag_file = tmp_path / "mine.py"
    dag_file.write_text("def f(:\n")
    run = in_process("run", dag_file)
    assert run.code == 2
    message = r"mine\.py cannot be imported: SyntaxError: invalid syntax \(line 1\)"
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
    run = in_process(*arguments)
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
