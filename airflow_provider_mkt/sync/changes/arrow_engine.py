"""Compares the rows of a source with a state with Arrow alone, part by part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.sync.changes.diff import StateOnDisk, groups
from airflow_provider_mkt.sync.changes.snapshot import (
    Divider,
    Status,
    bucket_ranges,
    read_batches,
    read_buckets,
    row_count,
    schemas,
)

if TYPE_CHECKING:
    import pyarrow as pa


class ArrowEngine:
    """Compares part by part, each a range of buckets, with Arrow alone.

    :param folder: for temporary files.
    :param incoming: the file of the source's rows.
    :param state: what they are compared with.
    """

    def __init__(self, folder: Path, incoming: Path, state: StateOnDisk) -> None:
        self._folder, self._incoming, self._state = folder, incoming, state
        self._ranges = bucket_ranges(max(row_count(incoming), state.rows))
        self._by_row_key: Divider | None = None

    def duplicates(self, column: str) -> Iterator[list[dict[str, Any]]]:
        if column == "row_key":
            parts = self._divided().parts(keep=True)
        else:
            columns = ("position", "row_key", "row_hash", "code", "match_key", "match_bucket")
            parts = self._divide("match_bucket", columns).parts()
        for table in parts:
            yield from _repeated(table, column)

    def candidates(self, excluded: dict[int, str], *, every: bool = False) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa

        left_out = pa.array(sorted(excluded), pa.int64())
        for table, (first, last) in zip(self._divided().parts(), self._ranges, strict=True):
            yield from self._part(table, state_part(self._state, first, last), left_out, every=every)

    def _divided(self) -> Divider:
        """The rows by their buckets, which both steps read."""
        if self._by_row_key is None:
            names = [name for name in schemas().candidates.names if not name.startswith("old_")]
            self._by_row_key = self._divide("bucket", names)
        return self._by_row_key

    def _divide(self, column: str, names: Sequence[str]) -> Divider:
        import pyarrow as pa

        schema = pa.schema([schemas().incoming.field(name) for name in names])
        divider = Divider(schema, column, self._ranges, self._folder, f"incoming-{column}")
        for batch in read_batches(self._incoming, names):
            divider.add(batch.select(names))
        return divider

    @staticmethod
    def _part(
        incoming: pa.Table, state: pa.Table, left_out: pa.Array, *, every: bool
    ) -> Iterator[pa.RecordBatch]:
        import pyarrow as pa
        import pyarrow.compute as pc

        keys = state["row_key"].combine_chunks()
        place = pc.index_in(incoming["row_key"], value_set=keys).combine_chunks()
        if not every:
            names = ("row_hash", "status", "left_run", "next_try_run")
            old = {name: state[name].combine_chunks().take(place) for name in names}
            same = pc.equal(incoming["row_hash"].combine_chunks(), old["row_hash"])
            synced = pc.equal(old["status"], Status.SYNCED.value)
            nothing_to_do = pc.and_(pc.is_null(old["left_run"]), pc.is_null(old["next_try_run"]))
            unchanged = pc.and_(pc.fill_null(pc.and_(same, synced), False), nothing_to_do)
            if len(left_out):
                unchanged = pc.and_not(
                    unchanged, pc.is_in(incoming["position"].combine_chunks(), value_set=left_out)
                )
            wanted = pc.invert(unchanged)
            shown, place_of_shown = incoming.filter(wanted), place.filter(wanted)
        else:
            shown, place_of_shown = incoming, place
        yield from _joined(shown, state, place_of_shown)
        gone = pc.invert(pc.is_in(keys, value_set=incoming["row_key"].combine_chunks()))
        finished = pc.is_in(state["status"].combine_chunks(), value_set=pa.array(_FINISHED))
        left = state.filter(pc.and_not(gone, finished))
        if left.num_rows:
            nothing = incoming.slice(0, 0)
            yield from _joined(nothing, left, None)


_FINISHED = (Status.REMOVED.value, Status.ERASED.value, Status.FORGOTTEN.value)
"""The status of rows that left the source, and with which nothing is to be done any more."""


def _joined(incoming: pa.Table, state: pa.Table, place: pa.Array | None) -> Iterator[pa.RecordBatch]:
    """Put rows beside those of the state.

    :param place: of the state's row of each incoming one; None: there are no incoming rows.
    """
    import pyarrow as pa

    schema = schemas().candidates
    if place is None:
        columns = []
        for field in schema:
            if field.name.startswith("old_"):
                columns.append(state[field.name.removeprefix("old_")])
            elif field.name in ("row_key", "bucket"):
                columns.append(state[field.name])
            else:
                columns.append(pa.nulls(state.num_rows, field.type))
    elif not len(place):
        return
    else:
        old = state.combine_chunks().take(place) if state.num_rows else None
        columns = []
        for field in schema:
            if not field.name.startswith("old_"):
                columns.append(incoming[field.name])
            elif old is None:
                columns.append(pa.nulls(len(place), field.type))
            else:
                columns.append(old[field.name.removeprefix("old_")])
    yield from pa.table(columns, schema=schema).combine_chunks().to_batches()


def state_part(state: StateOnDisk, first: int, last: int) -> pa.Table:
    """Return the rows of a range of buckets, each key once."""
    import pyarrow as pa
    import pyarrow.compute as pc

    base, newer = (
        schemas().state.empty_table() if path is None else read_buckets(path, first, last)
        for path in (state.base, state.newer)
    )
    if newer.num_rows and base.num_rows:
        replaced = pc.is_in(base["row_key"], value_set=newer["row_key"].combine_chunks())
        base = base.filter(pc.invert(replaced))
    return pa.concat_tables([base, newer])


def _repeated(table: pa.Table, column: str) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows that share a value of a column, group by group."""
    import pyarrow.compute as pc

    table = table.filter(pc.and_(pc.is_null(table["code"]), pc.is_valid(table[column])))
    if pc.count_distinct(table[column]).as_py() == table.num_rows:
        return
    counts = table.group_by(column).aggregate([("position", "count")])
    repeated = counts.filter(pc.greater(counts["position_count"], 1))[column]
    found = table.filter(pc.is_in(table[column], value_set=repeated.combine_chunks()))
    names = list(dict.fromkeys(["position", "row_key", "row_hash", column]))
    found = found.select(names).sort_by([(column, "ascending"), ("position", "ascending")])
    yield from groups(found.to_batches(), column)
