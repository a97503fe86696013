"""Sends the rows of a plan: by the platform's id, by their key, or by an import."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from typing import TYPE_CHECKING, TypeAlias, cast

from airflow_provider_mkt.actions.leads import RecordResult, RecordStatus, rejected
from airflow_provider_mkt.client.wording import was_or_were
from airflow_provider_mkt.operators._change_outcomes import waiting_reason
from airflow_provider_mkt.operators._change_read_back import ReadBack, SentRecord
from airflow_provider_mkt.operators._change_task import PlannedRows, ResultsOnly
from airflow_provider_mkt.operators._suppression import CODES
from airflow_provider_mkt.sync.links import NOT_ASSOCIATED
from airflow_provider_mkt.sync.pipeline import ENDED_EARLY
from airflow_provider_mkt.sync.rows import Row

if TYPE_CHECKING:
    from airflow_provider_mkt.actions.ports import LeadWriter
    from airflow_provider_mkt.operators._change_rows import ChangedRows, PlanSize
    from airflow_provider_mkt.operators._change_task import ChangeTask
    from airflow_provider_mkt.operators._lead_source import RepeatableSource, Source
    from airflow_provider_mkt.sync.changes import ImportNotes, PlannedRow
    from airflow_provider_mkt.sync.results import ResultFiles, SyncOutcome

ByCalls: TypeAlias = "Callable[[Source], SyncOutcome]"
InBulk: TypeAlias = "Callable[[RepeatableSource, ByCalls, Sequence[object], ImportNotes], SyncOutcome]"
"""Writes rows by the platform's import, given what writes the others by calls, what makes it another import,
and what takes the jobs."""


KEY_TAKEN = frozenset({"CONFLICT", "DUPLICATE_UNIQUE_PROPERTY_VALUE"})
"""Codes of a change by id to a key that another record has."""

BLOCKED_MAX = 10_000
"""Rows that wait for their key to be free, at most."""

BLOCKED_PASSES = 5
"""How often they are sent again in a run at most."""


class ChangeSender:
    """Sends the rows of a plan, and notes the outcome of each in the state.

    :param task: the run.
    :param rows: the rows.
    :param size: how many there are.
    :param results: takes the results.
    :param in_bulk: writes rows by the platform's import; None for calls only.
    """

    def __init__(
        self,
        task: ChangeTask,
        rows: ChangedRows,
        size: PlanSize,
        results: ResultFiles,
        in_bulk: InBulk | None,
    ) -> None:
        self._task, self._rows, self._size, self._results = task, rows, size, results
        self._writing, self._options, self._run = task.writing, task.options, task.run
        self._tally, self._in_bulk = task.tally, in_bulk
        self._note_result: Callable[[PlannedRow, RecordResult], object] = self._record
        self._canary_way, self._canary_rows = "", 0
        self._blocked: dict[int, tuple[Row, RecordResult]] = {}
        self._holders: dict[int, set[str]] = {}
        self._exchanging: set[int] = set()
        self._canary_done: list[tuple[PlannedRow, RecordResult]] | None = None

    def take_not_sent(self) -> None:
        """Count the rows of the source that are not sent, and write down those that are rejected."""
        from airflow_provider_mkt.sync.changes import Operation, Status

        tally = self._tally
        for planned in self._run.not_sent():
            row = planned.row or Row(0, None)
            code = planned.code
            if code in CODES or planned.operation is Operation.ERASED:
                tally.suppressed += 1
                tally.reasons[code or "ERASED"] += 1
                continue
            if planned.operation is Operation.DUPLICATE:
                tally.skipped += 1
                tally.reasons["DUPLICATE_KEY"] += 1
                continue
            if planned.operation is Operation.WAITING and planned.last_status == Status.SKIPPED_NO_MATCH:
                tally.skipped += 1
                tally.reasons[planned.last_reason or "WAITING"] += 1
                continue
            if planned.operation is Operation.WAITING:
                code, reason = "WAITING", waiting_reason("rejected", planned.last_reason)
            else:
                reason = planned.reason
            tally.rejected += 1
            tally.reasons[code] += 1
            self._results.write(row, rejected(code, reason))

    def canary_stops(self) -> str:
        """Send the first batch alone. Returns why the rest must not be sent; empty when it may."""
        if self._options.canary is None or not self._size.by_id + self._size.by_key:
            return ""
        count = self._options.canary or self._task.batch_max
        way = "id" if self._size.by_id else "key"
        before = self._tally.rejected
        self._canary_done = []
        self._step(way, 0, count)
        self._canary_way, self._canary_rows = way, count
        done, self._canary_done = self._canary_done, None
        bad = self._tally.rejected - before + self._tally.unknown
        sent = min(count, self._size.by_id if way == "id" else self._size.by_key)
        if not self._writing.options.threshold.allows(bad, sent):
            return f"{bad:,} of its rows {was_or_were(bad)} rejected"
        names = self._options.read_back
        if names is False:
            return ""
        read_back = ReadBack(self._task, self._task.types, None if names is True else names)
        found = read_back.lasting_differences(
            [
                SentRecord(
                    planned.n,
                    self._rows.record_of(planned, way).record or {},
                    planned.match_key,
                    result.id or self._rows.id_of(planned) or None,
                )
                for planned, result in done
            ]
        )
        if not found.fields:
            return ""
        return f"records that are not as they were sent, by field: {found}"

    def send(self) -> SyncOutcome | None:
        """Send the rows: first those whose key changed, so that their old keys are free."""
        start = {"id": 0, "key": 0, self._canary_way: self._canary_rows}
        if self._size.by_id > start["id"]:
            self._step("id", start["id"], None)
        self._send_blocked()
        count = self._size.by_key + len(self._rows.deleted) - start["key"]
        self._skip_existing()
        if count <= 0 or self.too_many():
            return None
        if self._in_bulk is None:
            self._step("key", start["key"], None)
            return None
        return self._import(self._in_bulk, start["key"], count)

    def _send_blocked(self) -> None:
        """Send rows again whose key another record had, which may have another one now."""
        for _ in range(BLOCKED_PASSES):
            if not (blocked := self._blocked):
                return
            self._blocked = {}
            rows = [row for row, _ in blocked.values()]
            self._write_by_id(PlannedRows(functools.partial(iter, rows), len(rows)))
            if len(self._blocked) == len(blocked):
                if self._exchanging or not (exchanging := self._exchange()):
                    return
                self._exchanging = exchanging

    def reject_blocked(self) -> None:
        """Note the rows whose key another record still has. Nothing is sent after this."""
        for row, result in self._blocked.values():
            self._results.write(row, result)
        self._blocked = {}

    def _skip_existing(self) -> None:
        """Note the rows that are not sent because an earlier run has created their records."""
        if self._size.skipped:
            for planned in self._rows.planned("skip"):
                self._run.not_sent_after_all(planned, "EXISTS")

    def _step(self, way: str, start: int, stop: int | None) -> None:
        source = PlannedRows(lambda: self._rows.rows(way, start, stop))
        if way == "id":
            self._write_by_id(source)
        else:
            self._write(source, self._results, self._writing.writer)

    def _write_by_id(self, source: PlannedRows) -> None:
        if not self._task.target.unique_keys:
            rows = source.rows
            source = PlannedRows(lambda: self._with_free_keys(rows()), source.count)
        self._write(source, self._results_by_id(), self._task.target.by_id())

    def _with_free_keys(self, rows: Iterator[Row]) -> Iterator[Row]:
        """Yield rows, without those that would get a key which another record has."""
        target, key = self._task.target, self._task.key
        while some := list(islice(rows, self._task.batch_max)):
            self._task.raise_if_cancelled()
            new = {row.number: self._new_key(row) for row in some}
            wanted = [one for one in new.values() if one]
            stored = target.read(key, wanted, ()) if wanted else {}
            for row in some:
                own = self._own_id(row)
                holders = {one.id for one in stored.get(new[row.number].lower(), ())} - {own}
                if not holders or row.number in self._exchanging:
                    yield row
                    continue
                who = ", ".join(sorted(filter(None, holders))) or "perhaps another one"
                result = rejected("CONFLICT", f"{who} has the {key} of {own}")
                if len(self._blocked) < BLOCKED_MAX:
                    self._blocked[row.number], self._holders[row.number] = (row, result), holders
                else:
                    self._results.write(row, result)

    def _own_id(self, row: Row) -> str:
        return str((row.record or {}).get(self._task.target.id_field))

    def _new_key(self, row: Row) -> str:
        """Return the key of a row that may have another one on the platform; empty for other rows."""
        planned = self._rows.pending[row.number]
        moved = planned.old_match_key is not None or planned.possible_keys
        return planned.match_key if moved else ""

    def _exchange(self) -> set[int]:
        """Return the blocked rows whose keys only others of them have: they exchange them."""
        numbers = self._blocked.keys() & self._holders.keys()
        while True:
            ids = {self._own_id(self._blocked[number][0]) for number in numbers}
            closed = {number for number in numbers if self._holders[number] <= ids}
            if closed == numbers:
                return closed
            numbers = closed

    def _write(self, source: Source, results: ResultFiles, writer: LeadWriter) -> None:
        report = self._writing.step_by_calls(self._task.associated(source), results, writer)
        self._writing.log_report(report)

    def _import(self, in_bulk: InBulk, start: int, count: int) -> SyncOutcome:
        """Write rows by the platform's import, and those that it does not take by calls.

        No outcome is noted before the end: a retry follows the jobs of this try only when it finds the same
        rows to be sent.
        """
        from airflow_provider_mkt.sync.changes import Status

        tally = self._tally
        created, updated = tally.created, tally.updated
        noted: list[tuple[PlannedRow, RecordResult]] = []
        by_calls: set[int] = set()
        record, self._note_result = self._note_result, lambda planned, result: noted.append((planned, result))

        def rest_by_calls(source: Source) -> SyncOutcome:
            def rows() -> Iterator[Row]:
                with ExitStack() as stack:
                    for row in source.open(stack, self._task.key, self._task.known_fields).rows:
                        by_calls.add(row.number)
                        yield row

            step = PlannedRows(rows)
            report = self._writing.step_by_calls(step, self._results, self._writing.writer)
            return report.outcome(self._writing.hook.conn_type, None, None)

        def all_rows() -> Iterator[Row]:
            return self._rows.rows("key", start)

        try:
            rows = PlannedRows(all_rows, count)
            outcome = in_bulk(rows, rest_by_calls, self._bulk_scope(), self._run.imports)
        finally:
            self._note_result = record
        for planned, result in noted:
            self._record(planned, result)
        if outcome["mode"] == "bulk":
            imported = 0
            for planned in islice(self._rows.planned("key"), start, None):
                if cast("Row", planned.row).number not in by_calls:
                    self._run.record(planned, Status.SYNCED)
                    imported += 1
            tally.sent += imported
            if outcome["created"] is None or outcome["updated"] is None:
                tally.imported = imported
            else:
                tally.created, tally.updated = created + outcome["created"], updated + outcome["updated"]
        self._rows.pending.clear()
        return outcome

    def _bulk_scope(self) -> list[object]:
        """What makes it another import of the same rows: what another run has done meanwhile."""
        return [self._run.number, *self._run.others_unfinished()]

    def on_result(self, row: Row, result: RecordResult) -> None:
        """Take the result of a row that was sent."""
        planned = self._rows.pending.pop(row.number, None)
        tally = self._tally
        tally.sent += 1
        details = tally.details if planned is not None else None
        if details is not None and planned is not None and result.reason:
            details.note_reason(planned.n, result.reason)
        match result.result:
            case RecordStatus.CREATED:
                tally.created += 1
                if details is not None and planned is not None:
                    details.note_created(planned.n)
            case RecordStatus.UPDATED:
                tally.updated += 1
            case RecordStatus.SKIPPED:
                tally.skipped += 1
                tally.reasons[result.code or "UNKNOWN"] += 1
            case RecordStatus.REJECTED:
                unknown = result.code == "OUTCOME_UNKNOWN"
                tally.unknown += unknown
                tally.rejected += not unknown
                tally.reasons[result.code or "UNKNOWN"] += 1
        if planned is None:
            return
        if self._canary_done is not None and result.result in (RecordStatus.CREATED, RecordStatus.UPDATED):
            self._canary_done.append((planned, result))
        self._note_result(planned, result)

    def _record(self, planned: PlannedRow, result: RecordResult) -> None:
        """Note the outcome of a row in the state. One that is unknown is not noted: it is sent again.

        A record that was written and not associated, or with a warning, is written again in a later run.
        """
        from airflow_provider_mkt.sync.changes import Status

        status = {
            RecordStatus.CREATED: Status.SYNCED,
            RecordStatus.UPDATED: Status.SYNCED,
            RecordStatus.SKIPPED: Status.SKIPPED_NO_MATCH,
            RecordStatus.REJECTED: Status.FAILED,
        }[result.result]
        if result.code == "OUTCOME_UNKNOWN" or result.reason == ENDED_EARLY:
            return
        if result.code == NOT_ASSOCIATED:
            status = Status.SYNCED
        self._run.record(planned, status, reason=result.code or None, platform_id=result.id or None)

    def too_many(self) -> bool:
        """Whether the sync stops early."""
        options = self._writing.options
        bad = self._tally.rejected + self._tally.unknown
        return options.fail_fast and not options.threshold.allows(bad, max(self._tally.sent, 1_000))

    def _results_by_id(self) -> ResultFiles:
        """Return what takes the results of updates by id.

        Rows whose record was deleted or merged are noted; they are written by their key. Those whose key
        another record has are noted too; they are sent again.
        """
        results, rows, gone = self._results, self._rows, self._task.target.no_such_record

        def on_result(row: Row, result: RecordResult) -> None:
            if result.result is RecordStatus.REJECTED and result.code in gone:
                rows.deleted.add(row.number)
            elif (
                result.result is RecordStatus.REJECTED
                and result.code in KEY_TAKEN
                and len(self._blocked) < BLOCKED_MAX
            ):
                self._blocked[row.number] = row, result
            else:
                results.write(row, result)

        return ResultsOnly(results.open_rejects, on_result=on_result)
