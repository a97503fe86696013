"""The state directory of one machine: its layout, its task state, and when files are deleted."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from airflow_provider_mkt.client.call import Json
from airflow_provider_mkt.client.files import (
    is_deleted,
    open_database,
    open_lock_file,
    private_directory,
    private_file,
)
from airflow_provider_mkt.client.forks import ForkLock
from airflow_provider_mkt.state.task_state import STATE_KEPT_FOR

DRAFT_KEPT_FOR = 24 * 3600.0
"""Seconds after its last change after which the draft of a file is deleted: its task was killed."""

SWEEP_INTERVAL = 3600.0
"""Seconds between two searches for old files on one machine."""

_SIDE_FILES = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database. Such a file is deleted with its database and never alone."""


_BUSY_TIMEOUT = 30.0
"""Seconds for which a change waits for another process that writes to the same file."""


@dataclass(frozen=True)
class StateDirectory:
    """Knows the paths below ``[mkt] state_dir``. Every directory is readable by its owner only.

    ======================  =======================================================================
    ``tasks/*.db``          task state, where Airflow has no store for it or may empty it
    ``activity.db``         who uses the accounts now, for people
    ``shared.db``           what all tasks of the machine know of accounts, and files of bulk imports
    ``sync/*.db``           which rows of a sync are done
    ``sync/*.source``       rows of a source that can be read only once
    ``rejects/``            rejected records of tasks without a path for them; ``warnings/`` likewise
    ``drafts/``             files for object storage that are not complete yet
    ``budgets/``            the accounts' rate limits
    ``claims/``             keys of leads that one task writes at a time, by account
    ``locks/``              locks by account and thing
    ======================  =======================================================================

    What nobody has changed for :data:`~airflow_provider_mkt.state.task_state.STATE_KEPT_FOR` is deleted;
    drafts after :data:`DRAFT_KEPT_FOR`.

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

    @property
    def activity(self) -> FileTaskState:
        """Who uses the accounts now, for people."""
        return FileTaskState(self.root / "activity.db")

    @property
    def claims(self) -> Path:
        """The directory of the accounts' claims of keys."""
        return self.root / "claims"

    def sync_progress(self, task: str) -> Path:
        """The file for the sync progress of a task; empty when there is none yet."""
        return private_file(private_directory(self.root / "sync") / f"{task}.db")

    def source_snapshot(self, task: str) -> Path:
        """The path for a source that can be read only once."""
        return private_directory(self.root / "sync") / f"{task}.source"

    def draft(self, name: str) -> Path:
        """A new, empty file for what is uploaded when it is complete.

        :param name: a part of its name.
        """
        path = private_directory(self.root / "drafts") / f"{name}.part"
        return private_file(path)

    @property
    def scratch(self) -> Path:
        """A directory for temporary files of a task."""
        return private_directory(self.root / "drafts")

    def result_files(self, kind: str, dag: str, run: str) -> Path:
        """The directory for records that a task writes down; not created here.

        :param kind: ``rejects``, ``warnings`` or ``checks``.
        """
        return self.root / kind / dag / run

    # -- what is deleted, and when -----------------------------------------------------------------

    def sweep(self) -> None:
        """Delete what is old, at most once an hour on a machine, however many tasks call this at once."""
        with self._sweeping() as due:
            if not due:
                return
            for kind in ("tasks", "sync", "claims"):
                self._sweep_databases(self.root / kind, STATE_KEPT_FOR)
            for kind, kept_for in (
                ("rejects", STATE_KEPT_FOR),
                ("warnings", STATE_KEPT_FOR),
                ("checks", STATE_KEPT_FOR),
                ("drafts", DRAFT_KEPT_FOR),
            ):
                self._sweep_tree(self.root / kind, kept_for)
            self._sweep_budgets(self.root / "budgets")
            self._sweep_locks(self.root / "locks")
            if (self.root / "shared.db").exists():
                self.shared.delete_older_than(STATE_KEPT_FOR)

    @contextmanager
    def _sweeping(self) -> Iterator[bool]:
        """Whether this process is to sweep now. The file's time says when one did so last."""
        stamp = self.root / ".swept"
        try:
            if 0 <= time.time() - stamp.stat().st_mtime < SWEEP_INTERVAL:
                yield False
                return
        except FileNotFoundError:
            if not self.root.exists():
                yield False
                return
        lock = open_lock_file(stamp)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
                return
            os.utime(lock)
            yield True
        finally:
            os.close(lock)

    @staticmethod
    def _sweep_databases(directory: Path, kept_for: float) -> None:
        for path, sides in _old_databases(directory, kept_for):
            for old in (*sides, path):
                old.unlink(missing_ok=True)

    @staticmethod
    def _sweep_budgets(directory: Path) -> None:
        for path, sides in _old_databases(directory, STATE_KEPT_FOR):
            lock_path = path.with_name(f"{path.name}.lock")
            with _free_lock(lock_path) as free:
                # Somebody may have used it since.
                if free and any(path == old for old, _ in _old_databases(directory, STATE_KEPT_FOR)):
                    for old in (*sides, path, lock_path):
                        old.unlink(missing_ok=True)

    @classmethod
    def _sweep_tree(cls, directory: Path, kept_for: float) -> None:
        for path in _files(directory):
            if path.is_dir() and not path.is_symlink():
                cls._sweep_tree(path, kept_for)
                # Fails while there is anything in it.
                with suppress(OSError):
                    path.rmdir()
            elif (age := _age(path)) is not None and age > kept_for:
                path.unlink(missing_ok=True)

    @staticmethod
    def _sweep_locks(directory: Path) -> None:
        for path in _files(directory):
            if (age := _age(path)) is None or age <= STATE_KEPT_FOR:
                continue
            with suppress(OSError), _free_lock(path) as free:
                if free:
                    path.unlink()


class FileTaskState:
    """State in an SQLite file. A change that a kill interrupts did not happen.

    Several objects, threads and processes may use one file. The journal is SQLite's default one, which works
    on network file systems too, and a change is flushed to disk before :meth:`set` returns.

    :param path: the file; created with the first change.
    """

    clear_count = 0

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = ForkLock()
        self._opened: sqlite3.Connection | None = None

    def get(self, key: str) -> Json:
        with self._lock:
            if self._opened is None and not self._path.exists():
                return None
            found = self._database().execute("SELECT value FROM kept WHERE key = ?", (key,)).fetchone()
        return cast("Json", json.loads(found[0])) if found is not None else None

    def set(self, key: str, value: Json) -> None:
        with self._lock:
            if value is not None:
                row = (key, json.dumps(value), time.time())
                self._database().execute("INSERT OR REPLACE INTO kept VALUES (?, ?, ?)", row)
            elif self._opened is not None or self._path.exists():
                self._database().execute("DELETE FROM kept WHERE key = ?", (key,))

    def items(self) -> dict[str, Json]:
        """Return everything, by key."""
        with self._lock:
            if self._opened is None and not self._path.exists():
                return {}
            rows = self._database().execute("SELECT key, value FROM kept").fetchall()
        return {key: json.loads(value) for key, value in rows}

    def delete_older_than(self, seconds: float) -> None:
        """Delete what was last changed longer ago."""
        with self._lock:
            self._database().execute("DELETE FROM kept WHERE changed_at < ?", (time.time() - seconds,))

    def _database(self) -> sqlite3.Connection:
        if self._opened is None:
            private_directory(self._path.parent)
            private_file(self._path)
            # An old file that is in use again is not deleted.
            os.utime(self._path)
            holds = "what tasks have sent and started; look on the platform first"
            opened = open_database(self._path, holds, timeout=_BUSY_TIMEOUT)
            opened.execute(
                "CREATE TABLE IF NOT EXISTS kept "
                "(key TEXT PRIMARY KEY, value TEXT NOT NULL, changed_at REAL NOT NULL)"
            )
            weakref.finalize(self, opened.close)
            self._opened = opened
        return self._opened


def _old_databases(directory: Path, kept_for: float) -> Iterator[tuple[Path, list[Path]]]:
    """Databases that nobody has changed for so many seconds, each with the files that SQLite keeps for it."""
    ages = {path: age for path in _files(directory) if (age := _age(path)) is not None}
    for path, age in ages.items():
        if path.name.endswith((*_SIDE_FILES, ".lock")):
            continue
        sides = [path.with_name(path.name + suffix) for suffix in _SIDE_FILES]
        if min([age, *(ages[side] for side in sides if side in ages)]) > kept_for:
            yield path, sides


@contextmanager
def _free_lock(path: Path) -> Iterator[bool]:
    """Hold a lock while its files are deleted. Whether this process got it, and the file is still there."""
    lock = open_lock_file(path)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield not is_deleted(lock, path)
    finally:
        os.close(lock)


def _files(directory: Path) -> list[Path]:
    try:
        return list(directory.iterdir())
    except FileNotFoundError:
        return []


def _age(path: Path) -> float | None:
    """Seconds since the last change; None when another process has just deleted the file."""
    try:
        return time.time() - path.lstat().st_mtime
    except FileNotFoundError:
        return None
