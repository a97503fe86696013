"""Rows that are as the platform has acknowledged them, to be read back from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from airflow_provider_mkt.sync.changes.arrow_engine import state_part
from airflow_provider_mkt.sync.changes.diff import StateOnDisk
from airflow_provider_mkt.sync.changes.incoming import IncomingRows
from airflow_provider_mkt.sync.changes.snapshot import BUCKETS, PART_ROWS, Status, read_batches
from airflow_provider_mkt.sync.rows import Row


@dataclass(frozen=True)
class AcknowledgedRow:
    """A row of the source that is as the platform has acknowledged it.

    :param position: of the row in the source.
    :param match_key: what its record is found by.
    :param platform_id: the platform's id of the record, if it is known.
    """

    position: int
    row: Row
    match_key: str
    platform_id: str | None


def buckets_of(share: float, run: int) -> list[tuple[int, int]]:
    """Return the ranges of buckets whose rows a run reads back.

    :param share: of all rows.
    :param run: the number of the run, from 1.
    """
    count = min(BUCKETS, max(1, round(BUCKETS * share)))
    first = (run - 1) * count % BUCKETS
    last = first + count - 1
    if last < BUCKETS:
        return [(first, last)]
    return [(first, BUCKETS - 1), (0, last - BUCKETS)]


def acknowledged_rows(
    incoming: IncomingRows, state: StateOnDisk, share: float, run: int
) -> Iterator[AcknowledgedRow]:
    """Yield a share of the rows that are as the platform has acknowledged them.

    :param share: of all rows.
    :param run: the number of the run; each reads other ones.
    """
    incoming.close()
    parts = max(1, -(-state.rows // PART_ROWS))
    step = max(1, BUCKETS // parts)
    for first, last in buckets_of(share, run):
        for start in range(first, last + 1, step):
            yield from _part(incoming, state, start, min(last, start + step - 1))


def _part(incoming: IncomingRows, state: StateOnDisk, first: int, last: int) -> Iterator[AcknowledgedRow]:
    import pyarrow.compute as pc

    known = state_part(state, first, last)
    known = known.filter(
        pc.and_(pc.equal(known["status"], Status.SYNCED.value), pc.is_null(known["left_run"]))
    )
    keys, hashes, ids = (known[name].to_pylist() for name in ("row_key", "row_hash", "platform_id"))
    wanted = {key: (row_hash, found) for key, row_hash, found in zip(keys, hashes, ids, strict=True)}

    def positions() -> Iterator[tuple[int, tuple[str, str | None]]]:
        for batch in read_batches(incoming.path, ["position", "row_key", "bucket", "match_key", "row_hash"]):
            bucket = batch.column("bucket")
            inside = pc.and_(pc.greater_equal(bucket, first), pc.less_equal(bucket, last))
            columns = [batch.filter(inside).column(name).to_pylist() for name in _SHOWN]
            for position, key, match, row_hash in zip(*columns, strict=True):
                found = wanted.get(key)
                if found is not None and row_hash is not None and found[0] == row_hash and match:
                    yield position, (match, found[1])

    for row, (place, match, found) in incoming.rows(
        (position, (position, *rest)) for position, rest in positions()
    ):
        yield AcknowledgedRow(place, row, match, found)


_SHOWN = ("position", "row_key", "match_key", "row_hash")
