"""A running Airflow: `airflow standalone`, with scheduler, API server, DAG processor and triggerer."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx

START_TIMEOUT = 180.0

# On a busy machine Airflow can fail to start a task, e.g. before its API server is up. The task is retried
# sooner than the example DAGs configure.
POLICY = """
import datetime

def task_policy(task):
    task.retry_delay = min(task.retry_delay, datetime.timedelta(seconds=5))
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Standalone:
    """A running Airflow, used through its REST API.

    :param home: its AIRFLOW_HOME.
    :param environment: further variables, e.g. connections.
    """

    def __init__(self, home: Path, environment: dict[str, str]) -> None:
        self.home = home
        self.dags = home / "dags"
        self.dags.mkdir(parents=True)
        (home / "config").mkdir()
        (home / "config" / "airflow_local_settings.py").write_text(POLICY)
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        self.log = home / "standalone.log"
        self._environment = {
            **os.environ,
            **environment,
            # Airflow starts its components with the command ``airflow``.
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db?timeout=60",
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PARALLELISM": "2",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(port),
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "5",
            "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
            "AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK": "False",
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__MKT__STATE_DIR": str(home / "state"),
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._client = httpx.Client(base_url=self.url, timeout=30)

    def start(self) -> None:
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "airflow", "standalone"],
                env=self._environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.until(self._is_ready, START_TIMEOUT, "Airflow did not start")

    def stop(self) -> None:
        self._client.close()
        if self._process is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(timeout=20)

    def add(self, *files: Path) -> None:
        """Copy files to the DAGs folder."""
        for file in files:
            if file.is_dir():
                shutil.copytree(file, self.dags / file.name)
            else:
                shutil.copy(file, self.dags / file.name)

    def scheduled(self, dag_id: str) -> str:
        """Wait for the first scheduled run of a DAG, and return its id."""

        def runs() -> list[dict[str, Any]]:
            found = self.get(f"/dags/{dag_id}/dagRuns")
            return list(found["dag_runs"]) if found else []

        self.until(lambda: bool(runs()), 90, f"the scheduler created no run of {dag_id}")
        return str(runs()[0]["dag_run_id"])

    def trigger(self, dag_id: str, conf: dict[str, Any] | None = None) -> str:
        """Wait until Airflow has parsed the DAG, start a run of it, and return its id."""
        self.until(lambda: self.get(f"/dags/{dag_id}") is not None, 90, f"Airflow does not know {dag_id}")
        run_id = f"manual__{uuid.uuid4()}"
        body = {"dag_run_id": run_id, "logical_date": None, "conf": conf or {}}
        response = self._request("POST", f"/dags/{dag_id}/dagRuns", json=body)
        # 409: an earlier request created the run, and its response was lost.
        assert response.status_code in (200, 409), response.text
        return run_id

    def tasks(self, dag_id: str, run_id: str) -> dict[str, dict[str, Any]]:
        """Return every task instance of a run, by task id."""
        found = self.get(f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances") or {"task_instances": []}
        return {ti["task_id"]: ti for ti in found["task_instances"]}

    def returned(self, dag_id: str, run_id: str, task_id: str) -> Any:
        """Return the return value of a task."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/return_value"
        entry = self.get(path)
        assert entry is not None, f"{task_id} returned nothing"
        return entry["value"]

    def finish(
        self, runs: Mapping[str, str], timeout: float = 240
    ) -> tuple[dict[str, str], set[tuple[str, str, str]]]:
        """Wait until runs have ended.

        :param runs: run id by DAG id.
        :returns: the states of the runs, and every (DAG, task, state) observed until then.
        """
        seen: set[tuple[str, str, str]] = set()
        states: dict[str, str] = {}

        def all_ended() -> bool:
            for dag_id, run_id in runs.items():
                if states.get(dag_id) not in ("success", "failed"):
                    run = self.get(f"/dags/{dag_id}/dagRuns/{run_id}")
                    states[dag_id] = str(run["state"]) if run else "missing"
                    tasks = self.tasks(dag_id, run_id)
                    seen.update((dag_id, name, str(ti["state"])) for name, ti in tasks.items())
            return all(state in ("success", "failed") for state in states.values())

        try:
            self.until(all_ended, timeout, f"these runs did not end: {runs}", every=0.2)
        except AssertionError as error:
            last = {
                f"{dag_id}.{name}": ti["state"]
                for dag_id, run_id in runs.items()
                for name, ti in self.tasks(dag_id, run_id).items()
            }
            raise AssertionError(f"{error}\nruns: {states}\ntasks: {last}") from None
        return states, seen

    def kill_task(self, dag_id: str, run_id: str, task_id: str) -> None:
        """Kill -9 the process that runs a task."""
        pid = self.tasks(dag_id, run_id)[task_id]["pid"]
        assert pid, f"{task_id} does not run"
        os.kill(int(pid), signal.SIGKILL)

    def task_log(self, dag_id: str, run_id: str, task_id: str) -> str:
        """Return the log of all tries of a task."""
        folder = self.home / "logs" / f"dag_id={dag_id}" / f"run_id={run_id}" / f"task_id={task_id}"
        return "\n".join(file.read_text() for file in sorted(folder.rglob("*.log*")))

    def get(self, path: str) -> dict[str, Any] | None:
        response = self._request("GET", path)
        if response.status_code == 404:
            return None
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json()
        return found

    def _request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Send a request, repeated for up to a minute while another component locks the SQLite database."""
        deadline = time.monotonic() + 60
        while True:
            try:
                response = self._client.request(method, f"/api/v2{path}", **options)
            except httpx.TimeoutException:
                if time.monotonic() > deadline:
                    raise
            else:
                if response.status_code < 500 or time.monotonic() > deadline:
                    return response
            time.sleep(0.5)

    def until(self, condition: Callable[[], bool], timeout: float, message: str, every: float = 0.5) -> None:
        deadline = time.monotonic() + timeout
        while not condition():
            ended = self._process is not None and self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                tail = self.log.read_text(errors="replace")[-3000:] if self.log.exists() else ""
                msg = f"{message}\n{tail}"
                raise AssertionError(msg)
            time.sleep(every)

    def _is_ready(self) -> bool:
        try:
            response = self._client.get("/auth/token")
            if response.status_code not in (200, 201):
                return False
            self._client.headers["Authorization"] = f"Bearer {response.json()['access_token']}"
            return self._client.get("/api/v2/dags").status_code == 200
        except httpx.HTTPError:
            return False
