"""What a task remembers from one try to the next."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from airflow_provider_mkt.api.budget import private_directory
from airflow_provider_mkt.api.flow import Memory
from airflow_provider_mkt.hooks.base import state_directory

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.api.call import Json


def task_memory(context: Context) -> Memory:
    """The memory of this task instance: Airflow's task state store where there is one, else a file.

    The file is on the worker's machine (``[mkt] state_dir``); put that on a shared volume where tries
    of one task may run on different machines and Airflow is older than 3.3.
    """
    store = context.get("task_state_store")
    return StoreMemory(store) if store is not None else FileMemory(_path(context))


class StoreMemory:
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


class FileMemory:
    """Remembers in one small JSON file, replaced as a whole so that a kill leaves the old or the new."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: dict[str, Json] = json.loads(path.read_text()) if path.exists() else {}

    def get(self, key: str) -> Json:
        return self._kept.get(key)

    def set(self, key: str, value: Json) -> None:
        if value is None:
            self._kept.pop(key, None)
        else:
            self._kept[key] = value
        private_directory(self._path.parent)
        draft = self._path.with_suffix(".new")
        with draft.open("w") as file:
            json.dump(self._kept, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)


def _store_key(key: str) -> str:
    return f"mkt {key}"[:512]


def _path(context: Context) -> Path:
    ti = context["ti"]
    name = "\n".join((ti.dag_id, ti.run_id, ti.task_id, str(ti.map_index)))
    digest = hashlib.sha256(name.encode()).hexdigest()[:32]
    return state_directory() / "tasks" / f"{digest}.json"
