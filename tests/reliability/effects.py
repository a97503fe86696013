"""Everything that the accounts of a sandbox hold, in a form in which two runs can be compared."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from enum import Enum
from typing import Any

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot.lists.models import RecordList
from airflow_provider_mkt.sandbox.marketo.exports.store import ExportJob
from airflow_provider_mkt.sandbox.server.state import State

HELD_ELSEWHERE = {
    "clock", "seed", "limits", "settings", "random", "credentials", "accounts", "usage", "schedule",
}  # fmt: skip
"""Attributes of a platform's state that tasks do not change, or only by asking."""

# What an index, a queue or a count holds is held by records as well. Ids also count what had no effect.
_DERIVED = {
    "_index", "_order", "_by_key", "_numbers", "_waiting", "_queue", "revisions", "taken", "_taken",
    "id", "number", "_next_id", "_ids", "guid", "event", "requests", "changes", "_last_change",
    "_touched", "orders",
}  # fmt: skip

_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
_RANDOM = re.compile(
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b(?:[0-9a-f]{32}|[0-9a-f]{12})\b"
)
_A_TIME = 1e8
"""Numbers from here on that are no ids are points in time."""

Effects = Counter[tuple[str, str]]
"""How often each record is there: where it is held, and its contents without times."""


def effects_of(box: Sandbox, ignored: tuple[str, ...] = ()) -> Effects:
    """Read the accounts of both platforms, after the work that is due by now.

    :param ignored: stores that are left out, e.g. ``marketo.imports``.
    """
    found: Effects = Counter()
    for platform in box.platforms.values():
        state: State = platform.state
        state.run_due_work()
        reader = _Reader(state)
        for name, value in vars(state).items():
            if name not in HELD_ELSEWHERE and f"{platform.name}.{name}" not in ignored:
                reader.read(f"{platform.name}.{name}", value, found)
    return found


class _Reader:
    """Reads the records of one account. Each is a line of plain values, and so is each record inside it."""

    def __init__(self, state: State) -> None:
        self._stores = [value for value in vars(state).values() if hasattr(value, "__dict__")]

    def read(self, where: str, value: Any, found: Effects) -> None:
        """Add what a store, a record or a collection holds."""
        if _is_no_effect(value):
            return
        fields: dict[str, Any] = {}
        for name, inner in self._parts(value):
            if self._is_plain(inner):
                fields[name] = _plain(inner)
            elif not isinstance(inner, (Mapping, list, tuple, set, frozenset)) or inner:
                self.read(f"{where}.{name}", inner, found)
        if fields:
            found[where, repr(fields)] += 1

    def _parts(self, value: Any) -> list[tuple[str, Any]]:
        if isinstance(value, Mapping):
            return [(str(_plain(key)), value[key]) for key in value]
        if isinstance(value, (list, tuple, set, frozenset)):
            # Without their numbers, so that one more or less does not change those that follow.
            plain = [repr(_plain(one)) for one in value if self._is_plain(one)]
            return [
                *((f"={text}", True) for text in plain),
                *(("", one) for one in value if not self._is_plain(one)),
            ]
        if dataclasses.is_dataclass(value):
            parts = [(field.name, getattr(value, field.name)) for field in dataclasses.fields(value)]
        else:
            parts = list(getattr(value, "__dict__", {}).items())
        return [(name, one) for name, one in parts if name not in _DERIVED and not self._is_known(one)]

    def _is_known(self, value: Any) -> bool:
        return any(value is one for one in self._stores)

    @staticmethod
    def _is_plain(value: Any) -> bool:
        return value is None or isinstance(value, (bool, int, float, str, bytes, datetime, date, Enum))


def _plain(value: Any) -> Any:
    """Return a value without points in time and random ids."""
    match value:
        case Enum():
            return value.name
        case datetime() | date():
            return "(time)"
        case str():
            return "(time)" if _TIME.match(value) else _RANDOM.sub("(random)", value)
        case bytes():
            return _RANDOM.sub("(random)", value.decode(errors="replace"))
        case bool() | None:
            return value
        case int() | float():
            return "(time)" if abs(value) > (1e12 if isinstance(value, int) else _A_TIME) else value
    return type(value).__name__


def _is_no_effect(record: Any) -> bool:
    """Whether a record is that of a request which the platform did not carry out, or was taken back."""
    ignored = getattr(record, "result", None) == "IDEMPOTENT_IGNORE"
    # It reads nothing and counts against no limit before it is put into the queue.
    never_queued = isinstance(record, ExportJob) and record.status == "Created"
    # Deleted lists can be restored for 90 days. How many there were does not matter.
    deleted = isinstance(record, RecordList) and record.deleted_at is not None
    temporary = deleted and record.name.startswith("mkt-preflight ")
    return ignored or never_queued or temporary


def difference(found: Effects, wanted: Effects) -> str:
    """What is there too often, and what is missing, for the message of a test."""
    more, less = found - wanted, wanted - found
    return "\n".join(_lines("more", more) + _lines("less", less)) or "(equal)"


def _lines(kind: str, counted: Iterable[Any]) -> list[str]:
    return [f"{kind} {where} {text[:600]}" for where, text in counted]
