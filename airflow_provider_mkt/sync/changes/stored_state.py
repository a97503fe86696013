"""What a state holds, together with what runs did that have not committed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.wording import counted
from airflow_provider_mkt.sync.changes.diff import StateOnDisk
from airflow_provider_mkt.sync.changes.manifest import FileDict, ManifestDict
from airflow_provider_mkt.sync.changes.merging import (
    NOT_SENT,
    Journals,
    RunStamp,
    merge,
    write_keys,
    write_outcomes,
)
from airflow_provider_mkt.sync.changes.object_files import FIELD, StateFiles
from airflow_provider_mkt.sync.changes.settings import SyncSettings
from airflow_provider_mkt.sync.changes.snapshot import (
    ParquetFile,
    Status,
    bucket_of,
    read_batches,
    rows_with_status,
    schemas,
    with_columns,
)

if TYPE_CHECKING:
    import pyarrow as pa


class StoredState:
    """The rows of a state on this machine.

    :param files: where the state is.
    :param manifest: the newest one; None without.
    :param settings: of the run that reads it.
    :param folder: for temporary files.
    :raises InvalidInput: when a file is missing, cut short or changed.
    """

    def __init__(
        self, files: StateFiles, manifest: ManifestDict | None, settings: SyncSettings, folder: Path
    ) -> None:
        self._files, self._folder = files, folder
        self.manifest = manifest
        """The newest manifest; None without."""
        self._number = 1 if manifest is None else manifest["number"] + 1
        self.baseline = ""
        """Why there is no state to compare with; empty when there is one."""
        self.current = manifest
        """The manifest that rows are compared with; None without."""
        self.absorbed: list[str] = []
        """Plans and journals of runs that have not committed."""
        self.unfinished = False
        """Whether there are any."""
        self.unresolved = 0
        """Rows whose outcome is unknown."""
        if manifest is None:
            self.baseline = "first run"
        else:
            for what, old, new in (
                ("row_key", manifest["row_key"], settings.row_key),
                ("lookup_field", manifest["match_key"], settings.match_key),
            ):
                if old != new:
                    self.baseline = f"{what} changed from {old} to {new}"
                    self.current = None
        self.field_names = self.current["fields"] if self.current is not None else []
        """The order of the short hashes."""
        self.on_disk = self._load(self.current)
        if self.current is None and manifest is not None:
            # Rows of other keys cannot be compared; erased people stay erased.
            self.on_disk = StateOnDisk(None, self._erased_of(manifest))
        self.erased = self._erased_keys()
        """What stands for the keys of erased people."""

    @property
    def last_total(self) -> int | None:
        """Rows of the source in the last run; None without one."""
        return self.manifest["source_rows"] if self.manifest is not None else None

    def _erased_keys(self) -> frozenset[str]:
        paths = [path for path in (self.on_disk.base, self.on_disk.newer) if path is not None]
        tables = (table for path in paths for table in rows_with_status(path, Status.ERASED, ["match_key"]))
        return frozenset(key for table in tables for key in table["match_key"].to_pylist() if key)

    def _erased_of(self, manifest: ManifestDict) -> Path:
        """Write the rows of erased people of a state whose other rows do not count, each by its digest."""
        path = self._folder / "erased.parquet"
        rows: dict[str, dict[str, object]] = {}
        for file in (manifest["base"], manifest["changes"]):
            if (found := self._fetch(file)) is not None:
                for table in rows_with_status(found, Status.ERASED):
                    for row in table.to_pylist():
                        if key := row["match_key"]:
                            rows[key] = {**row, "row_key": key, "bucket": bucket_of(key)}
        with ParquetFile(path, schemas().state) as target:
            target.write_rows(sorted(rows.values(), key=lambda row: str(row["bucket"]).zfill(4)))
        return path

    def synced_by(self, run_id: str) -> int:
        """Return how many rows a run with this id has written that has not committed."""
        import pyarrow.compute as pc

        if not self.unfinished or self.on_disk.newer is None:
            return 0
        batches = read_batches(self.on_disk.newer, ["last_run_id", "status", "left_run"])
        return sum(
            pc.sum(pc.and_(synced_by(batch, run_id), pc.is_null(batch.column("left_run")))).as_py() or 0
            for batch in batches
        )

    def _load(self, manifest: ManifestDict | None) -> StateOnDisk:
        base = self._fetch(manifest["base"]) if manifest is not None else None
        changes = self._fetch(manifest["changes"]) if manifest is not None else None
        known = set(self.manifest["absorbed"]) if self.manifest is not None else set()
        plans = [name for name in self._files.names("plan") if name not in known]
        journals = [name for name in self._files.names("journal") if name not in known]
        self.absorbed = [*plans, *journals]
        self.unfinished = bool(self.absorbed)
        if not self.absorbed or (manifest is None and self.manifest is not None):
            # Of other keys: nothing that they say can be compared.
            return StateOnDisk(base, changes)
        return self._with_unfinished(base, changes, plans, journals)

    def _with_unfinished(
        self, base: Path | None, changes: Path | None, plans: list[str], journals: list[str]
    ) -> StateOnDisk:
        """Add what runs did that have not committed."""
        stale: list[Path] = []
        believed: list[Path] = []
        seen: list[Path] = []
        for place, name in enumerate(plans):
            plan = self.fetch_parquet(name)
            mine = [one for one in journals if one.startswith(_journal_prefix(name))]
            journals = [one for one in journals if one not in mine]
            current = name.startswith(f"plan/{self._number - 1:08}-")
            outcomes = Journals(map(self.fetch_parquet, mine)) if current else Journals()
            overlay = self._folder / f"unfinished-{place}.parquet"
            stamp, names = _written_by(plan)
            write_outcomes(
                overlay,
                plan,
                outcomes,
                stamp,
                noted=False,
                folder=self._folder,
                field_hashes=self._takes_fields(names),
            )
            (believed if current else stale).append(overlay)
            seen.append(overlay)
        # Their outcomes are unknown: what began on an older manifest, what two runs have sent, and what was
        # sent after a later run had read the state.
        late = [self.fetch_parquet(name) for name in journals]
        keys = self._folder / "ambiguous.parquet"
        write_keys(keys, _ambiguous_keys(stale, seen, late))
        target = self._folder / "newer.parquet"
        layers = [*stale, *([changes] if changes is not None else []), *believed]
        if not stale:
            # The rows of the base come first.
            layers.insert(0, self._empty_state())
        merge(target, layers, ambiguous=keys, base=base)
        self.unresolved = _count_ambiguous(target)
        return StateOnDisk(base, target)

    def _takes_fields(self, names: list[str]) -> bool:
        """Take the order of the short hashes of a plan. Returns whether it is the order of the others."""
        shared = min(len(names), len(self.field_names))
        if names[:shared] != self.field_names[:shared]:
            return False
        self.field_names = max(names, self.field_names, key=len)
        return True

    def _empty_state(self) -> Path:
        path = self._folder / "empty.parquet"
        with ParquetFile(path, schemas().state):
            pass
        return path

    def _fetch(self, file: FileDict | None) -> Path | None:
        """Return a file of the state on this machine.

        :raises InvalidInput: when it is missing or not as it was written.
        """
        if file is None:
            return None
        try:
            path = self._files.fetch(file["name"], self._folder)
        except FileNotFoundError:
            raise InvalidInput(FIELD, f"{file['name']} is missing, and the manifest names it") from None
        size = path.stat().st_size
        if size != file["size"]:
            raise InvalidInput(
                FIELD,
                f"{file['name']} is cut short: it has {counted(size, 'byte')}, and was "
                f"written with {file['size']:,}",
            )
        if file_digest(path) != file["digest"]:
            raise InvalidInput(FIELD, f"{file['name']} is not what was written")
        return with_columns(path, schemas().state)

    def fetch_parquet(self, name: str) -> Path:
        """Return a plan or a journal on this machine.

        :raises InvalidInput: when it cannot be read.
        """
        from pyarrow import ArrowInvalid

        try:
            path = self._files.fetch(name, self._folder)
            schema = schemas().plan if name.startswith("plan/") else schemas().journal
            return with_columns(path, schema)
        except (ArrowInvalid, FileNotFoundError) as error:
            raise InvalidInput(FIELD, f"{name} is missing or cut short") from error

    def others_unfinished(self, run_id: str) -> list[str]:
        """Return the plans of runs with another id that have not committed, by name."""
        from pyarrow.parquet import read_schema

        plans = [name for name in self.absorbed if name.startswith("plan/")]
        mine = run_id.encode()
        return [
            name
            for name in plans
            if (read_schema(self.fetch_parquet(name)).metadata or {}).get(b"run_id") != mine
        ]


def synced_by(batch: pa.RecordBatch, run_id: str, prefix: str = "") -> pa.Array:
    """Return for each row of a state whether a run with this id has written it.

    :param prefix: of the columns' names.
    """
    import pyarrow.compute as pc

    mine = pc.equal(batch.column(f"{prefix}last_run_id"), run_id)
    synced = pc.equal(batch.column(f"{prefix}status"), Status.SYNCED.value)
    return pc.fill_null(pc.and_(mine, synced), False)


def _ambiguous_keys(stale: list[Path], seen: list[Path], late: list[Path]) -> Iterator[pa.RecordBatch]:
    """Yield the keys whose outcome is unknown, whatever a journal says."""
    import pyarrow as pa
    import pyarrow.compute as pc

    columns = ["row_key", "bucket"]
    for path in stale:
        yield from read_batches(path, columns)
    if len(seen) > 1:
        tables = [pa.Table.from_batches(read_batches(path, columns), _keys_schema()) for path in seen]
        counts = pa.concat_tables(tables).group_by(columns).aggregate([("row_key", "count")])
        repeated = counts.filter(pc.greater(counts["row_key_count"], 1))
        yield from repeated.select(columns).cast(_keys_schema()).to_batches()
    for path in late:
        from airflow_provider_mkt.sync.changes.snapshot import bucket_of

        for batch in read_batches(path, ["row_key", "status"]):
            sent = batch.filter(pc.not_equal(batch.column("status"), NOT_SENT))
            keys = sent.column("row_key").to_pylist()
            yield pa.RecordBatch.from_pylist(
                [{"row_key": key, "bucket": bucket_of(key)} for key in keys], schema=_keys_schema()
            )


def _keys_schema() -> pa.Schema:
    import pyarrow as pa

    return pa.schema([schemas().state.field(name) for name in ("row_key", "bucket")])


def _count_ambiguous(path: Path) -> int:
    import pyarrow.compute as pc

    statuses = (batch.column("status") for batch in read_batches(path, ["status"]))
    return sum(pc.sum(pc.equal(one, Status.AMBIGUOUS.value)).as_py() or 0 for one in statuses)


def _written_by(plan: Path) -> tuple[RunStamp, list[str]]:
    """Return what a plan says of its run, and the order of its short hashes."""
    from pyarrow.parquet import read_schema

    metadata = read_schema(plan).metadata
    number, run_id, mapping = (metadata[name].decode() for name in (b"run", b"run_id", b"mapping_version"))
    at = metadata.get(b"at")
    stamp = RunStamp(
        int(number), run_id, mapping or None, datetime.fromisoformat(at.decode()) if at is not None else None
    )
    return stamp, json.loads(metadata[b"fields"])


def run_in(plan: str) -> str:
    """Return the name of the run in the name of its plan."""
    return plan.removeprefix("plan/").removesuffix(".parquet")


def _journal_prefix(plan: str) -> str:
    return f"journal/{run_in(plan)}-"


def file_digest(path: Path) -> str:
    """Return the digest of a file that a manifest names."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
