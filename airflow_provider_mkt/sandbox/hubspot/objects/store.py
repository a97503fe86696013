"""Records of one object type, with unique values of some properties."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from airflow_provider_mkt.sandbox.hubspot.objects.definitions import (
    Comparable,
    Problem,
    Property,
    problems_of,
)
from airflow_provider_mkt.sandbox.hubspot.objects.value_index import PropertyIndex
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.clock import Clock
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

_HISTORY_RETENTION = 20
ARCHIVE_RETENTION = 90 * 86_400.0
"""Seconds for which an archived record is kept."""
CHANGE_TIMES = ("hs_lastmodifieddate", "lastmodifieddate")
CREATION_TIMES = ("createdate", "hs_createdate")
MERGED_IDS = "hs_merged_object_ids"
OF_THE_PLATFORM = (*CHANGE_TIMES, *CREATION_TIMES, "hs_email_domain", MERGED_IDS, "hs_object_id")
"""Properties whose values are not stored, but follow from others."""


@dataclass(slots=True)
class Record:
    """One record. `history` holds (time, value) per property, the oldest first."""

    id: str
    created: float
    updated: float
    properties: dict[str, str] = field(default_factory=dict)
    history: dict[str, list[tuple[float, str]]] = field(default_factory=dict)
    archived_at: float | None = None
    trace: str | None = None
    removed: bool = False
    """Merged into another record or deleted for GDPR: in no response any more."""
    merged: list[str] = field(default_factory=list)
    """Ids of records that were merged into this one, and those that it had itself before."""
    merges: int = 0
    """How many records were merged into this one."""
    numbered: float = 0.0
    """When it got its id, where a merge has given it a new one."""

    def value(self, name: str) -> str | None:
        """Return the value of a property, including those that the platform sets."""
        if name == "hs_object_id":
            return self.id
        if name in CREATION_TIMES:
            return iso(self.created)
        if name in CHANGE_TIMES:
            return iso(self.updated)
        if name == MERGED_IDS:
            return ";".join(self.merged) or None
        if name == "hs_email_domain":
            return self.properties.get("email", "").partition("@")[2] or None
        return self.properties.get(name)

    def comparable(self, known: Property) -> Comparable | None:
        """Return the value of a property as it compares, or None if it has none."""
        name = known.name
        if name in CHANGE_TIMES or name in CREATION_TIMES:
            # As written: without what is less than a millisecond.
            at = self.created if name in CREATION_TIMES else self.updated
            return round(at * 1e6) // 1000 / 1000
        value = self.value(name)
        return None if value is None else known.comparable(value)

    @property
    def is_live(self) -> bool:
        """Whether it is neither archived nor removed."""
        return self.archived_at is None and not self.removed

    def as_of(self, moment: float) -> Record | None:
        """Return the record as it was at a time; None before it was created."""
        if self.created > moment or self.numbered > moment:
            return None
        if self.updated <= moment:
            return self
        values = {name: [v for at, v in past if at <= moment] for name, past in self.history.items()}
        then = {name: past[-1] for name, past in values.items() if past and past[-1] != ""}
        changes = [at for past in self.history.values() for at, _ in past if at <= moment]
        return Record(self.id, self.created, max(changes, default=self.created), then)


class RecordStore:
    """All records of one object type. Archived ones are kept, but their unique values are free.

    :param definitions: of the properties that a new account has.
    :param first_id: id of the first record; the others follow it.
    """

    def __init__(self, clock: Clock, definitions: Mapping[str, Property], first_id: int) -> None:
        self._clock = clock
        self._first_id = first_id
        self._ids = itertools.count(first_id)
        self._by_id: dict[str, Record] = {}
        self._all: list[Record] = []
        self._index: dict[tuple[str, str], str] = {}
        self._moved: dict[str, str] = {}
        self._heirs: dict[str, str] = {}
        self.changes = 0
        """How many changes there were, of values or of which records there are."""
        self.departed: list[str] = []
        """Ids of the records that were archived or removed, in that order."""
        self._touched: dict[str, int] = {}
        """The number of the last change of each record, in the order of these numbers."""
        self._live = 0
        self._last_change = 0.0
        self._by_change: dict[str, None] = {}
        """Ids in the order of their last change."""
        self.definitions: dict[str, Property] = dict(definitions)
        """Definitions of the properties, by name."""
        self._indexes: dict[str, PropertyIndex] = {}
        self._keyed: set[str] = set()
        """Names of the properties whose values have index keys."""
        for name, one in self.definitions.items():
            if one.unique:
                self._keyed.add(name)
                self.index_of(name)

    def define(self, one: Property) -> None:
        """Add a property."""
        self.definitions[one.name] = one
        self._indexes.pop(one.name, None)
        if one.unique:
            self._keyed.add(one.name)

    def undefine(self, one: Property) -> None:
        """Remove a property. Values are kept, but not unique any more."""
        del self.definitions[one.name]
        self._indexes.pop(one.name, None)
        self._keyed.discard(one.name)
        self._index = {key: owner for key, owner in self._index.items() if key[0] != one.name}

    def keys_of(self, name: str, value: str) -> Iterator[tuple[str, str]]:
        """Return the index keys of a value of a unique property."""
        if name in self.definitions and self.definitions[name].unique:
            yield name, value

    def keys_among(self, values: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        """Return the index keys of the unique ones among some values."""
        for name, value in values.items():
            if name in self._keyed and value:
                yield from self.keys_of(name, value)

    def problems(self, values: dict[str, str]) -> Iterable[Problem]:
        """Return all errors in a set of values."""
        return problems_of(values, self.definitions)

    def live(self, *, after: int = 0) -> Iterable[Record]:
        """Return records that are not archived, by ascending id, with ids greater than `after`."""
        return (one for one in self._from(after) if one.is_live)

    def index_of(self, name: str) -> PropertyIndex:
        """Return the index of a property that is stored. A new one is not complete if there are records."""
        if name not in self._indexes:
            self._indexes[name] = PropertyIndex(complete=not self._all)
        return self._indexes[name]

    def every(self) -> Iterator[Record]:
        """Return all records, also those that are archived or removed."""
        return self._from(0)

    def newest(self, count: int) -> list[Record]:
        """Return the last records that were created and are live, the newest first."""
        return list(itertools.islice((one for one in reversed(self._all) if one.is_live), count))

    def touched_after(self, change: int) -> Iterator[str]:
        """Return the ids of the records that a later change was about, the latest first.

        :param change: a value that `changes` had.
        """
        for record_id, number in reversed(self._touched.items()):
            if number <= change:
                return
            yield record_id

    def _touch(self, record: Record) -> None:
        self.changes += 1
        self._touched.pop(record.id, None)
        self._touched[record.id] = self.changes

    def changed_after(self, moment: float) -> Iterable[str]:
        """Return the ids of records that were changed after a time, the latest first."""
        for record_id in reversed(self._by_change):
            record = self._by_id.get(record_id)
            if record is None:
                continue
            if record.updated <= moment:
                return
            yield record_id

    def archived(self, *, after: int = 0) -> Iterable[Record]:
        """Return archived records, by ascending id, with ids greater than `after`."""
        return (one for one in self._from(after) if self._is_in_bin(one) and not one.removed)

    def _is_in_bin(self, record: Record) -> bool:
        return record.archived_at is not None and self._clock.time() <= record.archived_at + ARCHIVE_RETENTION

    def _from(self, after: int) -> Iterator[Record]:
        # Ids are consecutive, so the position of a record follows from its id.
        return itertools.islice(self._all, max(0, after - self._first_id + 1), None)

    def get(self, record_id: str, *, archived: bool = False) -> Record | None:
        """Return a record by id: a live one, or with `archived` an archived one."""
        record = self._by_id.get(record_id)
        if record is None or (record.archived_at is not None) is not archived:
            return None
        return record if not archived or self._is_in_bin(record) else None

    def survivor(self, record_id: str) -> str:
        """Return the id of the record that this one was merged into, or its own."""
        while record_id in self._moved:
            record_id = self._moved[record_id]
        return record_id

    def is_unique(self, name: str) -> bool:
        """Return whether a property has unique values."""
        return name in self.definitions and self.definitions[name].unique

    def known(self, record_id: str) -> bool:
        return record_id in self._by_id

    def find(self, id_property: str | None, value: str) -> Record | None:
        """Return a live record by a unique property, or by id if no property is named."""
        if id_property in (None, "hs_object_id"):
            return self.get(value)
        for key in self.keys_of(str(id_property), value):
            if key in self._index:
                return self._by_id[self._index[key]]
        return None

    def holder(self, values: dict[str, str], exclude: str | None = None) -> Record | None:
        """The record, other than `exclude`, that already has one of these unique values."""
        for key in self.keys_among(values):
            owner = self._index.get(key)
            if owner is not None and owner != exclude:
                return self._by_id[owner]
        return None

    def create(self, values: dict[str, str], trace: str | None = None, *, at: float | None = None) -> Record:
        """Add a record.

        :param at: when, if not now.
        """
        now = self._moment(at)
        record = Record(str(next(self._ids)), now, now, trace=trace)
        self._by_id[record.id] = record
        self._all.append(record)
        self._live += 1
        self._write(record, {name: value for name, value in values.items() if value != ""}, now)
        return record

    def update(self, record: Record, values: dict[str, str], *, at: float | None = None) -> None:
        """Set values; an empty value clears a property.

        :param at: when, if not now.
        """
        now = self._moment(at)
        record.updated = now
        self._write(record, values, now)

    def _moment(self, at: float | None) -> float:
        # Not before the last change: records are kept in the order of their changes.
        self._last_change = max(self._last_change, self._clock.time() if at is None else at)
        return self._last_change

    def archive(self, record: Record) -> None:
        self._depart(record)
        record.archived_at = self._clock.time()

    def merge(self, primary: Record, other: Record) -> None:
        """Merge a record into another, whose values win."""
        values = {name: value for name, value in other.properties.items() if name not in primary.properties}
        self.take_over(primary, other, values)

    def take_over(self, primary: Record, other: Record, values: dict[str, str]) -> None:
        """Remove a record in favour of another one, which gets some of its values."""
        self._remove(other)
        self._moved[other.id] = primary.id
        primary.merged += [other.id, *other.merged]
        primary.merges += 1 + other.merges
        self.update(primary, values)

    def renumber(self, record: Record) -> Record:
        """Give a record a new id, as a merge does. The old id then refers to the new one."""
        self._remove(record)
        now = self._moment(None)
        new = Record(
            str(next(self._ids)),
            record.created,
            now,
            dict(record.properties),
            record.history,
            trace=record.trace,
            merged=[record.id, *record.merged],
            merges=record.merges,
            numbered=now,
        )
        self._moved[record.id] = self._heirs[record.id] = new.id
        self._by_id[new.id] = new
        self._all.append(new)
        self._live += 1
        self._touch(new)
        self._by_change[new.id] = None
        for name, value in new.properties.items():
            if (index := self._indexes.get(name)) is not None:
                index.add(new.id, self.definitions[name].comparable(value))
        self._index.update(dict.fromkeys(self.keys_among(new.properties), new.id))
        return new

    def heir(self, record_id: str) -> str | None:
        """Return the id that a record got instead of its own, if it was given a new one."""
        return self._heirs.get(record_id)

    def erase(self, record: Record) -> None:
        """Delete a record permanently."""
        self._remove(record)
        for old in record.merged:
            self._moved.pop(old, None)
        record.properties, record.history = {}, {}

    def _remove(self, record: Record) -> None:
        self._depart(record)
        record.removed = True
        del self._by_id[record.id]
        self._by_change.pop(record.id, None)

    def _depart(self, record: Record) -> None:
        if record.is_live:
            self._live -= 1
            self.departed.append(record.id)
        self._touch(record)
        self._release(record, record.properties)

    def _write(self, record: Record, values: dict[str, str], now: float) -> None:
        self._touch(record)
        self._by_change.pop(record.id, None)
        self._by_change[record.id] = None
        for name, given in values.items():
            value = given.strip().lower() if name in ("email", "domain") else given
            if (known := self.definitions.get(name)) is not None:
                value = known.stored(record.properties.get(name, ""), value)
            self._reindex(record, name, value)
            past = record.history.setdefault(name, [])
            past.append((now, value))
            if len(past) > _HISTORY_RETENTION:
                del past[:-_HISTORY_RETENTION]
            if name in record.properties:
                self._release(record, {name: record.properties.pop(name)})
            if value != "":
                record.properties[name] = value
        self._index.update(dict.fromkeys(self.keys_among(record.properties), record.id))

    def _reindex(self, record: Record, name: str, value: str) -> None:
        index = self._indexes.get(name)
        if index is not None:
            key, before = self.definitions[name].comparable, record.properties.get(name)
            if before is not None:
                index.discard(record.id, key(before))
            if value != "":
                index.add(record.id, key(value))

    def _release(self, record: Record, values: dict[str, str]) -> None:
        for key in self.keys_among(values):
            if self._index.get(key) == record.id:
                del self._index[key]

    def __len__(self) -> int:
        return self._live

    def snapshot(self) -> list[JsonObject]:
        return [
            {
                "id": record.id,
                "createdAt": iso(record.created),
                "updatedAt": iso(record.updated),
                "archived": record.archived_at is not None,
                "properties": record.properties,
            }
            for record in self._by_id.values()
        ]
