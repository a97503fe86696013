"""What a sync that compares would do, as a plan that can be shown and approved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING

from airflow_provider_mkt.client.errors import PlatformError
from airflow_provider_mkt.operators._files import result_path, write_rows
from airflow_provider_mkt.operators._suppression import CODES
from airflow_provider_mkt.sync.guards import broken
from airflow_provider_mkt.sync.plan import PlanOutcome, PlanSample, masked

if TYPE_CHECKING:
    from airflow_provider_mkt.operators._change_rows import PlanSize
    from airflow_provider_mkt.operators._change_task import ChangeTask
    from airflow_provider_mkt.sync.changes import Comparison, PlannedRow
    from airflow_provider_mkt.sync.guards import GuardResult

SAMPLE = 10
"""Rows of each operation that a plan shows."""


class ChangePlan:
    """What a run would do.

    :param task: the run.
    :param size: how its rows are written.
    :param folder: where the state is.
    :param mode: how rows are written that are not updated by id: ``calls``, ``bulk`` or ``auto``.
    """

    def __init__(
        self, task: ChangeTask, comparison: Comparison, size: PlanSize, *, folder: str, mode: str
    ) -> None:
        self._task, self._comparison, self._size = task, comparison, size
        self._folder, self._mode = folder, mode

    def outcome(self, guards: list[GuardResult], source_digest: str) -> PlanOutcome:
        """Return what would be done.

        :param guards: the limits that were checked.
        :param source_digest: of the rows of the source.
        """
        task, comparison, size = self._task, self._comparison, self._size
        removable = comparison.removable if task.options.leaving else 0
        calls, mode = self._cost(size, removable)
        hook = task.writing.hook
        rate = hook.rate()
        problems = broken(guards)
        sample, lines = self._sample(removable)
        path = result_path(task.writing.context, "plan")
        write_rows(path, lines)
        counts = Counter({one.value: count for one, count in comparison.counts.items() if count})
        if suppressed := sum(comparison.reasons.get(code, 0) for code in CODES):
            counts["rejected"] -= suppressed
            counts["suppressed"] = suppressed
        return PlanOutcome(
            outcome=task.target.plan_outcome,
            platform=hook.conn_type,
            account=hook.account_id(),
            object_type=task.target.object_type,
            plan=comparison.digest,
            source_digest=source_digest,
            state=self._folder,
            run=comparison.manifest + 1,
            total=comparison.total,
            ok=not problems,
            problems=problems,
            counts={name: count for name, count in counts.items() if count},
            fields=dict(comparison.fields.most_common(20)),
            reasons=dict(comparison.reasons),
            to_write=size.by_id + size.by_key,
            to_remove=removable,
            by_id=size.by_id,
            to_read=size.compared,
            mode=mode,
            calls=calls,
            minutes=round(calls / rate.calls * rate.seconds / 60, 4),
            calls_left=self._calls_left(),
            guards=guards,
            no_removals=comparison.no_removals,
            first_run=comparison.baseline,
            sample=sample,
            path=path,
        )

    def _cost(self, size: PlanSize, removable: int) -> tuple[int, str]:
        """Return how many calls a plan takes, and whether rows are imported in bulk."""
        from airflow_provider_mkt.sync.choose_transport import choose_transport

        batch = self._task.batch_max
        mode = self._mode
        if mode == "auto":
            mode = choose_transport(
                size.by_key,
                batch_max=batch,
                rate=self._task.writing.hook.rate(),
                calls_left=self._calls_left(),
                bulk_after=getattr(self._task.writing.operator, "bulk_after", 3600.0),
            ).transport
        written = [size.by_id, size.compared, 0 if mode == "bulk" else size.by_key]
        calls = sum(-(-rows // batch) for rows in written)
        if self._task.associations is not None:
            calls += self._task.associations.calls(size.by_id + size.by_key, batch)
        leaving = self._task.options.leaving
        if removable:
            # Ids that are not known are looked up first.
            each = 1 if leaving.how == "gdpr_delete" else batch
            calls += -(-removable // batch) + -(-removable // each)
        return calls, mode

    def _calls_left(self) -> int | None:
        hook = self._task.writing.hook
        if not hasattr(self, "_quota_left"):
            try:
                quota = hook.follow(hook.day_quota())
                self._quota_left = None if quota is None else quota.left
            except PlatformError:
                self._quota_left = None
        return self._quota_left

    def _sample(self, removable: int) -> tuple[list[PlanSample], list[dict[str, object]]]:
        """Return rows of each operation for XCom, and with masked values for a file."""
        from airflow_provider_mkt.sync.changes import Operation

        wanted = [Operation.NEW, Operation.CHANGED, Operation.BACK, Operation.RETRY, Operation.REPAIR]
        rows = [one for operation in wanted for one in self._task.run.sample(operation, SAMPLE)]
        gone = list(islice(self._task.run.to_remove(), SAMPLE)) if removable else []
        names = sorted({name for one in rows for name in (one.row.record if one.row else None) or {}})
        stored = self._read_leads([one for one in rows if one.operation is Operation.CHANGED], names)
        sample: list[PlanSample] = []
        lines: list[dict[str, object]] = []
        for one in [*rows, *gone]:
            record = (one.row.record if one.row else None) or {}
            fields = [name for name in one.changed_fields if name in record] or (
                [] if one.operation is Operation.CHANGED else sorted(record)
            )
            old = stored.get(one.n, {})
            shown = "leave" if one.row is None else one.operation.value
            number = one.row.number if one.row else None
            sample.append(PlanSample(row=number, operation=shown, fields=fields))
            values = {name: [masked(old.get(name)), masked(record.get(name))] for name in fields}
            lines.append({"row": number, "operation": shown, "key": masked(one.match_key), "fields": values})
        return sample, lines

    def _read_leads(
        self, rows: Sequence[PlannedRow], names: Sequence[str]
    ) -> dict[int, Mapping[str, object]]:
        """Read what the platform has of rows: two calls at most."""
        task, found = self._task, {}
        by_id = [one for one in rows if one.platform_id]
        by_key = [one for one in rows if not one.platform_id]
        for field_name, some in ((task.target.id_field, by_id), (task.key, by_key)):
            keys = {one.n: (one.platform_id or one.old_match_key or one.match_key) for one in some}
            if keys:
                stored = task.target.read(field_name, list(keys.values()), names)
                found.update(
                    {n: stored[key.lower()][0].values for n, key in keys.items() if stored.get(key.lower())}
                )
        return found
