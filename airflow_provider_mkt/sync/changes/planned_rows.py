"""The rows of a plan, as they are handed out to be sent or removed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from airflow_provider_mkt.sync.changes.incoming import IncomingRows
from airflow_provider_mkt.sync.changes.merging import keys_in
from airflow_provider_mkt.sync.changes.snapshot import OBJECT_ROWS, Operation, read_batches
from airflow_provider_mkt.sync.rows import Row


@dataclass(frozen=True)
class PlannedRow:
    """A row of the plan.

    :param n: its number in the plan.
    :param operation: what is done with it, and why.
    :param row: the row of the source; None for one that left it.
    :param row_key: its key, normalized.
    :param match_key: what the record is found by, normalized. For a row that left the source: the last one.
    :param platform_id: the platform's id of the record, if it is known. With it, a changed match key is an
        update.
    :param old_match_key: what the record was found by when it was sent last, if that was another one. Without
        a *platform_id*, an ambiguous row may have a record that is found by it.
    :param possible_keys: other keys that the record may have, the latest first: of runs whose outcome is
        unknown.
    :param changed_fields: the fields that differ from what was sent last, if that is known.
    :param reason: why it is rejected, for a row that is not sent.
    :param code: the code of the reason.
    :param acknowledged: whether the platform has ever acknowledged the row. If not, a row that left the
        source may never have been written.
    :param unsure_since: for a row that was never acknowledged, and may have been written: when the first run
        that may have done it began to send.
    :param last_status: what came of the row when it was sent last, if it was.
    :param last_reason: the code of that status.
    """

    n: int
    operation: Operation
    row: Row | None
    row_key: str
    match_key: str
    platform_id: str | None = None
    old_match_key: str | None = None
    possible_keys: tuple[str, ...] = ()
    changed_fields: tuple[str, ...] = ()
    code: str = ""
    reason: str = ""
    acknowledged: bool = False
    unsure_since: datetime | None = None
    last_status: str = ""
    last_reason: str = ""


class PlanReader:
    """Reads the rows of a plan, with the rows of the source.

    :param incoming: the rows of the source.
    """

    def __init__(self, incoming: IncomingRows) -> None:
        self._incoming = incoming

    def rows(self, plan: Path, wanted: Callable[[str, bool], bool]) -> Iterator[PlannedRow]:
        """Yield rows in the order of the source; those that left it come last.

        :param wanted: tells by a row's operation, and whether it is removed, whether it is yielded.
        """
        gone = []

        def positions() -> Iterator[tuple[int, dict[str, Any]]]:
            for row in self.plan_rows(plan, wanted):
                if row["position"] is None:
                    gone.append(row)
                else:
                    yield row["position"], row

        for row, planned in self._incoming.rows(positions()):
            yield planned_row(planned, row)
        for planned in gone:
            yield planned_row(planned, None)

    @staticmethod
    def plan_rows(plan: Path, wanted: Callable[[str, bool], bool]) -> Iterator[dict[str, Any]]:
        """Yield rows as the plan has them."""
        for batch in read_batches(plan, _SHOWN):
            pairs = zip(
                batch.column("operation").to_pylist(), batch.column("remove").to_pylist(), strict=True
            )
            places = [place for place, pair in enumerate(pairs) if wanted(*pair)]
            for start in range(0, len(places), OBJECT_ROWS):
                yield from batch.take(places[start : start + OBJECT_ROWS]).to_pylist()


_SHOWN = (
    *("n", "operation", "position", "row_key", "match_key", "code", "reason", "changed_fields", "remove"),
    *("old_platform_id", "old_match_key", "old_first_sent_at", "old_status", "old_reason"),
    *("old_possible_keys", "old_last_sent_at"),
)
"""The columns of a plan that a planned row needs."""


def planned_row(row: dict[str, Any], source: Row | None) -> PlannedRow:
    """Return a row of a plan.

    :param source: the row of the source; None for one that left it.
    """
    operation = Operation(row["operation"])
    gone = row["position"] is None
    old = row["old_match_key"]
    match_key = (old if gone else row["match_key"]) or ""
    return PlannedRow(
        n=row["n"],
        operation=operation,
        row=source,
        row_key=row["row_key"] or "",
        match_key=match_key,
        platform_id=row["old_platform_id"],
        old_match_key=old if not gone and old != row["match_key"] else None,
        possible_keys=tuple(key for key in keys_in(row["old_possible_keys"]) if key != match_key),
        changed_fields=tuple(row["changed_fields"] or ()),
        code=row["code"] or "",
        reason=row["reason"] or "",
        acknowledged=row["old_first_sent_at"] is not None,
        unsure_since=row["old_last_sent_at"] if row["old_first_sent_at"] is None else None,
        last_status=row["old_status"] or "",
        last_reason=row["old_reason"] or "",
    )
