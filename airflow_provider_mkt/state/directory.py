"""The state directory of one machine: its layout, its task state, and when files are deleted."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
import weakref
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from airflow_provider_mkt.client.call import Json
from airflow_provider_mkt.client.files import private_directory

SYNC_KEPT_FOR = 30 * 24 * 3600.0
"""Seconds after the last change after which the sync progress of a failed task is deleted."""

_SIDE_FILES = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database. Such a file is deleted with its database and never alone."""


_BUSY_TIMEOUT = 30.0
"""Seconds for which a change waits for another process that writes to the same file."""


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
        directory = self.root / "sync"
        if directory.exists():
            self._delete_old_files(directory)
        return private_directory(directory) / f"{task}.db"

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


class FileTaskState:
    """State in an SQLite file. A change that a kill interrupts did not happen.

    Several objects, threads and processes may use one file. The journal is SQLite's default one, which works
    on network file systems too, and a change is flushed to disk before :meth:`set` returns.

    :param path: the file; created with the first change.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._opened: sqlite3.Connection | None = None

    def get(self, key: str) -> Json:
        with self._lock:
            if self._opened is None and not self._path.exists():
                return None
            found = self._database().execute("SELECT value FROM state WHERE key = ?", (key,)).fetchone()
        return cast("Json", json.loads(found[0])) if found is not None else None

    def set(self, key: str, value: Json) -> None:
        with self._lock:
            if value is not None:
                row = (key, json.dumps(value))
                self._database().execute("INSERT OR REPLACE INTO state VALUES (?, ?)", row)
            elif self._opened is not None or self._path.exists():
                self._database().execute("DELETE FROM state WHERE key = ?", (key,))

    def _database(self) -> sqlite3.Connection:
        if self._opened is None:
            private_directory(self._path.parent)
            opened = sqlite3.connect(
                self._path, timeout=_BUSY_TIMEOUT, isolation_level=None, check_same_thread=False
            )
            opened.execute("CREATE TABLE IF NOT EXISTS state (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
            weakref.finalize(self, opened.close)
            self._opened = opened
        return self._opened
