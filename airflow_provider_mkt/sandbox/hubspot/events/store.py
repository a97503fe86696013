"""All marketing events, and the settings of the apps that create them."""

from __future__ import annotations

import itertools

from airflow_provider_mkt.sandbox.hubspot.events.models import AppInfo, Event, Participation
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.clock import Clock
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

FIRST_ID = 500_000_000_001
FIRST_APP = 777_201
FIRST_PARTICIPATION = 60_000_000_001

Key = tuple[str, str, str]


class EventStore:
    """All events, by object id, and by external ids per app."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ids = itertools.count(FIRST_ID)
        self._participations = itertools.count(FIRST_PARTICIPATION)
        self._apps = itertools.count(FIRST_APP)
        self._by_id: dict[str, Event] = {}
        self._by_key: dict[Key, Event] = {}
        self.apps: dict[str, AppInfo] = {}
        self.settings: dict[int, str] = {}
        """The URL for event details of each app, by app id."""

    def __len__(self) -> int:
        return len(self._by_id)

    def all(self) -> list[Event]:
        """Return all events by ascending id."""
        return list(self._by_id.values())

    def get(self, object_id: str) -> Event | None:
        return self._by_id.get(object_id)

    def find(self, app: str, account_id: str, event_id: str) -> Event | None:
        """Return the event that an app created with these external ids."""
        return self._by_key.get((app, account_id, event_id))

    def named(self, event_id: str, app: str | None = None) -> list[Event]:
        """Return events with an external event id, of all accounts, and of one app or all."""
        return [
            one
            for one in self._by_id.values()
            if one.external_event_id == event_id and app in (None, one.app)
        ]

    def beginning_with(self, text: str, app: str) -> list[Event]:
        """Return the events of an app whose external event id begins with a text."""
        own = (one for one in self._by_id.values() if one.app == app)
        return [one for one in own if one.external_event_id.startswith(text)]

    def create(
        self, app: str, account_id: str, event_id: str, values: JsonObject, custom: dict[str, str]
    ) -> Event:
        now = self._clock.time()
        # A test may have added a token with an app of its own.
        self.apps.setdefault(app, AppInfo(next(self._apps), app))
        event = Event(str(next(self._ids)), app, account_id, event_id, now, now, values, custom)
        self._by_id[event.id] = event
        self._by_key[app, account_id, event_id] = event
        return event

    def update(self, event: Event, values: JsonObject, custom: dict[str, str]) -> None:
        """Set fields; the others do not change."""
        event.values |= values
        event.custom |= custom
        event.updated = self._clock.time()

    def complete(self, event: Event, start: str, end: str) -> None:
        event.complete(start, end)
        event.updated = self._clock.time()

    def remove(self, event: Event) -> None:
        self._by_id.pop(event.id, None)
        self._by_key.pop((event.app, event.external_account_id, event.external_event_id), None)

    def record(
        self, event: Event, contact_id: str, state: str, at: int, properties: dict[str, str]
    ) -> Participation:
        """Record that a contact registered, attended or cancelled."""
        participation = event.participations.get(contact_id)
        if participation is None:
            number = str(next(self._participations))
            participation = Participation(number, contact_id, self._clock.time())
            event.participations[contact_id] = participation
        participation.record(state, at, properties)
        return participation

    def app_of(self, event: Event) -> AppInfo:
        return self.apps[event.app]

    def snapshot(self) -> list[JsonObject]:
        now = self._clock.time()
        return [
            {
                "objectId": one.id,
                "app": one.app,
                "externalAccountId": one.external_account_id,
                "externalEventId": one.external_event_id,
                "createdAt": iso(one.created),
                "updatedAt": iso(one.updated),
                **one.values,
                "customProperties": one.custom,
                "lists": list(one.lists),
                "participations": [
                    {
                        "contactId": each.contact_id,
                        "state": one.state_of(each, now)[0],
                        "interactions": len(each.interactions),
                        "durationSeconds": each.stay,
                    }
                    for each in one.participations.values()
                ],
            }
            for one in self._by_id.values()
        ]
