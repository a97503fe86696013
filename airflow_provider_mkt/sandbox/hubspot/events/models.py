"""Marketing events and their participants."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from airflow_provider_mkt.sandbox.hubspot import times
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

REGISTERED, ATTENDED, CANCELLED, NO_SHOW = STATES = ("REGISTERED", "ATTENDED", "CANCELLED", "NO_SHOW")


@dataclass(frozen=True, slots=True)
class AppInfo:
    """The app that created an event."""

    id: int
    name: str


@dataclass(slots=True)
class Interaction:
    """One recorded state; `at` is the time in epoch milliseconds that the client gave."""

    state: str
    at: int
    properties: dict[str, str]


@dataclass(slots=True)
class Participation:
    """A contact's participation in an event. `stay` is set when the event is completed."""

    id: str
    contact_id: str
    created: float
    interactions: list[Interaction] = field(default_factory=list)
    stay: int | None = None

    def record(self, state: str, at: int, properties: dict[str, str]) -> None:
        """Add an interaction, unless there is one with the same state and time."""
        if not any((one.state, one.at) == (state, at) for one in self.interactions):
            self.interactions.append(Interaction(state, at, properties))

    def latest(self) -> Interaction:
        """Return the latest interaction by its own time; of two at the same time the one recorded later."""
        return max(reversed(self.interactions), key=lambda one: one.at)

    def attended(self) -> bool:
        return any(one.state == ATTENDED for one in self.interactions)

    def measure(self) -> None:
        """Set how long the contact stayed, if both ends are known."""
        stays: list[tuple[float, float]] = []
        for one in self.interactions:
            if one.state == ATTENDED:
                joined, left = (times.parse(one.properties.get(name, "")) for name in ("joinedAt", "leftAt"))
                if joined is not None and left is not None and left >= joined:
                    stays.append((joined, left))
        self.stay = int(sum(left - joined for joined, left in stays)) if stays else None


@dataclass(slots=True)
class Event:
    """One marketing event; `values` are the fields that a client can set."""

    id: str
    app: str
    external_account_id: str
    external_event_id: str
    created: float
    updated: float
    values: JsonObject = field(default_factory=dict)
    custom: dict[str, str] = field(default_factory=dict)
    participations: dict[str, Participation] = field(default_factory=dict)
    lists: dict[str, None] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return str(self.values.get("eventName", ""))

    def follow(self, survivor: Callable[[str], str]) -> None:
        """Move participations of merged contacts to the contact they were merged into."""
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
        """Return a time of the values, in epoch seconds."""
        return times.parse(str(self.values[name])) if name in self.values else None

    def is_over(self, now: float) -> bool:
        """Return whether it was completed and its end has passed: only then there are no-shows."""
        end = self.moment("endDateTime")
        return bool(self.values.get("eventCompleted")) and (end is None or end <= now)

    def state_of(self, participation: Participation, now: float) -> tuple[str, int]:
        """Return the state of a participation and its time in epoch milliseconds.

        What a registration after an attendance means is not documented. Here the latest interaction counts,
        and each contact has one state only.
        """
        latest = participation.latest()
        if latest.state == REGISTERED and not participation.attended() and self.is_over(now):
            end = self.moment("endDateTime")
            return NO_SHOW, int((end or self.updated) * 1000)
        return latest.state, latest.at

    def complete(self, start: str, end: str) -> None:
        """Complete the event. Attendances recorded later have no duration until it is completed again."""
        self.values |= {"startDateTime": start, "endDateTime": end, "eventCompleted": True}
        for one in self.participations.values():
            one.measure()

    def length(self) -> float:
        """Return its duration in seconds; 0 if it is not known."""
        start, end = self.moment("startDateTime"), self.moment("endDateTime")
        return max(0.0, end - start) if start is not None and end is not None else 0.0
