"""Compares the rows of a source with a state, with memory for a part of them.

There are two engines, and both find the same: DuckDB, where it is installed, and Arrow alone. An engine only
finds the rows that are not trivially unchanged. What is to be done with each is decided in one place,
:func:`decide`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from airflow_provider_mkt.sync.changes.canonical import FieldChanges, FieldHashes
from airflow_provider_mkt.sync.changes.snapshot import (
    Operation,
    Status,
    row_count,
)

if TYPE_CHECKING:
    import pyarrow as pa

EngineName = Literal["auto", "duckdb", "arrow"]
Refresh = Literal["changed", "failed", "all"]
Duplicates = Literal["reject", "last"]

MEMORY_LIMIT = "300MB"
"""Memory of DuckDB. Beyond it, DuckDB uses temporary files."""

BACK_OFF_MAX = 32
"""Runs after which a rejected row is tried again at the latest."""

_NARROW = ("row_key", "bucket", "position", "row_hash", "code")


@dataclass(frozen=True)
class StateOnDisk:
    """The rows of a state on this machine.

    :param base: most of them, sorted by bucket; None without.
    :param newer: rows that replace those of *base*, each key once, sorted by bucket; None without.
    """

    base: Path | None = None
    newer: Path | None = None

    @property
    def rows(self) -> int:
        """The number of rows, at most."""
        return sum(row_count(path) for path in (self.base, self.newer) if path is not None)


class Engine(Protocol):
    """Compares a file of incoming rows with a state."""

    def duplicates(self, column: str) -> Iterator[list[dict[str, Any]]]:
        """Yield the rows that share a value of a column, group by group.

        Each row has ``position``, ``row_key``, ``row_hash`` and the column. Rows with a code, and those
        without a value, do not count.
        """

    def candidates(self, excluded: dict[int, str], *, every: bool = False) -> Iterator[pa.RecordBatch]:
        """Yield the rows that are not trivially unchanged, in any order, each with the state's row.

        The columns are those of ``schemas().candidates``. Without an incoming row, ``position`` is null, and
        without one of the state, ``old_status`` is.

        :param excluded: positions of rows that are duplicates.
        :param every: also yield what is unchanged.
        """


def groups(batches: Iterable[pa.RecordBatch], column: str) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows of sorted batches, group by group."""
    group: list[dict[str, Any]] = []
    for batch in batches:
        for row in batch.to_pylist():
            if group and group[0][column] != row[column]:
                yield group
                group = []
            group.append(row)
    if group:
        yield group


@dataclass(frozen=True)
class Decision:
    """What is done with a row.

    :param fields: which of its fields differ from what was sent last.
    """

    operation: Operation
    fields: FieldChanges = field(default_factory=FieldChanges)


def decide(
    row: dict[str, Any],
    run: int,
    refresh: Refresh,
    fields: FieldHashes,
    mapping_version: str | None = None,
) -> Decision:
    """Decide what is done with a row that can be sent.

    :param row: a candidate: an incoming row with the state's row of its key.
    :param run: the number of this run.
    :param refresh: ``failed`` also sends rows that are not due yet, ``all`` sends every row.
    :param fields: the order of the short hashes.
    :param mapping_version: of this run. A row that was not written with another one is due at once.
    """
    status = row["old_status"]
    if status is None:
        return Decision(Operation.NEW)
    if status == Status.ERASED:
        return Decision(Operation.ERASED)
    if status == Status.AMBIGUOUS:
        return Decision(Operation.AMBIGUOUS)
    if status == Status.REMOVED:
        return Decision(Operation.BACK)
    differing = fields.differing(row["old_field_hashes"], row["field_hashes"])
    old = row["old_row_hash"]
    equal = old is not None and old in (row["row_hash"], row["earlier_hash"])
    # The platform has all that is sent. A field that is not sent any more keeps its value there.
    equal = equal or (status == Status.SYNCED and differing.only_missing)
    if not equal:
        new = row["old_first_sent_at"] is None and status != Status.SYNCED
        return Decision(Operation.NEW if new else Operation.CHANGED, differing)
    before = row["old_mapping_version"] or mapping_version
    due = row["old_next_try_run"] is None or row["old_next_try_run"] <= run or before != mapping_version
    if status == Status.SYNCED:
        # Written, but not all of it: what it was to be associated with was missing.
        partly = row["old_next_try_run"] is not None and row["old_left_run"] is None
        if partly and (due or refresh == "failed"):
            return Decision(Operation.RETRY, differing)
        return Decision(Operation.REFRESH if refresh == "all" else Operation.UNCHANGED, differing)
    if due or refresh != "changed" or status == Status.SUPPRESSED:
        return Decision(Operation.RETRY, differing)
    return Decision(Operation.WAITING)


def next_try(run: int, attempts: int) -> int:
    """Return the number of the run that tries a rejected row again: after 1, 2, 4 ... 32 runs.

    :param run: the number of this run.
    :param attempts: how often in succession the payload was rejected, with this run.
    """
    pause: int = 2 ** max(0, min(attempts, 10) - 1)
    return run + min(BACK_OFF_MAX, pause)
