"""Properties of contacts: HubSpot's own, and those that clients created."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_mkt.sandbox.hubspot.contacts.property_definitions import Property
from airflow_provider_mkt.sandbox.hubspot.contacts.store import ContactStore
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.clock import Clock
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

DEFAULT_GROUP = "contactinformation"


@dataclass(slots=True)
class Group:
    """A property group."""

    name: str
    label: str
    order: int = -1


class PropertyStore:
    """All groups, and the definitions of the contact store: a new property can be written at once."""

    def __init__(self, clock: Clock, contacts: ContactStore) -> None:
        self._clock = clock
        self._contacts = contacts
        self.archived: dict[str, Property] = {}
        self.groups = {DEFAULT_GROUP: Group(DEFAULT_GROUP, "Contact information")}

    def live(self) -> list[Property]:
        return list(self._contacts.definitions.values())

    def get(self, name: str, *, archived: bool = False) -> Property | None:
        return (self.archived if archived else self._contacts.definitions).get(name)

    def put(self, body: JsonObject) -> Property:
        """Create or replace a property from a checked body."""
        known = self.get(body["name"])
        now = iso(self._clock.time())
        created = now if known is None else known.custom["createdAt"]
        values = tuple(str(one["value"]) for one in body.get("options") or [])
        if body["type"] == "bool":
            values = ("true", "false")
        one = Property(
            body["name"],
            body["type"],
            values,
            unique=body.get("hasUniqueValue") is True,
            custom={**body, "createdAt": created, "updatedAt": now},
        )
        self._contacts.define(one)
        self.archived.pop(one.name, None)
        return one

    def archive(self, known: Property) -> None:
        self._contacts.undefine(known)
        self.archived[known.name] = Property(
            known.name,
            known.kind,
            known.options,
            unique=known.unique,
            custom={**known.custom, "archivedAt": iso(self._clock.time())},
        )

    def in_group(self, name: str) -> list[Property]:
        return [one for one in self.live() if one.custom.get("groupName", DEFAULT_GROUP) == name]

    def snapshot(self) -> JsonObject:
        return {
            "custom": [dict(one.custom) for one in self.live() if one.custom],
            "archived": list(self.archived),
            "groups": [one.name for one in self.groups.values()],
        }
