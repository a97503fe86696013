"""Lists and planned conversions."""

from __future__ import annotations

from dataclasses import dataclass, field

from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

MANUAL, DYNAMIC, SNAPSHOT = "MANUAL", "DYNAMIC", "SNAPSHOT"
KINDS = (MANUAL, DYNAMIC, SNAPSHOT)
CONTACTS = "0-1"
_USER = "12345"


@dataclass(frozen=True, slots=True)
class Conversion:
    """When an active list is converted into a static one."""

    requested: JsonObject
    due: float


@dataclass(slots=True)
class RecordList:
    """One list. `joined` holds when each member was added, `ready` when its filters are processed."""

    id: str
    name: str
    object_type: str
    kind: str
    created: float
    updated: float
    ready: float
    filters: JsonObject | None = None
    filters_updated: float | None = None
    folder: str = "0"
    version: int = 1
    deleted_at: float | None = None
    filled: bool = False
    filled_with: tuple[int, int] | None = None
    """Changes of contacts, and version of the list, when its members were last found by its filters."""
    joined: dict[str, float] = field(default_factory=dict)
    present: dict[str, float] = field(default_factory=dict)
    """Those of `joined` that exist; the first `departures` of the contacts that left are taken out."""
    departures: int = 0
    orders: dict[bool, list[str]] = field(default_factory=dict)
    """Members in order, by time or by id; filled when needed."""
    first_joined: dict[str, float] = field(default_factory=dict)
    edits: list[float] = field(default_factory=list)
    """When its filters were set."""
    sizes: list[tuple[float, int]] = field(default_factory=list)
    more: JsonObject = field(default_factory=dict)
    conversion: Conversion | None = None
    converted_at: float | None = None

    def status(self, now: float) -> str:
        return "COMPLETE" if now >= self.ready else "PROCESSING"

    def view(self, now: float, size: int, *, filters: bool = False) -> JsonObject:
        # Only the search returns the properties that a client set.
        more = {name: value for name, value in self.more.items() if name != "customProperties"}
        view = {**self.brief(now), "size": size, **more}
        if filters and self.filters is not None:
            view["filterBranch"] = self.filters
        return view

    def brief(self, now: float) -> JsonObject:
        """Return the list as in search results."""
        view: JsonObject = {
            "listId": self.id,
            "name": self.name,
            "objectTypeId": self.object_type,
            "processingType": self.kind,
            "processingStatus": self.status(now),
            "listVersion": self.version,
            "createdAt": iso(self.created),
            "createdById": _USER,
            "updatedAt": iso(self.updated),
            "updatedById": _USER,
        }
        for name, moment in (("filtersUpdatedAt", self.filters_updated), ("deletedAt", self.deleted_at)):
            if moment is not None:
                view[name] = iso(moment)
        return view

    def record_size(self, now: float) -> None:
        """Record its size for the history."""
        if not self.sizes or self.sizes[-1][1] != len(self.joined):
            self.sizes.append((now, len(self.joined)))
