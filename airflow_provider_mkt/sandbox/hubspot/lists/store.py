"""All lists and their members."""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterable, Mapping

from airflow_provider_mkt.sandbox.hubspot.contacts.store import Contact, ContactStore
from airflow_provider_mkt.sandbox.hubspot.lists.filters import names_lists, passes
from airflow_provider_mkt.sandbox.hubspot.lists.models import CONTACTS, DYNAMIC, MANUAL, SNAPSHOT, RecordList
from airflow_provider_mkt.sandbox.hubspot.settings import HubSpotSettings
from airflow_provider_mkt.sandbox.server.clock import Clock
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.turns import Steps, finish_now

FIRST_ID = 201
RETENTION = 90 * 86_400.0
"""How long a deleted list can be restored, in seconds."""
_TESTED_AT_ONCE = 1_000
"""How many contacts are tested by the filters of a list in one step, when the list is read."""
_STEP = 200
_CHANGED_AT_ONCE = 1_000


def _is_filled_by_filters(one: RecordList) -> bool:
    """Return whether its filters say who is a member now."""
    return one.kind == DYNAMIC or (one.kind == SNAPSHOT and not one.filled and one.converted_at is None)


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
            created.edits.append(now)
        created.record_size(now)
        self._by_id[created.id] = created
        return created

    def set_filters(self, one: RecordList, filters: JsonObject) -> None:
        """Replace the filters, which are processed as those of a new list."""
        now = self._clock.time()
        one.filters, one.filters_updated, one.updated = filters, now, now
        one.ready = now + self._settings.list_processing
        one.edits.append(now)
        one.version += 1

    def members(self, one: RecordList) -> Mapping[str, float]:
        """Return members that exist, with the time at which each was added."""
        self._complete_processing(one)
        departed = self._contacts.departed
        if one.departures < len(departed):
            for record in departed[one.departures :]:
                since, heir = one.present.pop(record, None), self._contacts.heir(record)
                if since is not None and heir is not None:
                    # A merge keeps the memberships of the primary record, under its new id.
                    one.present[heir] = one.joined[heir] = since
            one.departures = len(departed)
            one.orders.clear()
        return one.present

    def ordered(self, one: RecordList, *, by_time: bool) -> list[str]:
        """Return members that exist by id, or by the time at which they were added and then by id."""
        members = self.members(one)
        if by_time not in one.orders:
            order = sorted(members, key=int)
            one.orders[by_time] = sorted(order, key=members.__getitem__) if by_time else order
        return one.orders[by_time]

    def ids_in(self, list_id: str) -> set[str]:
        """Return the ids of a list's members; none if the list does not exist."""
        one = self.get(list_id)
        return set() if one is None else set(self.members(one))

    def finished_members(self, list_id: str) -> set[str]:
        """Return the ids of a list's members; none if it does not exist, or is being processed."""
        one = self.get(list_id)
        done = one is not None and one.status(self._clock.time()) == "COMPLETE"
        return set(self.members(one)) if one is not None and done else set()

    def exists(self, one: RecordList, record: str) -> bool:
        # The sandbox has lists of contacts only.
        return one.object_type == CONTACTS and self._contacts.get(record) is not None

    def add_members(self, one: RecordList, records: Iterable[str]) -> list[str]:
        """Add records. Return those that were not members before."""
        return finish_now(self.change(one, records, ()))[0]

    def take_out(self, one: RecordList, records: Iterable[str]) -> list[str]:
        """Remove records. Return those that were members before."""
        return finish_now(self.change(one, (), records))[1]

    def change(
        self, one: RecordList, added: Iterable[str], removed: Iterable[str]
    ) -> Generator[None, None, tuple[list[str], list[str]]]:
        """Remove and add records as one change of the size, in steps. Return those that changed."""
        now, new, gone = self._clock.time(), list[str](), list[str]()
        one.orders.clear()
        for number, record in enumerate(removed, 1):
            if one.joined.pop(record, None) is not None:
                one.present.pop(record, None)
                gone.append(record)
            if number % _CHANGED_AT_ONCE == 0:
                yield
        for number, record in enumerate(added, 1):
            if record not in one.joined:
                one.joined[record] = now
                one.first_joined.setdefault(record, now)
                if self._contacts.get(record) is not None:
                    one.present[record] = now
                new.append(record)
            if number % _CHANGED_AT_ONCE == 0:
                yield
        one.orders.clear()
        one.record_size(now)
        return new, gone

    def of_record(self, record: str) -> list[RecordList]:
        return [one for one in self.all() if record in self.members(one)]

    def _complete_processing(self, one: RecordList) -> None:
        """Apply what is due: filters and a planned conversion."""
        now = self._clock.time()
        if one.filters is None or now < one.ready:
            return
        if _is_filled_by_filters(one):
            # Set first: the filters of two lists may name each other.
            one.filled, ready = True, one.ready
            one.ready = float("inf")
            try:
                if one.filled_with != (self._contacts.changes, one.version) or names_lists(one.filters):
                    finish_now(self._fill(one, one.filters))
            finally:
                one.ready = ready
        if one.conversion is not None and now >= one.conversion.due:
            one.kind, one.converted_at, one.updated = SNAPSHOT, one.conversion.due, now

    def due_work(self) -> Steps:
        """Find the members of lists by their filters, in steps, where that takes long."""
        now = self._clock.time()
        for one in self.all():
            if one.filters is not None and now >= one.ready and self._takes_long(one, one.filters):
                yield from self._fill(one, one.filters)

    def _takes_long(self, one: RecordList, filters: JsonObject) -> bool:
        if not _is_filled_by_filters(one) or names_lists(filters):
            return False
        since = self._known_since(one, filters)
        untested = len(self._contacts) if since is None else self._contacts.changes - since
        return untested > _TESTED_AT_ONCE

    @staticmethod
    def _known_since(one: RecordList, filters: JsonObject) -> int | None:
        """Return the change of contacts since which they are to be tested; None for all contacts."""
        if one.filled_with is None or one.filled_with[1] != one.version or names_lists(filters):
            return None
        return one.filled_with[0]

    def _fill(self, filled: RecordList, filters: JsonObject) -> Steps:
        """Find the members of a list: test all contacts, or those that changed since they were tested."""
        before, state = filled.filled_with, (self._contacts.changes, filled.version)
        since = self._known_since(filled, filters)
        tested: Iterable[Contact] = self._contacts.live()
        left: set[str] = set()
        if since is not None:
            touched = sorted(self._contacts.touched_after(since), key=int)
            tested = (contact for one in touched if (contact := self._contacts.get(one)) is not None)
            left = {*touched}
        # Members of each list in the filters are read once, not once per contact.
        named: dict[str, set[str]] = {}

        def in_list(list_id: str, record: str) -> bool:
            if list_id not in named:
                named[list_id] = self.ids_in(list_id)
            return record in named[list_id]

        wanted = []
        for number, contact in enumerate(tested, 1):
            if passes(contact, filters, in_list):
                wanted.append(contact.id)
            if number % _STEP == 0:
                yield
        # Another request may have done it meanwhile, or changed the filters.
        if (filled.filled_with, filled.version) == (before, state[1]):
            left = (left if since is not None else set(filled.joined)).difference(wanted)
            yield from self.change(filled, wanted, left)
            filled.filled_with = state

    def snapshot(self) -> list[JsonObject]:
        now = self._clock.time()
        return [
            {**one.view(now, len(members)), "members": sorted(members)}
            for one, members in ((one, self.members(one)) for one in self.all())
        ]
