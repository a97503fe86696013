"""The state directory of one machine: its layout, who may read it, and when files are deleted."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from airflow_provider_mkt.client.files import private_directory
from airflow_provider_mkt.state.task_state import FileTaskState

SYNC_KEPT_FOR = 30 * 24 * 3600.0
"""Seconds after the last change after which the sync progress of a failed task is deleted."""

_SIDE_FILES = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database. Such a file is deleted with its database and never alone."""


@dataclass(frozen=True)
class StateDirectory:
    """Knows the paths below ``[mkt] state_dir``. Every directory is readable by its owner only.

    ======================  =======================================================================
    ``tasks/*.db``          task state where Airflow has no store for it
    ``shared.db``           what all tasks of the machine know of the files of bulk imports
    ``sync/*.db``           which rows of a sync are done
    ``sync/*.source``       rows of a source that can be read only once
    ``rejects/``            rejected records of tasks without a path for them; ``warnings/`` likewise
    ``budgets/``            the accounts' rate limits
    ``locks/``              locks by account and thing
    ======================  =======================================================================

    :param root: the directory; created when something is written.
    """

    root: Path

    def task_state(self, task: str) -> FileTaskState:
        """The state of one task.

        :param task: identifies the task instance.
        """
        return FileTaskState(self.root / "tasks" / f"{task}.db")

    @property
    def shared(self) -> FileTaskState:
        """State that all tasks of this machine share."""
        return FileTaskState(self.root / "shared.db")

    def sync_progress(self, task: str) -> Path:
        """The file for the sync progress of a task. Deletes those that are older than
        :data:`SYNC_KEPT_FOR`."""
        directory = private_directory(self.root / "sync")
        self._delete_old_files(directory)
        return directory / f"{task}.db"

    def source_snapshot(self, task: str) -> Path:
        """The file for a source that can be read only once."""
        return private_directory(self.root / "sync") / f"{task}.source"

    def result_files(self, kind: str, dag: str, run: str) -> Path:
        """The directory for records that a task writes down; not created here.

        :param kind: ``rejects`` or ``warnings``.
        """
        return self.root / kind / dag / run

    @staticmethod
    def _delete_old_files(directory: Path) -> None:
        oldest = time.time() - SYNC_KEPT_FOR
        ages = {path: path.stat().st_mtime for path in directory.iterdir()}
        for path, changed_at in ages.items():
            sides = [path.with_name(path.name + suffix) for suffix in _SIDE_FILES]
            is_side_file = path.name.endswith(_SIDE_FILES)
            if not is_side_file and max([changed_at, *(ages.get(side, 0.0) for side in sides)]) < oldest:
                for old in (*sides, path):
                    old.unlink(missing_ok=True)
