"""Associations between records, their types and labels, and the limits that an administrator has set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from airflow_provider_mkt.sandbox.hubspot.objects.types import ObjectType
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

HUBSPOT, USER = "HUBSPOT_DEFINED", "USER_DEFINED"
CATEGORIES = (HUBSPOT, "INTEGRATOR_DEFINED", USER, "WORK")

# The ids of the default types, and of those that mark the primary record.
_DEFAULTS = {
    ("0-1", "0-1"): 449,
    ("0-1", "0-2"): 279,
    ("0-2", "0-1"): 280,
    ("0-1", "0-3"): 4,
    ("0-3", "0-1"): 3,
    ("0-3", "0-2"): 341,
    ("0-2", "0-3"): 342,
    ("0-1", "0-5"): 15,
    ("0-5", "0-1"): 16,
    ("0-2", "0-5"): 340,
    ("0-5", "0-2"): 339,
    ("0-3", "0-5"): 27,
    ("0-5", "0-3"): 28,
    ("0-2", "0-2"): 450,
    ("0-3", "0-3"): 451,
    ("0-5", "0-5"): 452,
}
_PRIMARY = {
    ("0-1", "0-2"): 1,
    ("0-2", "0-1"): 2,
    ("0-3", "0-2"): 5,
    ("0-2", "0-3"): 6,
    ("0-2", "0-5"): 25,
    ("0-5", "0-2"): 26,
}
_SINGLE = {("0-1", "0-2"), ("0-3", "0-2"), ("0-5", "0-2")}
"""Pairs of which the first has one primary record of the second at most."""
_FIRST_LABEL = 1
LABELS_PER_PAIR = 50

Key = tuple[str, str]
"""Type and id of a record."""


@dataclass(frozen=True, slots=True)
class AssociationType:
    """A kind of association from one object type to another.

    :param inverse: the id of the type in the other direction.
    """

    id: int
    category: str
    label: str | None
    inverse: int
    name: str = ""

    @property
    def is_primary(self) -> bool:
        return self.category == HUBSPOT and self.label == "Primary"

    def view(self) -> JsonObject:
        return {"category": self.category, "typeId": self.id, "label": self.label}


class AssociationStore:
    """All associations, kept in both directions."""

    def __init__(self) -> None:
        self._links: dict[Key, dict[Key, dict[tuple[str, int], AssociationType]]] = {}
        self._labels: dict[tuple[str, str], list[AssociationType]] = {}
        self._next_label = _FIRST_LABEL
        self._next_custom = 10_001
        self._custom: dict[tuple[str, str], int] = {}
        self.limits: dict[tuple[str, str, str, int], int] = {}
        """How many records one can be associated with, by both object types, category and type id."""

    def types(self, kind: ObjectType, other: ObjectType) -> list[AssociationType]:
        """Return the types of associations from one object type to another, the default one first."""
        pair, back = (kind.id, other.id), (other.id, kind.id)
        found = [AssociationType(self._default(pair), HUBSPOT, None, self._default(back))]
        if pair in _PRIMARY:
            found.append(AssociationType(_PRIMARY[pair], HUBSPOT, "Primary", _PRIMARY[back]))
        return found + self._labels.get(pair, [])

    def _default(self, pair: tuple[str, str]) -> int:
        if pair in _DEFAULTS:
            return _DEFAULTS[pair]
        if pair not in self._custom:
            self._custom[pair] = self._next_custom
            self._next_custom += 1
        return self._custom[pair]

    def find(
        self, kind: ObjectType, other: ObjectType, category: str, type_id: int
    ) -> AssociationType | None:
        every = self.types(kind, other)
        return next((one for one in every if (one.category, one.id) == (category, type_id)), None)

    def add_label(
        self, kind: ObjectType, other: ObjectType, name: str, label: str, inverse: str | None
    ) -> list[AssociationType]:
        """Add a label, in both directions.

        :param inverse: the label in the other direction; None for the same.
        """
        paired = inverse is not None and inverse != label
        one = self._next_label
        two = one + 1 if paired or kind is not other else one
        self._next_label = two + 1
        there = AssociationType(one, USER, label, two, name)
        back = AssociationType(two, USER, inverse or label, one, name)
        self._labels.setdefault((kind.id, other.id), []).append(there)
        if two != one:
            self._labels.setdefault((other.id, kind.id), []).append(back)
        return [there, back] if two != one else [there]

    def change_label(
        self, kind: ObjectType, other: ObjectType, one: AssociationType, label: str, inverse: str | None
    ) -> None:
        """Change the text of a label, and of its inverse where one is given.

        :param one: the label from the first type to the second.
        """
        self._replace((kind.id, other.id), one, replace(one, label=label))
        back = self.find(other, kind, one.category, one.inverse)
        if back is not None and back.id != one.id and inverse is not None:
            self._replace((other.id, kind.id), back, replace(back, label=inverse))

    def remove_label(self, kind: ObjectType, other: ObjectType, one: AssociationType) -> None:
        """Remove a label in both directions. Records that have it stay associated."""
        back = self.find(other, kind, one.category, one.inverse)
        self._replace((kind.id, other.id), one, None)
        if back is not None and back.id != one.id:
            self._replace((other.id, kind.id), back, None)

    def _replace(self, pair: tuple[str, str], old: AssociationType, new: AssociationType | None) -> None:
        labels = self._labels[pair]
        labels[labels.index(old) : labels.index(old) + 1] = [new] if new is not None else []
        for (kind, _), others in self._links.items():
            if kind != pair[0]:
                continue
            for (other, _), types in others.items():
                if (
                    other == pair[1]
                    and types.pop((old.category, old.id), None) is not None
                    and new is not None
                ):
                    types[new.category, new.id] = new

    def of(self, key: Key, other: ObjectType) -> dict[str, list[AssociationType]]:
        """Return the records of a type that a record is associated with, and how."""
        links = self._links.get(key, {})
        return {one: list(types.values()) for (kind, one), types in links.items() if kind == other.id}

    def room(
        self, kind: ObjectType, record: str, other: ObjectType, target: str, one: AssociationType
    ) -> bool:
        """Return whether a record may get one more association of a type."""
        limit = self.limits.get((kind.id, other.id, one.category, one.id))
        if limit is None:
            return True
        held = [
            to
            for to, types in self.of((kind.id, record), other).items()
            if any((each.category, each.id) == (one.category, one.id) for each in types)
        ]
        return target in held or len(held) < limit

    def link(
        self,
        kind: ObjectType,
        record: str,
        other: ObjectType,
        target: str,
        types: Iterable[AssociationType],
    ) -> list[AssociationType]:
        """Associate two records. The default type is always added. Returns all types in this direction."""
        here, there = (kind.id, record), (other.id, target)
        default = self.types(kind, other)[0]
        for one in (default, *types):
            if one.is_primary:
                self._only_primary(kind, record, other, target)
            back = self.find(other, kind, one.category, one.inverse) or one
            self._links.setdefault(here, {}).setdefault(there, {})[one.category, one.id] = one
            self._links.setdefault(there, {}).setdefault(here, {})[back.category, back.id] = back
        return list(self._links[here][there].values())

    def _only_primary(self, kind: ObjectType, record: str, other: ObjectType, target: str) -> None:
        """Take the mark from the earlier primary record, of the side that has one at most."""
        if (kind.id, other.id) in _SINGLE:
            key, side, keep = (kind.id, record), other, target
        else:
            key, side, keep = (other.id, target), kind, record
        for to in [one for one in self.of(key, side) if one != keep]:
            for a, b in ((key, (side.id, to)), ((side.id, to), key)):
                types = self._links[a][b]
                for mark in [name for name, one in types.items() if one.is_primary]:
                    del types[mark]

    def unlink(
        self,
        kind: ObjectType,
        record: str,
        other: ObjectType,
        target: str,
        types: Iterable[AssociationType] | None = None,
    ) -> None:
        """Remove the associations of two records, or only some types of them."""
        here, there = (kind.id, record), (other.id, target)
        held = self._links.get(here, {}).get(there)
        if held is None:
            return
        for one in list(held.values()) if types is None else types:
            held.pop((one.category, one.id), None)
            self._links[there][here].pop((one.category, one.inverse), None)
        if not held or types is None:
            self._links[here].pop(there, None)
            self._links[there].pop(here, None)

    def move(self, kind: ObjectType, old: str, new: str) -> None:
        """Give the associations of a record to the one that it was merged into."""
        for there, types in list(self._links.get((kind.id, old), {}).items()):
            if there != (kind.id, new):
                mine = self._links.setdefault((kind.id, new), {}).setdefault(there, {})
                theirs = self._links[there].setdefault((kind.id, new), {})
                mine.update({name: one for name, one in types.items() if not one.is_primary or not mine})
                theirs.update(self._links[there][kind.id, old])
        self.drop(kind, old)

    def drop(self, kind: ObjectType, record: str) -> None:
        """Remove all associations of a record."""
        for there in self._links.pop((kind.id, record), {}):
            self._links.get(there, {}).pop((kind.id, record), None)

    def pairs(self) -> Iterator[tuple[Key, Key, list[AssociationType]]]:
        """Return every association once."""
        for here, others in self._links.items():
            for there, types in others.items():
                if here <= there:
                    yield here, there, list(types.values())

    def snapshot(self) -> list[JsonObject]:
        return [
            {
                "from": {"objectTypeId": here[0], "id": here[1]},
                "to": {"objectTypeId": there[0], "id": there[1]},
                "types": [one.view() for one in types],
            }
            for here, there, types in self.pairs()
        ]
