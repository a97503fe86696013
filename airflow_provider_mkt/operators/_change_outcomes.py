"""Writes the outcome of every row of a sync that compares."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from airflow_provider_mkt.operators._files import whole_lines
from airflow_provider_mkt.operators._suppression import CODES
from airflow_provider_mkt.sync.rows import json_line

if TYPE_CHECKING:
    from airflow_provider_mkt.sync.changes import RowOutcome


def write_outcomes(path: str, rows: Iterable[RowOutcome], created: bytearray) -> str | None:
    """Write a line for every row, in the order of the source.

    :param created: by number in the plan, whether the record is new.
    :returns: the path; None when there is no row.
    """
    written = 0
    with whole_lines(path) as file:
        for row in rows:
            outcome, code = outcome_of(row, created)
            line: dict[str, object] = {"row": row.number, "outcome": outcome, "id": row.platform_id}
            if code or row.reason:
                line |= {"code": code, "reason": row.reason}
            file.write(json_line(line).encode())
            written += 1
    return path if written else None


def outcome_of(row: RowOutcome, created: bytearray) -> tuple[str, str]:
    """Return the outcome of a row: one of those that the counts have, and its code."""
    from airflow_provider_mkt.sync.changes import SENT, Operation, Status

    if row.operation in SENT:
        match row.status:
            case Status.SYNCED:
                is_new = row.n is not None and row.n < len(created) and created[row.n]
                return "created" if is_new else "updated", ""
            case Status.SKIPPED_NO_MATCH:
                return "skipped", row.code
            case Status.FAILED:
                return "rejected", row.code
            case "not_sent":
                return ("skipped", row.code) if row.code else ("not_sent", "")
        return "unknown", "OUTCOME_UNKNOWN"
    match row.operation:
        case Operation.REJECTED if row.code in CODES:
            return "suppressed", row.code
        case Operation.REJECTED:
            return "rejected", row.code
        case Operation.DUPLICATE:
            return "skipped", row.code
        case Operation.ERASED:
            return "suppressed", "ERASED"
        case Operation.WAITING if row.status == Status.SKIPPED_NO_MATCH:
            return "skipped", row.code
        case Operation.WAITING:
            return "rejected", "WAITING"
    return "unchanged", row.code
