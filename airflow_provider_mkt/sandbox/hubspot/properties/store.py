"""Properties of an object type: HubSpot's own, and those that clients created."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_provider_mkt.sandbox.hubspot.objects.definitions import Property
from airflow_provider_mkt.sandbox.hubspot.objects.store import RecordStore
from airflow_provider_mkt.sandbox.hubspot.times import iso, parse
from airflow_provider_mkt.sandbox.server.clock import Clock
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

RETENTION = 90 * 86_400.0
"""How long an archived property is kept, in seconds."""


@dataclass(slots=True)
class Group:
    """A property group."""

    name: str
    label: str
    order: int = -1


class PropertyStore:
    """All groups, and the definitions of a record store: a new property can be written at once.

    :param group: the group of HubSpot's own properties.
    :param label: of that group.
    """

    def __init__(self, clock: Clock, records: RecordStore, group: str, label: str) -> None:
        self._clock = clock
        self._records = records
        self.archived: dict[str, Property] = {}
        self.default_group = group
        self.groups = {group: Group(group, label)}

    def live(self) -> list[Property]:
        return list(self._records.definitions.values())

    def get(self, name: str, *, archived: bool = False) -> Property | None:
        """Return a property; an archived one is kept for 90 days."""
        if archived:
            self._forget()
        return (self.archived if archived else self._records.definitions).get(name)

    def _forget(self) -> None:
        since = self._clock.time() - RETENTION
        kept = (one for one in self.archived.values() if (parse(one.custom["archivedAt"]) or 0.0) >= since)
        self.archived = {one.name: one for one in kept}

    def put(self, body: JsonObject) -> Property:
        """Create or replace a property from a checked body. One that was archived is restored."""
        known = self.get(body["name"]) or self.get(body["name"], archived=True)
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
            multiple=body["fieldType"] == "checkbox",
            custom={**body, "createdAt": created, "updatedAt": now},
        )
        self._records.define(one)
        self.archived.pop(one.name, None)
        return one

    def archive(self, known: Property) -> None:
        self._records.undefine(known)
        self.archived[known.name] = Property(
            known.name,
            known.kind,
            known.options,
            unique=known.unique,
            multiple=known.multiple,
            custom={**known.custom, "archivedAt": iso(self._clock.time())},
        )

    def in_group(self, name: str) -> list[Property]:
        return [one for one in self.live() if one.custom.get("groupName", self.default_group) == name]

    def snapshot(self) -> JsonObject:
        return {
            "custom": [dict(one.custom) for one in self.live() if one.custom],
            "archived": list(self.archived),
            "groups": [one.name for one in self.groups.values()],
        }
