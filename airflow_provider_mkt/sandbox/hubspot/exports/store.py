"""All exports: one runs at a time, as the clock advances."""

from __future__ import annotations

import itertools
import secrets
import threading

from airflow_provider_mkt.sandbox.hubspot.associations.store import AssociationStore
from airflow_provider_mkt.sandbox.hubspot.exports.files import write_file
from airflow_provider_mkt.sandbox.hubspot.exports.models import (
    DEFERRED,
    DONE,
    ENDED,
    ENQUEUED,
    FAILED,
    PENDING_APPROVAL,
    PROCESSING,
    Export,
    File,
    Order,
)
from airflow_provider_mkt.sandbox.hubspot.lists.store import ListStore
from airflow_provider_mkt.sandbox.hubspot.settings import HubSpotSettings
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.clock import Clock
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.turns import STEPS_AT_ONCE, Steps

FIRST_ID = 66_000_001
CSV = "CSV"
URL_LIFE = 300.0
_DAY = 86_400.0


class ExportStore:
    """Exports of the account. `due_work` comes before they are read."""

    def __init__(
        self,
        clock: Clock,
        settings: HubSpotSettings,
        lists: ListStore,
        associations: AssociationStore,
    ) -> None:
        self._clock = clock
        self._settings = settings
        self._lists = lists
        self._associations = associations
        self._ids = itertools.count(FIRST_ID)
        self._all: dict[str, Export] = {}
        # A test that reads the state in Python does due work too, in its own thread.
        self._lock = threading.RLock()

    def get(self, export_id: str) -> Export | None:
        return self._all.get(export_id)

    def all(self) -> list[Export]:
        return list(self._all.values())

    def started_today(self) -> int:
        """Return how many exports were started in the last 24 hours, whatever became of them."""
        since = self._clock.time() - _DAY
        return sum(one.created > since for one in self._all.values())

    def add(self, order: Order) -> Export:
        """Start an export. It waits while another one runs, is deferred or needs an approval."""
        now, settings = self._clock.time(), self._settings
        held = settings.export_approval
        state = PENDING_APPROVAL if held else DEFERRED if settings.export_deferral else ENQUEUED
        ready = None if held else now + settings.export_deferral
        one = Export(str(next(self._ids)), order, now, now, state, ready)
        self._all[one.id] = one
        return one

    def new_key(self, one: Export) -> str:
        """Return the key of a new address of the file."""
        key = secrets.token_urlsafe(24)
        one.keys[key] = self._clock.time() + URL_LIFE
        return key

    def file(self, export_id: str, key: str) -> File | None:
        """Return the file that an address leads to; None when it is wrong or dead."""
        one = self._all.get(export_id)
        if one is None or self._clock.time() > one.keys.get(key, 0.0):
            return None
        return one.file

    def due_work(self) -> Steps:
        """Do the work that is due, some of it per step: write files, end exports and start waiting ones."""
        now = self._clock.time()
        while self._do_next(now):
            yield

    def long_work(self) -> Steps | None:
        """Return what writes the rest of a large file; None without.

        The export runs until then, whatever the clock says.
        """
        one = self._running()
        if one is None or one.writing is None or one.steps < STEPS_AT_ONCE:
            return None
        return self._write_rest()

    def _write_rest(self) -> Steps:
        while self._do_next(self._clock.time(), long=True):
            yield

    def _do_next(self, now: float, *, long: bool = False) -> bool:
        """Do some of what is due; return False when nothing is.

        :param long: also that for which no request waits.
        """
        with self._lock:
            self._end_waits(now)
            one = self._running()
            if one is None:
                return self._begin_next(now)
            if one.writing is not None:
                if one.steps >= STEPS_AT_ONCE and not long:
                    return False
                one.steps += 1
                try:
                    next(one.writing)
                except StopIteration as written:
                    one.file, one.writing = written.value, None
                return True
            ends = self._ends(one)
            if ends > now:
                return False
            # The sandbox writes no spreadsheets, as it reads none.
            ending = self._settings.export_ending if one.order.format == CSV else FAILED
            one.state, one.ended, one.updated = ending, ends, ends
            return True

    def _running(self) -> Export | None:
        return next((one for one in self._all.values() if one.state == PROCESSING), None)

    def _end_waits(self, now: float) -> None:
        for one in self._all.values():
            if one.ready is None and not self._settings.export_approval:
                one.ready = now
            if one.state in (PENDING_APPROVAL, DEFERRED) and one.ready is not None and one.ready <= now:
                one.state, one.updated = ENQUEUED, one.ready

    def _begin_next(self, now: float) -> bool:
        waiting = [one for one in self._all.values() if one.state == ENQUEUED]
        if not waiting:
            return False
        one = waiting[0]
        free = max((each.ended or 0.0 for each in self._all.values()), default=0.0)
        at = max(one.ready or 0.0, free)
        if at > now:
            return False
        one.state, one.began, one.updated = PROCESSING, at, at
        members = None if one.order.list_id is None else self._lists.ids_in(one.order.list_id)
        # Which moment the rows are of is not documented. Here it is the one at which the export begins.
        one.writing = write_file(one, at, members, self._associations, self._settings)
        return True

    def _ends(self, one: Export) -> float:
        rows = 0 if one.file is None else one.file.rows
        return (one.began or 0.0) + self._settings.export_startup + rows * self._settings.export_per_row

    def snapshot(self) -> list[JsonObject]:
        """Return the exports as JSON, without the addresses of their files."""
        return [
            {
                "id": one.id,
                "name": one.order.name,
                "objectTypeId": one.order.kind.id,
                "state": one.state,
                "createdAt": iso(one.created),
                "rows": None if one.state not in ENDED or one.file is None else one.file.rows,
            }
            for one in self._all.values()
        ]


def is_readable(one: Export) -> bool:
    """Return whether an export has a file to download."""
    return one.state == DONE and one.file is not None
