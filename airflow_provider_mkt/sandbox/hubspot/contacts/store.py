"""Contacts, with unique emails and unique values of some properties."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from airflow_provider_mkt.sandbox.hubspot.contacts.property_definitions import CONTACT_PROPERTIES, Property
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.clock import Clock
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

_HISTORY_RETENTION = 20
FIRST_ID = 90_001_000_001
EMAILS = ("email", "hs_additional_emails")


@dataclass(slots=True)
class Contact:
    """One contact. `history` holds (time, value) per property, the oldest first."""

    id: str
    created: float
    updated: float
    properties: dict[str, str] = field(default_factory=dict)
    history: dict[str, list[tuple[float, str]]] = field(default_factory=dict)
    archived_at: float | None = None
    trace: str | None = None
    removed: bool = False
    """Merged into another contact or deleted for GDPR: in no response any more."""
    merged: list[str] = field(default_factory=list)
    """Ids of contacts that were merged into this one."""
    associations: dict[str, list[str]] = field(default_factory=dict)
    """Ids of associated objects, by object type."""

    def identities(self) -> int:
        """Number of its addresses and of the contacts merged into it, which limits merging."""
        emails = [key for name in EMAILS for key in email_keys(name, self.properties.get(name, ""))]
        return len(emails) + len(self.merged)

    def value(self, name: str) -> str | None:
        """Return the value of a property, including those that the platform sets."""
        if name == "hs_object_id":
            return self.id
        if name == "createdate":
            return iso(self.created)
        if name in ("lastmodifieddate", "hs_lastmodifieddate"):
            return iso(self.updated)
        if name == "hs_email_domain":
            return self.properties.get("email", "").partition("@")[2] or None
        return self.properties.get(name)

    def as_of(self, moment: float) -> Contact | None:
        """Return the contact as it was at a time; None before it was created."""
        if self.created > moment:
            return None
        if self.updated <= moment:
            return self
        values = {name: [v for at, v in past if at <= moment] for name, past in self.history.items()}
        then = {name: past[-1] for name, past in values.items() if past and past[-1] != ""}
        changes = [at for past in self.history.values() for at, _ in past if at <= moment]
        return Contact(self.id, self.created, max(changes, default=self.created), then)


def email_keys(name: str, value: str) -> Iterator[tuple[str, str]]:
    """Return the index keys of a property that holds addresses."""
    if name == "email" and value.strip():
        yield "email", value.strip().lower()
    elif name == "hs_additional_emails":
        for part in value.split(";"):
            if part.strip():
                yield "email", part.strip().lower()


class ContactStore:
    """All contacts. Archived ones are kept, but their unique values are free."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ids = itertools.count(FIRST_ID)
        self._by_id: dict[str, Contact] = {}
        self._all: list[Contact] = []
        self._index: dict[tuple[str, str], str] = {}
        self._moved: dict[str, str] = {}
        self.blocked: set[str] = set()
        """Addresses that are blocked."""
        self.definitions: dict[str, Property] = dict(CONTACT_PROPERTIES)
        """Definitions of the contact properties, by name."""

    def define(self, one: Property) -> None:
        """Add a property."""
        self.definitions[one.name] = one

    def undefine(self, one: Property) -> None:
        """Remove a property. Values are kept, but not unique any more."""
        del self.definitions[one.name]
        self._index = {key: owner for key, owner in self._index.items() if key[0] != one.name}

    def keys_of(self, name: str, value: str) -> Iterator[tuple[str, str]]:
        """Return the index keys of a value of a unique property."""
        if name in EMAILS:
            yield from email_keys(name, value)
        elif name in self.definitions and self.definitions[name].unique:
            yield name, value

    def live(self, *, after: int = 0) -> Iterable[Contact]:
        """Return contacts that are not archived, by ascending id, with ids greater than `after`."""
        return (one for one in self._from(after) if one.archived_at is None and not one.removed)

    def archived(self, *, after: int = 0) -> Iterable[Contact]:
        """Return archived contacts, by ascending id, with ids greater than `after`."""
        return (one for one in self._from(after) if one.archived_at is not None and not one.removed)

    def _from(self, after: int) -> Iterator[Contact]:
        # Ids are consecutive, so the position of a contact follows from its id.
        return itertools.islice(self._all, max(0, after - FIRST_ID + 1), None)

    def get(self, contact_id: str, *, archived: bool = False) -> Contact | None:
        """Return a contact by id: a live one, or with `archived` an archived one."""
        contact = self._by_id.get(contact_id)
        return contact if contact is not None and (contact.archived_at is not None) is archived else None

    def survivor(self, contact_id: str) -> str:
        """Return the id of the contact that this one was merged into, or its own."""
        while contact_id in self._moved:
            contact_id = self._moved[contact_id]
        return contact_id

    def known(self, contact_id: str) -> bool:
        return contact_id in self._by_id

    def find(self, id_property: str | None, value: str) -> Contact | None:
        """Return a live contact by a unique property, or by id if no property is named."""
        if id_property in (None, "hs_object_id"):
            return self.get(value)
        for key in self.keys_of(str(id_property), value):
            if key in self._index:
                return self._by_id[self._index[key]]
        return None

    def holder(self, values: dict[str, str], exclude: str | None = None) -> Contact | None:
        """The contact, other than `but`, that already has one of these unique values."""
        for name, value in values.items():
            for key in self.keys_of(name, value) if value else ():
                owner = self._index.get(key)
                if owner is not None and owner != exclude:
                    return self._by_id[owner]
        return None

    def create(self, values: dict[str, str], trace: str | None = None) -> Contact:
        now = self._clock.time()
        contact = Contact(str(next(self._ids)), now, now, trace=trace)
        self._by_id[contact.id] = contact
        self._all.append(contact)
        self._write(contact, {name: value for name, value in values.items() if value != ""}, now)
        return contact

    def update(self, contact: Contact, values: dict[str, str]) -> None:
        """Set values; an empty value clears a property."""
        now = self._clock.time()
        contact.updated = now
        self._write(contact, values, now)

    def archive(self, contact: Contact) -> None:
        self._release(contact, contact.properties)
        contact.archived_at = self._clock.time()

    def merge(self, primary: Contact, other: Contact) -> None:
        """Merge a contact into another, whose values win; addresses of the first become additional ones."""
        self._remove(other)
        self._moved[other.id] = primary.id
        primary.merged += [other.id, *other.merged]
        for kind, ids in other.associations.items():
            primary.associations[kind] = list(dict.fromkeys([*primary.associations.get(kind, []), *ids]))
        emails = [
            key
            for one in (primary, other)
            for name in EMAILS
            for _, key in email_keys(name, one.properties.get(name, ""))
        ]
        kept = primary.properties.get("email") or other.properties.get("email", "")
        values = {name: value for name, value in other.properties.items() if name not in primary.properties}
        values["hs_additional_emails"] = ";".join(dict.fromkeys(one for one in emails if one != kept))
        self.update(primary, values)

    def erase(self, contact: Contact) -> None:
        """Delete a contact permanently."""
        self._remove(contact)
        for old in contact.merged:
            self._moved.pop(old, None)
        contact.properties, contact.history, contact.associations = {}, {}, {}

    def _remove(self, contact: Contact) -> None:
        self._release(contact, contact.properties)
        contact.removed = True
        del self._by_id[contact.id]

    def _write(self, contact: Contact, values: dict[str, str], now: float) -> None:
        for name, given in values.items():
            value = given.strip().lower() if name == "email" else given
            past = contact.history.setdefault(name, [])
            past.append((now, value))
            del past[:-_HISTORY_RETENTION]
            if name in contact.properties:
                self._release(contact, {name: contact.properties.pop(name)})
            if value != "":
                contact.properties[name] = value
        for name, value in contact.properties.items():
            for key in self.keys_of(name, value):
                self._index[key] = contact.id

    def _release(self, contact: Contact, values: dict[str, str]) -> None:
        for name, value in values.items():
            for key in self.keys_of(name, value):
                if self._index.get(key) == contact.id:
                    del self._index[key]

    def __len__(self) -> int:
        return sum(1 for _ in self.live())

    def snapshot(self) -> list[JsonObject]:
        return [
            {
                "id": contact.id,
                "createdAt": iso(contact.created),
                "updatedAt": iso(contact.updated),
                "archived": contact.archived_at is not None,
                "properties": contact.properties,
            }
            for contact in self._by_id.values()
        ]
