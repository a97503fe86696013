"""Where the state of a task is kept, and what identifies the task."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from airflow_provider_mkt.hooks.settings import state_directory
from airflow_provider_mkt.state.directory import StateDirectory
from airflow_provider_mkt.state.task_state import AirflowTaskState, TaskState

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context


def task_state_of(context: Context) -> TaskState:
    """Return the state of this task instance: Airflow's task state store where there is one, else a file.

    The file is on the worker's machine (``[mkt] state_dir``). Put that on a shared volume where the tries of
    one task may run on different machines and Airflow is older than 3.3.
    """
    store = context.get("task_state_store")
    if store is not None:
        return AirflowTaskState(store)
    return local_state().task_state(task_digest(context))


def local_state() -> StateDirectory:
    """The state directory of this machine."""
    return StateDirectory(state_directory())


def task_digest(context: Context) -> str:
    """Identify a task instance, the same in all its tries, by 32 hexadecimal digits."""
    ti = context["ti"]
    name = "\n".join((ti.dag_id, ti.run_id, ti.task_id, str(ti.map_index)))
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def clear_count(context: Context) -> int:
    """A number that grows when the task is cleared: Airflow then raises the task's ``max_tries``."""
    return int(getattr(context["ti"], "max_tries", 0))
