"""Only what changed: which rows of a source must be sent, and what is known of every row.

A row is compared with what the platform has acknowledged, never with what was read last. The state is kept as
Parquet on object storage or in a folder, and is safe against a kill at any moment, lost answers, and two runs
at once. There is no Airflow in this package, and it makes no calls.

One run, step by step::

    files = files_of(path)                     # a pathlib.Path, or Airflow's ObjectStoragePath
    identity = SyncIdentity(account, "contacts", "crm_leads")
    settings = SyncSettings(row_key="customer_id", match_key="email", hashing=Hashing(types=types))
    state = ChangeState(files, identity, folder)

    with state.hold_lease(Holder("nightly")) as lease:    # 1. no other run sends meanwhile
        with state.begin(run_id, settings, data_interval=start, still_mine=lease.check) as run:
            for row in rows:                   # 2. every row of the source, mapped, also unreadable ones
                run.add(row, key_of(row), row.record and row.record.get("email"))
            comparison = run.compare()         # 3. what would be done: counts, changed fields, a digest
            ...                                #    guards and dry run: leave here, and nothing was written
            ...                                #    wait for run.imports_of_others()
            sleep(run.seconds_to_wait(quiet))  #    calls of a killed run have ended
            run.start(remove=False)            # 4. the plan is written. Nothing is sent before this returns
            for planned in run.to_send():      # 5. new, changed, back, to be tried again, ambiguous
                ...                            #    send planned.row, by planned.platform_id if it is known
                run.record(planned, Status.SYNCED, platform_id="123")
            for planned in run.to_remove():    #    rows that left the source, last
                run.record(planned, Status.REMOVED)
            for planned in run.not_sent():     #    rejected, duplicate, waiting and erased rows
                ...
            summary = run.commit(calls=12)     # 6. the next state; StateConflict if another run was first

- ``lease.check()`` is called before every call to the platform. It raises when another run may have the
  lease.
- ``run.tick()`` is called about once a second while answers are awaited. It writes outcomes every few
  seconds.
- A row that was handed out and has no outcome is ambiguous, and the next run sends it again. A row that was
  certainly not sent after all is noted with ``run.not_sent_after_all(planned)``.
- Leaving the block without ``commit()`` keeps the plan and the outcomes. The next run continues from them.
- What a run knows of its imports is noted in ``run.imports``, before a file is sent and when it has a job.
- A removal may only be of a row that ``to_remove()`` yields. There is none on a first run, on one whose key
  changed, and when the source was empty or incomplete (``Comparison.no_removals``).
"""

from __future__ import annotations

from airflow_provider_mkt.sync.changes.canonical import (
    Hashing,
    KeyKind,
    ValueType,
    normalized_key,
    same_value,
)
from airflow_provider_mkt.sync.changes.comparing import KEY_REUSED, Comparison, Drift
from airflow_provider_mkt.sync.changes.diff import Duplicates, EngineName, Refresh
from airflow_provider_mkt.sync.changes.import_notes import ImportNotes, LeftImports
from airflow_provider_mkt.sync.changes.lease import Holder, Lease, LeaseLost
from airflow_provider_mkt.sync.changes.manifest import StateConflict
from airflow_provider_mkt.sync.changes.object_files import StateFiles, StoragePath, files_of
from airflow_provider_mkt.sync.changes.planned_rows import PlannedRow
from airflow_provider_mkt.sync.changes.reconciling import AcknowledgedRow
from airflow_provider_mkt.sync.changes.row_outcomes import RowOutcome
from airflow_provider_mkt.sync.changes.run import ChangeRun, CommitSummary
from airflow_provider_mkt.sync.changes.settings import Baseline, SyncIdentity, SyncSettings
from airflow_provider_mkt.sync.changes.snapshot import SENT, Operation, StateRow, Status
from airflow_provider_mkt.sync.changes.state import ChangeState

__all__ = [
    "KEY_REUSED",
    "SENT",
    "AcknowledgedRow",
    "Baseline",
    "ChangeRun",
    "ChangeState",
    "CommitSummary",
    "Comparison",
    "Drift",
    "Duplicates",
    "EngineName",
    "Hashing",
    "Holder",
    "ImportNotes",
    "KeyKind",
    "Lease",
    "LeaseLost",
    "LeftImports",
    "Operation",
    "PlannedRow",
    "Refresh",
    "RowOutcome",
    "StateConflict",
    "StateFiles",
    "StateRow",
    "Status",
    "StoragePath",
    "SyncIdentity",
    "SyncSettings",
    "ValueType",
    "files_of",
    "normalized_key",
    "same_value",
]
