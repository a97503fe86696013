"""Follows a run: a line per finished task, and the figures at its end."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.cli.database import FINISHED, RunDatabase, shown_name
from airflow_provider_mkt.cli.figures import DagFigures, calls_so_far
from airflow_provider_mkt.cli.table import table

if TYPE_CHECKING:
    from airflow_provider_mkt.cli.figures import Calls
    from airflow_provider_mkt.cli.process import AirflowProcess
    from airflow_provider_mkt.sandbox import Sandbox

_LOOK_EVERY = 0.5
_LONGEST_ERROR = 300
_CUT_OFF = "cut off"
"""State of a run that was ended; what ended it is told once, for all."""


class Unusable(Exception):
    """The file or the arguments cannot be run; says why in one line."""


class Watch:
    """What is known of a run.

    :param process: Airflow.
    :param sandbox: what it talks to.
    :param database: Airflow's SQLite file.
    :param log: Airflow's log.
    :param say: prints a line.
    """

    def __init__(
        self,
        process: AirflowProcess,
        sandbox: Sandbox,
        *,
        database: Path,
        log: Path,
        say: Callable[[str], None],
    ) -> None:
        self.dags: dict[str, DagFigures] = {}
        self._process, self._sandbox, self._say = process, sandbox, say
        self._database, self._log = RunDatabase(database), log
        self._running: DagFigures | None = None
        self._began = 0.0
        self._told: set[str] = set()
        self._calls_before: dict[str, Calls] = {}
        self._trouble: list[str] = []

    @property
    def problems(self) -> list[str]:
        """A line for everything that went wrong."""
        lines = list(self._trouble)
        for dag in self.dags.values():
            for task in dag.failed:
                why = dag.errors.get(task) or "failed; the log says why"
                lines.append(f"{dag.dag_id}.{task} failed: {_short(why)}")
            if dag.state not in ("success", _CUT_OFF) and not dag.failed:
                lines.append(f"{dag.dag_id} {dag.state}: {_short(dag.errors.get('') or 'the log says why')}")
        return lines

    def until(self, deadline: float) -> None:
        """Follow the run to its end, or to the deadline.

        :raises Unusable: when there is nothing to run in the file.
        """
        while True:
            event = self._process.next_event(_LOOK_EVERY)
            self._tell_finished()
            if event is not None and self._take(event):
                return
            if time.monotonic() > deadline:
                self._trouble.append("the time is up (--timeout); what still ran was ended")
                self._close(_CUT_OFF, None)
                return

    def report(self, width: int) -> str:
        """The table, and the files of rejects."""
        if not self.dags:
            return ""
        lines = ["", table(list(self.dags.values()), width), ""]
        for dag in self.dags.values():
            lines += [f"Rejects of {dag.dag_id}.{task}: {path}" for task, path in dag.rejects]
        return "\n".join(lines).rstrip("\n")

    def _take(self, event: dict[str, Any]) -> bool:
        """Take in what Airflow's process tells; whether that was the last of it."""
        match event["event"]:
            case "unusable":
                raise Unusable(event["message"])
            case "dags":
                self.dags = {dag_id: DagFigures(dag_id) for dag_id in event["ids"]}
                for name in event["undeclared"]:
                    self._say(f"No DAG declares the parameter {name!r}; it is in dag_run.conf alone")
            case "started":
                self._open(event["dag"])
            case "error":
                name = shown_name(event["task"], event["map_index"])
                if event["dag"] in self.dags:
                    self.dags[event["dag"]].errors[name] = event["error"]
            case "ended":
                self._close(event["state"], event["error"], event["seconds"])
            case "exit":
                if event["code"] or self._running or not self.dags:
                    why = _short(_last_line(self._log)) or "it logged nothing"
                    self._trouble.append(f"Airflow ended early, with exit code {event['code']}: {why}")
                    self._close(_CUT_OFF, None)
                return True
        return False

    def _open(self, dag_id: str) -> None:
        self._say(f"\n{dag_id}")
        self._running, self._began, self._told = self.dags[dag_id], time.monotonic(), set()
        self._calls_before = calls_so_far(self._sandbox)

    def _close(self, state: str, error: str | None, seconds: float | None = None) -> None:
        dag, self._running = self._running, None
        if dag is None:
            return
        now = calls_so_far(self._sandbox)
        dag.state = state
        dag.seconds = time.monotonic() - self._began if seconds is None else seconds
        dag.calls = {name: calls - self._calls_before[name] for name, calls in now.items()}
        tasks = self._database.tasks(dag.dag_id)
        dag.tasks = Counter(task.state for task in tasks)
        dag.failed = [task.name for task in tasks if task.state == "failed"]
        if error:
            dag.errors[""] = error
        dag.take(self._database.results(dag.dag_id), self._sandbox)

    def _tell_finished(self) -> None:
        if self._running is None:
            return
        for task in self._database.tasks(self._running.dag_id):
            if task.state in FINISHED and task.name not in self._told:
                self._told.add(task.name)
                self._say(f"  {task.name:<32} {task.state:<15} {task.seconds or 0.0:6.1f} s")


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_ERROR else f"{text[: _LONGEST_ERROR - 1]}…"


def _last_line(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 10_000))
        lines = file.read().decode(errors="replace").splitlines()
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
