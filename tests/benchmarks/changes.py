"""What it costs to find the changed rows of a sync: CPU time, memory, bytes of state, and calls.

The source has 2 % changed rows, 0.5 % new ones, and 0.5 % of its rows have left it. ``read`` takes the rows
from Python, with their keys and hashes; ``compare`` finds what is to be sent, and ``commit`` writes the next
state. The steps run in processes of their own. ``changes.py [ROWS ...] [duckdb] [arrow]
[--no-short-hashes]``; without rows, 100,000 and 1,000,000.
"""

from __future__ import annotations

import hashlib
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
from bench import HUBSPOT, MARKETO, heading, line

from airflow_provider_mkt.sync.changes import (
    ChangeState,
    EngineName,
    Status,
    SyncIdentity,
    SyncSettings,
    files_of,
)
from airflow_provider_mkt.sync.changes.snapshot import (
    BATCH_ROWS,
    BUCKETS,
    ParquetFile,
    bucket_of,
    read_batches,
    row_count,
    schemas,
    sorted_batches,
)
from airflow_provider_mkt.sync.rows import Row
from airflow_provider_mkt.sync.source_snapshot import row_line

T = TypeVar("T")


def record(number: int, revision: int) -> dict[str, Any]:
    """A lead of ten fields."""
    return {
        "email": f"person.{number * 7919 % 10**9:09}@example-{number % 977}.com",
        "firstname": f"First{number % 5000}",
        "lastname": f"Last{number % 90_000}",
        "company": f"Company {number % 30_000}",
        "city": f"City {number % 800}",
        "country": f"Country {number % 60}",
        "phone": f"+49 30 {number % 10**7:07}",
        "score": number % 100 + revision,
        "status": ("open", "won", "lost")[number % 3],
        "seen": f"2026-11-{number % 28 + 1:02}",
    }


def source(rows: int, second: bool) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows of a run; those of the second one differ."""
    order = random.Random(3)
    for number in range(rows):
        share = order.random() if second else 1.0
        if share >= 0.005:
            yield number, record(number, int(share < 0.025))
    if second:
        yield from ((number, record(number, 0)) for number in range(rows, rows + rows // 200))


class Clock:
    """CPU seconds of each step."""

    def __init__(self) -> None:
        self.steps: dict[str, float] = {}

    def measure(self, name: str, work: Callable[[], T]) -> T:
        before = time.process_time()
        found = work()
        self.steps[name] = round(time.process_time() - before, 2)
        return found


def peak() -> int:
    """Peak memory of this process in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def settings(engine: EngineName, short: bool) -> SyncSettings:
    return SyncSettings("customer_id", "email", engine=engine, field_hashes=short)


def state_of(folder: Path) -> ChangeState:
    return ChangeState(files_of(folder / "state"), SyncIdentity("hubspot:1", "contacts", "bench"), folder)


def read(folder: Path, rows: int, second: bool, short: bool) -> dict[str, Any]:
    """Read the source of a run into a file."""
    clock = Clock()
    with state_of(folder).begin("run", settings("arrow", short)) as run:

        def add() -> None:
            for position, (number, lead) in enumerate(source(rows, second), start=1):
                run.add(Row(position, lead, raw=lead), number, lead["email"])

        clock.measure("read", add)
        run._incoming.close()
        run._incoming.path.rename(folder / ("second.parquet" if second else "first.parquet"))
        return {**clock.steps, "peak": peak(), "rows": run._incoming.total, "fields": run._fields.names}


def make_source(folder: Path, rows: int, second: bool, short: bool) -> dict[str, Any]:
    """Make the file of a large source without reading rows. Its hashes are random."""
    names = [f"field {number}" for number in range(10)] if short else []
    order, noise = random.Random(3), random.Random(5 if second else 4)
    schema = schemas().incoming
    first = read_batches(folder / "first.parquet") if second else None
    count = 0
    with ParquetFile(folder / ("second.parquet" if second else "first.parquet"), schema) as file:
        batches = [range(start, min(rows, start + BATCH_ROWS)) for start in range(0, rows, BATCH_ROWS)]
        if second:
            batches.append(range(rows, rows + rows // 200))
        for numbers in batches:
            keys = [str(number) for number in numbers]
            size = len(keys)
            hashes = [noise.randbytes(16) for _ in keys]
            columns: dict[str, Any] = {
                "position": numbers,
                "number": numbers,
                "row_key": keys,
                "bucket": [bucket_of(key) for key in keys],
                "match_key": (emails := [record(number, 0)["email"] for number in numbers]),
                "match_bucket": [bucket_of(email) for email in emails],
                "row_hash": hashes,
                "field_hashes": [noise.randbytes(40) for _ in keys] if short else [None] * size,
                "payload": [
                    row_line(Row(number, {"email": key}, raw={}))
                    for number, key in zip(numbers, keys, strict=True)
                ],
            }
            batch = pa.RecordBatch.from_arrays(
                [pa.array(columns.get(field.name, [None] * size), field.type) for field in schema],
                schema=schema,
            )
            if first is not None and numbers.start < rows:
                shares = [order.random() for _ in keys]
                old = next(first)
                changed = pa.array([share < 0.025 for share in shares])
                new_hash = pc.if_else(changed, batch["row_hash"], old["row_hash"])
                batch = batch.set_column(
                    schema.get_field_index("row_hash"), schema.field("row_hash"), new_hash
                )
                batch = batch.filter(pa.array([share >= 0.005 for share in shares]))
            places = pa.array(range(count, count + batch.num_rows), pa.int64())
            batch = batch.set_column(0, schema.field("position"), places)
            count += batch.num_rows
            file.write(batch)
    return {"rows": count, "fields": names}


def make_state(folder: Path, fields: list[str]) -> dict[str, Any]:
    """Make the state after a first run that has sent all rows."""
    schema, now = schemas().state, datetime.now(UTC)
    constants = {
        "status": Status.SYNCED.value,
        "attempts": 0,
        "first_sent_at": now,
        "last_sent_at": now,
        "last_run_id": "scheduled__2026-11-28T00:00:00+00:00",
    }

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in read_batches(
            folder / "first.parquet", ["row_key", "bucket", "match_key", "row_hash", "field_hashes"]
        ):
            columns = []
            for column in schema:
                if column.name in constants:
                    columns.append(pa.repeat(pa.scalar(constants[column.name], column.type), batch.num_rows))
                elif column.name == "platform_id":
                    columns.append(
                        pa.array([f"{10**11 + int(key) * 37}" for key in batch["row_key"].to_pylist()])
                    )
                elif column.name in batch.schema.names:
                    columns.append(batch[column.name])
                else:
                    columns.append(pa.nulls(batch.num_rows, column.type))
            yield pa.RecordBatch.from_arrays(columns, schema=schema)

    path, rows = folder / "base.parquet", row_count(folder / "first.parquet")
    with ParquetFile(path, schema) as file:
        for batch in sorted_batches(batches(), schema, "bucket", BUCKETS, folder, rows):
            file.write(batch)
    with state_of(folder).begin("run", settings("arrow", short=bool(fields))) as run:
        run.compare()
        run.start()
        run.commit()
    files = files_of(folder / "state")
    files.upload("snapshot/base.parquet", path)
    with path.open("rb") as data:
        digest = hashlib.file_digest(data, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
    size = path.stat().st_size
    manifest = json.loads(files.read("manifest/00000001.json"))
    manifest["base"] = {"name": "snapshot/base.parquet", "rows": rows, "size": size, "digest": digest}
    manifest["fields"], manifest["source_rows"] = fields, rows
    files.delete("manifest/00000001.json")
    files.create("manifest/00000001.json", json.dumps(manifest).encode())
    return {"bytes": size}


def run(folder: Path, engine: EngineName, short: bool) -> dict[str, Any]:
    """The second run, from the file of its rows."""
    clock = Clock()
    with clock.measure("begin", lambda: state_of(folder).begin("run", settings(engine, short))) as run:
        incoming = run._incoming
        incoming.close()
        incoming.path, incoming.total = folder / "second.parquet", row_count(folder / "second.parquet")
        incoming.same_keys = False
        comparison = clock.measure("compare", run.compare)
        to_compare = peak()

        def send() -> None:
            run.start()
            for planned in run.to_send():
                run.record(planned, Status.SYNCED, platform_id=str(10**10 + planned.n))

        clock.measure("hand_out", send)
        summary = clock.measure("commit", run.commit)
    written = summary["state_bytes"] - (folder / "base.parquet").stat().st_size
    counts = {operation.value: count for operation, count in comparison.counts.items() if count}
    return {**clock.steps, "counts": counts, "to_compare": to_compare, "peak": peak(), "written": written}


def measured(step: str, folder: Path, *arguments: object) -> dict[str, Any]:
    """Do a step in a process of its own."""
    command = [sys.executable, __file__, "--step", step, str(folder), json.dumps(arguments)]
    ended = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(ended.stdout)
    print(step, *arguments, found, file=sys.stderr, flush=True)
    return found


STEPS: dict[str, Callable[..., dict[str, Any]]] = {
    "read": read,
    "make_source": make_source,
    "make_state": make_state,
    "run": run,
}


def main(sizes: list[int], engines: list[str], short: bool) -> None:
    calls = []
    heading(
        *("rows", "engine", "read, CPU s", "compare, CPU s", "send, CPU s", "commit, CPU s"),
        *("peak to compare, MB", "peak, MB", "state, MB", "written, MB"),
    )
    for rows in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            step = "read" if rows <= 1_000_000 else "make_source"
            first = measured(step, folder, rows, False, short)
            state = measured("make_state", folder, first["fields"] if short else [])
            second = measured(step, folder, rows, True, short)
            for engine in engines:
                found = measured("run", folder, engine, short)
                for kind in ("manifest", "plan", "journal"):
                    for path in (folder / "state" / kind).glob("*"):
                        if path.name != "00000001.json":
                            path.unlink()
                line(
                    f"{rows:,}",
                    "DuckDB" if engine == "duckdb" else "Arrow alone",
                    "" if step == "make_source" else f"{second['read']:.1f}",
                    f"{found['begin'] + found['compare']:.1f}",
                    f"{found['hand_out']:.1f}",
                    f"{found['commit']:.1f}",
                    found["to_compare"],
                    found["peak"],
                    f"{state['bytes'] / 1e6:.1f}",
                    f"{found['written'] / 1e6:.1f}",
                )
        calls.append((second["rows"], found["counts"]["changed"] + found["counts"]["new"]))
    print()
    heading(
        "rows",
        "sent",
        "HubSpot: calls for all",
        "for the changed",
        "Marketo: calls for all",
        "for the changed",
    )
    for total, sent in calls:
        numbers = (-(-count // one.batch) for one in (HUBSPOT, MARKETO) for count in (total, sent))
        line(f"{total:,}", f"{sent:,}", *(f"{number:,}" for number in numbers))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--step"]:
        _, _, chosen, where, given = sys.argv
        print(json.dumps(STEPS[chosen](Path(where), *json.loads(given))))
    else:
        wanted = sys.argv[1:]
        main(
            [int(one.replace("_", "").replace(",", "")) for one in wanted if one[0].isdigit()]
            or [100_000, 1_000_000],
            [one for one in ("duckdb", "arrow") if one in wanted] or ["duckdb", "arrow"],
            "--no-short-hashes" not in wanted,
        )
