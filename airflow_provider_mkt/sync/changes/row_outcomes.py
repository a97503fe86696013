"""What came of every row of a source, in its order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_provider_mkt.sync.changes.arrow_engine import state_part
from airflow_provider_mkt.sync.changes.diff import StateOnDisk
from airflow_provider_mkt.sync.changes.incoming import IncomingRows
from airflow_provider_mkt.sync.changes.merging import Journals, plan_with_outcomes
from airflow_provider_mkt.sync.changes.snapshot import (
    SENT,
    Divider,
    Operation,
    bucket_ranges,
    read_batches,
    schemas,
    sorted_batches,
)

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class RowOutcome:
    """What came of a row.

    :param number: of the row in the source.
    :param operation: what the run wanted with it.
    :param status: of a row that was to be sent, what came of that: a status of the state, ``not_sent``, or
        empty when it is unknown. Of another one, what came of it when it was sent last.
    :param code: the code of the status, or why the row could not be sent.
    :param reason: a sentence about it, if there is one.
    :param platform_id: the platform's id of the record; empty when it is unknown.
    :param n: its number in the plan; None for one that is not in it.
    """

    number: int
    operation: Operation
    status: str = ""
    code: str = ""
    reason: str = ""
    platform_id: str = ""
    n: int | None = None


def row_outcomes(
    incoming: IncomingRows, state: StateOnDisk, plan: Path, journals: Journals, folder: Path
) -> Iterator[RowOutcome]:
    """Yield what came of every row of a source, with memory for a part of them.

    :param state: before the run.
    :param folder: for temporary files.
    """
    planned = _planned(plan, journals)
    place, wanted = next(planned, (-1, None))
    position = 0
    known = _ids(incoming, state, folder)
    for batch in read_batches(incoming.path, ["number"]):
        for number in batch.column("number").to_pylist():
            found = next(known) or ""
            if wanted is None or place != position:
                yield RowOutcome(number, Operation.UNCHANGED, platform_id=found)
            else:
                yield wanted
                place, wanted = next(planned, (-1, None))
            position += 1


def _planned(plan: Path, journals: Journals) -> Iterator[tuple[int, RowOutcome]]:
    """Yield the rows of the source that are in a plan, with their positions."""
    for pairs in plan_with_outcomes(plan, journals):
        for row, outcome in pairs:
            if row["position"] is None:
                continue
            operation = Operation(row["operation"])
            if operation in SENT:
                status, code, found = (
                    ("", None, None)
                    if outcome is None
                    else (outcome["status"], outcome["reason"], outcome["platform_id"])
                )
            else:
                status, code, found = row["old_status"], row["code"], None
            if operation is Operation.WAITING:
                code = row["old_reason"]
            yield (
                row["position"],
                RowOutcome(
                    row["number"],
                    operation,
                    status or "",
                    code or "",
                    row["reason"] or "",
                    found or row["old_platform_id"] or "",
                    row["n"],
                ),
            )


def _ids(incoming: IncomingRows, state: StateOnDisk, folder: Path) -> Iterator[str | None]:
    """Yield the platform's id of each row's record, in the order of the source."""
    import pyarrow as pa
    import pyarrow.compute as pc

    names = ("position", "row_key", "bucket")
    ranges = bucket_ranges(max(incoming.total, state.rows))
    divider = Divider(
        pa.schema([schemas().incoming.field(name) for name in names]), "bucket", ranges, folder, "ids"
    )
    for batch in read_batches(incoming.path, names):
        divider.add(batch.select(names))
    schema = pa.schema([("position", pa.int64()), ("platform_id", pa.string())])

    def batches() -> Iterator[pa.RecordBatch]:
        for table, (first, last) in zip(divider.parts(), ranges, strict=True):
            known = state_part(state, first, last)
            place = pc.index_in(table["row_key"], value_set=known["row_key"].combine_chunks())
            ids = known["platform_id"].combine_chunks().take(place.combine_chunks())
            yield from pa.table([table["position"], ids], schema=schema).combine_chunks().to_batches()

    for batch in sorted_batches(batches(), schema, "position", max(1, incoming.total), folder):
        yield from batch.column("platform_id").to_pylist()
