"""What a task remembers from one try to the next."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Protocol, cast

from airflow_provider_mkt.client.call import Json

STATE_KEPT_FOR = 30 * 24 * 3600.0
"""Seconds after its last change after which state outside of Airflow's store is deleted."""


class TaskState(Protocol):
    """What a task remembers from one try to the next."""

    clear_count: int
    """Changes when the task is cleared, and not when it is retried; 0 for what no task remembers."""

    def get(self, key: str) -> Json:
        """Return the value of *key*, or None."""

    def set(self, key: str, value: Json) -> None:
        """Set *key*, or delete it when *value* is None. The value is durable when this returns."""


class InMemoryTaskState:
    """State that lasts as long as the object, for code that runs outside a task."""

    clear_count = 0

    def __init__(self) -> None:
        self._kept: dict[str, Json] = {}

    def get(self, key: str) -> Json:
        return self._kept.get(key)

    def set(self, key: str, value: Json) -> None:
        self._kept[key] = value


@dataclass
class ScopedTaskState:
    """A part of a task's state, under keys of its own.

    :param scope: the keys begin with it.
    """

    task_state: TaskState
    scope: str

    def __post_init__(self) -> None:
        self.clear_count = self.task_state.clear_count

    def get(self, key: str) -> Json:
        return self.task_state.get(f"{self.scope} {key}")

    def set(self, key: str, value: Json) -> None:
        self.task_state.set(f"{self.scope} {key}", value)


class _Store(Protocol):
    def get(self, key: str) -> object: ...

    def set(self, key: str, value: Any) -> None: ...

    def delete(self, key: str) -> None: ...


class AirflowTaskState:
    """State in Airflow's own task state store.

    The store takes values of 65,535 bytes. A larger one is kept in parts and changes as a whole: the parts
    are written before the value that names them.

    :param store: ``task_state_store`` of a task's context.
    :param scope: the keys begin with it.
    """

    clear_count = 0
    _KEY_MAX = 512
    _VALUE_MAX = 60_000
    """Bytes of JSON of a value that is kept in one piece."""
    _PARTS, _DELETED = "mkt parts", "mkt deleted"

    def __init__(self, store: _Store, scope: str = "") -> None:
        self._store, self._prefix = store, f"mkt {scope}" if scope else "mkt"
        self._parts: dict[str, list[str]] = {}
        """The parts of the values that this object has read or written."""

    def get(self, key: str) -> Json:
        return self.read(key)[1]

    def set(self, key: str, value: Json) -> None:
        before = self._parts.pop(key, [])
        text, parts = json.dumps(value), []
        if len(text) > self._VALUE_MAX:
            digest = hashlib.sha256(text.encode()).hexdigest()[:16]
            # As a JSON text of its own, a part may be twice as long.
            size = self._VALUE_MAX // 2
            for start in range(0, len(text), size):
                parts.append(self._name(f"{key} {digest} {start // size}"))
                self._store.set(parts[-1], text[start : start + size])
            self._parts[key] = parts
        kept = {self._PARTS: parts} if parts else {self._DELETED: True} if value is None else value
        self._store.set(self._name(key), kept)
        for part in before:
            if part not in parts:
                self._store.delete(part)

    def read(self, key: str) -> tuple[bool, Json]:
        """Return whether the store knows *key*, and its value.

        A deleted key is known; one that was never set is not, nor is any after the store was emptied.
        """
        kept = cast("Json", self._store.get(self._name(key)))
        if not isinstance(kept, dict):
            return kept is not None, kept
        if self._DELETED in kept:
            return True, None
        if not isinstance(parts := kept.get(self._PARTS), list):
            return True, kept
        self._parts[key] = [str(part) for part in parts]
        pieces = [self._store.get(part) for part in self._parts[key]]
        if None in pieces:
            # Airflow deletes what has expired, key by key.
            return False, None
        return True, cast("Json", json.loads("".join(map(str, pieces))))

    def _name(self, key: str) -> str:
        name = f"{self._prefix} {key}"
        if len(name) <= self._KEY_MAX:
            return name
        digest = hashlib.sha256(name.encode()).hexdigest()[:32]
        return f"{name[: self._KEY_MAX - len(digest) - 1]} {digest}"


class CopiedTaskState:
    """State in Airflow's store, with a copy outside of it: from 3.4 on, Airflow empties the store of a task
    that is cleared.

    :param first: is read first, and counts where it knows a key.
    :param copy: is read where the store was emptied.
    """

    clear_count = 0

    def __init__(self, first: AirflowTaskState, copy: TaskState) -> None:
        self._first, self._copy = first, copy

    def get(self, key: str) -> Json:
        known, value = self._first.read(key)
        return value if known else self._copy.get(key)

    def set(self, key: str, value: Json) -> None:
        self._copy.set(key, value)
        self._first.set(key, value)


class Completion:
    """Says that the work of a task is complete until a user clears the task.

    What a task remembers stays when it succeeds, because Airflow may not learn of the success: the next try
    then finds all of it done. A cleared task that is to start from the beginning asks here whether what it
    remembers is from before.

    :param task_state: of the task.
    :param clear_count: grows when the task is cleared.
    :param of: names the work, where a task has several kinds of it.
    """

    def __init__(self, task_state: TaskState, clear_count: int, of: str = "task") -> None:
        self._task_state, self._clear_count = task_state, clear_count
        self._key = f"{of} complete"

    def mark(self) -> None:
        """Record that the work is complete."""
        self._task_state.set(self._key, self._clear_count)

    @property
    def now(self) -> bool:
        """Whether the work was completed, and the task was not cleared since."""
        return self._task_state.get(self._key) == self._clear_count

    @property
    def before_clear(self) -> bool:
        """Whether the work was completed, and the task was cleared since."""
        completed = self._task_state.get(self._key)
        return completed is not None and completed != self._clear_count

    def forget(self) -> None:
        """Begin the work anew."""
        if self._task_state.get(self._key) is not None:
            self._task_state.set(self._key, None)
