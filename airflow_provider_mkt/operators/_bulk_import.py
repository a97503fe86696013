"""The bulk transport in a task: files of leads are sent in parts, and each part is followed to its end."""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NoReturn, Protocol

from airflow_provider_mkt.client.errors import OutcomeUnknown, PlatformError, QuotaExhausted
from airflow_provider_mkt.client.wording import counted
from airflow_provider_mkt.hooks.state import state_of_account, task_state_of
from airflow_provider_mkt.operators._deferral import defer_within_timeout
from airflow_provider_mkt.operators._waiting import JobsOverdue

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_mkt.actions.leads import KnownFields
    from airflow_provider_mkt.actions.ports import LeadImporter
    from airflow_provider_mkt.actions.procedure import Procedure
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.operators._base import CancellableOperator
    from airflow_provider_mkt.state.task_state import TaskState
    from airflow_provider_mkt.sync.bulk_import import BulkImport, ImportState, RowResults
    from airflow_provider_mkt.sync.bulk_parts import Splitter
    from airflow_provider_mkt.sync.changes import ImportNotes
    from airflow_provider_mkt.sync.import_progress import ImportProgress, ImportTurns
    from airflow_provider_mkt.sync.rows import Row

_WAIT_LOG_INTERVAL = 60.0
_READ_LOG_INTERVAL = 10.0
_QUEUE_RETRY = (30.0, 60.0)
"""Seconds after which an upload to a full queue is tried again. Random, so that tasks which
wait for a place do not retry at the same moment."""


class ImportSource(Protocol):
    """Rows that can be read several times."""

    def rows(self, stack: ExitStack) -> Iterator[Row]:
        """Open the rows from the first, with the platform's fields.

        :param stack: closes what is opened here.
        """

    def columns(self, known_fields: KnownFields, key_columns: Sequence[str]) -> list[str]:
        """Return the platform's fields that they have and that can be written, in order.

        :raises InvalidInput: when the rows cannot be imported.
        """


@dataclass(frozen=True)
class ImportPlan:
    """A source that was read once, and the settings of its import.

    :param scope: identifies the settings.
    """

    importer: LeadImporter
    splitter: Splitter
    scope: str


@dataclass(frozen=True)
class WaitOptions:
    """How a task waits for its imports. The parameters are those of :class:`.ImportLeadsOperator`."""

    deferrable: bool
    poll_interval: float | None
    wait_timeout: float
    max_poll_failure_time: float
    cancel_on_kill: bool


class BulkImportTask:
    """Imports the source of one task in parts.

    :param operator: the task's operator; its method ``resume`` continues after a deferral.
    :param hook: of the account.
    :param resumed: whether this try continues after a deferral.
    :param notes: takes the imports; None where nobody waits for them.
    """

    def __init__(
        self,
        operator: CancellableOperator,
        context: Context,
        hook: MarketingHook,
        importer: LeadImporter,
        options: WaitOptions,
        *,
        resumed: bool,
        notes: ImportNotes | None = None,
    ) -> None:
        self.importer = importer
        self._notes = notes
        self._operator, self._context, self._hook = operator, context, hook
        self._options, self._resumed = options, resumed
        self._log = operator.log
        self._logged_at = 0.0

    def plan(
        self, source: ImportSource, stack: ExitStack, *, exact: bool = False, about: Sequence[object] = ()
    ) -> ImportPlan:
        """Read the source for the first time.

        :param stack: closes what is opened here.
        :param exact: whether a row must have the effect that it has as a record of a call. Rows that cannot
            have it are sent by calls.
        :param about: what else makes it another import; with other values, the jobs of earlier tries do not
            count.
        :raises InvalidInput: when the source cannot be imported.
        """
        from airflow_provider_mkt.sync.bulk_parts import RowKeys, Splitter
        from airflow_provider_mkt.sync.bulk_rows import RowMaker

        hook, importer = self._hook, self.importer
        known_fields = hook.follow(importer.known_fields())
        columns = source.columns(known_fields, importer.key_columns)
        settings = [
            hook.account_id(),
            importer.spec.kind,
            *importer.key_columns,
            *importer.settings(),
            *about,
        ]
        scope = json.dumps([*settings, importer.bytes_max, importer.rows_max])
        splitter = Splitter(
            source.rows,
            RowMaker(importer, columns, known_fields, exact=exact),
            importer,
            stack.enter_context(RowKeys()),
            self.log_reading,
            scope,
            unfit_count=exact,
        )
        splitter.scan()
        return ImportPlan(importer, splitter, scope)

    def run(
        self, plan: ImportPlan, report: RowResults, stack: ExitStack
    ) -> tuple[ImportProgress, BulkImport]:
        """Send the parts of a plan, and collect the results of their rows.

        The caller finishes the progress when the results are stored.

        :raises JobsOverdue: when no part makes progress within ``wait_timeout``.
        """
        from airflow_provider_mkt.sync.bulk_import import BulkImport
        from airflow_provider_mkt.sync.import_progress import ImportProgress

        shared, name = state_of_account(self._hook), _import_name(self._context, plan.splitter.digest)
        task_state = task_state_of(self._context, self._hook)
        progress = ImportProgress(task_state, shared)
        progress.start(plan.splitter.digest, time.time())
        if not self._resumed:
            progress.progress_at = time.time()
        bulk = BulkImport(
            plan.importer,
            stack.enter_context(closing(plan.splitter.parts(report.unfit, report.superseded))),
            progress,
            self._hook,
            report,
            self._turns(shared, name),
            self._notes,
            name=name,
            scope=plan.scope,
            resumed=self._resumed,
            log=self._log.info,
        )
        stack.callback(bulk.close)
        self._follow(bulk, progress)
        return progress, bulk

    def _turns(self, shared: TaskState, name: str) -> ImportTurns | None:
        """Return the turns of the runs that import into the account, where two at once make duplicates."""
        from airflow_provider_mkt.actions.polling import has_ended
        from airflow_provider_mkt.sync.import_progress import ImportTurns

        hook, importer = self._hook, self.importer
        if not importer.takes_turns:
            return None

        return ImportTurns(
            shared,
            name,
            importer.quiet_after,
            lock=lambda: hook.exclusive("imports under way"),
            has_ended=lambda job: hook.follow(has_ended(hook.job_spec(job), job)),
        )

    def log_reading(self, rows: int) -> None:
        """Log now and then how many rows of the source were read."""
        self._operator.raise_if_cancelled()
        if time.monotonic() - self._logged_at >= _READ_LOG_INTERVAL:
            self._logged_at = time.monotonic()
            self._log.info("Read %s", counted(rows, "row"))

    def _follow(self, bulk: BulkImport, progress: ImportProgress) -> None:
        """Send and collect until every part has ended."""
        from airflow_provider_mkt.actions.polling import PollFailureBudget, WaitTimedOut, wait_for

        options, import_state = self._options, None

        def poll() -> Procedure[tuple[ImportState | None]]:
            return (bulk.advance(),)
            yield  # a procedure whose calls are run by the import itself

        def deadline(polled: tuple[ImportState | None] | None) -> float:
            nonlocal import_state
            import_state = polled[0] if polled else None
            if import_state is None or import_state.retry_at is not None:
                return math.inf
            return progress.progress_at + options.wait_timeout

        def interval(polled: tuple[ImportState | None] | None) -> float:
            return self._seconds_to_next_poll(
                polled[0] if polled else None, progress.progress_at + options.wait_timeout
            )

        try:
            self._hook.follow(
                wait_for(
                    poll,
                    lambda polled: True if polled[0] is None else None,
                    interval=interval,
                    deadline=deadline,
                    failure_budget=PollFailureBudget(
                        options.max_poll_failure_time, fatal=(OutcomeUnknown, QuotaExhausted)
                    ),
                    log=self._log,
                )
            )
        except WaitTimedOut as error:
            jobs = ", ".join(str(job) for job in import_state.jobs) if import_state else ""
            msg = f"no progress for {options.wait_timeout:.0f} s: {jobs or 'the queue took none'}"
            raise JobsOverdue(msg) from error
        except QuotaExhausted as error:
            progress.progress_at = error.resets_at.timestamp()
            raise
        except PlatformError as error:
            started = bulk.started_jobs
            if error.permanent and not isinstance(error, OutcomeUnknown) and started:
                self._log.warning(
                    "Only a part of the file is imported. The platform has %s; the next run of the task "
                    "continues from there",
                    ", ".join(str(job) for job in started),
                )
            raise

    def _seconds_to_next_poll(self, state: ImportState | None, deadline: float) -> float:
        """Return the seconds to the next poll; defer the task where it waits in the triggerer."""
        if state is not None and state.jobs:
            if self._options.deferrable:
                self._wait_in_triggerer(state, deadline)
            if time.monotonic() - self._logged_at >= _WAIT_LOG_INTERVAL:
                self._logged_at = time.monotonic()
                self._log.info("Waiting for %s", ", ".join(str(job) for job in state.jobs))
        elif state is not None and state.full is not None:
            from airflow_provider_mkt.client import jitter

            # At random, so that waiting tasks do not all retry at the same moment.
            seconds = jitter.between(*_QUEUE_RETRY)
            self._log.info("%s; trying again in %.0f s", state.full, seconds)
            return self._pause(seconds, state.full)
        elif state is not None:
            if state.retry_at is None:
                return 0.0
            error = OutcomeUnknown("the upload of a part was not answered", platform=self.importer.platform)
            return self._pause(max(0.0, state.retry_at - time.time()), error)
        return self._interval

    def _pause(self, seconds: float, error: PlatformError) -> float:
        if self._options.deferrable:
            self._operator.defer_until(datetime.fromtimestamp(time.time() + seconds, UTC), error)
        return seconds

    def _wait_in_triggerer(self, state: ImportState, deadline: float) -> NoReturn:
        from airflow_provider_mkt.triggers.batch_status import BatchStatusTrigger

        defer_within_timeout(
            self._operator,
            BatchStatusTrigger(
                conn_id=self._operator.conn_id,
                jobs=[dict(job.to_json()) for job in state.jobs],
                deadline=deadline,
                poll_interval=self._options.poll_interval,
                max_poll_failure_time=self._options.max_poll_failure_time,
                cancel_on_kill=self._options.cancel_on_kill,
            ),
            "resume",
        )

    @property
    def _interval(self) -> float:
        own = self._options.poll_interval
        return own if own is not None else self.importer.spec.poke_interval


def _import_name(context: Context, digest: str) -> str:
    """The name of the imports of this run of this task on the platform."""
    ti = context["ti"]
    run = "\n".join((ti.dag_id, ti.run_id, ti.task_id, str(ti.map_index), digest))
    return f"{ti.dag_id}.{ti.task_id} {hashlib.sha256(run.encode()).hexdigest()[:12]}"
