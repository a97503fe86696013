"""The outcomes of a run's rows, written every few seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from airflow_provider_mkt.sync.changes.merging import JournalRow, Journals
from airflow_provider_mkt.sync.changes.object_files import StateFiles
from airflow_provider_mkt.sync.changes.snapshot import ParquetFile, schemas

JOURNAL_INTERVAL = 5.0
"""Seconds between two files of outcomes."""

JOURNAL_ROWS = 50_000
"""Outcomes in one file at most."""


class OutcomeJournal:
    """Writes the outcomes of a run to the storage.

    :param files: where the state is.
    :param run: the name of the run in the names of its files.
    :param folder: for temporary files.
    :param still_mine: raises when the lock was lost.
    """

    def __init__(self, files: StateFiles, run: str, folder: Path, still_mine: Callable[[], None]) -> None:
        self._files, self._id, self._folder, self._still_mine = files, run, folder, still_mine
        self.journals = Journals()
        """What was written."""
        self.names: list[str] = []
        """The files, by name."""
        self._waiting: list[JournalRow] = []
        self._flushed_at, self._count = time.monotonic(), 0

    @property
    def is_full(self) -> bool:
        """Whether as many outcomes wait as one file takes."""
        return len(self._waiting) >= JOURNAL_ROWS

    def restart_clock(self) -> None:
        """Count the seconds to the next file from now on."""
        self._flushed_at = time.monotonic()

    def note(
        self, n: int, row_key: str, status: str, reason: str | None = None, platform_id: str | None = None
    ) -> None:
        self._waiting.append(
            {
                "n": n,
                "row_key": row_key,
                "status": status,
                "reason": reason,
                "platform_id": platform_id,
                "at": datetime.now(UTC),
            }
        )

    def tick(self) -> None:
        """Write outcomes that wait for it, if they have waited long enough. Call it about once a second."""
        due = time.monotonic() - self._flushed_at >= JOURNAL_INTERVAL
        if self._waiting and (due or len(self._waiting) >= JOURNAL_ROWS):
            self.flush()

    def flush(self) -> None:
        """Write all outcomes that wait for it."""
        if self._waiting:
            self._still_mine()
        self.write()

    def write(self) -> None:
        self._flushed_at = time.monotonic()
        if not self._waiting:
            return
        self._count += 1
        path = self._folder / f"journal-{self._count:06}.parquet"
        with ParquetFile(path, schemas().journal) as file:
            file.write_rows(self._waiting)
        name = f"journal/{self._id}-{self._count:06}.parquet"
        self._files.upload(name, path)
        self.names.append(name)
        self.journals.add(path)
        self._waiting = []
