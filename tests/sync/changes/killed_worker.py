"""One run of a sync against a table in SQLite, in a process that kills itself at a chosen instant.

Usage: killed_worker.py FOLDER VALUE INSTANT
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

from change_tools import Sync, batches, people

from airflow_provider_mkt.sync.changes import Status, outcome_journal
from airflow_provider_mkt.sync.changes.object_files import LocalFiles

ROWS = 40
BATCH = 10


class Instants:
    """Counts the instants of a run, and kills the process at one of them."""

    def __init__(self, last: int | None) -> None:
        self.count, self._last = 0, last

    def passed(self) -> None:
        self.count += 1
        if self.count == self._last:
            os.kill(os.getpid(), signal.SIGKILL)


class WatchedFiles(LocalFiles):
    """Files of a state, with an instant before and after each change, and before each becomes visible."""

    def __init__(self, root: Path, passed: Callable[[], None]) -> None:
        super().__init__(root)
        self._passed = passed

    def create(self, name: str, data: bytes) -> None:
        self._passed()
        super().create(name, data)
        self._passed()

    def upload(self, name: str, path: Path) -> None:
        self._passed()
        super().upload(name, path)
        self._passed()

    def _publish(self, draft: Path, name: str) -> None:
        self._passed()
        super()._publish(draft, name)


def source(value: str) -> list[dict[str, object]]:
    """Rows of which most change with the value, some leave, and some are always there."""
    rows = [*people(*range(ROWS - 10), city=value), *people(*range(100, 105), city="Rome")]
    return [*rows, *(people(*range(200, 208)) if value == "A" else [])]


class Platform:
    """A table of people, each change of which is durable at once."""

    def __init__(self, folder: Path) -> None:
        self._database = sqlite3.connect(folder / "platform.db", isolation_level=None)
        self._database.execute("PRAGMA synchronous = OFF")
        self._database.execute("CREATE TABLE IF NOT EXISTS people (email TEXT PRIMARY KEY, city TEXT)")

    def write(self, email: str, city: object) -> None:
        self._database.execute("INSERT OR REPLACE INTO people VALUES (?, ?)", (email, city))

    def remove(self, email: str) -> None:
        self._database.execute("DELETE FROM people WHERE email = ?", (email,))

    def content(self) -> dict[str, object]:
        return dict(self._database.execute("SELECT email, city FROM people"))


def run(folder: Path, value: str, last: int | None = None) -> tuple[int, int]:
    """Run the sync. Returns how many instants passed, and how many rows were sent."""
    instants = Instants(last)
    platform, sent = Platform(folder), 0
    sync = Sync(folder, files=WatchedFiles(folder / "state", instants.passed))
    with sync.begin() as run:
        sync.read(run, source(value))
        comparison = run.compare()
        run.start(remove=not comparison.no_removals)
        for batch in batches(run.to_send(), BATCH):
            for planned in batch:
                platform.write(planned.match_key, planned.row.record.get("city"))
            instants.passed()
            for planned in batch:
                run.record(planned, Status.SYNCED)
                sent += 1
            if sent == 2 * BATCH:
                # Some outcomes are written at once, and some wait.
                run.flush()
        for planned in run.to_remove():
            platform.remove(planned.match_key)
            instants.passed()
            run.record(planned, Status.REMOVED)
        run.commit()
    instants.passed()
    return instants.count, sent


if __name__ == "__main__":
    outcome_journal.JOURNAL_INTERVAL = 3600.0
    run(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
