"""Writes the outcome of every row of a sync that compares."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from typing import TYPE_CHECKING

from airflow_provider_mkt.operators._files import whole_lines
from airflow_provider_mkt.operators._suppression import CODES
from airflow_provider_mkt.sync.rows import json_line

if TYPE_CHECKING:
    from airflow_provider_mkt.sync.changes import RowOutcome


_SENTENCES = {
    "ERASED": "the person was erased",
    "EXISTS": "an earlier run of this sync has created it",
    "OUTCOME_UNKNOWN": "the answer was lost",
    "RECORD_MISSING": "the record is not there any more",
}
"""By code, where no answer of the platform has a sentence."""


def waiting_reason(what: str, code: str) -> str:
    """Return the sentence about a row that waits.

    :param what: what came of it: ``rejected`` or ``skipped``.
    :param code: why.
    """
    why = f" ({code})" if code else ""
    return f"was {what} in an earlier run{why}, and is tried again in a later one"


class RowDetails:
    """What the state does not keep of the rows that were sent: whether the record is new, and the sentences.

    :param rows: of the plan, at most.
    """

    def __init__(self, rows: int) -> None:
        self._created = bytearray(rows)
        # On disk when it becomes large, and deleted when it is closed.
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute("CREATE TABLE reasons (n INTEGER PRIMARY KEY, reason TEXT NOT NULL)")

    def note_created(self, n: int) -> None:
        self._created[n] = 1

    def note_reason(self, n: int, reason: str) -> None:
        """Note why a row was not written, in the platform's words."""
        text = reason.encode("utf-8", "replace").decode()
        self._database.execute("INSERT OR REPLACE INTO reasons VALUES (?, ?)", (n, text))

    def is_created(self, n: int | None) -> bool:
        return n is not None and n < len(self._created) and bool(self._created[n])

    def reason(self, n: int | None) -> str:
        """Return why a row was not written; empty when that is unknown."""
        found = self._database.execute("SELECT reason FROM reasons WHERE n = ?", (n,)).fetchone()
        return str(found[0]) if found else ""

    def close(self) -> None:
        self._database.close()


def write_outcomes(path: str, rows: Iterable[RowOutcome], details: RowDetails) -> str | None:
    """Write a line for every row, in the order of the source.

    :param details: of the rows that were sent.
    :returns: the path; None when there is no row.
    """
    written = 0
    with whole_lines(path) as file:
        for row in rows:
            outcome, code = outcome_of(row, details)
            line: dict[str, object] = {"row": row.number, "outcome": outcome, "id": row.platform_id}
            if code or row.reason:
                line |= {"code": code, "reason": _reason(row, outcome, code, details)}
            file.write(json_line(line).encode())
            written += 1
    return path if written else None


def _reason(row: RowOutcome, outcome: str, code: str, details: RowDetails) -> str:
    from airflow_provider_mkt.sync.changes import Operation

    if row.operation is Operation.WAITING:
        return waiting_reason(outcome, row.code)
    return row.reason or details.reason(row.n) or _SENTENCES.get(code, "")


def outcome_of(row: RowOutcome, details: RowDetails) -> tuple[str, str]:
    """Return the outcome of a row: one of those that the counts have, and its code."""
    from airflow_provider_mkt.sync.changes import SENT, Operation, Status

    if row.operation in SENT:
        match row.status:
            case Status.SYNCED:
                return "created" if details.is_created(row.n) else "updated", ""
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
