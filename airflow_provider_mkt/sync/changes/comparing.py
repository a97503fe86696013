"""Compares the rows of a source with a state, and decides what is done with each."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.client.wording import counted
from airflow_provider_mkt.sync.changes.canonical import FieldHashes
from airflow_provider_mkt.sync.changes.diff import Refresh, decide
from airflow_provider_mkt.sync.changes.engines import engine_of
from airflow_provider_mkt.sync.changes.incoming import DUPLICATE_KEY, ERASED_PERSON, IncomingRows
from airflow_provider_mkt.sync.changes.merging import (
    digest_of,
    keys_in,
    planned_batch,
    split_changed,
    split_new,
)
from airflow_provider_mkt.sync.changes.settings import SyncSettings
from airflow_provider_mkt.sync.changes.snapshot import (
    BUCKETS,
    SENT,
    Operation,
    ParquetFile,
    Status,
    read_batches,
    schemas,
    sorted_batches,
)
from airflow_provider_mkt.sync.changes.stored_state import StoredState, synced_by

if TYPE_CHECKING:
    import pyarrow as pa

GONE_KEYS_MAX = 200_000
"""Match keys of rows that left the source, in memory at a time."""

KEY_REUSED = "KEY_REUSED"
"""The code of a row that left the source, and whose record may have a key that another row has now."""

RECORD_MISSING = "RECORD_MISSING"
"""The code of an unchanged row that has no record any more."""

CHANGED_FIELDS_MAX = 100
"""Fields that a comparison counts at most."""


@dataclass
class Comparison:
    """What a run would do. Nothing was sent and nothing was written.

    :param manifest: the number of the manifest that it was compared with; 0 without one.
    :param baseline: why there is no state to compare with, e.g. ``first run``; empty when there is one. Then
        nothing is removed.
    :param total: rows of the source.
    :param last_total: rows of the source in the last run; None without one.
    :param counts: rows by operation. ``unchanged``, ``waiting``, ``duplicate``, ``rejected`` and ``erased``
        are not sent. The counts of all operations but ``gone`` and ``replaced`` add up to *total*.
    :param reasons: rejected rows by code.
    :param fields: changed rows by field, the most frequent ones.
    :param left_now: rows of ``gone`` that were in the source in the last run.
    :param removable: rows of ``gone`` that this sync wrote, and that can be removed.
    :param no_removals: why nothing may be removed; empty when it may.
    :param unresolved: rows of earlier runs whose outcome is unknown.
    :param resumed: unchanged rows that a run with the same id has written, which has not committed.
    :param digest: of all rows that would be sent or removed, and of the state. Two comparisons with equal
        digests do the same.
    """

    manifest: int
    baseline: str
    total: int
    last_total: int | None
    counts: Counter[Operation]
    reasons: Counter[str]
    fields: Counter[str]
    left_now: int
    removable: int
    no_removals: str
    unresolved: int
    resumed: int
    digest: str

    @property
    def to_send(self) -> int:
        """Rows that would be written to the platform."""
        return sum(self.counts[operation] for operation in SENT)


@dataclass(frozen=True)
class Drift:
    """Unchanged rows whose records on the platform differ from them.

    :param rows: position of the row to the fields that differ; none when there is no record.
    :param repair: whether the rows are sent again. One without a record never is: somebody has deleted it.
    """

    rows: Mapping[int, Sequence[str]]
    repair: bool = False

    def operation_of(self, position: int) -> Operation:
        """Return what is done with a row."""
        return Operation.REPAIR if self.repair and self.rows[position] else Operation.DRIFTED


class Comparer:
    """Compares the rows of a source with a state.

    :param incoming: the rows of the source.
    :param stored: what is known of them.
    :param fields: the order of their short hashes.
    :param number: of the run.
    :param run_id: identifies the run.
    :param folder: for temporary files.
    """

    def __init__(
        self,
        incoming: IncomingRows,
        stored: StoredState,
        settings: SyncSettings,
        fields: FieldHashes,
        number: int,
        run_id: str,
        folder: Path,
    ) -> None:
        self._incoming, self._stored, self._settings, self._fields = incoming, stored, settings, fields
        self._number, self._run_id, self._folder = number, run_id, folder
        self._drift: Drift | None = None
        self.decisions = folder / "decisions.parquet"
        """What is done with each row that is not simply unchanged, in the order of the source."""
        self._gone_keys: set[str] = set()
        self._compared_keys: set[str] = set()
        self._sendable: set[str] = set()
        self._others: set[str] = set()
        self._replaced: set[int] = set()
        """Positions of duplicates with another row key, whose record gets the values of another row."""
        self._moved: set[str] = set()
        """Keys of rows that take another one, and keep their records."""

    def compare(
        self,
        *,
        refresh: Refresh = "changed",
        complete: bool = True,
        drift: Drift | None = None,
    ) -> Comparison:
        """Compare the rows with the state. Nothing is sent or written.

        :param refresh: ``changed`` sends what changed; ``failed`` also what is waiting; ``all`` sends every
            row.
        :param complete: whether the source is known to have been read to its end.
        :param drift: unchanged rows whose records differ from them.
        """
        incoming = self._incoming
        incoming.close()
        on_disk = self._stored.on_disk
        self._engine = engine_of(self._settings.engine, self._folder, incoming.path, on_disk)
        reasons = Counter(incoming.rejected)
        duplicates = self._duplicates(reasons)
        no_removals = self._stored.baseline and f"this is a baseline: {self._stored.baseline}"
        if not no_removals and incoming.total == 0:
            no_removals = "the source is empty"
        if not no_removals and not complete:
            no_removals = "the source was not read to its end"
        if not no_removals and incoming.unidentified:
            no_removals = f"keys that could not be read: those of {counted(incoming.unidentified, 'row')}"
        comparison = Comparison(
            manifest=self._number - 1,
            baseline=self._stored.baseline,
            total=incoming.total,
            last_total=self._stored.last_total,
            counts=Counter(),
            reasons=reasons,
            fields=Counter(),
            left_now=0,
            removable=0,
            no_removals=no_removals,
            unresolved=self._stored.unresolved,
            resumed=self._stored.synced_by(self._run_id),
            digest="",
        )
        self._drift = drift
        self._write_decisions(comparison, duplicates, refresh)
        return comparison

    def _duplicates(self, reasons: Counter[str]) -> dict[int, str]:
        """Return the rows that are not sent because of another one with their key, each with its code."""
        excluded: dict[int, str] = {}
        columns = ["row_key"] if self._incoming.same_keys else ["row_key", "match_key"]
        for column in columns:
            for group in self._engine.duplicates(column):
                rows = [row for row in group if row["position"] not in excluded]
                equal = len({row["row_hash"] for row in group}) == 1
                if self._settings.duplicates == "reject" and not equal:
                    excluded.update((row["position"], DUPLICATE_KEY) for row in rows)
                    reasons[DUPLICATE_KEY] += len(rows)
                elif len(rows) > 1:
                    # Of equal ones the same in every run, whatever the order of the source.
                    by_key = sorted(rows, key=lambda row: (row["row_key"], row["position"]))
                    kept = by_key[0] if equal else max(rows, key=lambda row: row["position"])
                    excluded.update((row["position"], "") for row in rows if row is not kept)
                    if not equal:
                        self._replaced.update(
                            row["position"] for row in rows if row["row_key"] != kept["row_key"]
                        )
        return excluded

    def _write_decisions(self, comparison: Comparison, duplicates: dict[int, str], refresh: Refresh) -> None:
        """Write what is done with each row that is not trivially unchanged, in the order of the source."""
        schema, total = schemas().plan, self._incoming.total
        assumed = self._stored.manifest is None and self._settings.baseline == "assume_synced"
        new = Operation.ASSUMED if assumed else Operation.NEW
        # Rows that left the source come after the others, in an order that no engine changes.
        spread = self._stored.on_disk.rows // BUCKETS + 1
        decided = 0

        def batches() -> Iterator[pa.RecordBatch]:
            import pyarrow as pa

            nonlocal decided
            shown = dict(duplicates)
            if self._drift is not None:
                shown.update(dict.fromkeys(self._drift.rows, ""))
            for batch in self._engine.candidates(shown, every=refresh == "all"):
                if comparison.resumed:
                    mine = synced_by(batch, self._run_id, "old_")
                    # Those that turn out unchanged are added again.
                    comparison.resumed -= sum(mine.to_pylist())
                unknown, others = split_new(batch, duplicates)
                if unknown.num_rows:
                    decided += unknown.num_rows
                    comparison.counts[new] += unknown.num_rows
                    yield planned_batch(unknown, new)
                changed, names, others = split_changed(others, duplicates, self._fields)
                if changed.num_rows:
                    decided += changed.num_rows
                    comparison.counts[Operation.CHANGED] += changed.num_rows
                    for one in names:
                        self._count_fields(comparison, one)
                    yield planned_batch(changed, Operation.CHANGED, names)
                rows: list[dict[str, Any] | None] = []
                for row in others.to_pylist():
                    if row["position"] is None:
                        rows.append(self._gone(row, comparison, total + spread * row["bucket"]))
                    else:
                        decided += 1
                        rows.append(self._decided(row, comparison, duplicates, refresh))
                yield pa.RecordBatch.from_pylist([row for row in rows if row is not None], schema=schema)

        limit = total + spread * BUCKETS
        ordered = sorted_batches(batches(), schema, "position", limit, self._folder, then="row_key")
        with ParquetFile(self.decisions, schema) as file:
            for batch in self._numbered(ordered, comparison, duplicates):
                file.write(batch)
        comparison.counts[Operation.UNCHANGED] += total - decided

    def _decided(
        self, row: dict[str, Any], comparison: Comparison, duplicates: dict[int, str], refresh: Refresh
    ) -> dict[str, Any] | None:
        """Decide what is done with a row of the source. None: nothing is to be noted."""
        row["changed_fields"], row["remove"] = [], False
        code = duplicates.get(row["position"])
        if code is not None and row["code"] is None:
            operation = Operation.REJECTED if code else Operation.DUPLICATE
            row["code"] = code or DUPLICATE_KEY
            differ = "several rows have this key, and their values differ"
            row["reason"] = differ if code else "another row has this key, and counts"
            if row["position"] in self._replaced:
                # What was acknowledged of it is on the platform no more.
                row["row_hash"] = None
        elif row["code"] == ERASED_PERSON:
            operation = Operation.ERASED
        elif row["code"] is not None:
            operation = Operation.REJECTED
        else:
            decision = decide(row, self._number, refresh, self._fields, self._settings.mapping_version)
            operation = decision.operation
            if operation in (Operation.CHANGED, Operation.RETRY):
                row["changed_fields"] = names = decision.fields.names
                self._count_fields(comparison, names)
            same = row["old_left_run"] is None and (
                operation is Operation.WAITING or row["old_row_hash"] == row["row_hash"]
            )
            drift = self._drift if operation is Operation.UNCHANGED else None
            if operation is Operation.UNCHANGED and row["old_last_run_id"] == self._run_id:
                comparison.resumed += bool(self._stored.unfinished)
            if drift is not None and row["position"] in drift.rows:
                operation = drift.operation_of(row["position"])
                row["changed_fields"] = list(drift.rows[row["position"]])
                row["code"] = None if row["changed_fields"] else RECORD_MISSING
            elif operation is Operation.UNCHANGED and same:
                comparison.counts[operation] += 1
                return None
        row["operation"] = operation.value
        comparison.counts[operation] += 1
        return row

    @staticmethod
    def _count_fields(comparison: Comparison, names: list[str]) -> None:
        if len(comparison.fields) < CHANGED_FIELDS_MAX:
            comparison.fields.update(names)

    def _gone(self, row: dict[str, Any], comparison: Comparison, place: int) -> dict[str, Any] | None:
        """Prepare a row that is not in the source. None: nothing is to be noted.

        :param place: its place in the plan.
        """
        written = (
            row["old_first_sent_at"] is not None
            or row["old_status"] == Status.AMBIGUOUS
            or row["old_possible_keys"] is not None
        )
        # In the source, another try meant that it would be written again.
        removal_refused = row["old_next_try_run"] is not None and row["old_left_run"] is not None
        due = not removal_refused or row["old_next_try_run"] <= self._number
        remove = bool(written and due)
        if comparison.no_removals or (not remove and row["old_left_run"] is not None):
            comparison.counts[Operation.GONE] += 1
            comparison.left_now += row["old_left_run"] is None
            return None
        row.update(operation=Operation.GONE.value, changed_fields=[], remove=remove)
        row["position"] = place
        if len(self._gone_keys) < GONE_KEYS_MAX:
            self._gone_keys.update(_last_keys(row))
        return row

    def _numbered(
        self, batches: Iterator[pa.RecordBatch], comparison: Comparison, duplicates: dict[int, str]
    ) -> Iterator[pa.RecordBatch]:
        """Number the rows of the plan, and find those whose record another row has now."""
        import pyarrow as pa

        schema, n, digest = schemas().plan, 0, 0
        all_known = len(self._gone_keys) < GONE_KEYS_MAX
        for batch in batches:
            if self._settings.key_changes and self._gone_keys:
                moved = _moved_keys(batch)
                self._moved.update(self._gone_keys.intersection(moved) if all_known else moved)
            if batch.column("position")[batch.num_rows - 1].as_py() >= self._incoming.total:
                batch = self._without_positions(batch, comparison, duplicates)
            numbers = pa.array(range(n, n + batch.num_rows), pa.int64())
            batch = batch.set_column(0, schema.field(0), numbers)
            n += batch.num_rows
            digest += digest_of(batch)
            yield batch
        whole = f"{self._number - 1} {digest % 2**128:032x}"
        comparison.digest = hashlib.blake2b(whole.encode(), digest_size=16).hexdigest()

    def _without_positions(
        self, batch: pa.RecordBatch, comparison: Comparison, duplicates: dict[int, str]
    ) -> pa.RecordBatch:
        """Decide what is done with rows that left the source."""
        import pyarrow as pa

        rows, total = batch.to_pylist(), self._incoming.total
        left = [row for row in rows if row["position"] >= total]
        keys = {key for row in left for key in _last_keys(row)}
        if not keys <= self._compared_keys:
            # Of as many rows at a time as fit into memory.
            self._compared_keys = keys | self._gone_keys
            self._sendable, self._others = self._present(self._compared_keys, duplicates)
            self._gone_keys = set()
        sendable, others = self._sendable, self._others
        for row in left:
            row["position"] = None
            last = _last_keys(row)
            if not others.isdisjoint(last):
                # It is not known yet whose record it is.
                row["remove"] = False
            elif sendable.isdisjoint(last):
                pass
            elif row["old_possible_keys"] is None and row["old_match_key"] not in self._moved:
                row["operation"], row["remove"] = Operation.REPLACED.value, False
            else:
                # Its record has another key, or the other row has a record of its own.
                row["code"] = KEY_REUSED
            if row["operation"] == Operation.GONE and row["old_left_run"] is None:
                comparison.left_now += 1
            comparison.counts[Operation(row["operation"])] += 1
            comparison.removable += row["remove"]
        return pa.RecordBatch.from_pylist(rows, schema=schemas().plan)

    def _present(self, match_keys: set[str], duplicates: dict[int, str]) -> tuple[set[str], set[str]]:
        """Return which match keys are in the source: those of rows that can be sent, and of others."""
        sendable: set[str] = set()
        others: set[str] = set()
        if self._incoming.same_keys:
            return sendable, others
        import pyarrow as pa
        import pyarrow.compute as pc

        wanted = pa.array(sorted(match_keys))
        for batch in read_batches(self._incoming.path, ["match_key", "code", "position"]):
            found = batch.filter(pc.is_in(batch.column("match_key"), value_set=wanted))
            columns = (found.column(name).to_pylist() for name in ("match_key", "code", "position"))
            for key, code, position in zip(*columns, strict=True):
                rejected = code is not None or duplicates.get(position) == DUPLICATE_KEY
                (others if rejected else sendable).add(key)
        return sendable, others


def _last_keys(row: Mapping[str, Any]) -> list[str]:
    """Return the keys that the record of a row that left the source may have."""
    return [key for key in (row["old_match_key"], *keys_in(row["old_possible_keys"])) if key is not None]


def _moved_keys(plan: pa.RecordBatch) -> set[str]:
    """Return the keys of rows of a plan that have records, which may have other keys."""
    import pyarrow as pa
    import pyarrow.compute as pc

    sent = pc.is_in(plan.column("operation"), value_set=pa.array([one.value for one in SENT]))
    old, new = plan.column("old_match_key"), plan.column("match_key")
    moved = pc.or_kleene(pc.not_equal(old, new), pc.is_valid(plan.column("old_possible_keys")))
    record = pc.or_(
        pc.is_valid(plan.column("old_first_sent_at")), pc.is_valid(plan.column("old_platform_id"))
    )
    mine = pc.fill_null(pc.and_kleene(pc.and_kleene(sent, moved), record), False)
    return set(new.filter(mine).to_pylist())
