"""What every run did, as Parquet files: one row per run, and one per row that was not simply unchanged.

A query over all runs, with DuckDB::

    SELECT run_id, changed, synced, failed, seconds FROM read_parquet('STATE/history/runs/*.parquet') ORDER BY
    run
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.sync.changes.merging import NOT_SENT, JournalRow, RunStamp
from airflow_provider_mkt.sync.changes.snapshot import SENT, Operation, ParquetFile, Status

if TYPE_CHECKING:
    import pyarrow as pa

    from airflow_provider_mkt.sync.changes.comparing import Comparison


def rows_schema() -> pa.Schema:
    """Return the columns of a run's rows.

    ``operation`` is what the run wanted, ``status`` what came of it: a status of the state, ``not_sent``, or
    for a row that was not to be sent, its operation.
    """
    import pyarrow as pa

    text = pa.string()
    return pa.schema(
        [
            ("run_id", text),
            ("run", pa.int64()),
            ("number", pa.int64()),
            ("row_key", text),
            ("match_key", text),
            ("platform_id", text),
            ("operation", text),
            ("status", text),
            ("reason", text),
            ("changed_fields", pa.list_(text)),
            ("at", pa.timestamp("ms", "UTC")),
        ]
    )


def runs_schema() -> pa.Schema:
    """Return the columns of a run: a count for each operation and each status, and what the caller adds.

    The other columns: ``reasons`` counts rejected rows by code, and ``fields`` changed rows by field, both as
    JSON.
    ``details`` is what the caller adds, as JSON.
    """
    import pyarrow as pa

    text, whole = pa.string(), pa.int64()
    counts = [(name, whole) for name in _count_names()]
    return pa.schema(
        [
            ("run_id", text),
            ("run", whole),
            ("began_at", pa.timestamp("ms", "UTC")),
            ("ended_at", pa.timestamp("ms", "UTC")),
            ("seconds", pa.float64()),
            ("calls", whole),
            ("source_rows", whole),
            ("baseline", text),
            ("mapping_version", text),
            *counts,
            ("reasons", text),
            ("fields", text),
            ("details", text),
        ]
    )


def _count_names() -> list[str]:
    operations = [f"rows_{operation.value}" for operation in Operation]
    return [*operations, *(f"now_{status.value}" for status in Status)]


def write_rows(
    target: Path,
    batches: Iterable[list[tuple[dict[str, Any], JournalRow | None]]],
    run: RunStamp,
) -> None:
    """Write a run's rows.

    :param batches: rows of the plan with their outcomes.
    """
    with ParquetFile(target, rows_schema()) as file:
        for pairs in batches:
            # Rows that left the source long ago are not listed in each run.
            rows = (
                _row(row, outcome, run)
                for row, outcome in pairs
                if row["operation"] != Operation.GONE or row["remove"] or row["old_left_run"] is None
            )
            file.write_rows(list(rows))


def write_run(
    target: Path,
    run: RunStamp,
    *,
    began_at: datetime,
    seconds: float,
    comparison: Comparison,
    statuses: Counter[str],
    details: Mapping[str, object],
) -> None:
    """Write the row of a run."""
    calls = details.get("calls")
    rest = {name: value for name, value in details.items() if name != "calls"}
    with ParquetFile(target, runs_schema()) as file:
        file.write_rows(
            [
                {
                    "run_id": run.run_id,
                    "run": run.number,
                    "began_at": began_at,
                    "ended_at": datetime.now(UTC),
                    "seconds": seconds,
                    "calls": calls if isinstance(calls, int) else None,
                    "source_rows": comparison.total,
                    "baseline": comparison.baseline or None,
                    "mapping_version": run.mapping_version,
                    **{f"rows_{operation.value}": comparison.counts[operation] for operation in Operation},
                    **{f"now_{status.value}": statuses[status.value] for status in Status},
                    "reasons": json.dumps(comparison.reasons),
                    "fields": json.dumps(comparison.fields),
                    "details": json.dumps(rest, default=str),
                }
            ]
        )


def _row(row: Mapping[str, Any], outcome: JournalRow | None, run: RunStamp) -> dict[str, Any]:
    operation = Operation(row["operation"])
    called = operation in SENT or row["remove"]
    if not called:
        status, reason = operation.value, row["code"]
    elif outcome is None:
        status, reason = Status.AMBIGUOUS.value, None
    else:
        status, reason = outcome["status"], outcome["reason"]
    gone = row["position"] is None
    return {
        "run_id": run.run_id,
        "run": run.number,
        "number": row["number"],
        "row_key": row["row_key"],
        "match_key": row["old_match_key"] if gone else row["match_key"],
        "platform_id": (outcome and outcome["platform_id"]) or row["old_platform_id"],
        "operation": operation.value,
        "status": status,
        "reason": reason,
        "changed_fields": row["changed_fields"],
        "at": outcome["at"] if outcome is not None and outcome["status"] != NOT_SENT else None,
    }
