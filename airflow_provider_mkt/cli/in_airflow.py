"""Runs the DAGs of one file inside Airflow. Started by :mod:`.child`.

Writes events as lines of JSON to a pipe. Standard output has Airflow's log.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import airflow
from airflow.listeners import hookimpl

from airflow_provider_mkt.cli.answers import AnsweringThread, let_triggers_read_answers
from airflow_provider_mkt.cli.dag_files import load_dags, prepare_test_run
from airflow_provider_mkt.cli.short_waits import shorten_waits
from airflow_provider_mkt.cli.triggerer import Triggerer, branches_beside_deferred_tasks

if TYPE_CHECKING:
    from airflow.sdk import DAG


class FailedTask(Protocol):
    """The task instance that Airflow gives to a listener; its class differs between versions."""

    dag_id: str
    task_id: str


class EventWriter:
    """Writes events to the parent command.

    :param descriptor: the pipe's file descriptor.
    """

    def __init__(self, descriptor: int) -> None:
        self._pipe = os.fdopen(descriptor, "w", encoding="utf-8")
        self._lock = threading.Lock()

    def write(self, event: str, **details: object) -> None:
        """Write one event."""
        with self._lock:
            self._pipe.write(json.dumps({"event": event, **details}) + "\n")
            self._pipe.flush()


class ErrorListener:
    """Writes the errors of failed tasks, which Airflow's database does not have."""

    def __init__(self, events: EventWriter) -> None:
        self._events = events

    @hookimpl
    def on_task_instance_failed(self, task_instance: FailedTask, error: str | BaseException | None) -> None:
        index = getattr(task_instance, "map_index", None)
        self._events.write(
            "error",
            dag=task_instance.dag_id,
            task=task_instance.task_id,
            map_index=-1 if index is None else index,
            error=_first_line(error),
        )


def run(
    events: EventWriter,
    file: Path,
    dag_ids: Sequence[str],
    conf: Mapping[str, object],
    *,
    default_answer: str | None = None,
    answers: Mapping[str, str] | None = None,
) -> None:
    """Run the DAGs of a file, one after another.

    :param events: receives the events.
    :param file: the DAG file.
    :param dag_ids: DAGs to run; all DAGs of the file when empty.
    :param conf: parameters of the DAG runs.
    :param default_answer: the answer of every task that waits for a person and has this option.
    :param answers: the answers of single tasks, by task id.
    """
    from airflow.utils.db import initdb

    events.write("airflow", version=airflow.__version__)
    # Airflow adds the DAGs folder to the path, which is the file itself here.
    sys.path.insert(0, str(file.parent))
    initdb()
    found, problem = load_dags(file)
    if problem is None and not found:
        problem = f"{file.name} has no DAG in it"
    if problem is None and (missing := [one for one in dag_ids if one not in found]):
        problem = f"{file.name} has no DAG {missing[0]!r}; it has {', '.join(sorted(found))}"
    if problem is not None:
        events.write("usage_error", message=problem)
        return
    _add_error_listener(events)
    # Sorted, because some versions of Airflow do not keep the order of the file.
    chosen = [dag for dag_id, dag in sorted(found.items()) if not dag_ids or dag_id in dag_ids]
    tasks = {task_id for dag in chosen for task_id in dag.task_ids}
    if unknown := sorted(set(answers or ()) - tasks):
        events.write("usage_error", message=f"{file.name} has no task {unknown[0]!r} to answer")
        return
    declared = {name for dag in chosen for name in dag.params}
    events.write("dags", ids=[dag.dag_id for dag in chosen], undeclared=sorted(conf.keys() - declared))
    let_triggers_read_answers()
    thread = AnsweringThread(events.write, default_answer, answers or {})
    thread.start()
    triggerer = Triggerer()
    try:
        for dag in chosen:
            with branches_beside_deferred_tasks(dag, triggerer):
                _run_one(events, dag, conf)
    finally:
        triggerer.stop()
        thread.stop()


def _add_error_listener(events: EventWriter) -> None:
    manager: Any
    try:
        from airflow.sdk import listener

        manager = listener.get_listener_manager()
    except ImportError:  # before Airflow 3.2 there is one listener manager for all of Airflow
        from airflow.listeners.listener import get_listener_manager

        manager = get_listener_manager()
    manager.add_listener(ErrorListener(events))


def _run_one(events: EventWriter, dag: DAG, conf: Mapping[str, object]) -> None:
    for task in dag.tasks:
        shorten_waits(task)
    events.write("started", dag=dag.dag_id)
    started, state, error = time.monotonic(), "failed", None
    try:
        prepare_test_run(dag)
        state = str(dag.test(run_conf=dict(conf) or None).state)
    except Exception as problem:
        import traceback

        traceback.print_exc()
        error = _first_line(problem)
    events.write("ended", dag=dag.dag_id, state=state, error=error, seconds=time.monotonic() - started)


def _first_line(error: str | BaseException | None) -> str:
    if error is None:
        return ""
    text = str(error).strip()
    line = text.splitlines()[0].strip() if text else ""
    if isinstance(error, str):
        return line
    return f"{type(error).__name__}: {line}" if line else type(error).__name__
