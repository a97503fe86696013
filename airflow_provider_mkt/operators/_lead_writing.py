"""What the operators share that stream leads to a platform and report the result of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_mkt.operators._base import optional_str
from airflow_provider_mkt.operators._cancellation import slowing_down
from airflow_provider_mkt.operators._files import as_path, open_for_writing, result_path, whole_file
from airflow_provider_mkt.operators._lead_source import SOURCE_FIELDS
from airflow_provider_mkt.operators._reject_threshold import RejectThreshold
from airflow_provider_mkt.operators._task_state import clear_count, local_state, task_digest, task_state_of

if TYPE_CHECKING:
    from pathlib import Path

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.actions.ports import LeadWriter
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.operators._cancellation import CancellableOperator
    from airflow_provider_mkt.operators._lead_source import Source
    from airflow_provider_mkt.state.sync_progress import SyncProgress
    from airflow_provider_mkt.sync.results import SyncOutcome, SyncReport

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
        self.rejects_path = as_path("rejects_path", given.rejects_path)
        self.outcomes_path = as_path("outcomes_path", given.outcomes_path)
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
        self.operator, self.context, self.hook = operator, context, hook
        self.writer, self.options = writer, options
        self.task_state = task_state_of(context)
        operator.reset_cancellation()
        hook.sleep = operator.sleep

    @property
    def key(self) -> str | None:
        """The field that every row needs."""
        return self.options.lookup_field if self.writer.repeatable else None

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """Use the hook's connections, and let no other try of the task run at the same time.

        Airflow may take a worker that lives for dead, and start the next try beside it.
        """
        with self.hook, self.hook.exclusive(f"task {task_digest(self.context)}"):
            yield

    def run(self, source: Source, result: Callable[[SyncOutcome], dict[str, Any]]) -> dict[str, Any]:
        """Write the leads of a source by calls, and return the task's result.

        :param result: makes it of the outcome.
        :raises AirflowFailException: when more leads were rejected than allowed.
        """
        with self.exclusive():
            outcome = self.by_calls(source)
        self.fail_if_rejected(outcome, result)
        return result(outcome)

    def by_calls(self, source: Source) -> SyncOutcome:
        """Write the leads of a source by calls."""
        from airflow_provider_mkt.state.sync_progress import SyncProgress
        from airflow_provider_mkt.sync.calls import CallTransport
        from airflow_provider_mkt.sync.results import ResultFiles

        hook, writer, options, log = self.hook, self.writer, self.options, self.operator.log
        platform = hook.platform
        ceiling = platform.max_concurrency
        transport = CallTransport(
            hook,
            hook.conn_type,
            self.operator,
            self.task_state,
            writer,
            max_concurrency=min(options.max_concurrency or ceiling, ceiling),
            daily_reserve=platform.daily_reserve,
            log=log,
        )
        hook.sleep = transport.sleep
        hook.on_refusal = slowing_down(transport.concurrency)
        report = transport.report
        rejects = options.rejects_path or result_path(self.context, "rejects")
        with ExitStack() as stack:
            known_fields = transport.prepare(stack)
            progress = stack.enter_context(SyncProgress(self._progress_path()))
            if options.outcomes_path:
                progress.recover_outcomes()
            else:
                progress.drop_outcomes()
            result_files = stack.enter_context(
                ResultFiles(
                    lambda: open_for_writing(rejects), progress.add_outcome if options.outcomes_path else None
                )
            )
            rows = source.open(stack, self.key, known_fields)
            try:
                transport.write(
                    rows, result_files, progress, known_fields, too_many_rejected=self._too_many_rejected
                )
            finally:
                result_files.close()
                outcomes = self._write_outcomes(progress)
            # A user who clears the task after this wants what was rejected sent, not what would be repeated.
            if writer.repeatable or options.threshold.allows(report.rejected, report.total):
                progress.remove()
                transport.forget()
        transport.finish()
        log.info("Finished: %s", report.line())
        if not report.total:
            log.warning("The source is empty: there was nothing to write")
        return report.outcome(hook.conn_type, rejects if result_files.has_rejects else None, outcomes)

    def fail_if_rejected(
        self, outcome: SyncOutcome, result: Callable[[SyncOutcome], Mapping[str, Any]] = dict
    ) -> None:
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

    def _progress_path(self) -> Path:
        """The file of the sync progress, which outlasts a try that was killed or failed.

        When a user clears the task, all is sent again where that is harmless; where it would repeat what was
        done, the progress outlasts that too.
        """
        task = task_digest(self.context)
        return local_state().sync_progress(
            f"{task}-{clear_count(self.context)}" if self.writer.repeatable else task
        )

    def _too_many_rejected(self, report: SyncReport) -> bool:
        total = max(report.total, _SHARE_COUNTS_FROM)
        return self.options.fail_fast and not self.options.threshold.allows(report.rejected, total)

    def _write_outcomes(self, progress: SyncProgress) -> str | None:
        """Write the outcome lines of all tries to their file. Returns its path; None when there are none."""
        path = self.options.outcomes_path
        if path is None or not progress.has_outcomes:
            return None
        with whole_file(path) as file:
            file.writelines(progress.outcomes())
        return path
