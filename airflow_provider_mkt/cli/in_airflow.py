"""What runs inside Airflow: the DAGs of one file, to their ends. Started by ``child``.

Tells what happens as lines of JSON on a pipe. Standard output is Airflow's.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import airflow
from airflow.listeners import hookimpl

if TYPE_CHECKING:
    from airflow.sdk import DAG

_RETRY_DELAY = timedelta(seconds=1)
_ASK_EVERY = 1.0
"""Seconds between two looks at what is waited for."""


class Teller:
    """Writes events to the command.

    :param descriptor: the pipe's file descriptor.
    """

    def __init__(self, descriptor: int) -> None:
        self._pipe = os.fdopen(descriptor, "w", encoding="utf-8")
        self._lock = threading.Lock()

    def tell(self, event: str, **facts: Any) -> None:
        with self._lock:
            self._pipe.write(json.dumps({"event": event, **facts}) + "\n")
            self._pipe.flush()


class ErrorListener:
    """Tells why a task failed; Airflow's database does not know."""

    def __init__(self, teller: Teller) -> None:
        self._teller = teller

    @hookimpl
    def on_task_instance_failed(self, task_instance: Any, error: str | BaseException | None) -> None:
        index = getattr(task_instance, "map_index", None)
        self._teller.tell(
            "error",
            dag=task_instance.dag_id,
            task=task_instance.task_id,
            map_index=-1 if index is None else index,
            error=_first_line(error),
        )


def run(teller: Teller, file: Path, dag_ids: Sequence[str], conf: Mapping[str, Any]) -> None:
    """Run the DAGs of a file, one after the other.

    :param teller: who is told what happens.
    :param file: the DAG file.
    :param dag_ids: only these; all when empty.
    :param conf: parameters of the runs.
    """
    from airflow.utils.db import initdb

    teller.tell("airflow", version=airflow.__version__)
    # Airflow puts the DAGs folder there, which is the file itself here.
    sys.path.insert(0, str(file.parent))
    initdb()
    found, problem = _load(file)
    if problem is None and not found:
        problem = f"{file.name} has no DAG in it"
    if problem is None and (missing := [one for one in dag_ids if one not in found]):
        problem = f"{file.name} has no DAG {missing[0]!r}; it has {', '.join(sorted(found))}"
    if problem is not None:
        teller.tell("unusable", message=problem)
        return
    _listen(teller)
    # Sorted, since not every version of Airflow keeps the order of the file.
    chosen = [dag for dag_id, dag in sorted(found.items()) if not dag_ids or dag_id in dag_ids]
    declared = {name for dag in chosen for name in dag.params}
    teller.tell("dags", ids=[dag.dag_id for dag in chosen], undeclared=sorted(conf.keys() - declared))
    for dag in chosen:
        _run_one(teller, dag, conf)


def _load(file: Path) -> tuple[dict[str, DAG], str | None]:
    """The DAGs of a file, and what is wrong with it."""
    bag_type: Any
    try:
        from airflow.dag_processing.dagbag import DagBag

        bag_type = DagBag
    except ImportError:  # Airflow 3.0 and 3.1
        from airflow.models import dagbag

        bag_type = dagbag.DagBag
    bag = bag_type(dag_folder=str(file))
    if bag.import_errors:
        lines = next(iter(bag.import_errors.values())).strip().splitlines()
        return {}, f"{file.name} cannot be imported: {lines[-1].strip()}{_place(lines, file)}"
    return dict(bag.dags), None


def _place(traceback: Sequence[str], file: Path) -> str:
    marks = [line for line in traceback if f'"{file}", line ' in line]
    return f" (line {marks[-1].partition(', line ')[2].partition(',')[0]})" if marks else ""


def _listen(teller: Teller) -> None:
    manager: Any
    try:
        from airflow.sdk import listener

        manager = listener.get_listener_manager()
    except ImportError:  # before Airflow 3.2 there is one for all of Airflow
        from airflow.listeners.listener import get_listener_manager

        manager = get_listener_manager()
    manager.add_listener(ErrorListener(teller))


def _run_one(teller: Teller, dag: DAG, conf: Mapping[str, Any]) -> None:
    for task in dag.tasks:
        # A person waits for it, and the sandbox needs no rest.
        task.retry_delay = min(task.retry_delay, _RETRY_DELAY)
        task.retry_exponential_backoff = type(task.retry_exponential_backoff)(0)
        _ask_often(task)
    teller.tell("started", dag=dag.dag_id)
    began, state, error = time.monotonic(), "failed", None
    try:
        state = str(dag.test(run_conf=dict(conf) or None).state)
    except Exception as problem:
        import traceback

        traceback.print_exc()
        error = _first_line(problem)
    teller.tell("ended", dag=dag.dag_id, state=state, error=error, seconds=time.monotonic() - began)


def _ask_often(task: Any) -> None:
    from airflow_provider_mkt.operators._base import MarketingOperator
    from airflow_provider_mkt.sensors._base import WaitingSensor

    if isinstance(task, WaitingSensor):
        task.poke_interval, task.own_interval = min(task.poke_interval, _ASK_EVERY), True
    elif isinstance(task, MarketingOperator) and hasattr(task, "poll_interval"):
        task.poll_interval = min(task.poll_interval or _ASK_EVERY, _ASK_EVERY)


def _first_line(error: str | BaseException | None) -> str:
    if error is None:
        return ""
    text = str(error).strip()
    line = text.splitlines()[0].strip() if text else ""
    if isinstance(error, str):
        return line
    return f"{type(error).__name__}: {line}" if line else type(error).__name__
