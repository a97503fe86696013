"""Shared by the benchmarks: a sandbox in another process, tasks in real Airflow, and Markdown tables."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = [sys.executable, "-m", "airflow_provider_mkt.cli.main"]

REDIS = os.environ.get("MKT_TEST_REDIS", "redis://127.0.0.1:6379/0")
POSTGRES = os.environ.get("MKT_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/test")

NO_LIMITS: dict[str, Any] = {"rate": 1_000_000, "daily": None, "concurrency": None, "latency": 0.0}


@dataclass(frozen=True)
class Platform:
    """A platform, as the benchmarks need it.

    :param window_calls: calls that its rate limit allows in a window.
    :param window_seconds: length of the window.
    :param max_in_flight: calls in flight that it allows; None without such a limit.
    :param batch: leads per call.
    :param route: the sandbox's route of the call that writes leads.
    """

    name: str
    window_calls: int
    window_seconds: float
    max_in_flight: int | None
    batch: int
    first_name: str
    score: str
    route: str

    @property
    def per_second(self) -> float:
        return self.window_calls / self.window_seconds


HUBSPOT = Platform(
    "hubspot", 190, 10.0, None, 100, "firstname", "lead_score", "/crm/objects/2026-09/contacts/batch/upsert"
)
MARKETO = Platform("marketo", 100, 20.0, 10, 300, "firstName", "leadScore", "/rest/v1/leads.json")
PLATFORMS = {one.name: one for one in (HUBSPOT, MARKETO)}


def selected_platforms(arguments: Iterable[str]) -> list[Platform]:
    """Return the platforms that the command line names, or both."""
    return [one for name, one in PLATFORMS.items() if name in arguments] or list(PLATFORMS.values())


@dataclass
class Served:
    """A sandbox in another process.

    :param urls: address of each platform.
    :param uris: connection URI of each platform.
    """

    urls: dict[str, str]
    uris: dict[str, str]

    def control(self, platform: str, path: str, body: Any = None) -> Any:
        """Call the sandbox's control API: GET without a body, POST with one."""
        request = urllib.request.Request(
            f"{self.urls[platform]}_sandbox/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as response:
            content = response.read()
        return json.loads(content) if content else None

    def calls(self, platform: Platform, method: str = "POST", route: str | None = None) -> dict[str, Any]:
        """Return the sandbox's counter of an endpoint; by default of the one that writes leads."""
        wanted = (method, route or platform.route)
        for counter in self.control(platform.name, "calls")["routes"]:
            if (counter["method"], counter["route"]) == wanted:
                found: dict[str, Any] = counter
                return found
        return {"total": 0, "refused": {}, "byStatus": {}, "first": 0.0, "last": 0.0}


@contextmanager
def served(command: Sequence[str] = (*COMMAND, "serve", "--json")) -> Iterator[Served]:
    """Serve a sandbox while the context is open.

    :param command: serves it, and prints the connections as ``mkt-sandbox serve --json`` does.
    """
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            connections = json.loads(process.stdout.readline())
            yield Served(
                {name: connection["url"] for name, connection in connections.items()},
                {name: connection["uri"] for name, connection in connections.items()},
            )
        finally:
            process.terminate()


@contextmanager
def airflow_home(box: Served) -> Iterator[Path]:
    """Create an Airflow home with connections to the sandbox, and set this process's environment to it."""
    with tempfile.TemporaryDirectory(prefix="mkt-bench-") as folder:
        home = Path(folder)
        (home / "dags").mkdir()
        airflow_environment(box, home)
        with (home / "migrate.log").open("wb") as log:
            subprocess.run(
                [sys.executable, "-m", "airflow", "db", "migrate"], stdout=log, stderr=log, check=True
            )
        yield home


def airflow_environment(box: Served, home: Path) -> None:
    """Set this process's environment to an Airflow home with connections to the sandbox."""
    os.environ.update(
        AIRFLOW_HOME=str(home),
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__CORE__DAGS_FOLDER=str(home / "dags"),
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=f"sqlite:///{home}/airflow.db",
        AIRFLOW__LOGGING__LOGGING_LEVEL="WARNING",
        AIRFLOW__MKT__STATE_DIR=str(home / "state"),
        AIRFLOW_CONN_CRM=POSTGRES.replace("postgresql:", "postgres:"),
        # HubSpot's responses report its limit. Marketo's is configured: what is measured is all of the
        # instance's, not the half that is the default.
        AIRFLOW_CONN_HUBSPOT_DEFAULT=box.uris["hubspot"],
        AIRFLOW_CONN_MARKETO_DEFAULT=f"{box.uris['marketo']}?calls_per_20_seconds=100&max_concurrency=10",
        AIRFLOW_CONN_HUBSPOT_UNBOUND=box.uris["hubspot"],
        AIRFLOW_CONN_MARKETO_UNBOUND=f"{box.uris['marketo']}?calls_per_20_seconds=100000&max_concurrency=10",
    )


TASK = """
import json, pendulum, resource, sys, time
from airflow.sdk import DAG
from airflow_provider_mkt.operators.{module} import {operator}

work = []
act = {operator}.run_action


def measured(*arguments):
    began = time.process_time()
    try:
        return act(*arguments)
    finally:
        work.append(time.process_time() - began)


{operator}.run_action = measured

with DAG("bench", schedule=None) as dag:
    {operator}(task_id="task", {arguments})

if __name__ == "__main__":
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    began, begun = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
    run = dag.test()
    ended, seconds = resource.getrusage(resource.RUSAGE_SELF), time.monotonic() - begun
    with create_session() as session:
        row = session.query(XComModel).filter_by(run_id=run.run_id, key="return_value").one()
        outcome = XComModel.deserialize_value(row)
    print("RESULT" + json.dumps({{
        "state": str(run.state), "outcome": outcome, "seconds": seconds,
        "base": began.ru_maxrss, "peak": ended.ru_maxrss,
        "cpu": ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime,
        "work_cpu": sum(work),
    }}))
"""


def sync_leads(home: Path, **arguments: Any) -> dict[str, Any]:
    """Run a ``SyncLeadsOperator`` in real Airflow, in its own process, and return the measurements."""
    return run_task(home, "leads", "SyncLeadsOperator", **arguments)


def run_task(home: Path, module: str, operator: str, **arguments: Any) -> dict[str, Any]:
    """Run one task in real Airflow, in its own process, and return the measurements."""
    return end_task(start_task(home, module, operator, **arguments))


def start_task(home: Path, module: str, operator: str, **arguments: Any) -> subprocess.Popen[str]:
    """Start one task in real Airflow, in its own process."""
    file = home / "dags" / "bench.py"
    written = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    file.write_text(TASK.format(module=module, operator=operator, arguments=written))
    environment = {
        **os.environ,
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(file.parent),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
    }
    with (home / "task.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, str(file)], stdout=subprocess.PIPE, stderr=log, text=True, env=environment
        )


def end_task(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Wait until a task has ended, and return its measurements."""
    output, _ = process.communicate()
    for line in output.splitlines():
        if line.startswith("RESULT"):
            result: dict[str, Any] = json.loads(line.removeprefix("RESULT"))
            return result
    msg = f"the run printed no result\n{output[-4000:]}"
    raise RuntimeError(msg)


def another_home(home: Path, name: str) -> Path:
    """Create the home of another worker, with its own database and the same state directory."""
    other = home / name
    (other / "dags").mkdir(parents=True)
    shutil.copy(home / "airflow.db", other / "airflow.db")
    return other


def write_leads(path: Path, count: int, first_name: str, *, start: int = 0, people: int | None = None) -> str:
    """Write a CSV of leads and return its URI. With *people*, the leads repeat that many people."""
    with path.open("w") as file:
        file.write(f"email,{first_name}\n")
        numbers = range(start, start + count)
        file.writelines(f"lead{n % (people or n + 1)}@example.com,Lead {n}\n" for n in numbers)
    return path.as_uri()


def heading(*columns: str) -> None:
    """Print the heading of a Markdown table. The first column is text, the others are numbers."""
    print("| " + " | ".join((*columns, "load")) + " |")
    print("|---" + "|---:" * len(columns) + "|", flush=True)


def line(*cells: object) -> None:
    """Print a row of the table, with the machine's load average of the last minute as its last cell."""
    print("| " + " | ".join(map(str, (*cells, f"{os.getloadavg()[0]:.1f}"))) + " |", flush=True)
