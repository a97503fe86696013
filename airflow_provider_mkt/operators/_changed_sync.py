"""A sync that compares its source with what the platform has acknowledged, and sends what differs."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from typing import TYPE_CHECKING, cast

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.wording import counted
from airflow_provider_mkt.operators._base import push_outcome
from airflow_provider_mkt.operators._change_imports import wait_for_left_imports
from airflow_provider_mkt.operators._change_leaving import GoneRows
from airflow_provider_mkt.operators._change_options import state_folder
from airflow_provider_mkt.operators._change_outcomes import RowDetails, write_outcomes
from airflow_provider_mkt.operators._change_plan import ChangePlan
from airflow_provider_mkt.operators._change_read_back import Reconciliation
from airflow_provider_mkt.operators._change_rows import ChangedRows
from airflow_provider_mkt.operators._change_run import begin_run
from airflow_provider_mkt.operators._change_sending import ChangeSender
from airflow_provider_mkt.operators._change_source import SourceReader
from airflow_provider_mkt.operators._change_task import ChangeTask
from airflow_provider_mkt.operators._finished import digest_of
from airflow_provider_mkt.operators._suppression import CODES
from airflow_provider_mkt.sync.guards import SyncCounts, broken
from airflow_provider_mkt.sync.results import ResultFiles
from airflow_provider_mkt.version_compat import AirflowFailException

if TYPE_CHECKING:
    from airflow_provider_mkt.actions.leads import KnownFields
    from airflow_provider_mkt.operators._bulk_sync import BulkOperator
    from airflow_provider_mkt.operators._change_options import ChangeOptions
    from airflow_provider_mkt.operators._change_sending import InBulk
    from airflow_provider_mkt.operators._change_task import ChangeTarget
    from airflow_provider_mkt.operators._lead_source import LeadSource
    from airflow_provider_mkt.operators._lead_writing import LeadWriting
    from airflow_provider_mkt.operators._object_writing import Associations
    from airflow_provider_mkt.sync.changes import (
        Comparison,
        SyncSettings,
        ValueType,
    )
    from airflow_provider_mkt.sync.guards import GuardResult
    from airflow_provider_mkt.sync.plan import PlanOutcome
    from airflow_provider_mkt.sync.results import ChangesOutcome

_FIELDS_NAMED = 20
"""Fields that a line of the log names at most."""
_MAPPING = (
    *("columns", "constants", "types", "blank", "null_values"),
    *("action", "partition_name", "marketable_contacts", "associate"),
)
"""Parameters that say how a row is written. A rejected row is tried again at once when one has changed."""
_SHOWN = ("created", "updated", "unchanged", "skipped", "rejected", "unknown", "suppressed", "removed")
"""Counts that the log and the history have."""


class ChangedSync:
    """Writes the rows of a source that changed, and does what is wanted with those that are gone.

    :param operator: has the parameters of imports.
    :param writing: writes records.
    :param source: the rows.
    :param action: what the writer does.
    :param options: what is compared, and what may be changed.
    :param target: makes the records that are compared, given the field that they are found by.
    :param in_bulk: writes rows by the platform's import; None for calls only.
    :param mode: of the sync, for the plan.
    :param associations: what the records are associated with; None for nothing.
    """

    def __init__(
        self,
        operator: BulkOperator,
        writing: LeadWriting,
        source: LeadSource,
        action: str,
        options: ChangeOptions,
        *,
        target: Callable[[str], ChangeTarget],
        in_bulk: InBulk | None,
        mode: str,
        associations: Associations | None = None,
    ) -> None:
        self._operator, self._associations = operator, associations
        self._writing, self._source, self._action, self._options = writing, source, action, options
        self._in_bulk, self._mode = in_bulk, "calls" if in_bulk is None else mode
        self._hook, self._log = writing.hook, writing.operator.log
        key = writing.options.lookup_field
        if key is None or not writing.writer.repeatable:
            raise InvalidInput("changes", "rows are compared by a key; this sync has none")
        self._key, self._target = key, target(key)
        self._folder = state_folder(writing.context, self._hook, options.state_path)

    def run(self) -> ChangesOutcome:
        """Write what differs.

        :raises AirflowFailException: when a limit is not kept, or a plan cannot be applied any more.
        """
        began, calls = time.monotonic(), self._hook.calls
        with ExitStack() as stack, self._compared() as (task, comparison, source_digest):
            self._check_plan(comparison, source_digest)
            self._log_plan(comparison)
            self._keep_state(comparison)
            guards = self._guards(comparison)
            if problems := broken(guards):
                raise AirflowFailException(f"Nothing was sent: {'; '.join(problems)}")
            if self._writing.options.outcomes_path is not None:
                task.tally.details = stack.enter_context(closing(RowDetails(comparison.total)))
            return self._apply(task, comparison, guards, began, calls)

    def plan(self) -> PlanOutcome:
        """Return what would be done, and send nothing."""
        with self._compared() as (task, comparison, source_digest):
            self._log_plan(comparison)
            size = ChangedRows(task).measured()
            plan = ChangePlan(task, comparison, size, folder=self._folder, mode=self._mode)
            return plan.outcome(self._guards(comparison), source_digest)

    # -- the source and the state ------------------------------------------------------------------

    @contextmanager
    def _compared(self) -> Iterator[tuple[ChangeTask, Comparison, str]]:
        """Read the source, and compare it with the state. Another run of this sync waits meanwhile."""
        known_fields = self._hook.follow(self._writing.writer.known_fields())
        self._options.kept.check(known_fields, self._target.key_fields)
        for name in self._options.leaving.values:
            if (problem := known_fields.problem(name)) is not None:
                raise InvalidInput("leave", problem.reason)
        if self._associations is not None:
            self._associations.prepare()
        settings = self._settings(self._types(known_fields))
        with begin_run(
            self._writing,
            self._target.object_type,
            self._folder,
            settings,
            allow_older=self._options.allow_older,
        ) as run:
            task = ChangeTask(
                self._writing,
                self._options,
                self._target,
                self._key,
                self._action,
                run,
                known_fields,
                self._types(known_fields),
                self._associations,
            )
            reader = SourceReader(task, self._source)
            reader.read()
            run.source_fields = task.fields
            self._log_fields(run.last_source_fields, task.fields)
            drift = Reconciliation(task, task.types).drift()
            comparison = run.compare(refresh=self._options.refresh(run.number), drift=drift)
            yield task, comparison, reader.digest

    def _types(self, known_fields: KnownFields) -> dict[str, ValueType]:
        return {
            **cast("Mapping[str, ValueType]", known_fields.types),
            **(getattr(self._writing.operator, "types", None) or {}),
            self._key: self._target.key_kind,
        }

    def _settings(self, types: Mapping[str, ValueType]) -> SyncSettings:
        from airflow_provider_mkt.sync.changes import Hashing, SyncSettings

        operator = self._writing.operator
        mapping = [getattr(operator, name, None) for name in _MAPPING]
        return SyncSettings(
            row_key=self._options.row_key or self._key,
            match_key=self._key,
            row_kind="id" if self._options.row_key else self._target.key_kind,
            match_kind=self._target.key_kind,
            hashing=Hashing(types=types),
            mapping_version=digest_of(mapping),
            baseline=self._options.baseline,
            duplicates=self._options.duplicates,
            key_changes=self._target.key_changes
            and self._key != self._target.id_field
            and self._action != "createOnly",
        )

    # -- before the first call ---------------------------------------------------------------------

    def _guards(self, comparison: Comparison) -> list[GuardResult]:
        from airflow_provider_mkt.sync.changes import Operation

        changed = (Operation.NEW, Operation.CHANGED, Operation.BACK, Operation.REPAIR)
        return self._options.guards.judge(
            SyncCounts(
                rows=comparison.total,
                last_rows=None if comparison.baseline else comparison.last_total,
                changed=sum(comparison.counts[one] for one in changed),
                removed=comparison.removable if self._options.leaving else 0,
            )
        )

    @staticmethod
    def _keep_state(comparison: Comparison) -> None:
        """Stop when a new key makes the state useless and no row could take its place.

        :raises AirflowFailException: then.
        """
        from airflow_provider_mkt.sync.changes import Operation

        replaced = comparison.baseline and comparison.manifest
        if replaced and 0 < comparison.total == comparison.counts[Operation.REJECTED]:
            reasons = ", ".join(f"{code}: {count:,}" for code, count in comparison.reasons.items())
            raise AirflowFailException(
                f"{comparison.baseline}, and every row is rejected ({reasons}). "
                "Nothing was sent, and the state is kept"
            )

    def _log_plan(self, comparison: Comparison) -> None:
        from airflow_provider_mkt.sync.changes import Operation

        numbers = Counter({one.value: count for one, count in comparison.counts.items()})
        numbers["suppressed"] = sum(comparison.reasons.get(code, 0) for code in CODES)
        numbers[Operation.REJECTED.value] -= numbers["suppressed"]
        counts = ", ".join(f"{count:,} {name}" for name, count in numbers.items() if count)
        self._log.info("Compared %s: %s", counted(comparison.total, "row"), counts or "none")
        if assumed := comparison.counts[Operation.ASSUMED]:
            self._log.warning(
                "First run with assume_synced: taken for acknowledged, and not sent: %s",
                counted(assumed, "row"),
            )
        if comparison.baseline:
            self._log.info("Nothing is removed: %s", comparison.no_removals)
        elif self._options.leaving and comparison.no_removals:
            self._log.warning("Nothing is removed: %s", comparison.no_removals)
        for name, count in comparison.fields.most_common(5):
            self._log.info("Differing in %s: %s", name, counted(count, "row"))

    def _log_fields(self, last: set[str], now: set[str]) -> None:
        """Say which fields had values in the last run's source and have none now, or the other way round."""
        if gone := sorted(last - now):
            self._log.warning(
                "No row of the source has a value of %s any more; rows of the last run had one. The values "
                "stay on the platform",
                ", ".join(gone[:_FIELDS_NAMED]),
            )
        if last and (new := sorted(now - last)):
            self._log.info("New in the source since the last run: %s", ", ".join(new[:_FIELDS_NAMED]))

    def _check_plan(self, comparison: Comparison, source_digest: str) -> None:
        """Check that what would be done is what was planned.

        A try that was killed has done a part of it. The next one continues when the source and the state
        are the same.
        """
        plan = self._options.plan
        if plan is None:
            return
        state = self._writing.task_state
        begun = state.get("plan")
        if self._hook.account_id() != plan["account"]:
            what = "the connection belongs to another account"
        elif comparison.manifest + 1 != plan["run"]:
            what = "another run has changed the state"
        elif source_digest != plan["source_digest"]:
            what = "the source or its mapping has changed"
        elif comparison.digest != plan["plan"] and begun != plan["plan"]:
            what = "the sync has other settings, or another run has begun"
        else:
            state.set("plan", str(plan["plan"]))
            return
        raise AirflowFailException(f"The plan cannot be applied: {what} since it was made. Nothing was sent")

    # -- what is sent ------------------------------------------------------------------------------

    def _apply(
        self,
        task: ChangeTask,
        comparison: Comparison,
        guards: list[GuardResult],
        began: float,
        calls: int,
    ) -> ChangesOutcome:
        run, rows = task.run, ChangedRows(task)
        # What they write has to be there when records are looked up.
        wait_for_left_imports(self._writing, run.imports_of_others(), self._operator)
        if self._in_bulk is None and (wait := run.seconds_to_wait(self._writing.writer.quiet_after)):
            self._log.info("An earlier run ended early; waiting %.0f s until its calls have ended", wait)
            self._writing.operator.sleep(wait)
        size = rows.measured()
        rows.leave_out_kept_fields(size)
        remove = bool(self._options.leaving) and not comparison.no_removals
        gone = GoneRows(task)
        if remove:
            gone.find_reused_keys(rows)
        run.start(remove=remove, ids=rows.ids)
        with ResultFiles(self._writing.open_rejects) as results:
            sender = ChangeSender(task, rows, size, results, self._in_bulk)
            sender.take_not_sent()
            results.on_result = sender.on_result
            gone.leave_reused_keys(results.open_rejects)
            stopped = sender.canary_stops()
            rest = None if stopped else sender.send()
            sender.reject_blocked()
            if remove and not stopped and not sender.too_many():
                gone.leave(results.open_rejects)
        rejects = self._writing.rejects_path if results.has_rejects else None
        path = self._writing.options.outcomes_path
        details, outcomes = task.tally.details, None
        if path is not None and details is not None:
            outcomes = write_outcomes(path, run.row_outcomes(), details)
        outcome = task.tally.outcome(self._hook.conn_type, comparison, size, rest, rejects, outcomes)
        if self._associations is not None:
            outcome["associations"] = self._associations.links.counts()
            self._writing.log_associations(outcome["associations"])
        outcome["run"], outcome["state"], outcome["guards"] = run.number, self._folder, guards
        outcome["seconds"] = round(time.monotonic() - began, 2)
        outcome["calls"] = self._hook.calls - calls
        summary = run.commit(calls=outcome["calls"], **{name: outcome.get(name) for name in _SHOWN})
        outcome["history"] = f"{self._folder.removeprefix('file://')}/{summary['history']}"
        self._log.info("Finished: %s", ", ".join(f"{outcome.get(name)} {name}" for name in _SHOWN))
        if stopped:
            push_outcome(self._writing.context, outcome)
            raise AirflowFailException(
                f"Stopped after the first batch: {stopped}. Not sent: {counted(outcome['not_sent'], 'row')}"
            )
        return outcome
