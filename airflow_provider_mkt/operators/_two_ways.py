"""Writing leads by calls or by the platform's bulk import, whichever is faster, with one outcome."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.client.errors import InvalidInput, PlatformError
from airflow_provider_mkt.operators._base import optional_str
from airflow_provider_mkt.operators._files import as_path, ledger_path, whole_file
from airflow_provider_mkt.operators._importing import ImportingOperator
from airflow_provider_mkt.operators._lead_source import LeadSource
from airflow_provider_mkt.operators._lead_writing import LeadWritingOperator
from airflow_provider_mkt.operators._sync_state import generation, snapshot_path
from airflow_provider_mkt.operators._task_state import task_state_of

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.actions.ports import LeadImporter, LeadWriter
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.operators._importing import ImportPlan
    from airflow_provider_mkt.operators._reject_threshold import RejectThreshold
    from airflow_provider_mkt.sync.report import SyncOutcome
    from airflow_provider_mkt.sync.row_numbers import RowNumbers
    from airflow_provider_mkt.sync.rows import Row
    from airflow_provider_mkt.sync.source_snapshot import Snapshot

_MODES = ("calls", "bulk", "auto")
_SAMPLE = 50_000
"""Rows of a file that are read to tell how many it has."""


class TwoWayOperator(LeadWritingOperator, ImportingOperator):
    """Base of the operator that writes leads by calls or in bulk, with one outcome either way.

    In bulk, rows go to the platform's import where a row of its file can do what a record of a call does. The
    others, and those that the import refuses, are sent by calls, which tell of each what became of it. A
    source that can be read only once is first kept in ``[mkt] state_dir``.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type decides the platform.
    :param mode: ``calls``; ``bulk`` for the platform's import; ``auto`` for an import where calls would not
        fit into what is left of the day's, or would take longer than ``bulk_after``.
    :param bulk_after: seconds of calls, at the account's limit, after which an import is taken to be faster.
    """

    _left: RowNumbers | None = None
    _snapshot: Snapshot | None = None
    _rows = 0

    def __init__(
        self, *, conn_id: str, mode: str = "calls", bulk_after: float = 3600.0, **kwargs: Any
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.mode = mode
        self.bulk_after = bulk_after

    def importer(self) -> LeadImporter:
        """How the leads are imported.

        :raises InvalidInput: naming the parameter that no import can do justice to.
        """
        raise NotImplementedError

    def write_records(
        self, context: Context, hook: MarketingHook, writer: LeadWriter, threshold: RejectThreshold
    ) -> SyncOutcome:
        mode = optional_str("mode", self.mode)
        if mode not in _MODES:
            raise InvalidInput("mode", f"must be one of {', '.join(_MODES)}")
        self._left = self._snapshot = None
        if mode == "calls":
            return super().write_records(context, hook, writer, threshold)
        try:
            importer = self.importer()
        except InvalidInput as unfit:
            if mode == "bulk":
                raise
            self.log.info("Sent by calls: %s", unfit.message)
            return super().write_records(context, hook, writer, threshold)
        task_state, key = task_state_of(context), f"way of the sync {generation(context)}"
        self._keep_source(context, writer)
        with ExitStack() as stack:
            # A try that goes on where another was killed goes the same way.
            taken = task_state.get(key)
            way = taken or self._way(mode, hook, writer)
            plan = self._planned(hook, importer, writer, stack) if way == "bulk" else None
            if plan is not None and mode == "auto" and taken is None and not _worth_it(plan):
                self.log.info("Sent by calls: most rows have fields without a value, or of no import")
                plan, way = None, "calls"
            task_state.set(key, way)
            if plan is None:
                outcome = super().write_records(context, hook, writer, threshold)
            else:
                outcome = self._in_bulk(context, hook, writer, threshold, plan, stack)
        task_state.set(key, None)
        if self._snapshot is not None:
            self._snapshot.remove()
        return outcome

    def open_source(
        self, stack: ExitStack, writer: LeadWriter, lookup_field: str, known_fields: frozenset[str] | None
    ) -> LeadSource:
        if self._snapshot is not None:
            expected = self._rows
            source = LeadSource(self._snapshot.rows(), lambda done: expected)
        else:
            source = super().open_source(stack, writer, lookup_field, known_fields)
        if (left := self._left) is not None:
            rest = (row for row in source if row.number in left)
            return LeadSource(rest, lambda done: len(left))
        return source

    # -- which way -------------------------------------------------------------------------------

    def _keep_source(self, context: Context, writer: LeadWriter) -> None:
        """See that the source can be read again and again."""
        from airflow_provider_mkt.sync.source_snapshot import Snapshot

        if as_path("source", self.source) is not None:
            return
        snapshot = Snapshot(snapshot_path(context))
        if not snapshot.exists:
            with ExitStack() as stack:
                snapshot.take(iter(self._opened(stack, writer)), self.reading)
        self._snapshot = snapshot
        self._rows = snapshot.count()

    def _way(self, mode: str, hook: MarketingHook, writer: LeadWriter) -> str:
        from airflow_provider_mkt.sync.choose_transport import faster_way

        if mode == "bulk":
            return "bulk"
        try:
            quota = hook.follow(hook.day_quota())
        except PlatformError as error:
            self.log.info("How many calls the day has left cannot be told: %s", error)
            quota = None
        way = faster_way(
            self._counted(writer),
            batch_max=writer.batch_max,
            rate=hook.rate(),
            left_of_day=None if quota is None else quota.left - hook.platform.daily_reserve,
            bulk_after=self.bulk_after,
        )
        self.log.info("%s: %s", "Imported in bulk" if way.bulk else "Sent by calls", way.why)
        return "bulk" if way.bulk else "calls"

    def _counted(self, writer: LeadWriter) -> int:
        """How many rows the source has; of a long file, about how many."""
        if self._snapshot is not None:
            return self._rows
        with ExitStack() as stack:
            source, count = self._opened(stack, writer), 0
            for count, _ in enumerate(source, start=1):
                if count == _SAMPLE:
                    return source.expected(count) or count
            return count

    # -- in bulk ---------------------------------------------------------------------------------

    def _planned(
        self, hook: MarketingHook, importer: LeadImporter, writer: LeadWriter, stack: ExitStack
    ) -> ImportPlan:
        return self.planned(hook, importer, _Again(self, writer), stack, exact=True)

    def _in_bulk(
        self,
        context: Context,
        hook: MarketingHook,
        writer: LeadWriter,
        threshold: RejectThreshold,
        plan: ImportPlan,
        stack: ExitStack,
    ) -> SyncOutcome:
        from airflow_provider_mkt.sync.bulk_report import RowFile
        from airflow_provider_mkt.sync.report import Report, with_bulk
        from airflow_provider_mkt.sync.row_numbers import BulkShare

        began, before = time.monotonic(), hook.calls
        path = ledger_path(context, None, "warnings")
        with RowFile(lambda: whole_file(path)) as warnings:
            share = BulkShare(warnings)
            marks, bulk = self.imported(context, hook, plan, share, stack)
        self.log.info("%s rows are imported", f"{share.imported:,}")
        if share.left:
            self.log.info("%s rows that the import could not take are sent by calls", f"{len(share.left):,}")
            self._left = share.left
            rest = super().write_records(context, hook, writer, threshold)
        else:
            rest = Report().outcome(hook.conn_type, None, None)
        # Not before what is told of the rows is where it belongs.
        marks.forget()
        return with_bulk(
            rest,
            imported=share.imported,
            created=share.created,
            skipped=share.skipped,
            warned=share.warned,
            reasons=share.reasons,
            warnings=path if warnings.exists else None,
            jobs=bulk.jobs,
            calls=hook.calls - before,
            seconds=time.monotonic() - began,
        )

    def _opened(self, stack: ExitStack, writer: LeadWriter) -> LeadSource:
        """The source, whatever fields it has: those that do not exist are rejected with their rows."""
        return self.open_source(stack, writer, optional_str("lookup_field", self.lookup_field) or "", None)


class _Again:
    """The rows of an operator's source, as often as they are wanted."""

    def __init__(self, operator: TwoWayOperator, writer: LeadWriter) -> None:
        self._operator, self._writer = operator, writer

    @contextmanager
    def rows(self) -> Iterator[Iterator[Row]]:
        with ExitStack() as stack:
            yield iter(self._operator._opened(stack, self._writer))

    def columns(self, known_fields: frozenset[str] | None, key_column: str) -> list[str]:
        fields = {key_column: None}
        with self.rows() as rows:
            for count, row in enumerate(rows, start=1):
                fields.update(dict.fromkeys(row.record or ()))
                if count % 1_000 == 0:
                    self._operator.reading(count)
        return [name for name in fields if known_fields is None or name in known_fields]


def _worth_it(plan: ImportPlan) -> bool:
    return 2 * plan.splitter.fit >= plan.splitter.total
