"""A platform that is a table, and runs of a sync against it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from airflow_provider_mkt.sync.changes import (
    ChangeRun,
    ChangeState,
    Comparison,
    EngineName,
    Operation,
    PlannedRow,
    Status,
    SyncIdentity,
    SyncSettings,
    files_of,
)
from airflow_provider_mkt.sync.rows import Row

IDENTITY = SyncIdentity("hubspot:1", "contacts", "crm")
Source = list[dict[str, Any]]


class Rejected(Exception):
    """The platform refuses a record."""


class Table:
    """A platform: records by id, each with a unique email."""

    def __init__(self) -> None:
        self.records: dict[str, dict[str, Any]] = {}
        self.count = 0
        self.writes: list[str] = []

    def write(self, planned: PlannedRow) -> str:
        """Create or update a record, and return its id."""
        record = dict(planned.row.record)
        if record.get("bad"):
            raise Rejected("BAD_VALUE")
        owner = self.find(planned.match_key)
        number = planned.platform_id if planned.platform_id in self.records else owner
        if planned.operation is Operation.AMBIGUOUS and planned.platform_id is None:
            # It may have been created under the key that it had then.
            number = self.find(planned.old_match_key) or owner
        if owner not in (None, number):
            raise Rejected("CONFLICT")
        if number is None:
            self.count += 1
            number = str(self.count)
        self.writes.append(planned.row_key)
        record["email"] = planned.match_key
        # What is not sent stays.
        self.records[number] = {**self.records.get(number, {}), **record}
        return number

    def remove(self, planned: PlannedRow) -> None:
        """Delete a record, if it is there."""
        self.records.pop(planned.platform_id or self.find(planned.match_key), None)

    def find(self, email: str | None) -> str | None:
        return next((key for key, one in self.records.items() if one["email"] == email), None)

    def by_email(self) -> dict[str, dict[str, Any]]:
        return {one["email"]: one for one in self.records.values()}


class Memory:
    """Files of a state in memory, which do not wait for a disk."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}

    def names(self, folder: str) -> list[str]:
        return sorted(name for name in self.content if name.startswith(f"{folder}/"))

    def create(self, name: str, data: bytes) -> None:
        if name in self.content:
            raise FileExistsError(name)
        self.content[name] = data

    def upload(self, name: str, path: Path) -> None:
        self.create(name, path.read_bytes())

    def read(self, name: str) -> bytes:
        if name not in self.content:
            raise FileNotFoundError(name)
        return self.content[name]

    def fetch(self, name: str, folder: Path) -> Path:
        path = folder / name.replace("/", "-")
        path.write_bytes(self.read(name))
        return path

    def delete(self, name: str) -> None:
        self.content.pop(name, None)


class Sync:
    """A sync whose state is in a folder."""

    def __init__(
        self, folder: Path, *, engine: EngineName = "arrow", files: Any = None, **settings: Any
    ) -> None:
        self.files = files_of(folder / "state") if files is None else files
        self.work = folder / "work"
        self.work.mkdir(exist_ok=True)
        self.engine, self.settings = engine, settings
        self.table = Table()

    def begin(self, engine: EngineName | None = None, **options: Any) -> ChangeRun:
        settings = SyncSettings("id", "email", engine=engine or self.engine, **self.settings)
        return ChangeState(self.files, IDENTITY, self.work).begin("run", settings, **options)

    def read(self, run: ChangeRun, source: Iterable[Mapping[str, Any]]) -> None:
        for number, record in enumerate(source, start=1):
            run.add(Row(number, record, raw=record), record.get("id"), record.get("email"))

    def send(self, run: ChangeRun, planned: PlannedRow) -> None:
        try:
            run.record(planned, Status.SYNCED, platform_id=self.table.write(planned))
        except Rejected as refused:
            run.record(planned, Status.FAILED, reason=str(refused))

    def run(
        self,
        source: Iterable[Mapping[str, Any]],
        *,
        remove: bool = False,
        before: Callable[[Comparison], None] = lambda _: None,
        begin: Mapping[str, Any] | None = None,
        **compare: Any,
    ) -> Comparison:
        """Run to the end. Returns what was compared."""
        self.table.writes = []
        with self.begin(**(begin or {})) as run:
            self.read(run, source)
            comparison = run.compare(**compare)
            before(comparison)
            run.start(remove=remove)
            for planned in run.to_send():
                self.send(run, planned)
            for planned in run.to_remove():
                self.table.remove(planned)
                run.record(planned, Status.REMOVED)
            run.commit()
        return comparison

    def state(self) -> dict[str, dict[str, Any]]:
        """The rows of the newest state."""
        import pyarrow.parquet as pq

        manifest = ChangeState(self.files, IDENTITY, self.work).newest()
        rows: dict[str, dict[str, Any]] = {}
        for file in (manifest["base"], manifest["changes"]):
            if file is not None:
                table = pq.read_table(self.files.fetch(file["name"], self.work))
                rows.update((row["row_key"], row) for row in table.to_pylist())
        return rows


def counts(comparison: Comparison) -> dict[str, int]:
    """The counts that are not zero."""
    return {operation.value: count for operation, count in comparison.counts.items() if count}


def decisions(run: ChangeRun) -> list[Any]:
    """All rows of a comparison, with what is done with them."""
    return [planned for operation in Operation for planned in run.sample(operation, 1_000)]


def people(*numbers: int, **values: Any) -> Source:
    return [{"id": number, "email": f"p{number}@example.com", **values} for number in numbers]


def batches(planned: Iterator[PlannedRow], size: int) -> Iterator[list[PlannedRow]]:
    batch: list[PlannedRow] = []
    for one in planned:
        batch.append(one)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
