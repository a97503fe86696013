"""The state of a sync on object storage, and one run of it.

Every file is written once, under a name of its own. Only the manifest decides what counts: it names the files
of the state, and is created exclusively, so that of two runs at once one commits.

``manifest/00000012.json``
    The state after run 12: its files, and which plans and journals it includes.
``snapshot/00000012-...-base.parquet``, ``...-changes.parquet``
    Rows of the state, and rows that replace those of the base.
``plan/00000011-...parquet``
    What a run that began on manifest 11 is about to send, written before its first call.
``journal/00000011-...-000001.parquet``
    The outcomes of a plan, written every few seconds.
``import/00000011-...-000001.json``
    What a plan's run knows of its imports: that a file is being sent, and the job that imports it.
``lease/...``
    Which run may send; see :mod:`airflow_provider_mkt.sync.changes.lease`.
``history/runs``, ``history/rows``
    What every run did; see :mod:`airflow_provider_mkt.sync.changes.history`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from airflow_provider_mkt.sync.changes.lease import Holder, Lease, hold_lease
from airflow_provider_mkt.sync.changes.manifest import ManifestDict, check_manifest, newest_manifest
from airflow_provider_mkt.sync.changes.object_files import LocalFiles, StateFiles, check_exclusive
from airflow_provider_mkt.sync.changes.run import ChangeRun
from airflow_provider_mkt.sync.changes.settings import SyncIdentity, SyncSettings


class ChangeState:
    """The state of a sync.

    :param files: where it is kept. Nothing else is in this folder.
    :param identity: what it belongs to.
    :param folder: an existing folder on this machine for temporary files; readable by this user only. They
        take about as much space as the source and the state.
    """

    def __init__(self, files: StateFiles, identity: SyncIdentity, folder: Path) -> None:
        self.files, self.identity, self._folder = files, identity, folder

    @contextmanager
    def hold_lease(
        self,
        holder: Holder,
        *,
        sleep: Callable[[float], None] = time.sleep,
        on_wait: Callable[[str], object] = lambda who: None,
    ) -> Iterator[Lease]:
        """Keep other runs of the sync from sending, on whichever machines. Waits for one that is sending.

        :param holder: this run.
        :param sleep: waits so many seconds; an exception ends the wait.
        :param on_wait: takes who holds the lease and since when.
        :raises InvalidInput: when the storage cannot create a file exclusively.
        """
        if not isinstance(self.files, LocalFiles):
            check_exclusive(self.files)
        with hold_lease(self.files, holder, sleep=sleep, on_wait=on_wait) as lease:
            yield lease

    def begin(
        self,
        run_id: str,
        settings: SyncSettings,
        *,
        data_interval: datetime | None = None,
        allow_older: bool = False,
        still_mine: Callable[[], None] = lambda: None,
    ) -> ChangeRun:
        """Start a run: read the newest manifest, and what runs that did not finish have left.

        The lease must be held; see :meth:`hold_lease`.

        :param run_id: identifies the run for people, e.g. Airflow's run id.
        :param data_interval: the start of the run's data interval.
        :param allow_older: whether it may be before the one of the last run.
        :param still_mine: raises when the lock was lost; called before everything that is written.
        :raises InvalidInput: when the state belongs to another account, object or sync, when it is cut short,
            or when the run is for older data.
        """
        manifest = self.newest()
        if manifest is not None:
            check_manifest(manifest, self.identity, data_interval, allow_older=allow_older)
        return ChangeRun(
            self.files,
            self.identity,
            manifest,
            run_id,
            settings,
            data_interval,
            still_mine,
            self._folder,
        )

    def newest(self) -> ManifestDict | None:
        """Return the newest manifest; None when there is none.

        :raises InvalidInput: when it cannot be read.
        """
        return newest_manifest(self.files)
