"""The base of the operators that apply one action to many leads or contacts."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

from airflow_provider_mkt.actions.targets import REJECTS, SOURCE, Target
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.wording import counted, part_of, was_or_were
from airflow_provider_mkt.hooks.run_context import RunContext
from airflow_provider_mkt.hooks.state import task_digest, task_state_of
from airflow_provider_mkt.operators._base import Cancellable, MarketingOperator, push_outcome
from airflow_provider_mkt.operators._files import as_lines_path, as_path, result_path, write_rows
from airflow_provider_mkt.operators._finished import FinishedTry
from airflow_provider_mkt.operators._member_source import leads_from_file, leads_from_value
from airflow_provider_mkt.operators._parameters import RejectThreshold, hold_callable, optional_str
from airflow_provider_mkt.operators.outcomes import MemberOutcome
from airflow_provider_mkt.version_compat import AirflowFailException

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_provider_mkt.actions.members import MemberAction
    from airflow_provider_mkt.actions.send_guards import SendGate
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.operators._first_wave import FirstWave
    from airflow_provider_mkt.operators._member_source import Leads
    from airflow_provider_mkt.operators._parse_checks import Arguments
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
    :param rejects_path: where to write the rejected and unknown leads, as JSON Lines. Default: a file below
        ``[mkt] results_path``, or on the worker. No file is written when there are none. A later task can
        read it as ``leads_path``.
    :param max_concurrency: how many requests may be in flight. Default and maximum: what the connection
        allows.
    :param fail_fast: stop as soon as more leads are rejected than ``max_rejected`` allows, without processing
        the others. A share is taken of at least 1,000 leads.
    """

    targets: ClassVar[Sequence[Target]] = (
        Target(SOURCE, "leads_path", "input"),
        Target(REJECTS, "rejects", "output"),
    )

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

    def check_total(self, total: int) -> None:
        """Check how many leads there are, before the first request.

        :raises InvalidInput: naming the parameter that does not allow so many.
        """

    def check_arguments(self, arguments: Arguments) -> None:
        arguments.one_of("leads", "leads_path", problem="give either leads or leads_path")

    def run_action(self, context: Context) -> OutcomeT:
        """Apply the action to all leads.

        :raises AirflowFailException: when more leads are rejected than allowed, or a result is unknown.
        """
        from airflow_provider_mkt.actions.member_emails import accept_emails
        from airflow_provider_mkt.actions.members import record_id
        from airflow_provider_mkt.sync.member_table import MemberTable
        from airflow_provider_mkt.sync.pipeline import AdaptiveConcurrency

        threshold = RejectThreshold.of("max_rejected", self.max_rejected)
        as_lines_path("rejects_path", self.rejects_path)
        action = self.member_action()
        if action.parse_id is record_id:
            action = accept_emails(action, self.hook.people.find_by_email)
        with MemberTable() as members:
            members.add(self._read_leads(action))
            if not members.total:
                raise InvalidInput("leads", f"is empty: there is no lead to be {action.done_key}")
            self.check_total(members.total)
            ceiling = self.hook.platform.max_concurrency
            concurrency = AdaptiveConcurrency(min(self.max_concurrency or ceiling, ceiling))
            run_context = RunContext(sleep=self.sleep, on_failure=concurrency.on_failure)
            # Airflow may consider a running worker dead and start the next try beside it.
            lock = action.key if action.once_only else f"task {task_digest(context)}"
            with (
                self.hook.bind(run_context) as hook,
                self.member_gate(context, hook, action, members.total) as gate,
                hook.exclusive(lock),
            ):
                return self._apply(context, hook, action, members, threshold, concurrency, gate)

    def member_gate(
        self, context: Context, hook: MarketingHook, action: MemberAction, people: int
    ) -> AbstractContextManager[SendGate]:
        """Return what the action passes before its first request; an operator that sends has safeguards."""
        from airflow_provider_mkt.actions.send_guards import OPEN

        return nullcontext(OPEN)

    def first_wave(self, people: int) -> FirstWave | None:
        """Return the people who get the action first; None when all get it at once."""
        return None

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
        gate: SendGate,
    ) -> OutcomeT:
        from airflow_provider_mkt.actions.members import MemberStatus
        from airflow_provider_mkt.sync.members import MemberActionRunner, MemberReport
        from airflow_provider_mkt.sync.results import Progress

        task_state = task_state_of(context, hook)
        about = [action.key, members.digest(action.chunk_max)]
        finished: FinishedTry[OutcomeT] = FinishedTry(context, task_state, about)
        if (earlier := finished.outcome) is not None:
            self.log.info("An earlier try of this task has finished; nothing is sent")
            return earlier
        hook.follow(action.precheck())
        hook.follow(gate.before_send())
        if gate.claim is not None:
            gate.claim.take()
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
            task_state,
            hook.follow,
            concurrency,
            report,
            on_tick=on_tick,
            cancel=self.cancel,
            should_stop=should_stop,
        )
        stopped = ""
        if (wave := self.first_wave(members.total)) is not None:
            stopped = wave.run(context, hook, action, members, task_state, runner)
        if not stopped:
            runner.run(wave.chunks(action) if wave is not None else 0)
        runner.verify(self.sleep)
        if action.warnings is not None:
            for warning in hook.follow(action.warnings()):
                self.log.warning("%s", warning)
        outcome = self._outcome(context, hook.conn_type, action, members, report.seconds, gate.details())
        counts = members.counts()
        gate.finish(sent=bool(counts[MemberStatus.DONE]), unknown=bool(counts[MemberStatus.UNKNOWN]))
        problems = [*([stopped] if stopped else []), *self._problems(action, members, outcome, threshold)]
        if not problems:
            finished.save(outcome)
        runner.mark_reported()
        self.log.info("Finished: %s", report.line())
        self._fail_if_any(context, problems, outcome)
        return outcome

    def _outcome(
        self,
        context: Context,
        platform: str,
        action: MemberAction,
        members: MemberTable,
        seconds: float,
        details: Mapping[str, object],
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
            **details,
        }
        return cast("OutcomeT", outcome)

    def _write_rejects(self, context: Context, members: MemberTable) -> str:
        from airflow_provider_mkt.actions.members import MemberStatus
        from airflow_provider_mkt.sync.results import FirstReasons

        path = as_lines_path("rejects_path", self.rejects_path) or result_path(context, "rejects")
        first_reasons = FirstReasons()
        for place, one in members.first_failures(FirstReasons.MOST):
            ending = "is unknown" if one.status is MemberStatus.UNKNOWN else "was rejected"
            first_reasons.log(f"Lead {place:,}", one.code, one.reason, ending=ending)
        rows = (
            {"lead": one.member, "outcome": one.status.value, "code": one.code, "reason": one.reason}
            for one in members.failures()
        )
        write_rows(path, rows)
        return path

    @staticmethod
    def _problems(
        action: MemberAction,
        members: MemberTable,
        outcome: MemberOutcome,
        threshold: RejectThreshold,
    ) -> list[str]:
        """Return why the outcome does not count as success."""
        from airflow_provider_mkt.actions.members import MemberStatus

        rejected, unknown = outcome["rejected"], outcome["unknown"]
        processed = members.counts().total()
        problems = []
        if unknown:
            first = next(one.reason for one in members.failures() if one.status is MemberStatus.UNKNOWN)
            problems.append(
                f"whether {counted(unknown, 'lead')} {was_or_were(unknown)} {action.done_key} is unknown; "
                f"clear the task to request them again. The first: {first.rstrip('.')}"
            )
        if not threshold.allows(rejected, processed):
            problems.append(
                f"{part_of(rejected, processed, 'lead')} {was_or_were(processed)} rejected, "
                f"allowed: {threshold}"
            )
        if left := outcome["total"] - processed:
            problems.append(f"the other {left:,} {was_or_were(left)} not processed")
        return problems

    def _fail_if_any(self, context: Context, problems: Sequence[str], outcome: MemberOutcome) -> None:
        """Fail the task without retry, with its outcome in XCom, when there are problems."""
        if problems:
            push_outcome(context, outcome)
            reasons = ", ".join(f"{code}: {count:,}" for code, count in outcome["reasons"].items())
            msg = f"{'; '.join(problems)} ({reasons}). See {outcome['rejects']}"
            raise AirflowFailException(msg)
