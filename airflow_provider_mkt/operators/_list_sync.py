"""Makes a static list equal to a source."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any

from airflow_provider_mkt.actions.leads import RecordResult, RecordStatus
from airflow_provider_mkt.actions.members import MemberResult, MemberStatus, unknown
from airflow_provider_mkt.actions.procedure import InMemoryTaskState, Procedure, TaskState
from airflow_provider_mkt.client.errors import OutcomeUnknown
from airflow_provider_mkt.client.wording import counted, part_of
from airflow_provider_mkt.operators._change_task import NO_SUCH_LEAD, PlannedRows, ResultsOnly
from airflow_provider_mkt.operators._files import whole_lines
from airflow_provider_mkt.operators._finished import FinishedTry
from airflow_provider_mkt.operators._list_diff import ListDiff, batches, is_mine
from airflow_provider_mkt.operators._list_plan import REASONS_MAX, STATUSES, ListPlan
from airflow_provider_mkt.sync.guards import broken
from airflow_provider_mkt.sync.plan import ListPlanOutcome
from airflow_provider_mkt.sync.results import FirstReasons, ListSyncOutcome
from airflow_provider_mkt.sync.rows import Row, json_line
from airflow_provider_mkt.version_compat import AirflowFailException

if TYPE_CHECKING:
    from airflow_provider_mkt.actions.members import MemberAction
    from airflow_provider_mkt.operators._lead_source import LeadSource
    from airflow_provider_mkt.operators._lead_writing import LeadWriting
    from airflow_provider_mkt.operators._list_options import ListOptions
    from airflow_provider_mkt.sync.changes import ChangeRun, Comparison, PlannedRow

_NOT_WRITTEN = frozenset({"not_found", "rejected", "unknown"})
_LEFT = "NOT_IN_SOURCE"
_SHARE_COUNTS_FROM = 1_000
_REQUESTS_AT_ONCE = 10
_WAVE_ROWS = 20_000
"""Rows that are in memory at a time."""


class _Results:
    """Counts the rows, and writes the files about them."""

    def __init__(self, writing: LeadWriting, stack: ExitStack) -> None:
        self.counts: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()
        self.rows = 0
        self._writing, self._stack = writing, stack
        self._rejects: IO[str] | None = None
        self._first_reasons = FirstReasons()
        path = writing.options.outcomes_path
        self._outcomes = stack.enter_context(whole_lines(path)) if path is not None else None

    @property
    def has_rejects(self) -> bool:
        return self._rejects is not None

    @property
    def not_written(self) -> int:
        """Rows that count as rejected."""
        return sum(self.counts[status] for status in _NOT_WRITTEN)

    def add(
        self, row: Row | None, status: str, person: int | str = "", code: str = "", reason: str = ""
    ) -> None:
        """Take the status of a row; None for a person who is not in the source."""
        self.counts[status] += 1
        if code:
            self.reasons[code] += 1
        if row is not None and status in _NOT_WRITTEN:
            if self._rejects is None:
                self._rejects = self._stack.enter_context(self._writing.open_rejects())
            self._first_reasons.log(f"Row {row.number}", code, reason, row.raw)
            line = {"row": row.number, "code": code, "reason": reason, "record": row.raw}
            self._rejects.write(json_line(line))
        if self._outcomes is not None:
            outcome: dict[str, object] = {
                "row": row.number if row else None,
                "outcome": status,
                "id": str(person),
            }
            if code or reason:
                outcome |= {"code": code, "reason": reason}
            self._outcomes.write(json_line(outcome).encode())


class ListSync:
    """Makes a static list equal to a source.

    :param writing: of the task; its writer creates people.
    :param source: the people.
    :param options: what the list becomes.
    """

    def __init__(self, writing: LeadWriting, source: LeadSource, options: ListOptions) -> None:
        self._writing, self._options = writing, options
        self._hook, self._log = writing.hook, writing.operator.log
        self._diff = ListDiff(writing, source, options)
        self._plan = ListPlan(self._diff)
        self._removed_rows: set[int] = set()
        self._created = self._beside = 0
        self._duplicates: dict[str, list[Row]] = {}

    def run(self) -> ListSyncOutcome:
        """Add the people of the source, and remove those of rows that left it.

        :raises AirflowFailException: when a limit is not kept, a plan cannot be applied any more, or more
            rows were rejected than allowed.
        """
        began, calls = time.monotonic(), self._hook.calls
        task_state = self._writing.task_state
        about = [type(self._writing.operator).__name__, *self._options.about]
        finished: FinishedTry[ListSyncOutcome] = FinishedTry(self._writing.context, task_state, about)
        if (outcome := finished.outcome) is not None:
            self._log.info("An earlier try of this task has finished; nothing is sent")
            return outcome
        with self._diff.compared() as (run, comparison):
            self._plan.check(comparison)
            guards = self._diff.guards(comparison)
            if problems := broken(guards):
                raise AirflowFailException(f"Nothing was sent: {'; '.join(problems)}")
            with ExitStack() as stack:
                results = _Results(self._writing, stack)
                outcome = self._apply(run, comparison, results)
            outcome["guards"], outcome["calls"] = guards, self._hook.calls - calls
            outcome["seconds"] = round(time.monotonic() - began, 2)
            details = {name: outcome.get(name) for name in (*STATUSES, "created")}
            history = run.commit(calls=outcome["calls"], **details)["history"]
            outcome["history"] = f"{self._diff.folder.removeprefix('file://')}/{history}"
        self._log.info("Finished: %s", _sentence(outcome["total"], {**outcome}))
        problem = self._problem(outcome)
        if not problem:
            finished.save(outcome)
            return outcome
        self._writing.context["ti"].xcom_push(key="return_value", value=outcome)
        raise AirflowFailException(problem)

    def plan(self) -> ListPlanOutcome:
        """Return what would be done, and send nothing."""
        with self._diff.compared() as (run, comparison):
            return self._plan.outcome(run, comparison, self._diff.guards(comparison))

    # -- what is sent ------------------------------------------------------------------------------

    def _apply(self, run: ChangeRun, comparison: Comparison, results: _Results) -> ListSyncOutcome:
        decided = self._diff.decided
        self._start(run)
        for planned in run.not_sent():
            self._take_not_sent(planned, results)
        for row in self._diff.refused_rows:
            results.add(row, "rejected", "", row.code, row.problem)
        stopped = False
        wave = _wave(self._diff.addition())
        for some in batches(run.to_send(), wave):
            self._add(run, some, results)
            threshold = self._writing.options.threshold
            if self._writing.options.fail_fast and not threshold.allows(
                results.not_written, max(results.counts.total(), _SHARE_COUNTS_FROM)
            ):
                stopped = True
                break
        if not self._diff.no_removals and not stopped:
            wave = _wave(self._diff.removal())
            for some in batches(run.to_remove(), wave):
                self._remove(run, some, results)
            for people in batches(iter(decided.others), wave):
                self._remove_others(people, results)
        for row in self._diff.held_back:
            if id(row) not in self._removed_rows:
                results.add(row, "suppressed", "", row.code, row.problem)
        done = results.counts
        rows_done = done.total() - self._beside
        done["not_sent"] = self._diff.rows - rows_done
        return ListSyncOutcome(
            outcome="list_sync",
            platform=self._diff.platform,
            list_id=self._diff.list.id,
            list_name=self._diff.list.name,
            rows=self._diff.rows,
            total=done.total(),
            added=done["added"],
            already_in=done["already_in"],
            removed=done["removed"],
            already_out=done["already_out"],
            not_found=done["not_found"],
            suppressed=done["suppressed"],
            rejected=done["rejected"],
            unknown=done["unknown"],
            not_sent=done["not_sent"],
            created=self._created,
            reasons=dict(results.reasons.most_common(REASONS_MAX)),
            no_removals=self._diff.no_removals,
            rejects=self._writing.rejects_path if results.has_rejects else None,
            outcomes=self._writing.options.outcomes_path,
            calls=0,
            seconds=0.0,
            run=run.number,
            state=self._diff.folder,
            history="",
            guards=[],
        )

    def _start(self, run: ChangeRun) -> None:
        """Write the plan.

        Which rows need no request is written before it. So after a kill only rows with a request are
        ambiguous, and whoever is in the list now is never taken for added by this sync.
        """
        for planned in run.to_send():
            if self._diff.outcome_of(planned) not in ("added", "create"):
                run.not_sent_after_all(planned)
        if not self._diff.no_removals:
            for planned in run.to_remove():
                if self._diff.decided.gone.get(planned.n) not in self._diff.decided.to_remove:
                    run.not_sent_after_all(planned)
        run.flush()
        run.start(remove=not self._diff.no_removals)

    def _take_not_sent(self, planned: PlannedRow, results: _Results) -> None:
        from airflow_provider_mkt.sync.changes import Operation

        row = planned.row or Row(0, None)
        if planned.operation is Operation.DUPLICATE:
            self._duplicates.setdefault(planned.row_key, []).append(row)
        else:
            results.add(row, "rejected", "", planned.code, planned.reason)

    def _report(
        self,
        planned: PlannedRow,
        results: _Results,
        status: str,
        person: int = 0,
        code: str = "",
        reason: str = "",
    ) -> None:
        """Report a row of the source, and the further rows with its key."""
        results.add(planned.row, status, person or "", code, reason)
        for row in self._duplicates.pop(planned.row_key, ()):
            if status == "added":
                results.add(row, "already_in", person, "DUPLICATE_KEY", "another row has the same key")
            else:
                results.add(row, status, person or "", code, reason)

    def _add(self, run: ChangeRun, some: Sequence[PlannedRow], results: _Results) -> None:
        """Add the people of some rows, and report every row."""
        to_add: dict[int, PlannedRow] = {}
        to_create: list[PlannedRow] = []
        for one in some:
            match self._diff.outcome_of(one):
                case "create":
                    to_create.append(one)
                case "added":
                    to_add[self._diff.id_of(one)] = one
                case "already_in":
                    self._keep(run, one, results)
                case "not_found":
                    self._not_found(run, one, results)
                case _:
                    self._refused(run, one, results, *self._diff.decided.several[one.n])
        if to_create:
            self._create(run, to_create, to_add, results)
        answers: dict[int, MemberResult] = {}
        try:
            self._follow(self._diff.addition(), to_add, answers)
        finally:
            # Also of the requests that succeeded before one failed.
            for person, answer in answers.items():
                self._added(run, to_add[person], person, answer, results)

    def _added(
        self, run: ChangeRun, planned: PlannedRow, person: int, answer: MemberResult, results: _Results
    ) -> None:
        from airflow_provider_mkt.sync.changes import Status

        match answer.status:
            case MemberStatus.DONE | MemberStatus.ALREADY:
                # It was not in the list before: an answer that was lost may have been about it.
                run.record(planned, Status.SYNCED, platform_id=str(person))
                self._report(planned, results, "added", person)
            case MemberStatus.UNKNOWN:
                # Not noted: the next run does it again.
                self._report(planned, results, "unknown", person, answer.code, answer.reason)
            case _ if answer.code in NO_SUCH_LEAD:
                self._not_found(run, planned, results)
            case _:
                self._refused(run, planned, results, answer.code or "REFUSED", answer.reason)

    def _keep(self, run: ChangeRun, planned: PlannedRow, results: _Results) -> None:
        """Report a row whose person is in the list, and note who has added it."""
        from airflow_provider_mkt.sync.changes import Status

        person, same = self._diff.id_of(planned), planned.n in self._diff.decided.same
        moved = planned.platform_id != str(person)
        if is_mine(planned) or (person in self._diff.decided.handed_on and not same):
            if moved or planned.last_status != Status.SYNCED:
                run.record(planned, Status.SYNCED, platform_id=str(person))
        elif moved or planned.last_reason != "ALREADY_IN":
            # Somebody else has added it, so this sync never removes it.
            run.record(planned, Status.SKIPPED_NO_MATCH, reason="ALREADY_IN", platform_id=str(person))
        code, reason = ("SAME_PERSON", "another row is of the same person") if same else ("", "")
        self._report(planned, results, "already_in", person, code, reason)

    def _not_found(self, run: ChangeRun, planned: PlannedRow, results: _Results) -> None:
        from airflow_provider_mkt.sync.changes import Status

        run.record(planned, Status.SKIPPED_NO_MATCH, reason="NOT_FOUND")
        reason = f"nobody has this {self._diff.key}; missing='create' creates them"
        self._report(planned, results, "not_found", 0, "NOT_FOUND", reason)

    def _refused(
        self, run: ChangeRun, planned: PlannedRow, results: _Results, code: str, reason: str
    ) -> None:
        from airflow_provider_mkt.sync.changes import Status

        run.record(planned, Status.FAILED, reason=code)
        self._report(planned, results, "rejected", 0, code, reason)

    def _create(
        self, run: ChangeRun, some: Sequence[PlannedRow], to_add: dict[int, PlannedRow], results: _Results
    ) -> None:
        """Create people; those who exist afterwards are to be added."""
        writer = self._writing.writer
        waiting: dict[int, PlannedRow] = {}
        for planned in some:
            row = planned.row or Row(0, {})
            record = row.record or {}
            problem = self._diff.known.problem_of(record) or writer.check(record)
            if problem is None:
                waiting[row.number] = planned
            else:
                self._refused(run, planned, results, problem.code, problem.reason)

        def on_result(row: Row, result: RecordResult) -> None:
            planned = waiting.pop(row.number)
            if result.code == "OUTCOME_UNKNOWN":
                self._report(planned, results, "unknown", 0, result.code, result.reason)
            elif result.result is RecordStatus.REJECTED or not result.id:
                self._refused(run, planned, results, result.code or "REFUSED", result.reason)
            elif (person := int(result.id)) in to_add or person in self._diff.decided.wanted:
                # Two rows, of which the platform has made one person.
                self._diff.decided.ids[planned.n] = person
                self._diff.decided.same.add(planned.n)
                self._keep(run, planned, results)
            else:
                self._created += result.result is RecordStatus.CREATED
                self._diff.decided.ids[planned.n] = person
                self._diff.decided.wanted.add(person)
                to_add[person] = planned

        rows = [planned.row for planned in waiting.values() if planned.row is not None]
        files = ResultsOnly(self._writing.open_rejects, on_result=on_result)
        if rows:
            self._writing.step_by_calls(PlannedRows(lambda: iter(rows), len(rows)), files, writer)

    def _remove(self, run: ChangeRun, some: Sequence[PlannedRow], results: _Results) -> None:
        """Remove the people of rows that left the source, and report those that this sync had added."""
        from airflow_provider_mkt.sync.changes import Status

        decided = self._diff.decided
        to_remove: dict[int, PlannedRow] = {}
        for one in some:
            person = decided.gone.get(one.n)
            if person is None:
                continue
            if person in decided.to_remove and person not in to_remove:
                to_remove[person] = one
                continue
            handed_on = person in decided.handed_on
            run.record(one, Status.REMOVED, reason="REPLACED" if handed_on else "NOT_IN_LIST")
            if not handed_on and one.row_key not in self._diff.suppressed:
                self._report_gone(one, results, "already_out", person)
        answers: dict[int, MemberResult] = {}
        try:
            self._follow(self._diff.removal(), to_remove, answers)
        finally:
            for person, answer in answers.items():
                planned = to_remove[person]
                if answer.status is MemberStatus.UNKNOWN:
                    self._report_gone(planned, results, "unknown", person, answer)
                elif answer.status is MemberStatus.REJECTED and answer.code not in NO_SUCH_LEAD:
                    # It is still this sync's, so the next run tries again.
                    run.not_sent_after_all(planned)
                    self._report_gone(planned, results, "rejected", person, answer)
                else:
                    # It was in the list before: an answer that was lost may have been about it.
                    run.record(planned, Status.REMOVED)
                    self._report_gone(planned, results, "removed", person)

    def _remove_others(self, people: Sequence[int], results: _Results) -> None:
        answers: dict[int, MemberResult] = {}
        try:
            self._follow(self._diff.removal(), people, answers)
        finally:
            for person, answer in answers.items():
                status = "removed"
                if answer.status in (MemberStatus.UNKNOWN, MemberStatus.REJECTED):
                    status = answer.status.value
                if answer.code in NO_SUCH_LEAD:
                    status = "already_out"
                code = answer.code or _LEFT
                self._beside += 1
                results.add(None, status, person, code, answer.reason or "no row of the source is about them")

    def _report_gone(
        self,
        planned: PlannedRow,
        results: _Results,
        status: str,
        person: int,
        answer: MemberResult | None = None,
    ) -> None:
        held = self._diff.suppressed.get(planned.row_key)
        if answer is not None:
            code, reason = answer.code, answer.reason
        elif held is not None:
            code, reason = held.code, held.problem
        else:
            code, reason = _LEFT, "left the source"
        self._beside += held is None
        if held is not None:
            # The row itself is held back, and this is its one status.
            self._removed_rows.add(id(held))
        results.add(held, status, person or "", code, reason)

    def _follow(self, action: MemberAction, people: Iterable[int], answers: dict[int, MemberResult]) -> None:
        """Apply an action to people, several requests at a time.

        :param answers: takes the answers, also those that came before an error.
        """
        from airflow_provider_mkt.sync.member_table import MemberTable
        from airflow_provider_mkt.sync.members import MemberActionRunner, MemberReport
        from airflow_provider_mkt.sync.pipeline import AdaptiveConcurrency

        class Report(MemberReport):
            def add(self, results: Sequence[MemberResult], *, from_earlier_try: bool = False) -> None:
                super().add(results, from_earlier_try=from_earlier_try)
                answers.update((int(one.member), one) for one in results)

        operator, given = self._writing.operator, self._writing.options.max_concurrency
        ceiling = self._hook.platform.max_concurrency
        with MemberTable() as table:
            table.add(map(str, people))
            if not table.total:
                return
            safe = replace(action, apply=_with_unknown(action))
            runner = MemberActionRunner(
                safe,
                table,
                InMemoryTaskState(),
                self._hook.follow,
                AdaptiveConcurrency(min(given or ceiling, ceiling)),
                Report(safe),
                on_tick=operator.raise_if_cancelled,
                cancel=operator.cancel,
            )
            runner.run()

    # -- the end -----------------------------------------------------------------------------------

    def _problem(self, outcome: ListSyncOutcome) -> str:
        """Return why the outcome does not count as success; empty when it does."""
        threshold = self._writing.options.threshold
        bad = outcome["not_found"] + outcome["rejected"] + outcome["unknown"]
        if threshold.allows(bad, outcome["rows"]):
            return ""
        found = {code: count for code, count in outcome["reasons"].items() if code != _LEFT}
        reasons = ", ".join(f"{code}: {count:,}" for code, count in found.items())
        rest = f". Not sent: {counted(outcome['not_sent'], 'row')}" if outcome["not_sent"] else ""
        return (
            f"{part_of(bad, outcome['rows'], 'row')} not found, rejected or unknown ({reasons}), "
            f"allowed: {threshold}{rest}. See {outcome['rejects']}"
        )


def _with_unknown(action: MemberAction) -> Any:
    """Return the action's procedure, with a result for those of whom it is unknown."""

    def apply(people: Sequence[str], task_state: TaskState) -> Procedure[list[MemberResult]]:
        try:
            return (yield from action.apply(people, task_state))
        except OutcomeUnknown as error:
            return [unknown(person, error) for person in people]

    return apply


def _wave(action: MemberAction) -> int:
    return min(action.chunk_max * _REQUESTS_AT_ONCE, _WAVE_ROWS)


def _sentence(total: int, counts: Mapping[str, Any]) -> str:
    shown = ", ".join(f"{counts[name]:,} {name.replace('_', ' ')}" for name in STATUSES if counts[name])
    return f"{counted(total, 'person')}: {shown or 'none'}"
