"""What the benchmarks share: a sandbox in another process, and tasks run in real Airflow."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

COMMAND = [sys.executable, "-m", "airflow_provider_mkt.cli.main"]


@dataclass
class Served:
    """A sandbox in another process.

    :param urls: of each platform.
    :param uris: of the connections.
    """

    urls: dict[str, str]
    uris: dict[str, str]

    def tell(self, platform: str, what: str, body: dict[str, Any] | None = None) -> Any:
        """Call the sandbox's control: GET without a body, POST with one."""
        request = urllib.request.Request(
            f"{self.urls[platform]}_sandbox/{what}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            content = answer.read()
        return json.loads(content) if content else None


@contextmanager
def served() -> Iterator[Served]:
    """Serve a sandbox while the context is open."""
    with subprocess.Popen([*COMMAND, "serve", "--json"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            told = json.loads(process.stdout.readline())
            yield Served(
                {name: facts["url"] for name, facts in told.items()},
                {name: facts["uri"] for name, facts in told.items()},
            )
        finally:
            process.terminate()


@contextmanager
def airflow_home(box: Served) -> Iterator[Path]:
    """An Airflow home with connections to the sandbox, set up in this process's environment."""
    with tempfile.TemporaryDirectory(prefix="mkt-bench-") as folder:
        home = Path(folder)
        (home / "dags").mkdir()
        os.environ.update(
            AIRFLOW_HOME=folder,
            AIRFLOW__CORE__LOAD_EXAMPLES="False",
            AIRFLOW__CORE__DAGS_FOLDER=str(home / "dags"),
            AIRFLOW__LOGGING__LOGGING_LEVEL="WARNING",
            AIRFLOW__MKT__STATE_DIR=str(home / "state"),
            **{f"AIRFLOW_CONN_{name.upper()}_DEFAULT": uri for name, uri in box.uris.items()},
            # HubSpot's answers state its limit; Marketo's has to be configured.
            AIRFLOW_CONN_HUBSPOT_UNBOUND=box.uris["hubspot"],
            AIRFLOW_CONN_MARKETO_UNBOUND=f"{box.uris['marketo']}?calls_per_20_seconds=100000",
        )
        with (home / "migrate.log").open("wb") as log:
            subprocess.run(
                [sys.executable, "-m", "airflow", "db", "migrate"], stdout=log, stderr=log, check=True
            )
        yield home


TASK = """
import json, pendulum, resource, sys, time
from airflow.sdk import DAG
from airflow_provider_mkt.operators.{module} import {operator}

with DAG("bench", schedule=None) as dag:
    {operator}(task_id="task", {arguments})

if __name__ == "__main__":
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    run = dag.test()
    with create_session() as session:
        row = session.query(XComModel).filter_by(run_id=run.run_id, key="return_value").one()
        outcome = XComModel.deserialize_value(row)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print("RESULT" + json.dumps({{"state": str(run.state), "outcome": outcome, "base": base, "peak": peak}}))
"""


def sync_leads(home: Path, **arguments: Any) -> dict[str, Any]:
    """Run a ``SyncLeadsOperator`` in real Airflow, in a process of its own. Returns what it measured."""
    return run_task(home, "leads", "SyncLeadsOperator", **arguments)


def run_task(home: Path, module: str, operator: str, **arguments: Any) -> dict[str, Any]:
    """Run one task in real Airflow, in a process of its own. Returns what it measured."""
    file = home / "dags" / "bench.py"
    told = ", ".join(f"{name}={value!r}" for name, value in arguments.items())
    file.write_text(TASK.format(module=module, operator=operator, arguments=told))
    done = subprocess.run([sys.executable, str(file)], capture_output=True, text=True, check=False)
    for line in done.stdout.splitlines():
        if line.startswith("RESULT"):
            result: dict[str, Any] = json.loads(line.removeprefix("RESULT"))
            return result
    msg = f"the run told nothing\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    raise RuntimeError(msg)


def write_leads(path: Path, count: int, first_name: str) -> str:
    """Write a CSV of leads. Returns its URI."""
    with path.open("w") as file:
        file.write(f"email,{first_name}\n")
        file.writelines(f"lead{number}@example.com,Lead {number}\n" for number in range(count))
    return path.as_uri()
