"""Reads task states and results from Airflow's database, without importing Airflow."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_mkt.sandbox.server.json_types import JsonObject

FINISHED = frozenset({"success", "failed", "upstream_failed", "skipped", "removed"})


@dataclass(frozen=True)
class TaskRow:
    """The state of a task instance.

    :param name: task id, with the map index of a mapped task.
    :param seconds: duration; None while the task is running.
    """

    name: str
    state: str
    seconds: float | None


class RunDatabase:
    """Airflow's database, read while Airflow writes to it.

    :param path: the SQLite file; it may not exist yet.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def tasks(self, dag_id: str) -> list[TaskRow]:
        """Return the task instances of a DAG that have a state, in the order in which they ended."""
        # Airflow's own column counts the seconds of the minute twice where its database is SQLite.
        rows = self._rows(
            "SELECT task_id, map_index, state, (julianday(end_date) - julianday(start_date)) * 86400 "
            "FROM task_instance "
            "WHERE dag_id = ? AND state IS NOT NULL ORDER BY end_date IS NULL, end_date, task_id, map_index",
            dag_id,
        )
        return [TaskRow(task_name(task, index), str(state), seconds) for task, index, state, seconds in rows]

    def results(self, dag_id: str) -> list[tuple[str, JsonObject]]:
        """Return name and result of the task instances of a DAG that returned a mapping."""
        rows = self._rows(
            "SELECT task_id, map_index, value FROM xcom WHERE dag_id = ? AND key = 'return_value' "
            "ORDER BY timestamp, task_id, map_index",
            dag_id,
        )
        named = [(task_name(task, index), _decode(value)) for task, index, value in rows]
        return [(name, value) for name, value in named if isinstance(value, dict)]

    def _rows(self, query: str, dag_id: str) -> list[tuple[Any, ...]]:
        try:
            with closing(
                sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True, timeout=2)
            ) as connection:
                return connection.execute(query, (dag_id,)).fetchall()
        except sqlite3.OperationalError:
            # Not created yet, or locked for a moment: the next poll reads it.
            return []


def task_name(task_id: str, map_index: int) -> str:
    """Return the task id, with the map index of a mapped task."""
    return task_id if map_index < 0 else f"{task_id}[{map_index}]"


def _decode(value: Any) -> object:
    try:
        decoded = json.loads(value)
        # A value that was pushed without the execution API is JSON inside JSON.
        return json.loads(decoded) if isinstance(decoded, str) else decoded
    except (TypeError, ValueError):
        return None
