"""What the operators share that stream leads to a platform and tell what became of each."""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_mkt.client.errors import NotRepeated
from airflow_provider_mkt.hooks.run_context import RunContext
from airflow_provider_mkt.operators._base import optional_str
from airflow_provider_mkt.operators._cancellation import slowing_down
from airflow_provider_mkt.operators._daily_quota import DailyQuotaGuard
from airflow_provider_mkt.operators._files import as_path, ledger_path, open_for_writing
from airflow_provider_mkt.operators._lead_source import LeadSourceOperator
from airflow_provider_mkt.operators._lease import Lease
from airflow_provider_mkt.operators._progress import Progress
from airflow_provider_mkt.operators._reject_threshold import RejectThreshold
from airflow_provider_mkt.operators._sync_state import SyncState
from airflow_provider_mkt.operators._task_state import task_digest, task_state_of

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.actions.ports import LeadWriter
    from airflow_provider_mkt.actions.procedure import TaskState
    from airflow_provider_mkt.client.call import Call
    from airflow_provider_mkt.client.transport.exchange import Reply
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.sync.report import SyncOutcome


class LeadWritingOperator(LeadSourceOperator):
    """Base of the operators that stream leads to a platform and tell what became of every one of them.

    Leads go in batches of the platform's size, as many at once as the account's limits allow. One that
    cannot be written goes to the rejects file with its own input and the reason; the others are written.
    A retry goes on where the last try was: what is known to be done is not sent again.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type decides the platform.
    :param lookup_field: the key by which leads are found.
    :param max_rejected: how many rejected records are fine: a number, a share (0.05 or ``"5%"``), or
        None for any. Over it the task fails without retry, after everything else was sent.
    :param rejects_path: where rejected records are written as JSON Lines; a file on this machine when
        not given. No file where there are none.
    :param outcomes_path: where the outcome of every record is written as JSON Lines, with the
        platform's lead id; nowhere when not given.
    :param max_concurrency: calls under way at most; as many as the connection allows when not given.
    :param fail_fast: stop as soon as more leads are rejected than allowed, and leave the rest unsent. A
        share is judged from the thousandth lead on.
    """

    writing_fields: ClassVar[tuple[str, ...]] = (
        *LeadSourceOperator.source_fields,
        "lookup_field",
        "max_rejected",
        "rejects_path",
        "outcomes_path",
    )
    template_fields: Sequence[str] = writing_fields

    _lease: Lease | None = None

    def __init__(
        self,
        *,
        conn_id: str,
        lookup_field: str = "email",
        max_rejected: int | float | str | None = 0,
        rejects_path: str | None = None,
        outcomes_path: str | None = None,
        max_concurrency: int | None = None,
        fail_fast: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.lookup_field = lookup_field
        self.max_rejected = max_rejected
        self.rejects_path = rejects_path
        self.outcomes_path = outcomes_path
        self.max_concurrency = max_concurrency
        self.fail_fast = fail_fast

    @abstractmethod
    def writer(self) -> LeadWriter:
        """How the leads are written.

        :raises InvalidInput: on parameters that cannot be right.
        """

    def result_of(self, outcome: SyncOutcome) -> Mapping[str, Any]:
        """What the task returns."""
        return outcome

    def run_action(self, context: Context) -> Mapping[str, Any]:
        self.reset_cancellation()
        self._lease = None
        threshold = RejectThreshold.of("max_rejected", self.max_rejected)
        self.check_source()
        writer = self.writer()
        hook = self.hook.bind(RunContext(sleep=self._wait))
        # Airflow may take a worker that lives for dead, and start the next try beside it.
        with hook, hook.exclusive(f"task {task_digest(context)}"):
            outcome = self.write_records(context, hook, writer, threshold)
        self._judge(context, outcome, threshold)
        return self.result_of(outcome)

    def write_records(
        self, context: Context, hook: MarketingHook, writer: LeadWriter, threshold: RejectThreshold
    ) -> SyncOutcome:
        """Write the leads of the source, and tell what became of them."""
        from airflow_provider_mkt.sync.concurrency import AdaptiveConcurrency
        from airflow_provider_mkt.sync.pipeline import Pipeline, Stop
        from airflow_provider_mkt.sync.report import Report
        from airflow_provider_mkt.sync.result_files import ResultFiles

        rejects = ledger_path(context, as_path("rejects_path", self.rejects_path), "rejects")
        task_state = task_state_of(context)
        lease = Lease(task_state, writer.quiet_after, self.sleep, self.log.info)
        ceiling = min(self.max_concurrency or hook.platform.max_concurrency, hook.platform.max_concurrency)
        # All at once from the start: in a sliding window, the pace of the first one comes back in all others.
        concurrency = AdaptiveConcurrency(ceiling, start=ceiling, rate=hook.rate)
        report = Report()
        with ExitStack() as stack:
            run_context = replace(hook.run_context, on_failure=slowing_down(concurrency))
            hook = stack.enter_context(hook.bind(run_context))
            watch = stack.enter_context(
                DailyQuotaGuard(hook, hook.platform.daily_reserve, lambda: report.calls)
            )
            known_fields = hook.follow(writer.known_fields())
            state = self._state(context, writer)
            stack.callback(state.close)
            ledger = stack.enter_context(ResultFiles(lambda: open_for_writing(rejects), state.open_outcomes))
            rows = self.open_source(
                stack, writer, optional_str("lookup_field", self.lookup_field) or "", known_fields
            )
            progress = Progress(report, rows.expected, self.log.info)
            if not writer.repeatable:
                _begin_once(task_state, state)
            if state.resuming:
                self.log.info("An earlier try of this task got somewhere; what it has done is not sent again")
            lease.wait_for_the_last_one()
            self._lease = lease

            def tick() -> None:
                self.raise_if_cancelled()
                watch.look()
                if self.fail_fast and not threshold.allows(report.rejected, max(report.total, _ENOUGH)):
                    raise Stop
                lease.renew()
                progress.tell()

            def send(call: Call[Any]) -> Reply[Any]:
                self.raise_if_cancelled()
                return hook.reply(call)

            try:
                Pipeline(
                    writer,
                    send,
                    concurrency,
                    ledger,
                    report,
                    known_fields=known_fields,
                    checkpoint=state.checkpoint,
                    on_tick=tick,
                    abandon=self.cancel,
                ).run(iter(rows))
            except Stop:
                self.log.warning("Stopped: more leads are rejected than allowed")
            finally:
                ledger.close()
                outcomes = state.publish()
                if not state.begun:
                    # Nothing was sent, so the next try need not ask itself what became of it.
                    task_state.set(_BEGUN, None)
            # A user who clears the task after this wants what was rejected sent, not what would be repeated.
            if writer.repeatable or threshold.allows(report.rejected, report.total):
                state.forget()
                task_state.set(_BEGUN, None)
        if not report.reasons["OUTCOME_UNKNOWN"]:
            lease.give_back()
        self.log.info("Finished: %s", report.line())
        if not report.total:
            self.log.warning("The source is empty: there was nothing to write")
        return report.outcome(hook.conn_type, rejects if ledger.has_rejects else None, outcomes)

    def _state(self, context: Context, writer: LeadWriter) -> SyncState:
        outcomes = as_path("outcomes_path", self.outcomes_path)
        return SyncState(context, repeatable=writer.repeatable, outcomes=outcomes)

    def _judge(self, context: Context, outcome: SyncOutcome, threshold: RejectThreshold) -> None:
        if threshold.allows(outcome["rejected"], outcome["total"]):
            return
        context["ti"].xcom_push(key="return_value", value=self.result_of(outcome))
        reasons = ", ".join(f"{code}: {count:,}" for code, count in outcome["reasons"].items())
        skipped = f" and {outcome['skipped']:,} skipped" if outcome["skipped"] else ""
        what = "The rest was not sent" if self.fail_fast else "The others were written"
        msg = (
            f"{outcome['rejected']:,} of {outcome['total']:,} leads were rejected{skipped} ({reasons}), "
            f"allowed: {threshold}. {what}. See {outcome['rejects']}"
        )
        raise AirflowFailException(msg)

    def _wait(self, seconds: float) -> None:
        """Wait for the next request of a call."""
        from airflow_provider_mkt.sync.pipeline import SENDING

        self.sleep(seconds)
        # The other threads write no leads, and one of them renews the lease.
        writes = threading.current_thread().name.startswith(SENDING)
        while writes and self._lease is not None and not self._lease.holds():
            # Meanwhile the source may have kept the thread that renews it.
            self.sleep(0.1)


_BEGUN = "leads begun to be sent"
_ENOUGH = 1_000
"""Leads after which a share of rejected ones says something."""


def _begin_once(task_state: TaskState, state: SyncState) -> None:
    if task_state.get(_BEGUN) and not state.resuming:
        raise NotRepeated(
            "an earlier try of this task may have sent some of the leads, on another machine maybe, and "
            "sending them again would repeat what that did; nothing was sent now"
        )
    task_state.set(_BEGUN, True)
