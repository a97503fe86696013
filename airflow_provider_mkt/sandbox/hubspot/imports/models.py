"""One import: what was ordered, how far it is, and what came of each row."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

STARTED, PROCESSING, DEFERRED = "STARTED", "PROCESSING", "DEFERRED"
DONE, FAILED, CANCELED = "DONE", "FAILED", "CANCELED"
ENDED = (DONE, FAILED, CANCELED)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the file; without a property it is skipped."""

    name: str
    property_name: str | None
    kind: str


@dataclass(frozen=True, slots=True)
class Line:
    """One row of the file, with the number of its line there."""

    number: int
    cells: list[str]


@dataclass(frozen=True, slots=True)
class RowError:
    """Why a row was not imported. Line 0 stands for the whole file."""

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
    """An import. `began` is when it got its slot; `next_line` is how far it has come."""

    id: str
    app: str
    order: dict[str, Any]
    columns: list[Column]
    lines: list[Line]
    file_id: str
    created: float
    updated: float
    operation: str
    date_format: str
    zone: str
    list_id: str | None = None
    """The static list that its contacts are put on, if one was ordered."""
    broken: tuple[str, str] | None = None
    """Error type and message, where the file as a whole cannot be read."""
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
        """Put down why a row, or the whole file, was not imported."""
        number = f"{self.id}{len(self.errors):06}"
        cells = line.cells if line is not None else []
        where = line.number if line is not None else 0
        self.errors.append(RowError(number, kind, message, at, where, cells, column, value))
        self.counters["ERRORS"] += 1
