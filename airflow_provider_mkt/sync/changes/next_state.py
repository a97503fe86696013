"""Writes the state after a run: its files, its manifest, and the run's history."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from airflow_provider_mkt.sync.changes import history
from airflow_provider_mkt.sync.changes.canonical import Hashing
from airflow_provider_mkt.sync.changes.comparing import Comparison
from airflow_provider_mkt.sync.changes.manifest import (
    FORMAT,
    FileDict,
    ManifestDict,
    StateConflict,
    earlier_manifests,
)
from airflow_provider_mkt.sync.changes.merging import Journals, RunStamp, merge, plan_with_outcomes
from airflow_provider_mkt.sync.changes.object_files import StateFiles
from airflow_provider_mkt.sync.changes.settings import SyncIdentity, SyncSettings
from airflow_provider_mkt.sync.changes.snapshot import Status, has_status, row_count
from airflow_provider_mkt.sync.changes.stored_state import StoredState, file_digest

COMPACT_SHARE = 0.25
"""When the rows that replace others are more than this share of the base, a new base is written."""


class NextState:
    """Writes the state after a run.

    :param files: where the state is.
    :param stored: what the run began with.
    :param stamp: of the run.
    :param name: of the run, in the names of its files.
    :param folder: for temporary files.
    :param still_mine: raises when the lock was lost.
    """

    def __init__(
        self,
        files: StateFiles,
        stored: StoredState,
        stamp: RunStamp,
        name: str,
        folder: Path,
        still_mine: Callable[[], None],
    ) -> None:
        self._files, self._stored, self._stamp, self._name = files, stored, stamp, name
        self._folder, self._still_mine = folder, still_mine

    def write_rows(self, own: Path) -> tuple[FileDict | None, FileDict | None]:
        """Write the rows: those that replace others, or all of them when these are many.

        :param own: the rows that the run has changed.
        :returns: the base, and the rows that replace others.
        """
        current, on_disk = self._stored.current, self._stored.on_disk
        if current is not None and not row_count(own) and not self._stored.unfinished:
            return current["base"], current["changes"]
        target = self._folder / "next.parquet"
        layers = [path for path in (on_disk.newer, own) if path is not None]
        forgets = any(has_status(path, Status.FORGOTTEN) for path in layers)
        rows = merge(target, layers, whole=on_disk.base is None)
        if current is not None and on_disk.base is not None:
            # An address that is to be forgotten is in the base too.
            if rows <= COMPACT_SHARE * row_count(on_disk.base) and not forgets:
                return current["base"], self._upload(target, "changes")
            target = self._folder / "next-base.parquet"
            merge(target, [on_disk.base, *layers], whole=True)
        return self._upload(target, "base"), None

    def _upload(self, path: Path, kind: str) -> FileDict:
        name = f"snapshot/{self._stamp.number:08}-{self._name[9:]}-{kind}.parquet"
        file: FileDict = {
            "name": name,
            "rows": row_count(path),
            "size": path.stat().st_size,
            "digest": file_digest(path),
        }
        self._still_mine()
        self._files.upload(name, path)
        return file

    def create_manifest(self, manifest: ManifestDict) -> None:
        """Create the manifest, with which the state counts.

        :raises StateConflict: when another run has created it.
        """
        self._still_mine()
        number = manifest["number"]
        try:
            self._files.create(f"manifest/{number:08}.json", json.dumps(manifest, indent=1).encode())
        except FileExistsError:
            raise StateConflict(
                f"another run has committed manifest {number} meanwhile; nothing was overwritten, and "
                "the next run sends again what this one has sent"
            ) from None

    def manifest(
        self,
        identity: SyncIdentity,
        settings: SyncSettings,
        hashing: Hashing,
        comparison: Comparison,
        *,
        began_at: datetime,
        data_interval: datetime | None,
        fields: list[str],
        source_fields: list[str],
        statuses: Counter[str],
        absorbed: list[str],
        base: FileDict | None,
        changes: FileDict | None,
    ) -> ManifestDict:
        """Return the manifest after the run.

        :param hashing: how the payloads were compared.
        :param fields: the order of the short hashes.
        :param source_fields: the fields that rows of the source have.
        :param statuses: rows whose status the run has set, by status.
        :param absorbed: plans and journals that the state includes.
        """
        last = self._stored.manifest
        interval = data_interval.isoformat() if data_interval is not None else None
        if last is not None and last["data_interval"] is not None:
            older = interval is None or datetime.fromisoformat(interval) < datetime.fromisoformat(
                last["data_interval"]
            )
            interval = last["data_interval"] if older else interval
        # Files that were deleted need not be named any more.
        there = {*self._files.names("plan"), *self._files.names("journal")}
        named = there.intersection([*(last["absorbed"] if last is not None else ()), *absorbed])
        return {
            "format": FORMAT,
            "number": self._stamp.number,
            "account": identity.account,
            "object_type": identity.object_type,
            "sync_id": identity.sync_id,
            "row_key": settings.row_key,
            "match_key": settings.match_key,
            "hashing": hashing.as_dict(),
            "fields": fields,
            "mapping_version": settings.mapping_version,
            "run_id": self._stamp.run_id,
            "data_interval": interval,
            "began_at": began_at.isoformat(),
            "committed_at": datetime.now(UTC).isoformat(),
            "source_rows": comparison.total,
            "source_fields": source_fields,
            "base": base,
            "changes": changes,
            "absorbed": sorted(named),
            "earlier": earlier_manifests(last),
            "counts": {operation.value: count for operation, count in comparison.counts.items() if count},
            "statuses": dict(statuses),
        }

    def write_history(
        self,
        plan: Path,
        journals: Journals,
        comparison: Comparison,
        statuses: Counter[str],
        details: Mapping[str, object],
        *,
        began_at: datetime,
        seconds: float,
    ) -> str:
        """Write what the run did.

        :returns: the name of the file with the status of each row that is not unchanged.
        """
        rows, runs = self._folder / "history-rows.parquet", self._folder / "history-runs.parquet"
        history.write_rows(rows, plan_with_outcomes(plan, journals), self._stamp)
        history.write_run(
            runs,
            self._stamp,
            began_at=began_at,
            seconds=seconds,
            comparison=comparison,
            statuses=statuses,
            details=details,
        )
        name = f"{self._stamp.number:08}-{self._name[9:]}.parquet"
        self._files.upload(f"history/rows/{name}", rows)
        self._files.upload(f"history/runs/{name}", runs)
        return f"history/rows/{name}"
