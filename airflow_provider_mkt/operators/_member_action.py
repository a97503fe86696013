"""What the operators share that do one thing with many people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators._base import optional_str
from airflow_provider_mkt.operators._cancellation import CancellableOperator, slowing_down
from airflow_provider_mkt.operators._files import as_path, ledger_path, write_rows
from airflow_provider_mkt.operators._member_source import of_file, of_given
from airflow_provider_mkt.operators._progress import Progress
from airflow_provider_mkt.operators._reject_threshold import RejectThreshold
from airflow_provider_mkt.operators._task_state import task_digest, task_state_of

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.actions.members import MemberAction
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.sync.member_table import MemberTable
    from airflow_provider_mkt.sync.members import PeopleReport

_REASONS_MAX = 50
_ENOUGH = 1_000
"""People after which a share of them says something."""


class PeopleOperator(CancellableOperator):
    """Base of the operators that do one thing with many people, each of whom comes out with an outcome.

    Everybody is read and checked before anything is sent, waits in a file on this machine, and comes once
    however often they were given. A retry goes on where the earlier try ended. What has an effect each time
    it is done is done once, whatever becomes of answers and workers: what cannot be told fails the task
    and is not repeated by itself, and clearing the task then repeats that alone.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``.
    :param leads: ids, or what else the operator says: a list, JSON text of one, or a callable without
        arguments that returns any iterable.
    :param leads_path: instead of ``leads``: a file on any object storage Airflow reaches. The outcomes file
        of a ``SyncLeadsOperator`` (all but its rejected leads), the rejects file of an operator like this
        one, CSV, JSON Lines or Parquet with a column of ids, or text (``.txt``) with one on each line.
    :param leads_column: the column of the file; when not given, the first there is of ``id``, ``lead``,
        ``lead_id``, ``contact_id`` and ``email``, or the only one.
    :param max_rejected: how many refused people are fine: a number, a share (0.05 or ``"5%"``), or None for
        any. Over it the task fails without retry, after it was done with everybody else.
    :param rejects_path: where those who were rejected, and those of whom nobody knows, are written as JSON
        Lines; a file on this machine when not given. No file where there are none. It can be given as
        ``leads_path``.
    :param max_concurrency: requests under way at most; as many as the connection allows when not given.
    :param fail_fast: stop as soon as more people are rejected than allowed, and leave the others alone. A
        share is judged from the thousandth on.
    """

    people_fields: ClassVar[tuple[str, ...]] = (
        "conn_id",
        "leads",
        "leads_path",
        "leads_column",
        "max_rejected",
        "rejects_path",
    )
    template_fields: Sequence[str] = people_fields

    def __init__(
        self,
        *,
        conn_id: str,
        leads: Sequence[str | int] | Callable[[], Iterable[str | int]] | str | None = None,
        leads_path: str | None = None,
        leads_column: str | None = None,
        max_rejected: int | float | str | None = 0,
        rejects_path: str | None = None,
        max_concurrency: int | None = None,
        fail_fast: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.leads = leads
        self.leads_path = leads_path
        self.leads_column = leads_column
        self.max_rejected = max_rejected
        self.rejects_path = rejects_path
        self.max_concurrency = max_concurrency
        self.fail_fast = fail_fast

    def member_action(self) -> MemberAction:
        """What is done with people.

        :raises InvalidInput: naming the parameter that is wrong.
        """
        raise NotImplementedError

    def work(self, context: Context) -> dict[str, Any]:
        from airflow_provider_mkt.sync.member_table import MemberTable

        self.reset_cancellation()
        threshold = RejectThreshold.of("max_rejected", self.max_rejected)
        member_action = self.member_action()
        with MemberTable() as members:
            members.fill(self._people(member_action))
            if not members.total:
                raise InvalidInput("leads", f"is empty: nobody to be {member_action.done}")
            hook = self.hook
            hook.sleep = self.sleep
            # Airflow may take a worker that lives for dead, and start the next try beside it.
            with (
                hook,
                hook.exclusive(member_action.key if member_action.once else f"task {task_digest(context)}"),
            ):
                return self._run(context, hook, member_action, members, threshold)

    def _people(self, member_action: MemberAction) -> Iterable[str]:
        path = as_path("leads_path", self.leads_path)
        if (self.leads is None) == (path is None):
            raise InvalidInput("leads", "give either leads or leads_path")
        if path is None:
            return of_given(self.leads, member_action.check)
        return of_file(path, optional_str("leads_column", self.leads_column), member_action.check)

    def _run(
        self,
        context: Context,
        hook: MarketingHook,
        member_action: MemberAction,
        members: MemberTable,
        threshold: RejectThreshold,
    ) -> dict[str, Any]:
        from airflow_provider_mkt.actions.members import MemberStatus
        from airflow_provider_mkt.sync.concurrency import AdaptiveConcurrency
        from airflow_provider_mkt.sync.members import MemberActionRunner, PeopleReport

        ceiling = min(self.max_concurrency or hook.platform.max_concurrency, hook.platform.max_concurrency)
        concurrency = AdaptiveConcurrency(ceiling)
        hook.on_refusal = slowing_down(concurrency)
        hook.follow(member_action.before())
        report = PeopleReport(member_action)
        progress = Progress(report, lambda done: members.total, self.log.info)

        def tick() -> None:
            self.sleep(0)
            progress.tell()

        def enough() -> bool:
            rejected, total = report.status[MemberStatus.REJECTED], max(report.total, _ENOUGH)
            return self.fail_fast and not threshold.allows(rejected, total)

        run = MemberActionRunner(
            member_action,
            members,
            task_state_of(context),
            hook.follow,
            concurrency,
            report,
            on_tick=tick,
            abandon=self.cancel,
            enough=enough,
        )
        run.run()
        run.verify(self.sleep)
        outcome = self._outcome(context, hook.conn_type, member_action, members, report)
        run.close()
        self.log.info("Finished: %s", report.line())
        self._judge(context, member_action, outcome, threshold)
        return outcome

    def _outcome(
        self,
        context: Context,
        platform: str,
        member_action: MemberAction,
        members: MemberTable,
        report: PeopleReport,
    ) -> dict[str, Any]:
        from airflow_provider_mkt.actions.members import MemberStatus

        counts = members.counts()
        reasons = Counter(one.code or "UNKNOWN" for one in members.failures())
        path = None
        if reasons:
            path = ledger_path(context, as_path("rejects_path", self.rejects_path), "rejects")
            write_rows(
                path,
                (
                    {"lead": one.person, "outcome": one.status.value, "code": one.code, "reason": one.reason}
                    for one in members.failures()
                ),
            )
        return {
            "outcome": member_action.outcome,
            "platform": platform,
            "total": members.total,
            "duplicates": members.given - members.total,
            member_action.done: counts[MemberStatus.DONE],
            member_action.already: counts[MemberStatus.ALREADY],
            "rejected": counts[MemberStatus.REJECTED],
            "unknown": counts[MemberStatus.UNKNOWN],
            "reasons": dict(reasons.most_common(_REASONS_MAX)),
            "rejects": path,
            "seconds": round(report.seconds, 2),
        }

    def _judge(
        self,
        context: Context,
        member_action: MemberAction,
        outcome: dict[str, Any],
        threshold: RejectThreshold,
    ) -> None:
        problems = []
        if outcome["unknown"]:
            problems.append(
                f"whether {outcome['unknown']:,} leads were {member_action.done} is unknown; clear the "
                "task to do it with them again"
            )
        done = sum(
            outcome[name] for name in (member_action.done, member_action.already, "rejected", "unknown")
        )
        if not threshold.allows(outcome["rejected"], done):
            problems.append(f"{outcome['rejected']:,} of {done:,} leads were rejected, allowed: {threshold}")
        if done < outcome["total"]:
            problems.append(f"the other {outcome['total'] - done:,} were left alone")
        if problems:
            context["ti"].xcom_push(key="return_value", value=outcome)
            reasons = ", ".join(f"{code}: {count:,}" for code, count in outcome["reasons"].items())
            msg = f"{'; '.join(problems)} ({reasons}). See {outcome['rejects']}"
            raise AirflowFailException(msg)
