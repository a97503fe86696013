"""What a task remembers from one try to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, cast

from airflow_provider_mkt.client.call import Json


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
