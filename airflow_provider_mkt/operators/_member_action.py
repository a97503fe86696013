"""The base of the operators that apply one action to many leads or contacts."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.hooks.run_context import RunContext
from airflow_provider_mkt.hooks.state import task_digest, task_state_of
from airflow_provider_mkt.operators._base import Cancellable, MarketingOperator
from airflow_provider_mkt.operators._files import as_path, result_path, write_rows
from airflow_provider_mkt.operators._member_source import leads_from_file, leads_from_value
from airflow_provider_mkt.operators._parameters import RejectThreshold, hold_callable, optional_str
from airflow_provider_mkt.operators.outcomes import MemberOutcome

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.actions.members import MemberAction, MemberStatus
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.operators._member_source import Leads
    from airflow_provider_mkt.sync.member_table import MemberTable
    from airflow_provider_mkt.sync.pipeline import AdaptiveConcurrency

_REASONS_MAX = 50
_SHARE_OF_AT_LEAST = 1_000
"""A share of rejected leads is taken of at least so many, so that a few early rejects do not stop a task."""


OutcomeT = TypeVar("OutcomeT", bound=MemberOutcome)


class MemberOperator(Cancellable, MarketingOperator, Generic[OutcomeT]):
    """Base of the operators that apply one action to many leads, each of which has a result.

    All leads are read and validated before the first request, and stored in a temporary file on the worker.
    A lead that is given several times is processed once. A retry continues where the earlier try ended.
    An action that has an effect each time is applied to each lead at most once, also after lost responses
    and killed workers. When the result of a lead is unknown, the task fails without retry; clearing the task
    applies the action to the unknown leads again, and to no others.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type selects the platform.
    :param leads: ids of leads: a list, JSON text of a list, or a callable without arguments that returns an
        iterable. Either ``leads`` or ``leads_path`` is required.
    :param leads_path: a file with the leads, in place of ``leads``, on any object storage that Airflow can
        reach: the outcomes file of a :class:`.SyncLeadsOperator` (its rejected leads are left out), the
        rejects file of an earlier task, CSV, JSON Lines, Parquet, or text (``.txt``) with one id per line.
    :param leads_column: the column of that file with the ids. Default: the first of ``id``, ``lead``,
        ``lead_id``, ``contact_id`` and ``email`` that the file has, or its only column.
    :param max_rejected: how many leads may be rejected: a number, a share (0.05 or ``"5%"``), or None for no
        limit. If more are rejected, the task fails without retry after all leads are processed.
    :param rejects_path: where to write the rejected and unknown leads, as JSON Lines. Default: a file on the
        worker. No file is written when there are none. A later task can read it as ``leads_path``.
    :param max_concurrency: how many requests may be in flight. Default and maximum: what the connection
        allows.
    :param fail_fast: stop as soon as more leads are rejected than ``max_rejected`` allows, without processing
        the others. A share is taken of at least 1,000 leads.
    """

    template_fields: Sequence[str] = (
        "conn_id",
        "leads",
        "leads_path",
        "leads_column",
        "max_rejected",
        "rejects_path",
    )

    def __init__(
        self,
        *,
        conn_id: str,
        leads: Leads | None = None,
        leads_path: str | None = None,
        leads_column: str | None = None,
        max_rejected: int | float | str | None = 0,
        rejects_path: str | None = None,
        max_concurrency: int | None = None,
        fail_fast: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.leads = hold_callable(leads)
        self.leads_path = leads_path
        self.leads_column = leads_column
        self.max_rejected = max_rejected
        self.rejects_path = rejects_path
        self.max_concurrency = max_concurrency
        self.fail_fast = fail_fast

    @abstractmethod
    def member_action(self) -> MemberAction:
        """Return the action to apply.

        :raises InvalidInput: naming the parameter that is not valid.
        """

    def run_action(self, context: Context) -> OutcomeT:
        """Apply the action to all leads.

        :raises AirflowFailException: when more leads are rejected than allowed, or a result is unknown.
        """
        from airflow_provider_mkt.sync.member_table import MemberTable
        from airflow_provider_mkt.sync.pipeline import AdaptiveConcurrency

        self.reset_cancellation()
        threshold = RejectThreshold.of("max_rejected", self.max_rejected)
        action = self.member_action()
        with MemberTable() as members:
            members.add(self._read_leads(action))
            if not members.total:
                raise InvalidInput("leads", f"is empty: there is no lead to be {action.done_key}")
            ceiling = self.hook.platform.max_concurrency
            concurrency = AdaptiveConcurrency(min(self.max_concurrency or ceiling, ceiling))
            run_context = RunContext(sleep=self.sleep, on_failure=concurrency.on_failure)
            # Airflow may consider a running worker dead and start the next try beside it.
            lock = action.key if action.once_only else f"task {task_digest(context)}"
            with self.hook.bind(run_context) as hook, hook.exclusive(lock):
                return self._apply(context, hook, action, members, threshold, concurrency)

    def _read_leads(self, action: MemberAction) -> Iterable[str]:
        path = as_path("leads_path", self.leads_path)
        if (self.leads is None) == (path is None):
            raise InvalidInput("leads", "give either leads or leads_path")
        if path is None:
            return leads_from_value(self.leads, action.parse_id)
        return leads_from_file(path, optional_str("leads_column", self.leads_column), action.parse_id)

    def _apply(
        self,
        context: Context,
        hook: MarketingHook,
        action: MemberAction,
        members: MemberTable,
        threshold: RejectThreshold,
        concurrency: AdaptiveConcurrency,
    ) -> OutcomeT:
        from airflow_provider_mkt.actions.members import MemberStatus
        from airflow_provider_mkt.sync.members import MemberActionRunner, MemberReport
        from airflow_provider_mkt.sync.results import Progress

        hook.follow(action.precheck())
        report = MemberReport(action)
        progress = Progress(report, lambda done: members.total, self.log.info)

        def on_tick() -> None:
            self.raise_if_cancelled()
            progress.log()

        def should_stop() -> bool:
            rejected, total = report.counts[MemberStatus.REJECTED], max(report.total, _SHARE_OF_AT_LEAST)
            return self.fail_fast and not threshold.allows(rejected, total)

        runner = MemberActionRunner(
            action,
            members,
            task_state_of(context),
            hook.follow,
            concurrency,
            report,
            on_tick=on_tick,
            cancel=self.cancel,
            should_stop=should_stop,
        )
        runner.run()
        runner.verify(self.sleep)
        outcome = self._outcome(context, hook.conn_type, action, members, report.seconds)
        runner.mark_reported()
        self.log.info("Finished: %s", report.line())
        self._fail_if_needed(context, action, members.counts(), outcome, threshold)
        return outcome

    def _outcome(
        self, context: Context, platform: str, action: MemberAction, members: MemberTable, seconds: float
    ) -> OutcomeT:
        from airflow_provider_mkt.actions.members import MemberStatus

        counts = members.counts()
        reasons = Counter(one.code or "UNKNOWN" for one in members.failures())
        outcome = {
            "outcome": action.outcome,
            "platform": platform,
            "total": members.total,
            "duplicates": members.given - members.total,
            action.done_key: counts[MemberStatus.DONE],
            action.already_key: counts[MemberStatus.ALREADY],
            "rejected": counts[MemberStatus.REJECTED],
            "unknown": counts[MemberStatus.UNKNOWN],
            "reasons": dict(reasons.most_common(_REASONS_MAX)),
            "rejects": self._write_rejects(context, members) if reasons else None,
            "seconds": round(seconds, 2),
        }
        return cast("OutcomeT", outcome)

    def _write_rejects(self, context: Context, members: MemberTable) -> str:
        path = as_path("rejects_path", self.rejects_path) or result_path(context, "rejects")
        rows = (
            {"lead": one.member, "outcome": one.status.value, "code": one.code, "reason": one.reason}
            for one in members.failures()
        )
        write_rows(path, rows)
        return path

    def _fail_if_needed(
        self,
        context: Context,
        action: MemberAction,
        counts: Counter[MemberStatus],
        outcome: OutcomeT,
        threshold: RejectThreshold,
    ) -> None:
        """Fail the task without retry, with its outcome in XCom, unless the outcome counts as success."""
        rejected, unknown, processed = outcome["rejected"], outcome["unknown"], counts.total()
        problems = []
        if unknown:
            problems.append(
                f"whether {unknown:,} leads were {action.done_key} is unknown; clear the task to request "
                "them again"
            )
        if not threshold.allows(rejected, processed):
            problems.append(f"{rejected:,} of {processed:,} leads were rejected, allowed: {threshold}")
        if processed < outcome["total"]:
            problems.append(f"the other {outcome['total'] - processed:,} were not processed")
        if problems:
            context["ti"].xcom_push(key="return_value", value=outcome)
            reasons = ", ".join(f"{code}: {count:,}" for code, count in outcome["reasons"].items())
            msg = f"{'; '.join(problems)} ({reasons}). See {outcome['rejects']}"
            raise AirflowFailException(msg)
