"""Follows a run: prints a line for each finished task, and collects the results."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from textwrap import indent
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
_MAX_REASONS = 3
"""Reasons of rejected records that are printed for a task."""
_WAITS_AFTER = 2.0
"""Seconds after which a deferred task is reported as waiting."""
_IDLE_AFTER = 3.0
"""Seconds without a task that could go on, after which a run that waits for a person ends."""
_CAN_GO_ON = frozenset(
    {"scheduled", "queued", "running", "restarting", "deferred", "up_for_retry", "up_for_reschedule"}
)
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

    ``unanswered`` is True after a run that was stopped because a task waits for a person.
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
        self.unanswered = False
        self._process, self._sandbox, self._write_line = process, sandbox, write_line
        self._database, self._log = RunDatabase(database), log
        self._running: DagSummary | None = None
        self._started = 0.0
        self._printed: set[str] = set()
        self._calls_before: dict[str, Calls] = {}
        self._run_errors: list[str] = []
        self._unanswered: set[str] = set()
        self._deferred_since: dict[str, float] = {}
        self._last_activity = 0.0

    @property
    def problems(self) -> list[str]:
        """One line for each error."""
        lines = list(self._run_errors)
        for dag in self.dags.values():
            for task in dag.failed:
                why = dag.errors.get(task) or "failed; see the log"
                lines.append(f"{dag.dag_id}.{task} failed: {_short(why)}")
            if dag.state not in ("success", _STOPPED) and not dag.failed:
                otherwise = "the run ended before it" if dag.state == "not run" else "see the log"
                lines.append(f"{dag.dag_id} {dag.state}: {_short(dag.errors.get('') or otherwise)}")
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
            if self._unanswered and self._is_idle():
                self._finish(_STOPPED, None)
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
            for task, path in dag.rejects:
                lines.append(f"Rejects of {dag.dag_id}.{task}: {path}")
                lines += [f"  {reason}" for reason in _first_reasons(path)]
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
            case "answered":
                name = task_name(event["task"], event["map_index"])
                self._write_line(f"  {name:<32} answer: {event['answer']} ({event['subject']})")
            case "waiting":
                self._report_unanswered(event)
            case "ended":
                self._finish(event["state"], event["error"], event["seconds"])
            case "exit":
                if event["code"] or self._running or not self.dags:
                    why = _short(_last_line(self._log)) or "its log is empty"
                    self._run_errors.append(f"Airflow exited early with code {event['code']}: {why}")
                    self._finish(_STOPPED, None)
                return True
        return False

    def _report_unanswered(self, event: JsonObject) -> None:
        """Show what a task wants to know from a person, and how to answer it."""
        name, options = task_name(event["task"], event["map_index"]), event["options"]
        self._write_line(f"  {name:<32} waits for a person: {event['subject']}")
        if event["body"]:
            self._write_line(indent(event["body"].strip(), "    "))
        ways = [f"--{one.lower()}" for one in ("Approve", "Reject") if one in options]
        ways.append(f"--answer {event['task']}=OPTION (options: {', '.join(options)})")
        given = f" {event['answer']!r} is not one of its options." if event["answer"] else ""
        self._run_errors.append(
            f"{event['dag']}.{name} waits for a person.{given} Answer it with {' or '.join(ways)}"
        )
        self.unanswered = True
        self._unanswered.add(name)
        self._last_activity = time.monotonic()

    def _is_idle(self) -> bool:
        """Whether nothing has gone on for some time: only tasks that wait for a person are left.

        Tasks of other branches run on beside them.
        """
        if self._running is not None and any(
            task.state in _CAN_GO_ON and task.name not in self._unanswered
            for task in self._database.tasks(self._running.dag_id)
        ):
            self._last_activity = time.monotonic()
        return time.monotonic() - self._last_activity > _IDLE_AFTER

    def _start(self, dag_id: str) -> None:
        self._write_line(f"\n{dag_id}")
        self._running, self._started, self._printed = self.dags[dag_id], time.monotonic(), set()
        self._deferred_since = {}
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
                self._last_activity = time.monotonic()
                self._write_line(f"  {task.name:<32} {task.state:<15} {task.seconds or 0.0:6.1f} s")
            elif task.state == "deferred":
                self._report_deferred(task.name)

    def _report_deferred(self, name: str) -> None:
        """Say once that a task waits, and that the run waits with it."""
        now = time.monotonic()
        since = self._deferred_since.setdefault(name, now)
        if now - since > _WAITS_AFTER and name not in self._unanswered:
            # Not again for the same wait.
            self._deferred_since[name] = float("inf")
            self._write_line(f"  {name:<32} waits for the platform")


def _first_reasons(path: str) -> list[str]:
    """Return the first reasons of a rejects file, when it is on this machine."""
    try:
        with Path(path).open(encoding="utf-8") as file:
            rows = [json.loads(line) for line in islice(file, _MAX_REASONS)]
    except (OSError, ValueError):
        return []
    reasons = []
    for row in rows:
        place = f"row {row['row']}: " if isinstance(row.get("row"), int) else ""
        reasons.append(_short(f"{place}{row.get('code', '')} {row.get('reason', '')}".strip()))
    return reasons


def _short(text: str) -> str:
    return text if len(text) <= _MAX_ERROR_LENGTH else f"{text[: _MAX_ERROR_LENGTH - 1]}…"


def _last_line(log: Path) -> str:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 10_000))
        lines = file.read().decode(errors="replace").splitlines()
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
