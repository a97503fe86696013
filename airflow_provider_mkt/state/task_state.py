"""What a task remembers from one try to the next."""

from __future__ import annotations

import json
import sqlite3
import threading
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

from airflow_provider_mkt.client.call import Json
from airflow_provider_mkt.client.files import private_directory

_BUSY_TIMEOUT = 30.0
"""Seconds for which a change waits for another process that writes to the same file."""


class TaskState(Protocol):
    """What a task remembers from one try to the next."""

    def get(self, key: str) -> Json:
        """Return the value of *key*, or None."""

    def set(self, key: str, value: Json) -> None:
        """Set *key*, or delete it when *value* is None. The value is durable when this returns."""


class InMemoryTaskState:
    """State that lasts as long as the object, for code that runs outside a task."""

    def __init__(self) -> None:
        self._kept: dict[str, Json] = {}

    def get(self, key: str) -> Json:
        return self._kept.get(key)

    def set(self, key: str, value: Json) -> None:
        self._kept[key] = value


@dataclass(frozen=True)
class ScopedTaskState:
    """A part of a task's state, under keys of its own.

    :param scope: the keys begin with it.
    """

    task_state: TaskState
    scope: str

    def get(self, key: str) -> Json:
        return self.task_state.get(f"{self.scope} {key}")

    def set(self, key: str, value: Json) -> None:
        self.task_state.set(f"{self.scope} {key}", value)


class FileTaskState:
    """State in an SQLite file. A change that a kill interrupts did not happen.

    Several objects, threads and processes may use one file. The journal is SQLite's default one, which works
    on network file systems too, and a change is flushed to disk before :meth:`set` returns.

    :param path: the file; created with the first change.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._opened: sqlite3.Connection | None = None

    def get(self, key: str) -> Json:
        with self._lock:
            if self._opened is None and not self._path.exists():
                return None
            found = self._database().execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
        return cast("Json", json.loads(found[0])) if found is not None else None

    def set(self, key: str, value: Json) -> None:
        with self._lock:
            if value is not None:
                row = (key, json.dumps(value))
                self._database().execute("INSERT OR REPLACE INTO state VALUES (?, ?)", row)
            elif self._opened is not None or self._path.exists():
                self._database().execute("DELETE FROM state WHERE key = ?", (key,))

    def _database(self) -> sqlite3.Connection:
        if self._opened is None:
            private_directory(self._path.parent)
            opened = sqlite3.connect(
                self._path, timeout=_BUSY_TIMEOUT, isolation_level=None, check_same_thread=False
            )
            opened.execute("CREATE TABLE IF NOT EXISTS state (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
            weakref.finalize(self, opened.close)
            self._opened = opened
        return self._opened


class _Store(Protocol):
    def get(self, key: str) -> object: ...

    def set(self, key: str, value: Any) -> None: ...

    def delete(self, key: str) -> None: ...


class AirflowTaskState:
    """State in Airflow's own task state store.

    :param store: ``task_state_store`` of a task's context.
    """

    _KEY_MAX = 512

    def __init__(self, store: _Store) -> None:
        self._store = store

    def get(self, key: str) -> Json:
        return cast("Json", self._store.get(self._name(key)))

    def set(self, key: str, value: Json) -> None:
        if value is None:
            self._store.delete(self._name(key))
        else:
            self._store.set(self._name(key), value)

    def _name(self, key: str) -> str:
        return f"mkt {key}"[: self._KEY_MAX]
