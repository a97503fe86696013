"""What a run left in Airflow's database, read without importing Airflow."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FINISHED = frozenset({"success", "failed", "upstream_failed", "skipped", "removed"})


@dataclass(frozen=True)
class TaskState:
    """How far a task is. ``name`` holds the index of a mapped task too."""

    name: str
    state: str
    seconds: float | None


class RunDatabase:
    """Reads while Airflow writes.

    :param path: the SQLite file; it may not be there yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def tasks(self, dag_id: str) -> list[TaskState]:
        """The tasks of a DAG that were begun or given up, in the order in which they ended."""
        rows = self._rows(
            "SELECT task_id, map_index, state, duration FROM task_instance "
            "WHERE dag_id = ? AND state IS NOT NULL ORDER BY end_date IS NULL, end_date, task_id, map_index",
            dag_id,
        )
        return [
            TaskState(shown_name(task, index), str(state), seconds) for task, index, state, seconds in rows
        ]

    def results(self, dag_id: str) -> list[tuple[str, dict[str, Any]]]:
        """Task and result of every task of a DAG that returned a mapping."""
        rows = self._rows(
            "SELECT task_id, map_index, value FROM xcom WHERE dag_id = ? AND key = 'return_value' "
            "ORDER BY timestamp, task_id, map_index",
            dag_id,
        )
        read = [(shown_name(task, index), _decoded(value)) for task, index, value in rows]
        return [(name, value) for name, value in read if isinstance(value, dict)]

    def _rows(self, query: str, dag_id: str) -> list[tuple[Any, ...]]:
        try:
            with closing(
                sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True, timeout=2)
            ) as connection:
                return connection.execute(query, (dag_id,)).fetchall()
        except sqlite3.OperationalError:
            # Not made yet, or locked for a moment; the next look will do.
            return []


def shown_name(task_id: str, map_index: int) -> str:
    """A task's name with its index, where it is a mapped one."""
    return task_id if map_index < 0 else f"{task_id}[{map_index}]"


def _decoded(value: Any) -> Any:
    try:
        decoded = json.loads(value)
        # What was pushed past the execution API is JSON in JSON.
        return json.loads(decoded) if isinstance(decoded, str) else decoded
    except (TypeError, ValueError):
        return None
