"""What the operators share that stream leads to a platform and report the result of each."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import IO, TYPE_CHECKING, Any, Protocol, TypeVar

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_mkt.hooks.run_context import RunContext
from airflow_provider_mkt.hooks.state import clear_count, local_state, task_digest, task_state_of
from airflow_provider_mkt.operators._files import as_path, open_for_writing, result_path, whole_file
from airflow_provider_mkt.operators._lead_source import SOURCE_FIELDS
from airflow_provider_mkt.operators._parameters import RejectThreshold, optional_str

if TYPE_CHECKING:
    from pathlib import Path

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.actions.ports import LeadWriter
    from airflow_provider_mkt.client.call import Call
    from airflow_provider_mkt.client.transport.platform import Failure
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.operators._base import CancellableOperator
    from airflow_provider_mkt.operators._lead_source import Source
    from airflow_provider_mkt.state.sync_progress import SyncProgress
    from airflow_provider_mkt.sync.calls import CallTransport
    from airflow_provider_mkt.sync.results import SyncOutcome, SyncReport

OutcomeT = TypeVar("OutcomeT")

WRITING_FIELDS = (*SOURCE_FIELDS, "lookup_field", "max_rejected", "rejects_path", "outcomes_path")
"""Template fields of the operators that write leads."""

_SHARE_COUNTS_FROM = 1_000
"""Leads after which a share of rejected ones is judged while the task runs."""


class WriteParameters(Protocol):
    """The parameters of an operator that say how its leads are written."""

    lookup_field: str
    max_rejected: int | float | str | None
    rejects_path: str | None
    outcomes_path: str | None
    max_concurrency: int | None
    fail_fast: bool


class WriteOptions:
    """How the leads of a task are written.

    :param given: the operator.
    :raises InvalidInput: naming the parameter that is wrong.
    """

    def __init__(self, given: WriteParameters) -> None:
        self.threshold = RejectThreshold.of("max_rejected", given.max_rejected)
        self.lookup_field = optional_str("lookup_field", given.lookup_field) or ""
        rejects, outcomes = given.rejects_path, given.outcomes_path
        self.rejects_path = as_path("rejects_path", rejects) if rejects is not None else None
        self.outcomes_path = as_path("outcomes_path", outcomes) if outcomes is not None else None
        self.max_concurrency, self.fail_fast = given.max_concurrency, given.fail_fast


class LeadWriting:
    """Writes the leads of one task.

    :param operator: the task's operator.
    :param hook: of the account.
    :param writer: makes the calls.
    :param options: how.
    """

    def __init__(
        self,
        operator: CancellableOperator,
        context: Context,
        hook: MarketingHook,
        writer: LeadWriter,
        options: WriteOptions,
    ) -> None:
        operator.reset_cancellation()
        self.operator, self.context = operator, context
        self.writer, self.options = writer, options
        self.key = options.lookup_field if writer.repeatable else None
        """The field that every row needs."""
        self.task, self.task_state = task_digest(context), task_state_of(context)
        self._transport: CallTransport | None = None
        self.hook = hook.bind(RunContext(sleep=self._sleep, on_failure=self._on_failure))
        self.platform = self.hook.platform

    def run(self, source: Source, result: Callable[[SyncOutcome], OutcomeT]) -> OutcomeT:
        """Write the leads of a source by calls, and return the task's result.

        :param result: makes it of the outcome.
        :raises AirflowFailException: when more leads were rejected than allowed.
        """
        # Airflow may take a worker that lives for dead, and start the next try beside it.
        with self.hook, self.hook.exclusive(f"task {self.task}"):
            outcome = self.by_calls(source)
        self.fail_if_rejected(outcome, result)
        return result(outcome)

    def by_calls(self, source: Source) -> SyncOutcome:
        """Write the leads of a source by calls."""
        from airflow_provider_mkt.state.sync_progress import SyncProgress
        from airflow_provider_mkt.sync.calls import CallTransport
        from airflow_provider_mkt.sync.results import ResultFiles

        hook, writer, options, log = self.hook, self.writer, self.options, self.operator.log
        ceiling = self.platform.max_concurrency
        transport = self._transport = CallTransport(
            hook,
            hook.conn_type,
            self.operator,
            self.task_state,
            writer,
            max_concurrency=min(options.max_concurrency or ceiling, ceiling),
            daily_reserve=self.platform.daily_reserve,
            log=log,
        )
        report, wants_outcomes = transport.report, options.outcomes_path is not None
        with ExitStack() as stack:
            known_fields = transport.prepare(stack)
            progress = stack.enter_context(SyncProgress(self._progress_path(), keep_outcomes=wants_outcomes))
            result_files = ResultFiles(self._open_rejects, progress.add_outcome if wants_outcomes else None)
            rows = source.open(stack, self.key, known_fields)
            try:
                transport.write(
                    rows,
                    result_files,
                    progress,
                    known_fields,
                    too_many_rejected=self._too_many_rejected if options.fail_fast else None,
                )
            finally:
                result_files.close()
                outcomes = self._write_outcomes(progress, options.outcomes_path) if wants_outcomes else None
            # A user who clears the task after this wants what was rejected sent, not what would be repeated.
            if repeat := writer.repeatable or options.threshold.allows(report.rejected, report.total):
                progress.remove()
            transport.finish(forget=repeat)
        log.info("Finished: %s", report.line())
        if not report.total:
            log.warning("The source is empty: there was nothing to write")
        return report.outcome(
            hook.conn_type, self._rejects_path if result_files.has_rejects else None, outcomes
        )

    def fail_if_rejected(self, outcome: SyncOutcome, result: Callable[[SyncOutcome], object] = dict) -> None:
        """Fail when more leads were rejected than allowed. The result is in XCom all the same.

        :param result: makes the task's result of the outcome.
        :raises AirflowFailException: then.
        """
        threshold = self.options.threshold
        if threshold.allows(outcome["rejected"], outcome["total"]):
            return
        self.context["ti"].xcom_push(key="return_value", value=result(outcome))
        reasons = ", ".join(f"{code}: {count:,}" for code, count in outcome["reasons"].items())
        skipped = f" and {outcome['skipped']:,} skipped" if outcome["skipped"] else ""
        others = "The rest was not sent" if self.options.fail_fast else "The others were written"
        msg = (
            f"{outcome['rejected']:,} of {outcome['total']:,} leads were rejected{skipped} ({reasons}), "
            f"allowed: {threshold}. {others}. See {outcome['rejects']}"
        )
        raise AirflowFailException(msg)

    def _sleep(self, seconds: float) -> None:
        (self.operator if self._transport is None else self._transport).sleep(seconds)

    def _on_failure(self, call: Call[Any], failure: Failure, wait: float) -> None:
        if self._transport is not None:
            self._transport.concurrency.on_failure(call, failure, wait)

    @property
    def _rejects_path(self) -> str:
        return self.options.rejects_path or result_path(self.context, "rejects")

    def _open_rejects(self) -> IO[str]:
        return open_for_writing(self._rejects_path)

    def _progress_path(self) -> Path:
        """The file of the sync progress, which outlasts a try that was killed or failed.

        When a user clears the task, all is sent again where that is harmless; where it would repeat what was
        done, the progress outlasts that too.
        """
        name = f"{self.task}-{clear_count(self.context)}" if self.writer.repeatable else self.task
        return local_state().sync_progress(name)

    def _too_many_rejected(self, report: SyncReport) -> bool:
        return not self.options.threshold.allows(report.rejected, max(report.total, _SHARE_COUNTS_FROM))

    @staticmethod
    def _write_outcomes(progress: SyncProgress, path: str | None) -> str | None:
        """Write the outcome lines of all tries to their file. Returns its path; None when there are none."""
        if path is None or not progress.has_outcomes:
            return None
        with whole_file(path) as file:
            file.writelines(progress.outcomes())
        return path
