"""Where state is kept, as Airflow's configuration says (section ``[mkt]``), and what identifies a task."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from airflow.providers.common.compat.sdk import conf

from airflow_provider_mkt.state.directory import StateDirectory
from airflow_provider_mkt.state.task_state import AirflowTaskState, TaskState

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context


def state_directory() -> Path:
    """The directory of budgets, locks and task state on this machine (``[mkt] state_dir``)."""
    configured = conf.get("mkt", "state_dir", fallback="")
    if configured:
        return Path(configured)
    return Path(tempfile.gettempdir()) / f"airflow-provider-mkt-{os.getuid()}"


def shared_state_url() -> str | None:
    """The server that holds budgets and locks for several machines (``[mkt] shared_state_url``)."""
    return conf.get("mkt", "shared_state_url", fallback="") or None


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
