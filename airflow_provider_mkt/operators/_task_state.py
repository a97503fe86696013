"""What a task remembers from one try to the next."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from airflow_provider_mkt.actions.procedure import TaskState
from airflow_provider_mkt.client.files import private_directory
from airflow_provider_mkt.state.settings import state_directory

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.client.call import Json


def task_state_of(context: Context) -> TaskState:
    """The memory of this task instance: Airflow's task state store where there is one, else a file.

    The file is on the worker's machine (``[mkt] state_dir``); put that on a shared volume where tries
    of one task may run on different machines and Airflow is older than 3.3.
    """
    store = context.get("task_state_store")
    return AirflowTaskState(store) if store is not None else FileTaskState(_path(context))


class AirflowTaskState:
    """Remembers in Airflow's task state store."""

    def __init__(self, store: Any) -> None:
        self._store = store

    def get(self, key: str) -> Json:
        return cast("Json", self._store.get(_store_key(key)))

    def set(self, key: str, value: Json) -> None:
        if value is None:
            self._store.delete(_store_key(key))
        else:
            self._store.set(_store_key(key), value)


class FileTaskState:
    """Remembers in one file, to which each change adds a line, so that a change costs the same however much
    is remembered. A line that a kill has cut short counts as never written.
    """

    _TIDY_AFTER = 1_000

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: dict[str, Json] = {}
        self._lines = 0
        self._whole = True
        if path.exists():
            self._read(path.read_text())

    def get(self, key: str) -> Json:
        return self._kept.get(key)

    def set(self, key: str, value: Json) -> None:
        if value is None:
            self._kept.pop(key, None)
        else:
            self._kept[key] = value
        self._lines += 1
        if not self._whole or self._lines > self._TIDY_AFTER + 4 * len(self._kept):
            self._tidy()
            return
        private_directory(self._path.parent)
        with self._path.open("a") as file:
            _write(file, [(key, value)])

    def _read(self, text: str) -> None:
        *lines, rest = text.split("\n")
        for line in lines:
            key, value = json.loads(line)
            self._kept[key] = value
        self._kept = {key: value for key, value in self._kept.items() if value is not None}
        self._lines, self._whole = len(lines), not rest

    def _tidy(self) -> None:
        draft = self._path.with_suffix(".new")
        with draft.open("w") as file:
            _write(file, self._kept.items())
        draft.replace(self._path)
        self._lines, self._whole = len(self._kept), True


def _write(file: IO[str], changes: Iterable[tuple[str, Json]]) -> None:
    file.writelines(json.dumps(change) + "\n" for change in changes)
    file.flush()
    os.fsync(file.fileno())


def _store_key(key: str) -> str:
    return f"mkt {key}"[:512]


def _path(context: Context) -> Path:
    return state_directory() / "tasks" / f"{task_digest(context)}.jsonl"


def task_digest(context: Context) -> str:
    """Names a task instance, the same in all its tries, in a way that fits a file's name."""
    ti = context["ti"]
    name = "\n".join((ti.dag_id, ti.run_id, ti.task_id, str(ti.map_index)))
    return hashlib.sha256(name.encode()).hexdigest()[:32]
