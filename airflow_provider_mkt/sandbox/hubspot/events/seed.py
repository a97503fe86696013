"""The marketing events of a new account, and the apps that made them."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.account.credential_store import Token
from airflow_provider_mkt.sandbox.hubspot.events.models import ATTENDED, REGISTERED, AppInfo
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotState
from airflow_provider_mkt.sandbox.hubspot.times import iso

AFTER = ("contacts",)

PRIVATE_APP_ID = 777100
READER_APP_ID = 777102

DEVELOPER_TOKEN = "pat-na1-sandbox-developer"  # noqa: S105
"""Token of the developer account, for the settings of apps only."""
DEVELOPER_SCOPES = frozenset({"developers-read", "developers-write"})

ACCOUNT = "webinars-1"
"""The account in the external system."""
WEBINAR = "webinar/2026-spring"
"""Starts tomorrow; one contact is registered. The slash is part of the id."""
WEBINAR_OBJECT = "500000000001"
PAST_WEBINAR = "webinar-2026-winter"
"""Took place yesterday; one contact attended, one did not."""
PAST_WEBINAR_OBJECT = "500000000002"
FOREIGN_EVENT = "conference-77"
"""Created by the OAuth app, so the private app can find it only by its object id."""
FOREIGN_EVENT_OBJECT = "500000000003"

_HOUR, _DAY = 3600.0, 86400.0


def fill(state: HubSpotState) -> None:
    """Add the apps that make events, the developer's token, three events and their participants."""
    events, now = state.events, state.clock.time()
    state.credentials.tokens[DEVELOPER_TOKEN] = Token(DEVELOPER_TOKEN, "developer", DEVELOPER_SCOPES)
    private, other = seed.PRIVATE_APP, f"oauth-{seed.OAUTH_APP_ID}"
    events.apps[private] = AppInfo(PRIVATE_APP_ID, "Sandbox private app")
    events.apps[seed.READER_APP] = AppInfo(READER_APP_ID, "Sandbox reader")
    events.apps[other] = AppInfo(seed.OAUTH_APP_ID, "Sandbox OAuth app")
    ahead = {
        "eventName": "Spring webinar",
        "eventOrganizer": "Example Ltd",
        "eventType": "WEBINAR",
        "startDateTime": iso(now + _DAY),
        "endDateTime": iso(now + _DAY + _HOUR),
    }
    past = {
        **ahead,
        "eventName": "Winter webinar",
        "startDateTime": iso(now - _DAY),
        "endDateTime": iso(now - _DAY + _HOUR),
    }
    foreign = {"eventName": "Partner conference", "eventOrganizer": "Partner Inc", "eventType": "CONFERENCE"}
    spring = events.create(private, ACCOUNT, WEBINAR, ahead, {"venue": "online"})
    winter = events.create(private, ACCOUNT, PAST_WEBINAR, past, {})
    conference = events.create(other, "partner-9", FOREIGN_EVENT, foreign, {})
    for event in (spring, winter, conference):
        # Old enough for the search index.
        event.created = event.updated = now - 7 * _DAY
    first, second = (contact.id for contact, _ in zip(state.contacts.live(), range(2), strict=False))
    booked = int((now - 5 * _DAY) * 1000)
    events.record(spring, first, REGISTERED, booked, {})
    events.record(winter, first, REGISTERED, booked, {})
    events.record(winter, second, REGISTERED, booked, {})
    stay = {"joinedAt": past["startDateTime"], "leftAt": iso(now - _DAY + _HOUR / 2)}
    events.record(winter, first, ATTENDED, int((now - _DAY) * 1000), stay)
    winter.complete(past["startDateTime"], past["endDateTime"])
