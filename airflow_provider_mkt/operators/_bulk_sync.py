"""A sync by the platform's bulk import: what the import cannot take is sent by calls, with one outcome."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from airflow_provider_mkt.actions.leads import KnownFields
from airflow_provider_mkt.client.errors import PlatformError
from airflow_provider_mkt.client.wording import counted
from airflow_provider_mkt.hooks.state import clear_count, local_state
from airflow_provider_mkt.operators._files import result_path, whole_file
from airflow_provider_mkt.operators._lead_source import with_options_joined
from airflow_provider_mkt.sync.choose_transport import Transport, choose_transport
from airflow_provider_mkt.sync.rows import LeadRows

if TYPE_CHECKING:
    from airflow_provider_mkt.actions.ports import LeadImporter
    from airflow_provider_mkt.operators._bulk_import import BulkImportTask, ImportPlan
    from airflow_provider_mkt.operators._lead_source import RepeatableSource, Source
    from airflow_provider_mkt.operators._lead_writing import LeadWriting
    from airflow_provider_mkt.sync.bulk_report import RowNumbers
    from airflow_provider_mkt.sync.changes import ImportNotes
    from airflow_provider_mkt.sync.results import SyncOutcome
    from airflow_provider_mkt.sync.rows import Row
    from airflow_provider_mkt.sync.source_snapshot import SourceSnapshot

_SAMPLE_ROWS = 50_000
"""Rows of a file that are read to estimate its number of rows."""


@dataclass(frozen=True)
class _SnapshotSource:
    """The rows of a source that were saved before, because the source can be read only once."""

    snapshot: SourceSnapshot

    def open(self, stack: ExitStack, key: str | None, known_fields: KnownFields) -> LeadRows:
        count = self.snapshot.count()
        return LeadRows(with_options_joined(self.snapshot.rows(), known_fields), lambda done: count)


@dataclass(frozen=True)
class _RemainingRows:
    """The rows of a source that the import did not take."""

    source: Source
    numbers: RowNumbers

    def open(self, stack: ExitStack, key: str | None, known_fields: KnownFields) -> LeadRows:
        rows = self.source.open(stack, key, known_fields).rows
        count = len(self.numbers)
        return LeadRows((row for row in rows if row.number in self.numbers), lambda done: count)


class BulkOperator(Protocol):
    """The parameters of an operator that can import, and whether its task was deferred."""

    bulk_after: float
    deferrable: bool
    poll_interval: float | None
    wait_timeout: float
    max_poll_failure_time: float
    cancel_on_kill: bool
    resumed: bool


class BulkSync:
    """Writes the leads of a task by calls or in bulk, whichever is faster.

    In bulk, a row goes to the platform's import if a row of its file has the effect of a record of a call.
    The others, and those that the import refuses, are sent by calls, which report the result of each. A
    source that can be read only once is first saved in ``[mkt] state_dir``.

    :param writing: writes by calls.
    :param task: imports.
    :param bulk_after: seconds of calls after which an import is taken to be faster.
    :param by_calls: writes rows by calls; *writing* does when not given.
    :param about: what else makes it another import.
    """

    def __init__(
        self,
        writing: LeadWriting,
        task: BulkImportTask,
        source: RepeatableSource,
        *,
        bulk_after: float,
        by_calls: Callable[[Source], SyncOutcome] | None = None,
        about: Sequence[object] = (),
    ) -> None:
        self._writing, self._task, self._bulk_after = writing, task, bulk_after
        self._by_calls, self._about = by_calls or writing.by_calls, about
        self._log = writing.operator.log
        self._source: Source = source
        self._snapshot: SourceSnapshot | None = None
        if not source.repeatable:
            self._snapshot = self._saved(source)
            self._source = _SnapshotSource(self._snapshot)

    @classmethod
    def of(
        cls,
        operator: BulkOperator,
        writing: LeadWriting,
        importer: LeadImporter,
        source: RepeatableSource,
        *,
        by_calls: Callable[[Source], SyncOutcome] | None = None,
        about: Sequence[object] = (),
        notes: ImportNotes | None = None,
    ) -> BulkSync:
        """Return the sync of an operator that has the parameters of waiting for an import.

        :param notes: takes the imports; None where nobody waits for them.
        """
        from airflow_provider_mkt.operators._bulk_import import BulkImportTask, WaitOptions

        options = WaitOptions(
            deferrable=operator.deferrable,
            poll_interval=operator.poll_interval,
            wait_timeout=operator.wait_timeout,
            max_poll_failure_time=operator.max_poll_failure_time,
            cancel_on_kill=operator.cancel_on_kill,
        )
        task = BulkImportTask(
            writing.operator,
            writing.context,
            writing.hook,
            importer,
            options,
            resumed=operator.resumed,
            notes=notes,
        )
        return cls(writing, task, source, bulk_after=operator.bulk_after, by_calls=by_calls, about=about)

    def run(self, *, choose: bool) -> SyncOutcome:
        """Write the leads.

        :param choose: whether to choose the transport; else the import is used.
        """
        context, task_state = self._writing.context, self._writing.task_state
        key = f"transport of the sync {clear_count(context)}"
        with ExitStack() as stack:
            # A retry uses the transport of the try that was killed.
            saved = cast("Transport | None", task_state.get(key))
            transport: Transport = saved or (self._choose() if choose else "bulk")
            plan = None
            if transport == "bulk":
                plan = self._task.plan(self, stack, exact=True, about=self._about)
            if plan is not None and choose and saved is None and not _mostly_importable(plan):
                self._log.info("Sent by calls: most rows lack a value for a field, or cannot be imported")
                plan, transport = None, "calls"
            task_state.set(key, transport)
            outcome = self._by_calls(self._source) if plan is None else self._import(plan, stack)
        if self._snapshot is not None:
            self._snapshot.expire()
        return outcome

    # -- the source, as the import reads it ----------------------------------------------------------

    def rows(self, stack: ExitStack) -> Iterator[Row]:
        """Open the rows from the first. Rows with fields that do not exist are rejected one by one."""
        return self._source.open(stack, self._writing.key, KnownFields()).rows

    def columns(self, known_fields: KnownFields, key_columns: Sequence[str]) -> list[str]:
        """Return the platform's fields that the rows have and that can be written, in order."""
        fields = dict.fromkeys(key_columns)
        with ExitStack() as stack:
            for count, row in enumerate(self.rows(stack), start=1):
                fields.update(dict.fromkeys(row.record or ()))
                if count % 1_000 == 0:
                    self._task.log_reading(count)
        return [name for name in fields if known_fields.problem(name) is None]

    def _saved(self, source: Source) -> SourceSnapshot:
        """Save a source so that it can be read several times."""
        from airflow_provider_mkt.sync.source_snapshot import SourceSnapshot

        context = self._writing.context
        name = f"{self._writing.task}-{clear_count(context)}"
        snapshot = SourceSnapshot(local_state().source_snapshot(name))
        if not snapshot.exists:
            with ExitStack() as stack:
                rows = source.open(stack, self._writing.key, KnownFields()).rows
                snapshot.take(rows, self._task.log_reading)
        return snapshot

    # -- which transport -------------------------------------------------------------------------------

    def _choose(self) -> Transport:
        hook = self._writing.hook
        try:
            quota = hook.follow(hook.day_quota())
        except PlatformError as error:
            self._log.info("The number of calls that the day has left is unknown: %s", error)
            quota = None
        choice = choose_transport(
            self._row_count(),
            batch_max=self._writing.writer.batch_max,
            rate=hook.rate(),
            calls_left=None if quota is None else quota.left - hook.platform.daily_reserve,
            bulk_after=self._bulk_after,
        )
        how = "Imported in bulk" if choice.transport == "bulk" else "Sent by calls"
        self._log.info("%s: %s", how, choice.reason)
        return choice.transport

    def _row_count(self) -> int:
        """The number of rows of the source; an estimate for a long file."""
        if self._snapshot is not None:
            return self._snapshot.count()
        with ExitStack() as stack:
            source, count = self._source.open(stack, self._writing.key, KnownFields()), 0
            for count, _ in enumerate(source.rows, start=1):
                if count == _SAMPLE_ROWS:
                    return source.expected(count) or count
            return count

    # -- in bulk ---------------------------------------------------------------------------------------

    def _import(self, plan: ImportPlan, stack: ExitStack) -> SyncOutcome:
        from airflow_provider_mkt.sync.bulk_report import BulkShare, RowFile
        from airflow_provider_mkt.sync.results import SyncReport, with_bulk

        hook = self._writing.hook
        started_at, calls_before = time.monotonic(), hook.calls
        path = result_path(self._writing.context, "warnings")
        with RowFile(lambda: whole_file(path)) as warnings:
            share = BulkShare(warnings)
            progress, bulk = self._task.run(plan, share, stack)
        self._log.info("Imported %s", counted(share.imported, "row"))
        if share.left:
            self._log.info(
                "Sending by calls what the import did not take: %s", counted(len(share.left), "row")
            )
            rest = self._by_calls(_RemainingRows(self._source, share.left))
        else:
            rest = SyncReport().outcome(hook.conn_type, None, None)
        # Not before the results are stored.
        progress.complete()
        return with_bulk(
            rest,
            imported=share.imported,
            created=share.created,
            skipped=share.skipped,
            warned=share.warned,
            reasons=share.reasons,
            warnings=path if warnings.exists else None,
            jobs=bulk.jobs,
            calls=hook.calls - calls_before,
            seconds=time.monotonic() - started_at,
        )


def _mostly_importable(plan: ImportPlan) -> bool:
    return 2 * plan.splitter.fit >= plan.splitter.total
