"""All imports; at most three run at the same time, as the clock advances."""

from __future__ import annotations

import itertools

from airflow_provider_mkt.sandbox.hubspot.contacts.store import ContactStore
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
from airflow_provider_mkt.sandbox.hubspot.settings import HubSpotSettings
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.clock import Clock
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

SLOTS = 3
FIRST_ID = 55_000_001
_DAY = 86_400.0


class ImportStore:
    """Imports of all apps. Call `run_due_work` before reading them."""

    def __init__(
        self, clock: Clock, settings: HubSpotSettings, contacts: ContactStore, lists: ListStore
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._contacts = contacts
        self._lists = lists
        self._ids = itertools.count(FIRST_ID)
        self._files = itertools.count(77_000_001)
        self._all: dict[str, Import] = {}
        self._taken: list[tuple[float, int]] = []

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
        """Cancel an import; contacts that it has written are kept."""
        one.state, one.ended = CANCELED, self._clock.time()
        one.updated = one.ended
        self._fill_slots(one.ended)

    def run_due_work(self) -> None:
        """Do the work that is due: write rows, end imports and start waiting ones."""
        now = self._clock.time()
        while due := [one for one in self._running() if self._end_of(one) <= now]:
            first = min(due, key=self._end_of)
            end = self._end_of(first)
            self._work(first, end, whole=True)
            first.state, first.ended, first.updated = (FAILED if first.broken else DONE), end, end
            if first.broken:
                first.fail(*first.broken, end)
            self._fill_slots(end)
        for one in self._running():
            self._work(one, now)

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

    def _end_of(self, one: Import) -> float:
        rows = 0 if one.broken else len(one.lines)
        return self._first_row(one) + max(rows, 1) * self._settings.import_per_row

    def _work(self, one: Import, until: float, *, whole: bool = False) -> None:
        """Write the rows that are due at a time; all of them at the end."""
        begin, pace = self._first_row(one), self._settings.import_per_row
        if until < begin:
            return
        one.state = PROCESSING
        if one.broken:
            return
        rows = len(one.lines)
        due = rows if whole or pace == 0 else min(rows, int((until - begin) / pace))
        written: list[str] = []
        for index in range(one.next_line, due):
            at = min(until, begin + pace * (index + 1))
            contact = write_row(self._contacts, one, one.lines[index], at)
            written += [contact] if contact is not None else []
            one.updated = until
        members = self._lists.get(one.list_id) if one.list_id is not None else None
        if members is not None:
            self._lists.add_members(members, written)
        one.next_line = max(one.next_line, due)

    def snapshot(self) -> list[JsonObject]:
        self.run_due_work()
        return [
            {
                "id": one.id,
                "name": one.name,
                "app": one.app,
                "state": one.state,
                "createdAt": iso(one.created),
                "rows": len(one.lines),
                "counters": dict(one.counters),
                "errors": [{"line": error.line, "errorType": error.kind} for error in one.errors],
            }
            for one in self._all.values()
        ]
