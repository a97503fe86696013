"""Rows of a state from several files: the newest of each key, and what a run has done."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

from airflow_provider_mkt.sync.changes.canonical import HASH_BYTES, FieldHashes, erased_key
from airflow_provider_mkt.sync.changes.diff import next_try
from airflow_provider_mkt.sync.changes.snapshot import (
    BUCKETS,
    OBJECT_ROWS,
    SENT,
    Operation,
    ParquetFile,
    StateRow,
    Status,
    bucket_of,
    bucket_ranges,
    read_batches,
    read_buckets,
    row_count,
    schemas,
    sorted_batches,
)

if TYPE_CHECKING:
    import pyarrow as pa

NOT_SENT = "not_sent"
"""The outcome of a row that was planned and certainly not sent."""


class JournalRow(TypedDict):
    """The outcome of a row of a plan.

    :param n: its number in the plan.
    :param row_key: its key.
    :param status: one of :class:`Status`, or ``not_sent``.
    :param reason: the code of the status.
    :param platform_id: the platform's id of the record, if the platform returned it.
    :param at: when the answer came.
    """

    n: int
    row_key: str
    status: str
    reason: str | None
    platform_id: str | None
    at: datetime


@dataclass(frozen=True)
class RunStamp:
    """What the rows of a state note of the run that sent them.

    :param number: of the run; that of its manifest.
    :param at: when it began to send; None when that is unknown.
    """

    number: int
    run_id: str
    mapping_version: str | None
    at: datetime | None = None


class Journals:
    """The outcomes of a plan, in files.

    :param paths: the files, in the order in which they were written.
    """

    def __init__(self, paths: Iterable[Path] = ()) -> None:
        self._files: list[tuple[int, int, Path]] = []
        for path in paths:
            self.add(path)

    def add(self, path: Path) -> None:
        """Take another file."""
        import pyarrow.compute as pc

        numbers = [pc.min_max(batch.column("n")).as_py() for batch in read_batches(path, ["n"])]
        if numbers:
            self._files.append((min(one["min"] for one in numbers), max(one["max"] for one in numbers), path))

    def of(self, first: int, last: int) -> dict[int, JournalRow]:
        """Return the outcomes of a range of rows; the later one where there are two."""
        import pyarrow.compute as pc

        found: dict[int, JournalRow] = {}
        for low, high, path in self._files:
            if low <= last and high >= first:
                for batch in read_batches(path):
                    n = batch.column("n")
                    inside = pc.and_(pc.greater_equal(n, first), pc.less_equal(n, last))
                    for row in batch.filter(inside).to_pylist():
                        found[row["n"]] = row
        return found


def split_new(batch: pa.RecordBatch, excluded: Container[int]) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """Divide candidates into those that the state does not know and that can be sent, and the others."""
    import pyarrow as pa
    import pyarrow.compute as pc

    position = batch.column("position")
    new = pc.and_(
        pc.and_(pc.is_null(batch.column("old_status")), pc.is_null(batch.column("code"))),
        pc.is_valid(position),
    )
    if excluded:
        duplicate = pa.array([place in excluded for place in position.to_pylist()])
        new = pc.and_not(new, duplicate)
    return batch.filter(new), batch.filter(pc.invert(new))


def split_changed(
    batch: pa.RecordBatch, excluded: Container[int], fields: FieldHashes
) -> tuple[pa.RecordBatch, list[list[str]], pa.RecordBatch]:
    """Divide candidates into those whose payload is not what was acknowledged, and the others.

    :returns: the changed ones, the fields of each that differ, and the others.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    old_hash = batch.column("old_row_hash")
    differs = pc.fill_null(pc.not_equal(batch.column("row_hash"), old_hash), False)
    migrated = pc.fill_null(pc.equal(batch.column("earlier_hash"), old_hash), False)
    synced = pc.fill_null(pc.equal(batch.column("old_status"), Status.SYNCED.value), False)
    sendable = pc.and_(pc.is_null(batch.column("code")), pc.is_valid(batch.column("position")))
    likely = pc.and_(pc.and_not(differs, migrated), pc.and_(synced, sendable)).to_pylist()
    columns = (batch.column(name).to_pylist() for name in ("position", "old_field_hashes", "field_hashes"))
    chosen, names = [], []
    for place, (position, old, new) in enumerate(zip(*columns, strict=True)):
        if not likely[place] or position in excluded:
            chosen.append(False)
            continue
        found = fields.differing(old, new)
        chosen.append(not found.only_missing)
        if not found.only_missing:
            names.append(found.names)
    mask = pa.array(chosen, pa.bool_())
    return batch.filter(mask), names, batch.filter(pc.invert(mask))


def planned_batch(
    candidates: pa.RecordBatch, operation: Operation, changed_fields: Sequence[Sequence[str]] = ()
) -> pa.RecordBatch:
    """Return candidates as rows of a plan, all with one operation.

    :param changed_fields: of each row; empty when they are not known.
    """
    import pyarrow as pa

    count = candidates.num_rows
    columns = []
    for field in schemas().plan:
        match field.name:
            case "operation":
                columns.append(pa.repeat(operation.value, count))
            case "changed_fields":
                columns.append(pa.array(changed_fields or [[]] * count, field.type))
            case "remove":
                columns.append(pa.repeat(False, count))
            case "n":
                columns.append(pa.nulls(count, field.type))
            case name:
                columns.append(candidates.column(name))
    return pa.RecordBatch.from_arrays(columns, schema=schemas().plan)


def with_ids(plan: pa.RecordBatch, ids: Mapping[int, str]) -> pa.RecordBatch:
    """Return rows of a plan with ids of records that were looked up.

    :param ids: number of the row to the id.
    """
    numbers = plan.column("n").to_pylist()
    if ids.keys().isdisjoint(numbers):
        return plan
    place = plan.schema.get_field_index("old_platform_id")
    known = zip(numbers, plan.column(place).to_pylist(), strict=True)
    return plan.set_column(place, plan.schema.field(place), _array([ids.get(n, old) for n, old in known]))


def digest_of(plan: pa.RecordBatch) -> int:
    """Return a digest of the rows of a plan that are sent or removed. Those of batches add up."""
    columns = (plan.column(name).to_pylist() for name in ("operation", "remove", "row_key", "row_hash"))
    digest = 0
    for operation, remove, row_key, row_hash in zip(*columns, strict=True):
        if operation in SENT or remove:
            text = f"{operation} {row_key}".encode("utf-8", "surrogatepass") + (row_hash or b"")
            digest += int.from_bytes(blake2b(text, digest_size=HASH_BYTES).digest())
    return digest


def plan_with_outcomes(
    plan: Path, journals: Journals
) -> Iterator[list[tuple[dict[str, Any], JournalRow | None]]]:
    """Yield the rows of a plan with their outcomes, some at a time."""
    for batch in read_batches(plan):
        if not batch.num_rows:
            continue
        n = batch.column("n")
        outcomes = journals.of(n[0].as_py(), n[-1].as_py())
        for start in range(0, batch.num_rows, OBJECT_ROWS):
            rows = batch.slice(start, OBJECT_ROWS).to_pylist()
            yield [(row, outcomes.get(row["n"])) for row in rows]


def state_rows(
    row: Mapping[str, Any], outcome: JournalRow | None, run: RunStamp, *, noted: bool
) -> list[StateRow]:
    """Return the state's rows after a run; none when it stays as it was.

    An erased person whose row key is an address has another row key from then on.
    """
    new = state_row(row, outcome, run, noted=noted)
    if new is None or new["status"] != Status.ERASED:
        return [] if new is None else [new]
    key = new["match_key"] or ""
    if erased_key(new["row_key"]) != key:
        return [new]
    return [
        {**new, "status": Status.FORGOTTEN.value, "match_key": None},
        {**new, "row_key": key, "bucket": bucket_of(key)},
    ]


def state_row(
    row: Mapping[str, Any], outcome: JournalRow | None, run: RunStamp, *, noted: bool
) -> StateRow | None:
    """Return the state's row after a run; None when it stays as it was.

    :param row: of the plan.
    :param outcome: None when it is unknown.
    :param noted: whether what needs no answer counts too: it does when the run has finished.
    """
    operation = Operation(row["operation"])
    if operation in SENT or (operation is Operation.GONE and row["remove"]):
        if outcome is not None and outcome["status"] == NOT_SENT:
            return None
        return _removed(row, outcome, run) if operation is Operation.GONE else _sent(row, outcome, run)
    old = _old(row, run)
    if operation is Operation.DUPLICATE and row["row_hash"] is None and row["old_row_hash"] is not None:
        # Another row is written to its record, so that it is sent when it counts again.
        return {**old, "row_hash": None, "field_hashes": None}
    if not noted:
        return None
    match operation:
        case Operation.ASSUMED:
            return {**old, **_payload(row), "status": Status.SYNCED.value}
        case Operation.UNCHANGED:
            return {
                **old,
                **_payload(row),
                "left_run": None,
                "attempts": 0,
                "next_try_run": None,
                "reason": None,
            }
        case Operation.WAITING if row["old_left_run"] is not None:
            return {**old, "left_run": None}
        case Operation.REPLACED:
            return {
                **old,
                "status": Status.REMOVED.value,
                "reason": "REPLACED",
                "left_run": row["old_left_run"] or run.number,
            }
        case Operation.GONE if row["old_left_run"] is None:
            return {**old, "left_run": run.number}
    return None


def _old(row: Mapping[str, Any], run: RunStamp) -> StateRow:
    """The state's row as it was."""
    return {
        "row_key": row["row_key"],
        "bucket": row["bucket"],
        "match_key": row["old_match_key"],
        "platform_id": row["old_platform_id"],
        "row_hash": row["old_row_hash"],
        "field_hashes": row["old_field_hashes"],
        "status": row["old_status"],
        "reason": row["old_reason"],
        "attempts": row["old_attempts"] or 0,
        "next_try_run": row["old_next_try_run"],
        "first_sent_at": row["old_first_sent_at"],
        "last_sent_at": row["old_last_sent_at"],
        "last_run_id": row["old_last_run_id"] or run.run_id,
        "mapping_version": row["old_mapping_version"] or run.mapping_version,
        "left_run": row["old_left_run"],
        "possible_keys": row["old_possible_keys"],
    }


class _Payload(TypedDict):
    match_key: str | None
    row_hash: bytes | None
    field_hashes: bytes | None


def _payload(row: Mapping[str, Any]) -> _Payload:
    return {
        "match_key": row["match_key"],
        "row_hash": row["row_hash"],
        "field_hashes": row["field_hashes"],
    }


def _sent(row: Mapping[str, Any], outcome: JournalRow | None, run: RunStamp) -> StateRow:
    old = _old(row, run)
    status = Status.AMBIGUOUS if outcome is None else Status(outcome["status"])
    new: StateRow = {
        **old,
        **_payload(row),
        "status": status.value,
        "reason": None if outcome is None else outcome["reason"],
        "attempts": 0,
        "next_try_run": None,
        "last_run_id": run.run_id,
        "mapping_version": run.mapping_version,
        "left_run": None,
    }
    if outcome is not None and outcome["platform_id"]:
        new["platform_id"] = outcome["platform_id"]
    if outcome is not None and status is Status.SYNCED:
        new["first_sent_at"] = old["first_sent_at"] or outcome["at"]
        new["last_sent_at"] = outcome["at"]
    if status in (Status.FAILED, Status.SKIPPED_NO_MATCH) or (status is Status.SYNCED and new["reason"]):
        again = row["operation"] in (Operation.RETRY, Operation.AMBIGUOUS)
        new["attempts"] = (old["attempts"] if again else 0) + 1
        new["next_try_run"] = next_try(run.number, new["attempts"])
    elif status is Status.AMBIGUOUS:
        new["attempts"] = old["attempts"]
        new["last_sent_at"] = old["last_sent_at"] or run.at
    if status is Status.ERASED:
        return _erased(new)
    if status is Status.SYNCED:
        return {**new, "possible_keys": None}
    if old["match_key"] and old["first_sent_at"]:
        # As far as is known, the record still has the key that was acknowledged.
        new["match_key"] = old["match_key"]
    keys = [row["match_key"]] if status is Status.AMBIGUOUS else []
    if old["status"] == Status.AMBIGUOUS:
        keys.append(old["match_key"])
    new["possible_keys"] = _joined_keys([*keys, *keys_in(old["possible_keys"])], new["match_key"])
    return new


def _removed(row: Mapping[str, Any], outcome: JournalRow | None, run: RunStamp) -> StateRow:
    old = _old(row, run)
    status = Status.AMBIGUOUS if outcome is None else Status(outcome["status"])
    new: StateRow = {**old, "left_run": old["left_run"] or run.number, "last_run_id": run.run_id}
    if status is Status.AMBIGUOUS:
        return {**new, "status": status.value}
    reason = None if outcome is None else outcome["reason"]
    if status in (Status.SYNCED, Status.REMOVED, Status.ERASED):
        gone: StateRow = {
            **new,
            "status": Status.REMOVED.value,
            "reason": reason,
            "attempts": 0,
            "next_try_run": None,
            "possible_keys": None,
        }
        return _erased(gone) if status is Status.ERASED else gone
    # It was not removed, so the platform has what it had.
    attempts = old["attempts"] + 1
    return {**new, "reason": reason, "attempts": attempts, "next_try_run": next_try(run.number, attempts)}


def _erased(row: StateRow) -> StateRow:
    """Return the row of an erased person."""
    key = row["match_key"]
    return {
        **row,
        "status": Status.ERASED.value,
        "match_key": None if key is None else erased_key(key),
        "platform_id": None,
        "row_hash": None,
        "field_hashes": None,
        "possible_keys": None,
    }


def keys_in(possible_keys: str | None) -> list[str]:
    """Return the keys of the column ``possible_keys``."""
    return [] if possible_keys is None else list(json.loads(possible_keys))


def _joined_keys(keys: Iterable[str | None], match_key: str | None) -> str | None:
    """Return keys as the column ``possible_keys`` has them: each once, without the row's match key."""
    different = [key for key in dict.fromkeys(keys) if key is not None and key != match_key]
    return json.dumps(different) if different else None


def write_outcomes(
    target: Path,
    plan: Path,
    journals: Journals,
    run: RunStamp,
    *,
    noted: bool,
    folder: Path,
    field_hashes: bool = True,
) -> Counter[str]:
    """Write the state's rows after a run, sorted by bucket. Returns how many there are of each status.

    :param noted: whether what needs no answer counts too.
    :param folder: for temporary files.
    :param field_hashes: whether the short hashes of the plan are in the state's order.
    """
    import pyarrow as pa

    schema, statuses = schemas().state, Counter[str]()

    def batches() -> Iterator[pa.RecordBatch]:
        for pairs in plan_with_outcomes(plan, journals):
            rows = [new for row, outcome in pairs for new in state_rows(row, outcome, run, noted=noted)]
            statuses.update(row["status"] for row in rows if row["status"] != Status.FORGOTTEN)
            if not field_hashes:
                for row in rows:
                    row["field_hashes"] = None
            yield pa.RecordBatch.from_pylist(rows, schema=schema)

    with ParquetFile(target, schema) as file:
        for batch in sorted_batches(batches(), schema, "bucket", BUCKETS, folder, row_count(plan)):
            file.write(batch)
    return statuses


def write_keys(target: Path, batches: Iterable[pa.RecordBatch]) -> None:
    """Write the row keys of batches that have them with their buckets."""
    import pyarrow as pa

    schema = pa.schema([schemas().state.field(name) for name in ("row_key", "bucket")])
    with ParquetFile(target, schema) as file:
        table = pa.Table.from_batches([batch.select(schema.names) for batch in batches], schema)
        for batch in table.sort_by("bucket").to_batches():
            file.write(batch)


def merge(
    target: Path,
    layers: Sequence[Path],
    *,
    ambiguous: Path | None = None,
    base: Path | None = None,
    whole: bool = False,
) -> int:
    """Write the newest row of each key, sorted by bucket. Returns the number of rows.

    :param layers: files that are sorted by bucket, the oldest first.
    :param ambiguous: a file of keys whose row gets the status ``ambiguous``, unless it is ``erased``.
    :param whole: whether the result is all of a state. Row keys to be forgotten are not in it.
    :param base: a state. Its rows of those keys come before the layers, and its others are left out.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = sum(map(row_count, layers))
    with ParquetFile(target, schemas().state) as file:
        for first, last in bucket_ranges(rows):
            tables = [read_buckets(path, first, last) for path in layers]
            keys = None
            if ambiguous is not None:
                keys = read_buckets(ambiguous, first, last)["row_key"].combine_chunks()
                if base is not None and len(keys):
                    old = read_buckets(base, first, last)
                    # After the rows of stale plans, which know less than the state.
                    tables.insert(1, old.filter(pc.is_in(old["row_key"], value_set=keys)))
            table = pa.concat_tables(tables).combine_chunks()
            if not table.num_rows:
                continue
            possible = {} if keys is None or not len(keys) else _possible_keys(table, keys)
            table = _last_of_each(table)
            if whole:
                table = table.filter(pc.not_equal(table["status"], Status.FORGOTTEN.value))
            if keys is not None and len(keys):
                hit = pc.and_(
                    pc.is_in(table["row_key"], value_set=keys),
                    pc.invert(pc.is_in(table["status"], value_set=_array(_STAYS))),
                )
                status = pc.if_else(hit, Status.AMBIGUOUS.value, table["status"])
                table = table.set_column(table.schema.get_field_index("status"), "status", status)
                if possible:
                    table = _with_possible_keys(table, possible)
            for batch in table.sort_by("bucket").to_batches():
                file.write(batch)
    return file.rows


_STAYS = (Status.ERASED.value, Status.FORGOTTEN.value)
"""The status of rows that are never sent again, whatever is unknown of them."""


def _possible_keys(table: pa.Table, row_keys: pa.Array) -> dict[str, list[str | None]]:
    """Return every match key of rows whose outcome is unknown, the latest first, where there are several.

    :param table: all rows of each row key, the oldest first.
    """
    import pyarrow.compute as pc

    stays = pc.is_in(table["status"], value_set=_array(_STAYS))
    wanted = pc.and_(pc.is_in(table["row_key"], value_set=row_keys), pc.invert(stays))
    rows = table.filter(wanted).select(["row_key", "match_key", "possible_keys"])
    counts = rows.group_by("row_key").aggregate([("match_key", "count_distinct"), ("possible_keys", "count")])
    several = pc.or_(
        pc.greater(counts["match_key_count_distinct"], 1), pc.greater(counts["possible_keys_count"], 0)
    )
    some = counts.filter(several)["row_key"].combine_chunks()
    found: dict[str, list[str | None]] = {}
    for row in reversed(rows.filter(pc.is_in(rows["row_key"], value_set=some)).to_pylist()):
        found.setdefault(row["row_key"], []).extend([row["match_key"], *keys_in(row["possible_keys"])])
    return found


def _with_possible_keys(table: pa.Table, possible: Mapping[str, list[str | None]]) -> pa.Table:
    """Note for rows the other keys that their records may have."""
    columns = (table[name].to_pylist() for name in ("row_key", "match_key", "status", "possible_keys"))
    noted = [
        _joined_keys(possible[row_key], match_key)
        if row_key in possible and status == Status.AMBIGUOUS
        else before
        for row_key, match_key, status, before in zip(*columns, strict=True)
    ]
    place = table.schema.get_field_index("possible_keys")
    return table.set_column(place, table.schema.field(place), _array(noted))


def _array(values: Sequence[str | None]) -> pa.Array:
    import pyarrow as pa

    return pa.array(values, pa.string())


def _last_of_each(table: pa.Table) -> pa.Table:
    import pyarrow as pa

    places = pa.table({"row_key": table["row_key"], "place": pa.array(range(table.num_rows), pa.int64())})
    last = places.group_by("row_key").aggregate([("place", "max")])["place_max"]
    return table if len(last) == table.num_rows else table.take(last)
