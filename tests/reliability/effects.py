"""Everything that the accounts of a sandbox hold, in a form in which two runs can be compared."""

from __future__ import annotations

import dataclasses
import functools
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from enum import Enum
from operator import attrgetter
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
        # By identity, because stores with equal contents are different ones. The state keeps them alive.
        self._stores = {id(value) for value in vars(state).values() if hasattr(value, "__dict__")}

    def read(self, where: str, value: Any, found: Effects) -> None:
        """Add what a store, a record or a collection holds."""
        if _is_no_effect(value):
            return
        fields: dict[str, Any] = {}
        for name, inner in self._parts(value):
            if (plain := _plain_form(type(inner))) is not None:
                fields[name] = plain(inner)
            elif not isinstance(inner, (dict, list, tuple, set, frozenset, Mapping)) or inner:
                self.read(f"{where}.{name}", inner, found)
        if fields:
            found[where, repr(fields)] += 1

    def _parts(self, value: Any) -> list[tuple[str, Any]]:
        if isinstance(value, (dict, Mapping)):
            return [(_name(key), value[key]) for key in value]
        if isinstance(value, (list, tuple, set, frozenset)):
            # Without their numbers, so that one more or less does not change those that follow.
            forms = [(one, _plain_form(type(one))) for one in value]
            return [
                *((f"={plain(one)!r}", True) for one, plain in forms if plain is not None),
                *(("", one) for one, plain in forms if plain is None),
            ]
        if names := _fields_of(type(value)):
            parts = [(name, getattr(value, name)) for name in names]
        else:
            parts = list(getattr(value, "__dict__", {}).items())
        return [(name, one) for name, one in parts if name not in _DERIVED and id(one) not in self._stores]


def _name(key: Any) -> str:
    plain = _plain_form(type(key))
    return str(type(key).__name__ if plain is None else plain(key))


@functools.cache
def _fields_of(kind: type) -> tuple[str, ...]:
    """Return the names of a dataclass's fields; none of another class."""
    return tuple(field.name for field in dataclasses.fields(kind)) if dataclasses.is_dataclass(kind) else ()


@functools.lru_cache(maxsize=1 << 16)
def _text(value: str) -> str:
    return "(time)" if _TIME.match(value) else _RANDOM.sub("(random)", value)


@functools.cache
def _plain_form(kind: type) -> Callable[[Any], Any] | None:
    """Return what makes a value of a type plain, without points in time and random ids; None for a record."""
    if issubclass(kind, Enum):
        return attrgetter("name")
    if issubclass(kind, date):
        return lambda value: "(time)"
    if issubclass(kind, str):
        return _text
    if issubclass(kind, bytes):
        return lambda value: _RANDOM.sub("(random)", value.decode(errors="replace"))
    if issubclass(kind, (bool, type(None))):
        return lambda value: value
    if issubclass(kind, (int, float)):
        last = 1e12 if issubclass(kind, int) else _A_TIME
        return lambda value: "(time)" if abs(value) > last else value
    return None


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
