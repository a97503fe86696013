"""All lists and their members."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from airflow_provider_mkt.sandbox.hubspot.contacts.store import ContactStore
from airflow_provider_mkt.sandbox.hubspot.lists.filters import passes
from airflow_provider_mkt.sandbox.hubspot.lists.models import CONTACTS, DYNAMIC, MANUAL, SNAPSHOT, RecordList
from airflow_provider_mkt.sandbox.hubspot.settings import HubSpotSettings
from airflow_provider_mkt.sandbox.server.clock import Clock
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

FIRST_ID = 201
RETENTION = 90 * 86_400.0
"""How long a deleted list can be restored, in seconds."""


class ListStore:
    """All lists. Only contacts that exist count as members."""

    def __init__(self, clock: Clock, settings: HubSpotSettings, contacts: ContactStore) -> None:
        self._clock = clock
        self._settings = settings
        self._contacts = contacts
        self._ids = itertools.count(FIRST_ID)
        self._by_id: dict[str, RecordList] = {}
        self.legacy_ids: dict[str, str] = {}

    def __contains__(self, list_id: object) -> bool:
        return isinstance(list_id, str) and self.get(list_id) is not None

    def all(self) -> list[RecordList]:
        return [one for one in self._by_id.values() if one.deleted_at is None]

    def get(self, list_id: str, *, deleted: bool = False) -> RecordList | None:
        """Return a list by id, with due changes applied; a deleted one only if requested."""
        found = self._by_id.get(list_id)
        if found is None or (found.deleted_at is not None and not deleted):
            return None
        if found.deleted_at is not None and self._clock.time() > found.deleted_at + RETENTION:
            return None
        self._complete_processing(found)
        return found

    def named(self, object_type: str, name: str) -> RecordList | None:
        """Return a list by its name, without regard to case."""
        wanted = name.strip().casefold()
        for one in self.all():
            if one.object_type == object_type and one.name.casefold() == wanted:
                return self.get(one.id)
        return None

    def create(
        self,
        name: str,
        *,
        kind: str = MANUAL,
        object_type: str = CONTACTS,
        filters: JsonObject | None = None,
        folder: str = "0",
        list_id: str | None = None,
        more: JsonObject | None = None,
    ) -> RecordList:
        now = self._clock.time()
        ready = now if kind == MANUAL else now + self._settings.list_processing
        created = RecordList(
            list_id or str(next(self._ids)), name.strip(), object_type, kind, now, now, ready, folder=folder
        )
        created.filters, created.more = filters, more or {}
        if filters is not None:
            created.filters_updated = now
        created.record_size(now)
        self._by_id[created.id] = created
        return created

    def set_filters(self, one: RecordList, filters: JsonObject) -> None:
        """Replace the filters, which are processed as those of a new list."""
        now = self._clock.time()
        one.filters, one.filters_updated, one.updated = filters, now, now
        one.ready = now + self._settings.list_processing
        one.version += 1

    def members(self, one: RecordList) -> dict[str, float]:
        """Return members that exist, with the time at which each was added."""
        self._complete_processing(one)
        return {record: at for record, at in one.joined.items() if self._contacts.get(record) is not None}

    def ids_in(self, list_id: str) -> set[str]:
        """Return the ids of a list's members; none if the list does not exist."""
        one = self.get(list_id)
        return set() if one is None else set(self.members(one))

    def exists(self, one: RecordList, record: str) -> bool:
        # The sandbox has lists of contacts only.
        return one.object_type == CONTACTS and self._contacts.get(record) is not None

    def add_members(self, one: RecordList, records: Iterable[str]) -> list[str]:
        """Add records. Return those that were not members before."""
        now = self._clock.time()
        new = [record for record in records if record not in one.joined]
        for record in new:
            one.joined[record] = now
            one.first_joined.setdefault(record, now)
        one.record_size(now)
        return new

    def take_out(self, one: RecordList, records: Iterable[str]) -> list[str]:
        """Remove records. Return those that were members before."""
        removed = [record for record in records if one.joined.pop(record, None) is not None]
        one.record_size(self._clock.time())
        return removed

    def of_record(self, record: str) -> list[RecordList]:
        return [one for one in self.all() if record in self.members(one)]

    def _complete_processing(self, one: RecordList) -> None:
        """Apply what is due: filters and a planned conversion."""
        now = self._clock.time()
        if one.filters is None or now < one.ready:
            return
        if one.kind == DYNAMIC or (one.kind == SNAPSHOT and not one.filled and one.converted_at is None):
            # Set first: the filters of two lists may name each other.
            one.filled, ready = True, one.ready
            one.ready = float("inf")
            try:
                self._fill(one, one.filters)
            finally:
                one.ready = ready
        if one.conversion is not None and now >= one.conversion.due:
            one.kind, one.converted_at, one.updated = SNAPSHOT, one.conversion.due, now

    def _fill(self, filled: RecordList, filters: JsonObject) -> None:
        # Members of each list in the filters are read once, not once per contact.
        named: dict[str, set[str]] = {}

        def in_list(list_id: str, record: str) -> bool:
            if list_id not in named:
                named[list_id] = self.ids_in(list_id)
            return record in named[list_id]

        wanted = [one.id for one in self._contacts.live() if passes(one, filters, in_list)]
        self.take_out(filled, set(filled.joined) - set(wanted))
        self.add_members(filled, wanted)

    def snapshot(self) -> list[JsonObject]:
        now = self._clock.time()
        return [
            {**one.view(now, len(members)), "members": sorted(members)}
            for one, members in ((one, self.members(one)) for one in self.all())
        ]
