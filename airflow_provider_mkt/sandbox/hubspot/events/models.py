"""One marketing event and who took part in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_mkt.sandbox.hubspot import times

REGISTERED, ATTENDED, CANCELLED, NO_SHOW = STATES = ("REGISTERED", "ATTENDED", "CANCELLED", "NO_SHOW")


@dataclass(frozen=True, slots=True)
class AppInfo:
    """The app that made an event."""

    id: int
    name: str


@dataclass(slots=True)
class Interaction:
    """One recorded state; `at` is the caller's own epoch milliseconds."""

    state: str
    at: int
    properties: dict[str, str]


@dataclass(slots=True)
class Participation:
    """What one contact had to do with one event. `stay` is only known once the event was completed."""

    id: str
    contact_id: str
    created: float
    interactions: list[Interaction] = field(default_factory=list)
    stay: int | None = None

    def record(self, state: str, at: int, properties: dict[str, str]) -> None:
        """Add an interaction. The same state at the same moment is the same interaction."""
        if not any((one.state, one.at) == (state, at) for one in self.interactions):
            self.interactions.append(Interaction(state, at, properties))

    def latest(self) -> Interaction:
        """The one that happened last, whenever it was reported; of two at one moment the later report."""
        return max(reversed(self.interactions), key=lambda one: one.at)

    def attended(self) -> bool:
        return any(one.state == ATTENDED for one in self.interactions)

    def measure(self) -> None:
        """Work out how long the contact stayed, as far as both ends of a stay were told."""
        stays: list[tuple[float, float]] = []
        for one in self.interactions:
            if one.state == ATTENDED:
                joined, left = (times.parse(one.properties.get(name, "")) for name in ("joinedAt", "leftAt"))
                if joined is not None and left is not None and left >= joined:
                    stays.append((joined, left))
        self.stay = int(sum(left - joined for joined, left in stays)) if stays else None


@dataclass(slots=True)
class Event:
    """One marketing event; `values` are the fields a caller may set, by the platform's names."""

    id: str
    app: str
    external_account_id: str
    external_event_id: str
    created: float
    updated: float
    values: dict[str, Any] = field(default_factory=dict)
    custom: dict[str, str] = field(default_factory=dict)
    participations: dict[str, Participation] = field(default_factory=dict)
    lists: dict[str, None] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return str(self.values.get("eventName", ""))

    def follow(self, survivor: Callable[[str], str]) -> None:
        """Hand what a contact did to the one that it was merged into."""
        for one in list(self.participations.values()):
            heir = survivor(one.contact_id)
            if heir == one.contact_id:
                continue
            del self.participations[one.contact_id]
            one.contact_id = heir
            kept = self.participations.setdefault(heir, one)
            if kept is not one:
                for each in one.interactions:
                    kept.record(each.state, each.at, each.properties)

    def moment(self, name: str) -> float | None:
        """A time among the values, in epoch seconds."""
        return times.parse(str(self.values[name])) if name in self.values else None

    def is_over(self, now: float) -> bool:
        """Whether it was completed and its end has passed: only then is it known who did not come."""
        end = self.moment("endDateTime")
        return bool(self.values.get("eventCompleted")) and (end is None or end <= now)

    def state_of(self, participation: Participation, now: float) -> tuple[str, int]:
        """The state of a participation and since when (epoch milliseconds).

        The documents leave open what a registration after an attendance means. Here the latest counts,
        and each contact under one state only, so that a client that adds up the counters notices.
        """
        latest = participation.latest()
        if latest.state == REGISTERED and not participation.attended() and self.is_over(now):
            end = self.moment("endDateTime")
            return NO_SHOW, int((end or self.updated) * 1000)
        return latest.state, latest.at

    def complete(self, start: str, end: str) -> None:
        """Close it. What is reported later has no duration until it is closed again."""
        self.values |= {"startDateTime": start, "endDateTime": end, "eventCompleted": True}
        for one in self.participations.values():
            one.measure()

    def length(self) -> float:
        """How long it took, in seconds; 0 where that is not known."""
        start, end = self.moment("startDateTime"), self.moment("endDateTime")
        return max(0.0, end - start) if start is not None and end is not None else 0.0
