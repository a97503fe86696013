"""Lets the tasks of other branches run while a task is deferred.

``dag.test()`` runs the trigger of a deferred task in its place, and nothing else meanwhile. It can leave the
trigger to a triggerer, and takes tasks up that one has resumed. So one is started once a task is deferred for
which other tasks need not wait.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.version_compat import HUMAN_IN_THE_LOOP

if TYPE_CHECKING:
    from airflow.sdk import DAG

_DEFERRED = "deferred"
_FINISHED = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})
_STOP_SECONDS = 10.0


class Triggerer:
    """A triggerer in a process of its own, which ends with this one's process group."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def started(self) -> bool:
        """Whether it was started."""
        return self._process is not None

    def start(self) -> None:
        """Start it, unless it runs."""
        if self._process is not None:
            return
        from airflow.models.trigger import Trigger

        # Those of tasks that went on already, whose triggers ran in their place.
        Trigger.clean_unused()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "airflow", "triggerer", "--skip-serve-logs"], stdin=subprocess.DEVNULL
        )

    def stop(self) -> None:
        """Stop it, and wait until it has ended."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None


@contextmanager
def branches_beside_deferred_tasks(dag: DAG, triggerer: Triggerer) -> Iterator[None]:
    """While ``dag.test()`` runs in the context, tasks of other branches run beside deferred ones."""
    module: Any = import_module("airflow.sdk.definitions.dag")
    run_task = module._run_task

    def run(*, ti: Any, run_triggerer: bool = False, **more: Any) -> Any:
        # Before Airflow 3.3 its trigger learns of answers in this process only.
        waits_for_person = _is_approval(dag, ti)
        leaves_trigger = not waits_for_person and (triggerer.started or _others_can_run(dag, ti))
        result = run_task(ti=ti, run_triggerer=run_triggerer and not leaves_trigger, **more)
        if leaves_trigger and ti.state == _DEFERRED:
            triggerer.start()
        return result

    module._run_task = run
    try:
        yield
    finally:
        module._run_task = run_task


def _is_approval(dag: DAG, ti: Any) -> bool:
    if not HUMAN_IN_THE_LOOP:
        return False
    from airflow.providers.standard.operators.hitl import HITLOperator

    task: Any = dag.get_task(ti.task_id)
    return issubclass(getattr(task, "operator_class", type(task)), HITLOperator)


def _others_can_run(dag: DAG, ti: Any) -> bool:
    """Whether the run has other tasks to do that neither need this one nor are needed by it."""
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    task = dag.get_task(ti.task_id)
    related = task.get_flat_relative_ids(upstream=True) | task.get_flat_relative_ids(upstream=False)
    with create_session() as session:
        rows = session.execute(
            select(TaskInstance.task_id, TaskInstance.map_index, TaskInstance.state).where(
                TaskInstance.dag_id == ti.dag_id, TaskInstance.run_id == ti.run_id
            )
        ).all()
    return any(
        state not in _FINISHED
        and task_id not in related
        and (task_id, map_index) != (ti.task_id, ti.map_index)
        for task_id, map_index, state in rows
    )
