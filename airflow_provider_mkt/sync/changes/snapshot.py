"""The rows of a state, a plan and a journal, as Parquet files that people and DuckDB can read."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypedDict

if TYPE_CHECKING:
    import pyarrow as pa

BUCKETS: Final = 1_024
"""Groups of keys. A file of a state is sorted by them, so that a part of it can be read alone."""

BATCH_ROWS: Final = 32_768
"""Rows in memory at a time, and in a row group of a file."""

PART_ROWS: Final = 100_000
"""Rows that are compared at a time, about."""

OBJECT_ROWS: Final = 4_096
"""Rows that are Python objects at a time. They take ten times the memory of the same rows in a batch."""

SORT_ROWS: Final = 100_000
"""Rows that are sorted in memory. More of them are first divided into files."""


class Status(StrEnum):
    """What is known of a row on the platform."""

    SYNCED = "synced"
    """The platform has acknowledged the payload."""
    AMBIGUOUS = "ambiguous"
    """It was sent, or planned, and its outcome is unknown. It is sent again."""
    FAILED = "failed"
    """The platform rejected the payload. It is tried again after 1, 2, 4 ... 32 runs."""
    SKIPPED_NO_MATCH = "skipped_no_match"
    """There is no record to update. Tried again as a failed one is."""
    SUPPRESSED = "suppressed"
    """It was held back by consent or a suppression list. Each run checks it again."""
    REMOVED = "removed"
    """It left the source, and was removed from the platform as the sync's settings say."""
    ERASED = "erased"
    """The person was erased. It is never sent again. The state keeps its row key, and a digest of what the
    record was found by; of a row key that is an address, only the digest."""
    FORGOTTEN = "forgotten"
    """The row key of an erased person that is an address. It is left out of the next state."""


class Operation(StrEnum):
    """What a run does with a row, and why."""

    NEW = "new"
    """The state does not know the row."""
    CHANGED = "changed"
    """Its payload is not what was acknowledged last."""
    BACK = "back"
    """It was removed from the platform, and is in the source again."""
    RETRY = "retry"
    """It was rejected or held back, and is due again with the same payload."""
    AMBIGUOUS = "ambiguous"
    """An earlier run may have sent it, and did not learn the outcome."""
    REFRESH = "refresh"
    """It is unchanged, and a full refresh sends it."""
    REPAIR = "repair"
    """It is unchanged, and its record on the platform differs from it."""
    GONE = "gone"
    """It is not in the source any more."""

    UNCHANGED = "unchanged"
    """Its payload was acknowledged before."""
    DRIFTED = "drifted"
    """It is unchanged, and its record on the platform differs from it, or is missing. It is not sent."""
    ASSUMED = "assumed"
    """Taken for unchanged by a first run that sends nothing."""
    WAITING = "waiting"
    """It was rejected, and is not due yet."""
    DUPLICATE = "duplicate"
    """Another row with its key has the same payload, or replaces it."""
    REJECTED = "rejected"
    """It cannot be sent: no key, a key of several rows, a value of a wrong type."""
    ERASED = "erased"
    """Its person was erased."""
    REPLACED = "replaced"
    """It left the source, and another row has its match key. The platform's record belongs to that row."""


SENT: Final = frozenset(
    {
        Operation.NEW,
        Operation.CHANGED,
        Operation.BACK,
        Operation.RETRY,
        Operation.AMBIGUOUS,
        Operation.REFRESH,
        Operation.REPAIR,
    }
)
"""Operations that write a row to the platform."""


class StateRow(TypedDict):
    """A row of the state.

    :param row_key: identifies the row in the source, normalized.
    :param bucket: its group of keys.
    :param match_key: what the platform's record is found by, normalized; it may change.
    :param platform_id: the platform's id of the record, once it is known.
    :param row_hash: of the payload that was sent last, whatever came of it.
    :param field_hashes: 4 bytes a field, in the order of the manifest's ``fields``.
    :param status: one of :class:`Status`.
    :param reason: the code of the status, e.g. ``INVALID_EMAIL``.
    :param attempts: how often in succession the payload was rejected.
    :param next_try_run: the number of the run that tries it again.
    :param first_sent_at: when it was first acknowledged; None when it never was.
    :param last_sent_at: when it was last acknowledged. Of a row that never was, and has an unknown outcome:
        when the first run that may have sent it began to.
    :param last_run_id: the run that sent it last.
    :param mapping_version: the mapping that it was sent with.
    :param left_run: the number of the run that first found it gone; None while it is in the source.
    :param possible_keys: a JSON list of other keys that the platform's record may have: runs whose outcome is
        unknown have changed it, or have sent the row with them. The latest first; None when there are none.
    """

    row_key: str
    bucket: int
    match_key: str | None
    platform_id: str | None
    row_hash: bytes | None
    field_hashes: bytes | None
    status: str
    reason: str | None
    attempts: int
    next_try_run: int | None
    first_sent_at: datetime | None
    last_sent_at: datetime | None
    last_run_id: str | None
    mapping_version: str | None
    left_run: int | None
    possible_keys: str | None


def bucket_of(row_key: str) -> int:
    """Return the group of a key."""
    return zlib.crc32(row_key.encode("utf-8", "surrogatepass")) % BUCKETS


@dataclass(frozen=True)
class Schemas:
    """The columns of every kind of file."""

    state: pa.Schema
    incoming: pa.Schema
    plan: pa.Schema
    journal: pa.Schema
    candidates: pa.Schema


@cache
def schemas() -> Schemas:
    """Return the columns of every kind of file."""
    import pyarrow as pa

    text, whole, data, at = pa.string(), pa.int64(), pa.binary(), pa.timestamp("ms", "UTC")
    state: list[tuple[str, Any]] = [
        ("row_key", text),
        ("bucket", pa.int16()),
        ("match_key", text),
        ("platform_id", text),
        ("row_hash", data),
        ("field_hashes", data),
        ("status", text),
        ("reason", text),
        ("attempts", pa.int32()),
        ("next_try_run", whole),
        ("first_sent_at", at),
        ("last_sent_at", at),
        ("last_run_id", text),
        ("mapping_version", text),
        ("left_run", whole),
        ("possible_keys", text),
    ]
    incoming: list[tuple[str, Any]] = [
        ("position", whole),
        ("number", whole),
        ("row_key", text),
        ("bucket", pa.int16()),
        ("match_key", text),
        ("match_bucket", pa.int16()),
        ("row_hash", data),
        ("earlier_hash", data),
        ("field_hashes", data),
        ("code", text),
        ("reason", text),
    ]
    before = [(f"old_{name}", kind) for name, kind in state if name not in ("row_key", "bucket")]
    plan = [
        ("n", whole),
        ("operation", text),
        *((name, kind) for name, kind in incoming if name not in ("earlier_hash", "match_bucket")),
        ("changed_fields", pa.list_(text)),
        ("remove", pa.bool_()),
        *before,
    ]
    journal: list[tuple[str, Any]] = [
        ("n", whole),
        ("row_key", text),
        ("status", text),
        ("reason", text),
        ("platform_id", text),
        ("at", at),
    ]
    return Schemas(
        state=pa.schema(state),
        incoming=pa.schema([*incoming, ("payload", text)]),
        plan=pa.schema(plan),
        journal=pa.schema(journal),
        candidates=pa.schema([*(one for one in incoming if one[0] != "match_bucket"), *before]),
    )


class ParquetFile:
    """A Parquet file that is written batch by batch.

    :param path: the file; replaced.
    :param schema: its columns.
    """

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        from pyarrow.parquet import ParquetWriter

        self.path, self.schema, self.rows = path, schema, 0
        # Keys and hashes are all different: a dictionary of them costs time and saves nothing.
        repeated = [
            name
            for name in schema.names
            if name.removeprefix("old_")
            in {
                "status",
                "reason",
                "last_run_id",
                "mapping_version",
                "operation",
                "code",
                "bucket",
                "match_bucket",
            }
        ]
        self._writer = ParquetWriter(
            path, schema, compression="zstd", compression_level=1, use_dictionary=repeated
        )
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Add rows. Small batches are written together."""
        if not batch.num_rows:
            return
        self.rows += batch.num_rows
        self._waiting.append(batch)
        self._waiting_rows += batch.num_rows
        if self._waiting_rows >= BATCH_ROWS:
            self._flush()

    def write_rows(self, rows: Sequence[Any]) -> None:
        """Add rows that are dictionaries."""
        import pyarrow as pa

        self.write(pa.RecordBatch.from_pylist(rows, schema=self.schema))

    def close(self) -> None:
        """Write what is waiting, and complete the file."""
        self._flush()
        self._writer.close()

    def _flush(self) -> None:
        import pyarrow as pa

        if self._waiting:
            self._writer.write_table(
                pa.Table.from_batches(self._waiting, self.schema), row_group_size=BATCH_ROWS
            )
            self._waiting, self._waiting_rows = [], 0

    def __enter__(self) -> ParquetFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def write_parquet(path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> int:
    """Write a Parquet file. Returns the number of rows."""
    with ParquetFile(path, schema) as file:
        for batch in batches:
            file.write(batch)
    return file.rows


def read_batches(path: Path, columns: Sequence[str] | None = None) -> Iterator[pa.RecordBatch]:
    """Yield the rows of a Parquet file."""
    from pyarrow.parquet import ParquetFile as Reader

    with Reader(path, memory_map=False) as reader:
        yield from reader.iter_batches(BATCH_ROWS, columns=None if columns is None else list(columns))


def with_columns(path: Path, schema: pa.Schema) -> Path:
    """Return a file that has all columns: the same one, or a copy beside it.

    Files of earlier releases do not have those that were added since; their rows have nothing in them.
    """
    import pyarrow as pa
    from pyarrow.parquet import read_schema

    there = read_schema(path)
    missing = [field for field in schema if field.name not in there.names]
    if not missing:
        return path
    target = path.with_name(f"all-columns-{path.name}")
    # A plan says of its run what it began with.
    with ParquetFile(target, schema.with_metadata(there.metadata)) as file:
        for batch in read_batches(path):
            columns = [
                pa.nulls(batch.num_rows, field.type) if field in missing else batch.column(field.name)
                for field in schema
            ]
            file.write(pa.RecordBatch.from_arrays(columns, schema=file.schema))
    return target


def row_count(path: Path) -> int:
    """Return the number of rows of a Parquet file."""
    from pyarrow.parquet import read_metadata

    count: int = read_metadata(path).num_rows
    return count


def rows_with_status(path: Path, status: Status, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """Yield the rows of a state that have a status. Row groups without it are not read."""
    import pyarrow.compute as pc
    from pyarrow.parquet import ParquetFile as Reader

    with Reader(path) as reader:
        place = reader.schema_arrow.get_field_index("status")
        wanted = None if columns is None else list(dict.fromkeys([*columns, "status"]))
        for number in range(reader.num_row_groups):
            stats = reader.metadata.row_group(number).column(place).statistics
            if stats is None or not stats.has_min_max or stats.min <= status.value <= stats.max:
                table = reader.read_row_group(number, columns=wanted)
                table = table.filter(pc.equal(table["status"], status.value))
                if table.num_rows:
                    yield table


def has_status(path: Path, status: Status) -> bool:
    """Whether any row of a state has a status."""
    return next(rows_with_status(path, status, ["status"]), None) is not None


def read_buckets(path: Path, first: int, last: int, columns: Sequence[str] | None = None) -> pa.Table:
    """Return the rows of a range of buckets from a file that is sorted by them.

    :param first: the first bucket.
    :param last: the last one.
    """
    import pyarrow.compute as pc
    from pyarrow.parquet import ParquetFile as Reader

    with Reader(path) as reader:
        place = reader.schema_arrow.get_field_index("bucket")
        groups = []
        for number in range(reader.num_row_groups):
            stats = reader.metadata.row_group(number).column(place).statistics
            if stats is None or (stats.max >= first and stats.min <= last):
                groups.append(number)
        wanted = None if columns is None else list(dict.fromkeys([*columns, "bucket"]))
        table = reader.read_row_groups(groups, columns=wanted)
    bucket = table.column("bucket")
    return table.filter(pc.and_(pc.greater_equal(bucket, first), pc.less_equal(bucket, last)))


def bucket_ranges(rows: int) -> list[tuple[int, int]]:
    """Divide the buckets into ranges of about :data:`PART_ROWS` rows each."""
    parts = min(BUCKETS, max(1, -(-rows // PART_ROWS)))
    edges = [BUCKETS * part // parts for part in range(parts + 1)]
    return [(start, end - 1) for start, end in pairwise(edges) if end > start]


class Divider:
    """Divides rows into files by a number in them, and gives them back file by file.

    :param column: the column of the number.
    :param ranges: first and last number of each file, in order and without gaps.
    :param folder: where the files are, until :meth:`close`.
    """

    def __init__(
        self, schema: pa.Schema, column: str, ranges: Sequence[tuple[int, int]], folder: Path, name: str
    ) -> None:
        import pyarrow as pa

        self._schema, self._column, self._ranges = schema, column, ranges
        self._edges = [last for _, last in ranges]
        self._paths = [folder / f"{name}-{part}.arrow" for part in range(len(ranges))]
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        self._stack = ExitStack()
        self._writers = [
            self._stack.enter_context(pa.ipc.new_file(str(path), schema, options=options))
            for path in self._paths
        ]
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Add rows."""
        if not batch.num_rows:
            return
        self._waiting.append(batch)
        self._waiting_rows += batch.num_rows
        # The more rows at a time, the larger is the piece that each file gets.
        if self._waiting_rows >= 4 * BATCH_ROWS:
            self._divide()

    def parts(self, *, keep: bool = False) -> Iterator[pa.Table]:
        """Yield the rows of each file. No rows can be added any more.

        :param keep: whether they can be read again.
        """
        import pyarrow as pa

        self._divide()
        self._stack.close()
        for path in self._paths:
            with pa.OSFile(str(path)) as source, pa.ipc.open_file(source) as reader:
                yield reader.read_all()
            if not keep:
                path.unlink()

    def close(self) -> None:
        """Delete the files that are left."""
        self._stack.close()
        for path in self._paths:
            path.unlink(missing_ok=True)

    def _divide(self) -> None:
        import pyarrow as pa

        if not self._waiting:
            return
        table = pa.Table.from_batches(self._waiting, self._schema).combine_chunks()
        self._waiting, self._waiting_rows = [], 0
        if len(self._writers) == 1:
            self._writers[0].write_table(table)
            return
        table = table.sort_by(self._column)
        numbers = table.column(self._column)
        start = 0
        for writer, edge in zip(self._writers, self._edges, strict=True):
            end = _upper_bound(numbers, edge, start)
            if end > start:
                writer.write_table(table.slice(start, end - start))
            start = end


def _upper_bound(numbers: pa.ChunkedArray, edge: int, start: int) -> int:
    """The place of the first number that is greater than *edge*."""
    low, high = start, len(numbers)
    while low < high:
        middle = (low + high) // 2
        if numbers[middle].as_py() <= edge:
            low = middle + 1
        else:
            high = middle
    return low


def sorted_batches(
    batches: Iterable[pa.RecordBatch],
    schema: pa.Schema,
    column: str,
    limit: int,
    folder: Path,
    rows: int | None = None,
    *,
    then: str | None = None,
) -> Iterator[pa.RecordBatch]:
    """Yield rows sorted by a number in them, with memory for a part of them.

    :param column: the column of the number, which is at least 0.
    :param limit: greater than each number.
    :param folder: for temporary files.
    :param rows: how many rows there are, if that is known. Else there may be as many as *limit*.
    :param then: the column that rows with one number are sorted by; None: their order does not matter.
    """
    expected = limit if rows is None else rows
    parts = max(1, min(limit, -(-expected // SORT_ROWS)))
    edges = [limit * part // parts for part in range(parts + 1)]
    ranges = [(start, end - 1) for start, end in pairwise(edges)]
    keys = [(name, "ascending") for name in (column, then) if name is not None]
    divider = Divider(schema, column, ranges, folder, f"sort-{column}")
    try:
        for batch in batches:
            divider.add(batch)
        for table in divider.parts():
            yield from table.sort_by(keys).combine_chunks().to_batches(BATCH_ROWS)
    finally:
        divider.close()
