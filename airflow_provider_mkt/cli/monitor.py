"""Follows a run: prints a line for each finished task, and collects the results."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_provider_mkt.cli.database import FINISHED, RunDatabase, task_name
from airflow_provider_mkt.cli.summary import DagSummary, count_calls
from airflow_provider_mkt.cli.table import table

if TYPE_CHECKING:
    from airflow_provider_mkt.cli.process import AirflowProcess
    from airflow_provider_mkt.cli.summary import Calls
    from airflow_provider_mkt.sandbox import Sandbox
    from airflow_provider_mkt.sandbox.server.json_types import JsonObject

_POLL_INTERVAL = 0.5
_MAX_ERROR_LENGTH = 300
_STOPPED = "stopped"
"""State of a DAG run that was stopped. The reason is reported once, for all DAGs."""


class UsageError(Exception):
    """The file or the arguments are not valid. The message is one line."""


class RunMonitor:
    """Collects the results of a run.

    :param process: the process that runs Airflow.
    :param sandbox: the sandbox that it calls.
    :param database: Airflow's SQLite file.
    :param log: Airflow's log file.
    :param write_line: prints a line.
    """

    def __init__(
        self,
        process: AirflowProcess,
        sandbox: Sandbox,
        *,
        database: Path,
        log: Path,
        write_line: Callable[[str], None],
    ) -> None:
        self.dags: dict[str, DagSummary] = {}
        self._process, self._sandbox, self._write_line = process, sandbox, write_line
        self._database, self._log = RunDatabase(database), log
        self._running: DagSummary | None = None
        self._started = 0.0
        self._printed: set[str] = set()
        self._calls_before: dict[str, Calls] = {}
        self._run_errors: list[str] = []

    @property
    def problems(self) -> list[str]:
        """One line for each error."""
        lines = list(self._run_errors)
        for dag in self.dags.values():
            for task in dag.failed:
                why = dag.errors.get(task) or "failed; see the log"
                lines.append(f"{dag.dag_id}.{task} failed: {_short(why)}")
            if dag.state not in ("success", _STOPPED) and not dag.failed:
                lines.append(f"{dag.dag_id} {dag.state}: {_short(dag.errors.get('') or 'see the log')}")
        return lines

    def run_until(self, deadline: float) -> None:
        """Follow the run until it ends, or until the deadline.

        :param deadline: by the monotonic clock.
        :raises UsageError: when the file has no DAG to run.
        """
        while True:
            event = self._process.next_event(_POLL_INTERVAL)
            self._print_finished()
            if event is not None and self._handle(event):
                return
            if time.monotonic() > deadline:
                self._run_errors.append("the run was stopped after --timeout")
                self._finish(_STOPPED, None)
                return

    def report(self, width: int) -> str:
        """Return the table of results, and the paths of rejects files."""
        if not self.dags:
            return ""
        lines = ["", table(list(self.dags.values()), width), ""]
        for dag in self.dags.values():
            lines += [f"Rejects of {dag.dag_id}.{task}: {path}" for task, path in dag.rejects]
        return "\n".join(lines).rstrip("\n")

    def _handle(self, event: JsonObject) -> bool:
        """Handle an event of Airflow's process, and return whether it was the last one."""
        match event["event"]:
            case "usage_error":
                raise UsageError(event["message"])
            case "dags":
                self.dags = {dag_id: DagSummary(dag_id) for dag_id in event["ids"]}
                for name in event["undeclared"]:
                    self._write_line(f"No DAG declares the parameter {name!r}; it is only in dag_run.conf")
            case "started":
                self._start(event["dag"])
            case "error":
                name = task_name(event["task"], event["map_index"])
                if event["dag"] in self.dags:
                    self.dags[event["dag"]].errors[name] = event["error"]
            case "ended":
                self._finish(event["state"], event["error"], event["seconds"])
            case "exit":
                if event["code"] or self._running or not self.dags:
                    why = _short(_last_line(self._log)) or "its log is empty"
                    self._run_errors.append(f"Airflow exited early with code {event['code']}: {why}")
                    self._finish(_STOPPED, None)
                return True
        return False

    def _start(self, dag_id: str) -> None:
        self._write_line(f"\n{dag_id}")
        self._running, self._started, self._printed = self.dags[dag_id], time.monotonic(), set()
        self._calls_before = count_calls(self._sandbox)

    def _finish(self, state: str, error: str | None, seconds: float | None = None) -> None:
        dag, self._running = self._running, None
        if dag is None:
            return
        now = count_calls(self._sandbox)
        dag.state = state
        dag.seconds = time.monotonic() - self._started if seconds is None else seconds
        dag.calls = {name: calls - self._calls_before[name] for name, calls in now.items()}
        tasks = self._database.tasks(dag.dag_id)
        dag.tasks = Counter(task.state for task in tasks)
        dag.failed = [task.name for task in tasks if task.state == "failed"]
        if error:
            dag.errors[""] = error
        dag.add_results(self._database.results(dag.dag_id), self._sandbox)

    def _print_finished(self) -> None:
        if self._running is None:
            return
        for task in self._database.tasks(self._running.dag_id):
            if task.state in FINISHED and task.name not in self._printed:
                self._printed.add(task.name)
                self._write_line(f"  {task.name:<32} {task.state:<15} {task.seconds or 0.0:6.1f} s")


def _short(text: str) -> str:
    return text if len(text) <= _MAX_ERROR_LENGTH else f"{text[: _MAX_ERROR_LENGTH - 1]}…"


def _last_line(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 10_000))
        lines = file.read().decode(errors="replace").splitlines()
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
