"""Every call about marketing events, over HTTP, blocking and on a loop, in both profiles."""

from __future__ import annotations

import datetime as dt
import inspect
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hubspot_runs import Runner

from airflow_provider_mkt.api.call import Call
from airflow_provider_mkt.api.hubspot import (
    marketing_event_attendance,
    marketing_event_lists,
    marketing_event_objects,
    marketing_event_participations,
    marketing_event_settings,
    marketing_events,
)
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.events import seeding

MODULES = (
    marketing_events,
    marketing_event_objects,
    marketing_event_attendance,
    marketing_event_participations,
    marketing_event_lists,
    marketing_event_settings,
)
ACCOUNT, OBJECT = seeding.ACCOUNT, seeding.WEBINAR_OBJECT
NOON = dt.datetime(2026, 7, 1, 12, tzinfo=dt.UTC)
ONE = dt.datetime(2026, 7, 1, 13, tzinfo=dt.UTC)
KEY = ("summit/2026", ACCOUNT)
_TIMES = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z|\b1\d{12}\b")


def walk() -> Iterator[Call[Any]]:
    """One event's life, by every call there is."""
    events, objects, attendance = marketing_events, marketing_event_objects, marketing_event_attendance
    lists, participations = marketing_event_lists, marketing_event_participations
    someone = {"contact_id": seed.CONTACT_IDS[0], "interaction_at": NOON}
    guest = {"email": "guest@example.com", "interaction_at": NOON, "contact_properties": {"city": "Oslo"}}
    ada = {"email": "ada@example.com", "interaction_at": ONE}
    yield events.create(*KEY, name="Summit", organizer="Us", start=NOON, end=ONE)
    yield events.upsert("second", ACCOUNT, name="Second", organizer="Us", custom_properties={"venue": "here"})
    yield events.upsert_batch(
        [
            {
                "external_event_id": KEY[0],
                "external_account_id": ACCOUNT,
                "name": "Summit 2026",
                "organizer": "Us",
                "start": "2026-07-01T12:00:00Z",
            }
        ]
    )
    yield events.update(*KEY, description="Two days", event_type="CONFERENCE")
    yield events.get(*KEY)
    yield events.search(KEY[0])
    yield objects.list_all(limit=2)
    yield objects.find(seeding.WEBINAR)
    yield objects.get(OBJECT)
    yield objects.update(OBJECT, name="Renamed")
    yield objects.update_batch([{"object_id": OBJECT, "url": "https://example.com"}])
    yield attendance.record_contacts(*KEY, "register", [someone])
    yield attendance.record_emails(*KEY, "register", [guest])
    yield attendance.record_contacts_by_object_id(OBJECT, "register", [someone])
    yield attendance.record_emails_by_object_id(
        OBJECT, "attend", [{**ada, "joined_at": NOON, "left_at": ONE, "properties": {"room": "1"}}]
    )
    yield attendance.upsert_contacts(*KEY, "attend", [{**someone, "interaction_at": ONE}])
    yield attendance.upsert_emails(*KEY, "cancel", [{"email": "guest@example.com", "interaction_at": ONE}])
    yield participations.counters(*KEY)
    yield participations.counters_by_object_id(OBJECT)
    yield participations.breakdown(*KEY, state="CANCELLED", contact="guest@example.com")
    yield participations.breakdown_by_object_id(OBJECT)
    yield participations.of_contact("ada@example.com", limit=1)
    yield lists.add(*KEY, seed.LIST_ID)
    yield lists.lists_of(*KEY)
    yield lists.remove(*KEY, seed.LIST_ID)
    yield lists.add_by_object_id(OBJECT, seed.LIST_ID)
    yield lists.lists_of_object_id(OBJECT)
    yield lists.remove_by_object_id(OBJECT, seed.LIST_ID)
    yield events.complete(*KEY, start=NOON, end=ONE)
    yield events.cancel(*KEY)
    yield marketing_event_settings.update(seed.OAUTH_APP_ID, "https://example.com/events/%s")
    yield marketing_event_settings.get(seed.OAUTH_APP_ID)
    yield events.delete("second", ACCOUNT)
    yield objects.delete(seeding.FOREIGN_EVENT_OBJECT)
    yield objects.delete_batch([seeding.PAST_WEBINAR_OBJECT])
    yield events.delete_batch(
        [
            {
                "app_id": seeding.PRIVATE_APP_ID,
                "external_account_id": ACCOUNT,
                "external_event_id": KEY[0],
            }
        ]
    )


def told(value: object) -> str:
    text = json.dumps(value, default=lambda model: model.model_dump(), sort_keys=True)
    return _TIMES.sub("0", text)


def run_all(box: Sandbox, profile: str, way: str) -> dict[str, str]:
    box.hubspot.reset()
    run = Runner(box.hubspot.url, profile, way)
    developer = run.with_token(seeding.DEVELOPER_TOKEN)
    return {call.name: told((developer if "settings" in call.name else run)(call)) for call in walk()}


@pytest.mark.parametrize("profile", ["v3", "2026-03"])
def test_every_call_gives_the_same_blocking_and_on_a_loop(box: Sandbox, profile: str) -> None:
    blocking = run_all(box, profile, "sync")
    assert run_all(box, profile, "async") == blocking
    assert len(box.hubspot.world.events) == 1
    assert box.hubspot.calls.all.by_status.keys() <= {200, 204}
    functions = {
        f"{module.__name__.rpartition('.')[2]}.{name}"
        for module in MODULES
        for name, member in inspect.getmembers(module, inspect.isfunction)
        if member.__module__ == module.__name__
        and not name.startswith("_")
        and str(member.__annotations__.get("return")).startswith("Call[")
    }
    assert set(blocking) == functions
    assert len(functions) == 36


def test_every_answer_holds_what_was_written(box: Sandbox) -> None:
    answers = {name: json.loads(text) for name, text in run_all(box, "v3", "sync").items()}
    shown = answers["marketing_events.get"]
    assert (shown["eventName"], shown["eventDescription"]) == ("Summit 2026", "Two days")
    assert shown["externalEventId"] == "summit/2026"
    (custom,) = answers["marketing_events.upsert"]["customProperties"]
    assert (custom["name"], custom["value"]) == ("venue", "here")
    assert answers["marketing_event_objects.find"][0]["objectId"] == OBJECT
    assert answers["marketing_event_participations.counters"] == {
        "registered": 0,
        "attended": 1,
        "cancelled": 1,
        "noShows": 0,
    }
    (row,) = answers["marketing_event_participations.breakdown"]
    assert row["associations"]["contact"]["email"] == "guest@example.com"
    assert answers["marketing_event_lists.lists_of"][0]["listId"] == seed.LIST_ID
    assert answers["marketing_events.complete"]["eventCompleted"] is True
    assert answers["marketing_events.cancel"]["eventCancelled"] is True
    assert answers["marketing_event_settings.get"]["eventDetailsUrl"].endswith("%s")
