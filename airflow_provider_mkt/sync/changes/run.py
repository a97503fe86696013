"""One run of a sync that compares its source with what the platform has acknowledged."""

from __future__ import annotations

import json
import logging
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import TypedDict

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.sync.changes.canonical import FieldHashes
from airflow_provider_mkt.sync.changes.comparing import Comparer, Comparison, Drift
from airflow_provider_mkt.sync.changes.diff import Refresh
from airflow_provider_mkt.sync.changes.import_notes import ImportNotes, LeftImports, left_imports
from airflow_provider_mkt.sync.changes.incoming import IncomingRows
from airflow_provider_mkt.sync.changes.manifest import ManifestDict, clean_up
from airflow_provider_mkt.sync.changes.merging import NOT_SENT, RunStamp, with_ids, write_outcomes
from airflow_provider_mkt.sync.changes.next_state import NextState
from airflow_provider_mkt.sync.changes.object_files import StateFiles
from airflow_provider_mkt.sync.changes.outcome_journal import OutcomeJournal
from airflow_provider_mkt.sync.changes.planned_rows import PlannedRow, PlanReader, planned_row
from airflow_provider_mkt.sync.changes.reconciling import AcknowledgedRow, acknowledged_rows
from airflow_provider_mkt.sync.changes.row_outcomes import RowOutcome, row_outcomes
from airflow_provider_mkt.sync.changes.settings import SyncIdentity, SyncSettings
from airflow_provider_mkt.sync.changes.snapshot import (
    SENT,
    Operation,
    ParquetFile,
    Status,
    read_batches,
    schemas,
)
from airflow_provider_mkt.sync.changes.stored_state import StoredState, run_in
from airflow_provider_mkt.sync.rows import Row

log = logging.getLogger(__name__)


class CommitSummary(TypedDict):
    """What a run has done, as small JSON.

    :param manifest: the number of the new manifest.
    :param counts: rows by operation.
    :param statuses: rows whose status this run has set, by status.
    :param state_bytes: bytes of the state's files.
    :param history: the name of the file with the status of every row that is not unchanged.
    """

    manifest: int
    counts: dict[str, int]
    statuses: dict[str, int]
    state_bytes: int
    history: str


class ChangeRun:
    """One run of a sync; see the docstring of the package for its steps.

    All methods are called from one thread.

    :param files: where the state is.
    :param identity: what the state belongs to.
    :param manifest: the newest manifest; None without.
    :param still_mine: raises when the lock was lost.
    :param folder: for temporary files.
    """

    def __init__(
        self,
        files: StateFiles,
        identity: SyncIdentity,
        manifest: ManifestDict | None,
        run_id: str,
        settings: SyncSettings,
        data_interval: datetime | None,
        still_mine: Callable[[], None],
        folder: Path,
    ) -> None:
        self._files, self._identity = files, identity
        self._settings, self._interval, self._still_mine = settings, data_interval, still_mine
        self._folder = Path(tempfile.mkdtemp(prefix="changes-", dir=folder))
        self._began_at, self._began = datetime.now(UTC), time.monotonic()
        self.number = 1 if manifest is None else manifest["number"] + 1
        """The number of this run, and of the manifest that it creates."""
        self.source_fields: set[str] = set()
        """The fields that rows of the source have; they are kept for the next run."""
        self._stamp = RunStamp(self.number, run_id, settings.mapping_version)
        self._id = f"{self.number - 1:08}-{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{uuid.uuid4().hex[:8]}"
        self._journal = OutcomeJournal(files, self._id, self._folder, still_mine)
        self.imports = ImportNotes(files, self._id, still_mine)
        """Takes what is known of the imports of this run."""
        self._own_plan: list[str] = []
        self._sent_until = self._removed_until = -1
        self._taken: set[int] = set()
        self._planned = self._committed = self._rest_left_out = False
        self._comparison: Comparison | None = None
        try:
            self._prepare(manifest)
        except BaseException:
            self.close()
            raise

    @property
    def last_source_fields(self) -> set[str]:
        """The fields that rows of the source had in the last run; none where that is unknown."""
        current = self._stored.current
        return set(current.get("source_fields", ())) if current is not None else set()

    # -- 1: the state ------------------------------------------------------------------------------

    def _prepare(self, manifest: ManifestDict | None) -> None:
        settings, hashing = self._settings, self._settings.hashing
        # A key that differs in a way that the platform does not see is the same payload.
        types = {settings.match_key: settings.match_kind, **hashing.types}
        self._hashing = hashing = replace(hashing, types=types)
        self._stored = stored = StoredState(self._files, manifest, settings, self._folder)
        self._fields = FieldHashes(stored.field_names)
        current = stored.current
        self._incoming = IncomingRows(
            self._folder / "incoming.parquet",
            hashing,
            earlier=hashing.earlier(current["hashing"]) if current is not None else None,
            field_hashes=self._fields if settings.field_hashes else None,
            row_kind=settings.row_kind,
            match_kind=settings.match_kind,
            names=(settings.row_key, settings.match_key),
            erased=stored.erased,
        )
        self._reader = PlanReader(self._incoming)
        self._comparer = Comparer(
            self._incoming, stored, settings, self._fields, self.number, self._stamp.run_id, self._folder
        )

    @property
    def fields(self) -> list[str]:
        """The fields that rows of this run and of earlier ones have."""
        return [name for name in self._fields.names if name.isprintable() and " " not in name]

    def others_unfinished(self) -> list[str]:
        """Return the plans of other runs that have not committed, by name."""
        return self._stored.others_unfinished(self._stamp.run_id)

    def imports_of_others(self) -> LeftImports:
        """Return the imports of other runs that have not committed.

        What they have written is not known before they have ended, and they may still replace newer values.
        """
        return left_imports(self._files, [run_in(name) for name in self.others_unfinished()])

    def seconds_to_wait(self, quiet_after: float) -> float:
        """Return how long to wait before the first call, so that no call of a killed run is still processed.

        :param quiet_after: seconds for which the platform may work on a call.
        """
        if not any(name.startswith("plan/") for name in self._stored.absorbed):
            return 0.0
        return max(0.0, quiet_after - (time.monotonic() - self._began))

    # -- 2: the source -----------------------------------------------------------------------------

    def add(
        self,
        row: Row,
        row_key: object,
        match_key: object,
        beside: Mapping[str, object] = MappingProxyType({}),
    ) -> None:
        """Take the next row of the source.

        :param row: as it would be sent: mapped, with nulls resolved. One that cannot be read is given too.
        :param row_key: what identifies it in the source; None without.
        :param match_key: what the platform's record is found by; None without.
        :param beside: what is compared too, and is no field of the record: name to value. Its names have a
            blank in them.
        """
        self._incoming.add(row, row_key, match_key, beside)

    # -- 3: what changed ---------------------------------------------------------------------------

    def acknowledged(self, share: float) -> Iterator[AcknowledgedRow]:
        """Yield a share of the rows that are as the platform has acknowledged them, each run other ones.

        To be called before :meth:`compare`. Nothing is sent or written.

        :param share: above 0, at most 1. After ``1 / share`` runs every row was among them.
        """
        return acknowledged_rows(self._incoming, self._stored.on_disk, share, self.number)

    def compare(
        self, *, refresh: Refresh = "changed", complete: bool = True, drift: Drift | None = None
    ) -> Comparison:
        """Compare the rows with the state. Nothing is sent or written.

        :param refresh: ``changed`` sends what changed; ``failed`` also what is waiting; ``all`` sends every
            row.
        :param complete: whether the source is known to have been read to its end.
        :param drift: rows of :meth:`acknowledged` whose records differ from them.
        """
        self._comparison = self._comparer.compare(refresh=refresh, complete=complete, drift=drift)
        return self._comparison

    # -- 4: the plan -------------------------------------------------------------------------------

    def start(self, *, remove: bool = False, ids: Mapping[int, str] = MappingProxyType({})) -> str | None:
        """Write the plan. Not before this returns may anything be sent.

        :param remove: whether the removable rows are removed from the platform.
        :param ids: number of a row in the plan to the platform's id of its record, where it was looked up. If
            this run ends early, the next one knows the record, whatever key it has then.
        :returns: the name of the plan; None when nothing is to be sent or removed.
        :raises InvalidInput: when nothing may be removed; see :attr:`Comparison.no_removals`.
        """
        import pyarrow as pa

        comparison = self._compared
        if remove and comparison.no_removals:
            raise InvalidInput("remove", f"nothing may be removed: {comparison.no_removals}")
        at = datetime.now(UTC)
        self._stamp = replace(self._stamp, at=at)
        schema = schemas().plan.with_metadata(
            {
                "at": at.isoformat(),
                "run_id": self._stamp.run_id,
                "run": str(self.number),
                "mapping_version": self._stamp.mapping_version or "",
                "fields": json.dumps(self._fields.names),
            }
        )
        self._plan = self._folder / "plan.parquet"
        place = schema.get_field_index("remove")
        with ParquetFile(self._plan, schema) as file:
            for batch in read_batches(self._comparer.decisions):
                if not remove:
                    nothing = pa.array([False] * batch.num_rows)
                    batch = batch.set_column(place, schema.field(place), nothing)
                if ids:
                    batch = with_ids(batch, ids)
                file.write(batch.replace_schema_metadata(schema.metadata))
        self._still_mine()
        name = None
        if comparison.to_send or (remove and comparison.removable):
            name = f"plan/{self._id}.parquet"
            self._files.upload(name, self._plan)
            self._own_plan = [name]
        self._planned = True
        self._journal.restart_clock()
        # Rows that were read before were not sent.
        self._sent_until = self._removed_until = -1
        return name

    def to_send(self) -> Iterator[PlannedRow]:
        """Yield the rows to send, in the order of the source. Before :meth:`start`, to show them only."""
        for planned in self._rows(lambda operation, remove: operation in SENT):
            if self._planned:
                # Rows may be handed out several times.
                self._sent_until = max(self._sent_until, planned.n)
            yield planned

    def keys_changed(self) -> bool:
        """Whether the record of a row to send may have another key than the row. Does not read the rows."""
        import pyarrow as pa
        import pyarrow.compute as pc

        sent = pa.array([operation.value for operation in SENT])
        columns = ("operation", "match_key", "old_match_key", "old_possible_keys")
        for batch in read_batches(self._source, columns):
            operation, new, old, possible = (batch.column(name) for name in columns)
            other = pc.or_(pc.fill_null(pc.not_equal(old, new), False), pc.is_valid(possible))
            if pc.any(pc.and_(pc.is_in(operation, value_set=sent), other)).as_py():
                return True
        return False

    def to_remove(self) -> Iterator[PlannedRow]:
        """Yield the rows to remove from the platform. Before :meth:`start`, those that can be removed."""
        for row in self._reader.plan_rows(self._source, lambda operation, remove: remove):
            if row["n"] in self._taken:
                continue
            if self._planned:
                self._removed_until = max(self._removed_until, row["n"])
            yield planned_row(row, None)

    def take_to_remove(self, planned: PlannedRow) -> None:
        """Take one of the rows to remove before the others. It is not among them any more."""
        self._taken.add(planned.n)

    def keys_in_source(self, match_keys: Collection[str]) -> set[str]:
        """Return which match keys a row of the source has."""
        import pyarrow as pa
        import pyarrow.compute as pc

        wanted, found = pa.array(match_keys, pa.string()), set[str]()
        for batch in read_batches(self._incoming.path, ["match_key"]):
            keys = batch.column("match_key")
            found.update(keys.filter(pc.is_in(keys, value_set=wanted)).to_pylist())
        return found

    def keys_of_rows(self, match_keys: Collection[str]) -> set[str]:
        """Return which match keys a row of the source has, or one of the state that was not removed.

        Reads both once.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        wanted, found = pa.array(match_keys, pa.string()), self.keys_in_source(match_keys)
        gone = pa.array([Status.REMOVED.value, Status.ERASED.value, Status.FORGOTTEN.value])
        for path in (self._stored.on_disk.base, self._stored.on_disk.newer):
            for batch in () if path is None else read_batches(path, ["match_key", "status"]):
                keys, there = batch.column("match_key"), pc.is_in(batch.column("status"), value_set=gone)
                mine = pc.and_(pc.is_in(keys, value_set=wanted), pc.invert(there))
                found.update(keys.filter(mine).to_pylist())
        return found

    def not_sent(self) -> Iterator[PlannedRow]:
        """Yield the rows of the source that are not sent: rejected, duplicate, waiting and erased ones."""
        skipped = {Operation.REJECTED, Operation.DUPLICATE, Operation.WAITING, Operation.ERASED}
        return self._rows(lambda operation, remove: operation in skipped)

    def sample(self, operation: Operation, count: int = 10) -> list[PlannedRow]:
        """Return the first rows of an operation, as they are in the comparison."""
        return list(islice(self._rows(lambda found, _: found == operation), count))

    @property
    def _source(self) -> Path:
        return self._plan if self._planned else self._comparer.decisions

    def _rows(self, wanted: Callable[[str, bool], bool]) -> Iterator[PlannedRow]:
        return self._reader.rows(self._source, wanted)

    # -- 5: the outcomes ---------------------------------------------------------------------------

    def record(
        self,
        planned: PlannedRow,
        status: Status,
        *,
        reason: str | None = None,
        platform_id: str | None = None,
    ) -> None:
        """Note the outcome of a row that was sent or removed.

        A row without one is ambiguous. It is written to the storage within a few seconds.

        :param status: for a removed row :attr:`Status.REMOVED`; :attr:`Status.FAILED` if that was refused.
        :param reason: the code, for a row that was not written. One that was written and has a code is
            written again after 1, 2, 4 ... 32 runs, as a rejected one is.
        :param platform_id: the platform's id of the record, if the platform returned it.
        """
        self._journal.note(planned.n, planned.row_key, status.value, reason, platform_id or None)
        self.tick()

    def not_sent_after_all(self, planned: PlannedRow, reason: str | None = None) -> None:
        """Note that a row was certainly not sent: its state stays as it was.

        :param reason: the code of why.
        """
        self._journal.note(planned.n, planned.row_key, NOT_SENT, reason)
        self.tick()

    def tick(self) -> None:
        """Write outcomes that wait for it, if they have waited long enough. Call it about once a second."""
        self._journal.tick()

    def flush(self) -> None:
        """Write all outcomes that wait for it."""
        self._journal.flush()

    def row_outcomes(self) -> Iterator[RowOutcome]:
        """Yield what came of every row of the source, in its order. Nothing can be sent any more.

        What was handed out and has no outcome is unknown.
        """
        self._leave_out_rest()
        self.flush()
        return row_outcomes(
            self._incoming, self._stored.on_disk, self._plan, self._journal.journals, self._folder
        )

    # -- 6: the next state -------------------------------------------------------------------------

    def commit(self, **details: object) -> CommitSummary:
        """Write the next state, and create its manifest.

        Rows that were handed out by :meth:`to_send` or :meth:`to_remove` and have no outcome are ambiguous.
        Rows that were not handed out keep their state.

        :param details: columns of the run's row in the history, e.g. ``calls`` and ``seconds``.
        :raises StateConflict: when another run has committed since this one began. Nothing was overwritten.
        """
        comparison = self._compared
        self._leave_out_rest()
        self.flush()
        self._still_mine()
        own = self._folder / "own.parquet"
        statuses = write_outcomes(
            own, self._plan, self._journal.journals, self._stamp, noted=True, folder=self._folder
        )
        next_state = NextState(
            self._files, self._stored, self._stamp, self._id, self._folder, self._still_mine
        )
        base, changes = next_state.write_rows(own)
        history_file = next_state.write_history(
            self._plan,
            self._journal.journals,
            comparison,
            statuses,
            details,
            began_at=self._began_at,
            seconds=time.monotonic() - self._began,
        )
        manifest = next_state.manifest(
            self._identity,
            self._settings,
            self._hashing,
            comparison,
            began_at=self._began_at,
            data_interval=self._interval,
            fields=self._fields.names,
            source_fields=sorted(self.source_fields),
            statuses=statuses,
            absorbed=[*self._stored.absorbed, *self._own_plan, *self._journal.names],
            base=base,
            changes=changes,
        )
        next_state.create_manifest(manifest)
        self._committed = True
        self._clean_up(manifest)
        return {
            "manifest": self.number,
            "counts": manifest["counts"],
            "statuses": dict(statuses),
            "state_bytes": sum(file["size"] for file in (base, changes) if file is not None),
            "history": history_file,
        }

    def _leave_out_rest(self) -> None:
        """Note the rows that were not handed out."""
        if self._rest_left_out:
            return
        self._rest_left_out = True
        for row in self._reader.plan_rows(self._plan, lambda operation, remove: operation in SENT or remove):
            until = self._removed_until if row["remove"] else self._sent_until
            if row["n"] > until and row["n"] not in self._taken:
                self._journal.note(row["n"], row["row_key"], NOT_SENT)
                if self._journal.is_full:
                    self._journal.write()

    def _clean_up(self, newest: ManifestDict) -> None:
        """Delete what no kept manifest needs. What fails here is deleted by a later run."""
        try:
            clean_up(self._files, newest)
        except OSError as error:
            log.warning("Old files of the state were not deleted: %s", error)

    # -- the end -----------------------------------------------------------------------------------

    def close(self) -> None:
        """Write the outcomes that are known, and delete the temporary files."""
        try:
            if self._planned and not self._committed:
                self._leave_out_rest()
                # Also without the lock: what is known makes nothing worse.
                self._journal.write()
        except OSError as error:
            log.warning(
                "The last outcomes were not written, and the next run sends their rows again: %s", error
            )
        finally:
            shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> ChangeRun:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def _compared(self) -> Comparison:
        if self._comparison is None:
            raise RuntimeError("compare() comes first")
        return self._comparison
