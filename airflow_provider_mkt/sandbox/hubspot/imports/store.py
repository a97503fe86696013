"""All imports; at most three run at the same time, as the clock advances."""

from __future__ import annotations

import itertools
import threading
from collections import defaultdict

from airflow_provider_mkt.sandbox.hubspot.imports.models import (
    CANCELED,
    DEFERRED,
    DONE,
    ENDED,
    FAILED,
    PROCESSING,
    STARTED,
    Import,
)
from airflow_provider_mkt.sandbox.hubspot.imports.rows import write_row
from airflow_provider_mkt.sandbox.hubspot.lists.store import ListStore
from airflow_provider_mkt.sandbox.hubspot.objects.types import ObjectTypes
from airflow_provider_mkt.sandbox.hubspot.settings import HubSpotSettings
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.clock import Clock
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.turns import Steps, finish_now

SLOTS = 3
FIRST_ID = 55_000_001
_DAY = 86_400.0
_ROWS_AT_ONCE = 20
"""Rows that are written in one step."""


class ImportStore:
    """Imports of all apps. Call `run_due_work` before reading them."""

    def __init__(
        self, clock: Clock, settings: HubSpotSettings, objects: ObjectTypes, lists: ListStore
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._objects = objects
        self._lists = lists
        self._ids = itertools.count(FIRST_ID)
        self._files = itertools.count(77_000_001)
        self._all: dict[str, Import] = {}
        self._taken: list[tuple[float, int]] = []
        self._joined = defaultdict[str, list[str]](list)
        """Contacts that imports have written, but not yet added to their lists."""
        # A test that reads the state in Python runs due work too, in its own thread.
        self._lock = threading.RLock()

    def of_app(self, app: str) -> list[Import]:
        """Return the imports of one app, the newest first."""
        return [one for one in reversed(self._all.values()) if one.app == app]

    def get(self, import_id: str, app: str) -> Import | None:
        found = self._all.get(import_id)
        return found if found is not None and found.app == app else None

    def all(self) -> list[Import]:
        return list(self._all.values())

    def next_id(self) -> str:
        return str(next(self._ids))

    def next_file(self) -> str:
        return str(next(self._files))

    def rows_today(self) -> int:
        """Return how many rows were imported in the last 24 hours."""
        since = self._clock.time() - _DAY
        return sum(rows for at, rows in self._taken if at > since)

    def add(self, one: Import) -> None:
        """Add an import; it is DEFERRED while three others run."""
        self.run_due_work()
        self._all[one.id] = one
        self._taken.append((one.created, len(one.lines)))
        if len(self._running()) < SLOTS:
            self._begin(one, one.created)

    def cancel(self, one: Import) -> None:
        """Cancel an import; records that it has written are kept."""
        one.state, one.ended = CANCELED, self._clock.time()
        one.updated = one.ended
        self._fill_slots(one.ended)

    def run_due_work(self) -> None:
        """Do the work that is due."""
        finish_now(self.due_work())

    def due_work(self) -> Steps:
        """Do the work that is due, some of it per step: write rows, end imports and start waiting ones.

        Imports that run at the same time write in turn, row by row, each row at the time when it is due.
        """
        now = self._clock.time()
        with self._lock:
            for one in self._running():
                if one.state == STARTED and self._first_row(one) <= now:
                    one.state, one.updated = PROCESSING, now
        while self._write_some(now):
            yield
        with self._lock:
            joined, self._joined = self._joined, defaultdict(list)
            for list_id, contacts in joined.items():
                members = self._lists.get(list_id)
                if members is not None:
                    self._lists.add_members(members, contacts)

    def _write_some(self, now: float) -> bool:
        """Do some of what is due; return False when nothing is."""
        with self._lock:
            return all(self._do_next(now) for _ in range(_ROWS_AT_ONCE))

    def _do_next(self, now: float) -> bool:
        first = min(self._running(), key=self._next, default=None)
        if first is None or (at := self._next(first)) > now:
            return False
        if self._has_rows(first):
            written = self._write_row(first, at)
            if written is not None and first.list_id is not None:
                self._joined[first.list_id].append(written)
        else:
            first.state, first.ended, first.updated = (FAILED if first.broken else DONE), at, at
            if first.broken:
                first.fail(*first.broken, at)
            self._fill_slots(at)
        return True

    def _running(self) -> list[Import]:
        return [one for one in self._all.values() if one.began is not None and one.state not in ENDED]

    def _begin(self, one: Import, at: float) -> None:
        one.state, one.began, one.updated = STARTED, at, at

    def _fill_slots(self, at: float) -> None:
        for one in self._all.values():
            if one.state == DEFERRED and len(self._running()) < SLOTS:
                self._begin(one, at)

    def _first_row(self, one: Import) -> float:
        return (one.began or 0.0) + self._settings.import_startup

    def _has_rows(self, one: Import) -> bool:
        return not one.broken and one.next_line < len(one.lines)

    def _next(self, one: Import) -> float:
        """Return when an import writes its next row, or ends."""
        rows = 1 if one.broken else max(len(one.lines), 1)
        done = one.next_line + 1 if self._has_rows(one) else rows
        return self._first_row(one) + done * self._settings.import_per_row

    def _write_row(self, one: Import, at: float) -> str | None:
        line = one.lines[one.next_line]
        one.state, one.updated, one.next_line = PROCESSING, at, one.next_line + 1
        return write_row(self._objects, one, line, at)

    def snapshot(self) -> list[JsonObject]:
        self.run_due_work()
        return [
            {
                "id": one.id,
                "name": one.name,
                "app": one.app,
                "objectTypeId": one.kind.id,
                "state": one.state,
                "createdAt": iso(one.created),
                "rows": len(one.lines),
                "counters": dict(one.counters),
                "errors": [{"line": error.line, "errorType": error.kind} for error in one.errors],
            }
            for one in self._all.values()
        ]
