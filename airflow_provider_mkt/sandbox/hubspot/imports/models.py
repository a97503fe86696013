"""Imports: the request, progress and errors."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from airflow_provider_mkt.sandbox.hubspot.objects.types import ObjectType
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

STARTED, PROCESSING, DEFERRED = "STARTED", "PROCESSING", "DEFERRED"
DONE, FAILED, CANCELED = "DONE", "FAILED", "CANCELED"
ENDED = (DONE, FAILED, CANCELED)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the file; it is skipped if it has no property."""

    name: str
    property_name: str | None
    kind: str


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the file with its line number."""

    number: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class RowError:
    """An error of a row. Line 0 stands for the whole file."""

    id: str
    kind: str
    message: str
    at: float
    line: int
    cells: list[str]
    column: int | None = None
    value: str | None = None


@dataclass(slots=True)
class Import:
    """One import. `began` is when it left the queue; `next_line` is its progress."""

    id: str
    app: str
    order: JsonObject
    kind: ObjectType
    columns: list[Column]
    lines: list[Line]
    file_id: str
    created: float
    updated: float
    operation: str
    date_format: str
    zone: str
    list_id: str | None = None
    """The static list of its contacts, if one was requested."""
    broken: tuple[str, str] | None = None
    """Error type and message when the whole file cannot be read."""
    began: float | None = None
    ended: float | None = None
    state: str = DEFERRED
    next_line: int = 0
    keys: set[str] = field(default_factory=set)
    written: set[str] = field(default_factory=set)
    counters: Counter[str] = field(default_factory=Counter)
    errors: list[RowError] = field(default_factory=list)

    @property
    def name(self) -> str:
        return str(self.order["name"])

    def fail(
        self,
        kind: str,
        message: str,
        at: float,
        *,
        line: Line | None = None,
        column: int | None = None,
        value: str | None = None,
    ) -> None:
        """Record an error of a row or of the whole file."""
        number = f"{self.id}{len(self.errors):06}"
        cells = line.cells if line is not None else []
        where = line.number if line is not None else 0
        self.errors.append(RowError(number, kind, message, at, where, cells, column, value))
        self.counters["ERRORS"] += 1
