"""A running Airflow: `airflow standalone`, with scheduler, API server, DAG processor and triggerer."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import psutil
from shared_servers import free_port

START_TIMEOUT = 600.0

# On a busy machine Airflow can fail to start a task, e.g. before its API server is up. The task is retried
# sooner than the example DAGs configure. They also read the figures of a send once a minute, by a clock that
# no test moves.
POLICY = """
import datetime

def task_policy(task):
    task.retry_delay = min(task.retry_delay, datetime.timedelta(seconds=5))
    if task.task_type == "EmailReportOperator":
        task.poll_interval = 2
"""

OF_TASKS = (
    "airflow.providers.openlineage.conf",
    "airflow.providers.standard.operators.empty",
    "airflow.sdk.execution_time.cache",
    "airflow.sdk.execution_time.task_runner",
    "airflow.version",
    "encodings.utf_8_sig",
)
"""Modules that most tasks of the tests import, beside those that `import_once` does."""


def preloaded(components: Collection[str], modules: Iterable[str]) -> str:
    """Return Python for local settings: components import modules once, instead of in each child process.

    :param components: the commands that start tasks or parse DAG files.
    :param modules: modules of Airflow and of the tests, beside all of the provider.
    """
    tests = str(Path(__file__).parents[1])
    return f"""
import sys
if {set(components)!r} & set(sys.argv):
    sys.path.append({tests!r})
    import {", ".join(modules)}
    from workers import import_once
    import_once()
"""


def pause(began: float) -> None:
    """Sleep between two polls of Airflow, eight times as long as the last one took.

    Each poll is a request. Sent one after another, they would keep busy what is waited for.

    :param began: when the last poll began, by the monotonic clock.
    """
    time.sleep(min(max(8 * (time.monotonic() - began), 0.25), 3.0))


class Standalone:
    """A running Airflow, used through its REST API.

    :param home: its AIRFLOW_HOME.
    :param environment: further variables, e.g. connections.
    :param users: administrators, who have their names as passwords. The first one uses the API. Without any,
        everybody is an administrator.
    :param metadata: a migrated SQLite database, which is copied.
    """

    preloading: Collection[str] = ("scheduler", "dag-processor")
    preloads: Sequence[str] = (
        *OF_TASKS,
        "airflow.providers.openlineage.plugins.listener",
    )

    def __init__(
        self,
        home: Path,
        environment: dict[str, str],
        users: Sequence[str] = (),
        metadata: Path | None = None,
    ) -> None:
        self.home = home
        self.users = users
        self.dags = home / "dags"
        self.dags.mkdir(parents=True)
        (home / "config").mkdir()
        if metadata is not None:
            shutil.copy(metadata, home / "airflow.db")
        (home / "config" / "airflow_local_settings.py").write_text(
            POLICY + preloaded(self.preloading, self.preloads)
        )
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
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": str(not users),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(f"{user}:admin" for user in users),
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(home / "passwords.json"),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(port),
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API__BASE_URL": self.url,
            # The files do not change, and reading them all the time keeps a core busy.
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "600",
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "600",
            "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
            # A task whose start is not answered in time fails, though the API server has it as running.
            "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "600",
            # The first question about a task makes a triggerer build its API, which takes seconds.
            "AIRFLOW__TRIGGERER__ON_KILL_TIMEOUT": "600",
            "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
            "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "8",
            "AIRFLOW__SCHEDULER__ENABLE_HEALTH_CHECK": "False",
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
            "AIRFLOW__MKT__STATE_DIR": str(home / "state"),
        }
        (home / "passwords.json").write_text(json.dumps({user: user for user in users}))
        self._process: subprocess.Popen[bytes] | None = None
        self._started_triggerers: list[subprocess.Popen[bytes]] = []
        self._client = httpx.Client(base_url=self.url, timeout=180)

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
        for process in (*self._started_triggerers, self._process):
            if process is not None:
                self._stop(process)

    @staticmethod
    def _stop(process: subprocess.Popen[bytes]) -> None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=20)

    def start_triggerer(self) -> None:
        """Start one more triggerer, which takes over the triggers of those that stall or were killed."""
        environment = {
            **self._environment,
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
        }
        with (self.home / "triggerer.log").open("ab") as log:
            triggerer = subprocess.Popen(
                [sys.executable, "-m", "airflow", "triggerer"],
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._started_triggerers.append(triggerer)

    def kill_triggerers(self) -> None:
        """Kill the processes of all triggerers. They cannot do anything more."""
        for process in self.triggerers():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        for triggerer in self._started_triggerers:
            triggerer.wait(timeout=60)

    def triggerers(self) -> list[psutil.Process]:
        """Return the processes of all triggerers that run."""
        assert self._process is not None
        processes: list[psutil.Process] = []
        for parent in (self._process, *self._started_triggerers):
            # A process may end meanwhile.
            with contextlib.suppress(psutil.NoSuchProcess):
                top = psutil.Process(parent.pid)
                if parent is not self._process:
                    processes += [top, *top.children(recursive=True)]
                    continue
                for child in top.children(recursive=True):
                    with contextlib.suppress(psutil.NoSuchProcess):
                        if "triggerer" in child.cmdline():
                            processes += [child, *child.children(recursive=True)]
        assert processes
        return processes

    @staticmethod
    @contextlib.contextmanager
    def stalled(processes: Iterable[psutil.Process]) -> Iterator[None]:
        """Stop processes in the block, and let them continue after it."""
        for process in processes:
            process.suspend()
        try:
            yield
        finally:
            for process in processes:
                process.resume()

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

        self.until(lambda: bool(runs()), 600, f"the scheduler created no run of {dag_id}")
        return str(runs()[0]["dag_run_id"])

    def trigger(self, dag_id: str, conf: dict[str, Any] | None = None) -> str:
        """Wait until Airflow has parsed the DAG, start a run of it, and return its id."""
        self.until(lambda: self.get(f"/dags/{dag_id}") is not None, 600, f"Airflow does not know {dag_id}")
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

    def task(self, dag_id: str, run_id: str, task_id: str) -> dict[str, Any]:
        """Return one task instance."""
        found = self.get(f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}")
        assert found is not None
        return found

    def returned(self, dag_id: str, run_id: str, task_id: str) -> Any:
        """Return the return value of a task."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/return_value"
        entry = self.get(path)
        assert entry is not None, f"{task_id} returned nothing"
        return entry["value"]

    def wait_until_deferred(self, tasks: Collection[tuple[str, str, str]]) -> None:
        """Wait until each of these tasks, by DAG id, run id and task id, has been deferred.

        Their logs keep it, so that none is missed between two looks.
        """
        self.until(
            lambda: all("Pausing task as DEFERRED" in self.task_log(*one) for one in tasks),
            1200,
            f"not all were deferred: {tasks}",
        )

    def finish(
        self, runs: Mapping[str, str], timeout: float = 1200, every: float | None = None
    ) -> tuple[dict[str, str], set[tuple[str, str, str]]]:
        """Wait until runs have ended.

        :param runs: run id by DAG id.
        :param every: seconds between two looks.
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
            self.until(all_ended, timeout, f"these runs did not end: {runs}", every=every)
        except AssertionError as error:
            last = {
                f"{dag_id}.{name}": ti["state"]
                for dag_id, run_id in runs.items()
                for name, ti in self.tasks(dag_id, run_id).items()
            }
            raise AssertionError(f"{error}\nruns: {states}\ntasks: {last}") from None
        return states, seen

    def mark(self, dag_id: str, run_id: str, task_id: str, state: str) -> None:
        """Set the state of a task, as a user does in the UI."""
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}"
        response = self._request("PATCH", path, json={"new_state": state})
        assert response.status_code == 200, response.text

    def clear(self, dag_id: str, run_id: str, task_id: str) -> None:
        """Clear a task, as a user does in the UI."""
        body = {"dry_run": False, "dag_run_id": run_id, "task_ids": [task_id], "only_failed": False}
        response = self._request("POST", f"/dags/{dag_id}/clearTaskInstances", json=body)
        assert response.status_code == 200, response.text

    def token(self, user: str = "") -> str | None:
        """Return the token of a user; None while Airflow gives none."""
        if user:
            response = self._client.post("/auth/token", json={"username": user, "password": user})
        else:
            response = self._client.get("/auth/token")
        return str(response.json()["access_token"]) if response.status_code in (200, 201) else None

    def answer(self, dag_id: str, run_id: str, task_id: str, option: str, user: str = "") -> httpx.Response:
        """Answer a task that waits for a person, as its page does.

        :param user: who answers; the user of the API when not given.
        """
        path = f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/-1/hitlDetails"
        headers = {"Authorization": f"Bearer {self.token(user)}"} if user else {}
        body = {"chosen_options": [option], "params_input": {}}
        return self._request("PATCH", path, json=body, headers=headers)

    def pid(self, dag_id: str, run_id: str, task_id: str) -> int:
        """Wait until a task runs, and return the id of its process."""
        found: list[int] = []

        def runs() -> bool:
            task = self.tasks(dag_id, run_id).get(task_id) or {}
            found[:] = [int(task["pid"])] if task.get("state") == "running" and task.get("pid") else []
            return bool(found)

        self.until(runs, 600, f"{task_id} does not run", every=0.1)
        return found[0]

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
        """Send a request, repeated for some minutes while another component locks the SQLite database."""
        deadline = time.monotonic() + 300
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

    def until(
        self, condition: Callable[[], bool], timeout: float, message: str, every: float | None = None
    ) -> None:
        """Wait until a condition holds.

        :param message: begins the error when it does not, or when Airflow ends.
        :param every: seconds between two polls; by how long a poll takes when not given.
        """
        began = time.monotonic()
        deadline = began + timeout
        while not condition():
            ended = self._process is not None and self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                tail = self.log.read_text(errors="replace")[-3000:] if self.log.exists() else ""
                msg = f"{message}\n{tail}"
                raise AssertionError(msg)
            if every is None:
                pause(began)
            else:
                time.sleep(every)
            began = time.monotonic()

    def _is_ready(self) -> bool:
        try:
            token = self.token(*self.users[:1])
            if token is None:
                return False
            self._client.headers["Authorization"] = f"Bearer {token}"
            return self._client.get("/api/v2/dags").status_code == 200
        except httpx.HTTPError:
            return False
