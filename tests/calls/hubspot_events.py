"""Scenes of marketing events: by the id of the system they come from, and by HubSpot's own."""

from __future__ import annotations

import datetime as dt

import pytest
from calls.hubspot_ways import Way
from calls.scenes import Scenes

from airflow_provider_mkt.client.errors import NotFound
from airflow_provider_mkt.client.hubspot.contacts import contacts
from airflow_provider_mkt.client.hubspot.events import (
    marketing_event_attendance,
    marketing_event_lists,
    marketing_event_objects,
    marketing_event_participations,
    marketing_event_settings,
    marketing_events,
)
from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.events import seed as at

SCENES = Scenes()
ADA, BRUNO = seed.CONTACT_IDS[:2]
KEY = ("summit/2026 +?", at.ACCOUNT)
NOON = dt.datetime(2026, 7, 1, 12, tzinfo=dt.UTC)
ONE = NOON + dt.timedelta(hours=1)
WEBINAR = at.WEBINAR_OBJECT


def summit(run: Way) -> str:
    """An event of one's own; its object id."""
    made = run(marketing_events.create(*KEY, name="Summit", organizer="Us", start=NOON, end=ONE))
    return str(made["objectId"])


@SCENES.show(marketing_events="create get update complete cancel delete")
def an_events_life(run: Way) -> None:
    summit(run)
    run(marketing_events.update(*KEY, description="Two days", custom_properties={"venue": "here"}))
    shown = run(marketing_events.get(*KEY))
    assert (shown["eventName"], shown["eventDescription"]) == ("Summit", "Two days")
    assert shown["externalEventId"] == KEY[0]
    run(marketing_events.complete(*KEY, start=NOON, end=ONE))
    assert run(marketing_events.get(*KEY))["eventCompleted"] is True
    run(marketing_events.cancel(*KEY))
    assert run(marketing_events.get(*KEY))["eventCancelled"] is True
    run(marketing_events.delete(*KEY))
    with pytest.raises(NotFound):
        run(marketing_events.get(*KEY))


@SCENES.show(marketing_events="upsert upsert_batch search delete_batch")
def events_are_written_over(run: Way) -> None:
    for name in ("Summit", "Summit 2"):
        run(marketing_events.upsert(*KEY, name=name, organizer="Us"))
    other = {"external_event_id": "fair", "external_account_id": KEY[1], "name": "Fair", "organizer": "Us"}
    renamed = {**other, "external_event_id": KEY[0], "name": "Summit 3", "start": "2026-07-01T12:00:00Z"}
    run(marketing_events.upsert_batch([other, renamed]))
    assert run(marketing_events.get(*KEY))["eventName"] == "Summit 3"
    run.wait(300)
    (found,) = run(marketing_events.search(KEY[0]))
    assert (found["externalEventId"], found["externalAccountId"]) == KEY
    ids = {"external_account_id": KEY[1], "app_id": at.PRIVATE_APP_ID}
    run(marketing_events.delete_batch([{**ids, "external_event_id": one} for one in (KEY[0], "fair")]))
    for gone in (KEY[0], "fair"):
        with pytest.raises(NotFound):
            run(marketing_events.get(gone, KEY[1]))


@SCENES.show(marketing_event_objects="get list find update delete")
def an_event_by_its_object_id(run: Way) -> None:
    made = summit(run)
    run.wait(300)
    (found,) = run(marketing_event_objects.find(KEY[0]))
    assert (found["objectId"], found["externalAccountId"]) == (made, KEY[1])
    assert made in [one["objectId"] for one in run.every(marketing_event_objects.list(limit=2))]
    run(marketing_event_objects.update(at.FOREIGN_EVENT_OBJECT, name="Renamed", custom_properties={"x": "1"}))
    assert run(marketing_event_objects.get(at.FOREIGN_EVENT_OBJECT))["eventName"] == "Renamed"
    run(marketing_event_objects.delete(made))
    with pytest.raises(NotFound):
        run(marketing_event_objects.get(made))


@SCENES.show(marketing_event_objects="update_batch delete_batch")
def a_batch_of_event_objects(run: Way) -> None:
    ids = [WEBINAR, at.FOREIGN_EVENT_OBJECT]
    run(marketing_event_objects.update_batch([{"object_id": one, "name": f"No. {one}"} for one in ids]))
    names = {one["objectId"]: one["eventName"] for one in run(marketing_event_objects.list())}
    assert {one: names[one] for one in ids} == {one: f"No. {one}" for one in ids}
    run(marketing_event_objects.delete_batch(ids))
    left = [one["objectId"] for one in run(marketing_event_objects.list())]
    assert left == [at.PAST_WEBINAR_OBJECT]


@SCENES.show(
    marketing_event_attendance="record_contacts record_emails upsert_contacts upsert_emails",
    marketing_event_participations="counters breakdown",
)
def people_come_to_an_event(run: Way) -> None:
    summit(run)
    ada = {"contact_id": ADA, "interaction_at": NOON}
    bruno = {"contact_id": BRUNO, "interaction_at": NOON}
    guest = {"email": "guest+1@example.com", "interaction_at": NOON, "contact_properties": {"city": "Oslo"}}
    for _ in range(2):
        # A repeat counts nobody twice.
        run(marketing_event_attendance.record_contacts(*KEY, "register", [ada, bruno]))
        run(marketing_event_attendance.record_emails(*KEY, "register", [guest]))
    made = run(contacts.get("guest+1@example.com", id_property="email", properties=["city"]))
    assert made["properties"]["city"] == "Oslo"
    assert counted(run) == {"registered": 3, "attended": 0, "cancelled": 0, "noShows": 0}
    stay = {"interaction_at": ONE, "joined_at": NOON, "left_at": ONE}
    run(marketing_event_attendance.upsert_contacts(*KEY, "attend", [{"contact_id": ADA, **stay}]))
    left = {"email": "guest+1@example.com", "interaction_at": ONE}
    run(marketing_event_attendance.upsert_emails(*KEY, "cancel", [left]))
    assert counted(run) == {"registered": 1, "attended": 1, "cancelled": 1, "noShows": 0}
    run(marketing_events.complete(*KEY, start=NOON, end=ONE))
    assert counted(run) == {"registered": 0, "attended": 1, "cancelled": 1, "noShows": 1}
    (who,) = run(marketing_event_participations.breakdown(*KEY, contact="guest+1@example.com"))
    assert who["properties"]["attendanceState"] == "CANCELLED"


def counted(run: Way) -> dict[str, int]:
    """The counters of the summit, which the lists of people and the event itself have to agree with."""
    counters = run(marketing_event_participations.counters(*KEY))
    for state, counter in (
        ("REGISTERED", "registered"),
        ("ATTENDED", "attended"),
        ("CANCELLED", "cancelled"),
        ("NO_SHOW", "noShows"),
    ):
        rows = run.every(marketing_event_participations.breakdown(*KEY, state=state, limit=1))
        assert len(rows) == counters[counter], state  # type: ignore[literal-required]
    event = run(marketing_events.get(*KEY))
    assert [event["registrants"], event["attendees"], event["cancellations"], event["noShows"]] == [
        counters["registered"],
        counters["attended"],
        counters["cancelled"],
        counters["noShows"],
    ]
    return dict(counters)


@SCENES.show(
    marketing_event_attendance="record_contacts_by_object_id record_emails_by_object_id",
    marketing_event_participations="counters_by_object_id breakdown_by_object_id of_contact",
)
def people_come_to_somebody_elses_event(run: Way) -> None:
    event = at.FOREIGN_EVENT_OBJECT
    attendance, participations = marketing_event_attendance, marketing_event_participations
    ada = {"contact_id": ADA, "interaction_at": NOON}
    bruno = {"email": "bruno@example.com", "interaction_at": NOON}
    run(attendance.record_contacts_by_object_id(event, "register", [ada]))
    run(attendance.record_emails_by_object_id(event, "attend", [bruno]))
    assert run(participations.counters_by_object_id(event)) == {
        "registered": 1,
        "attended": 1,
        "cancelled": 0,
        "noShows": 0,
    }
    rows = run.every(participations.breakdown_by_object_id(event, limit=1))
    shown = {
        row["associations"]["contact"]["contactId"]: row["properties"]["attendanceState"] for row in rows
    }
    assert shown == {ADA: "REGISTERED", BRUNO: "ATTENDED"}
    for who in (BRUNO, "bruno@example.com"):
        taken = run.every(participations.of_contact(who, state="ATTENDED", limit=1))
        assert [row["associations"]["marketingEvent"]["marketingEventId"] for row in taken] == [event]


@SCENES.show(
    marketing_event_lists="add lists_of remove add_by_object_id lists_of_object_id remove_by_object_id"
)
def lists_of_an_event(run: Way) -> None:
    events, key = marketing_event_lists, (at.WEBINAR, at.ACCOUNT)
    run(events.add(*key, seed.LIST_ID))
    for look in (events.lists_of(*key), events.lists_of_object_id(WEBINAR)):
        assert [one["listId"] for one in run(look)] == [seed.LIST_ID]
    run(events.remove_by_object_id(WEBINAR, seed.LIST_ID))
    assert run(events.lists_of(*key)) == []
    run(events.add_by_object_id(WEBINAR, seed.LIST_ID))
    assert len(run(events.lists_of(*key))) == 1
    run(events.remove(*key, seed.LIST_ID))
    assert run(events.lists_of_object_id(WEBINAR)) == []


@SCENES.show(marketing_event_settings="get update")
def where_the_details_of_events_are(run: Way) -> None:
    developer, address = run.by("developer"), "https://example.com/events/%s"
    developer(marketing_event_settings.update(seed.OAUTH_APP_ID, address))
    assert developer(marketing_event_settings.get(seed.OAUTH_APP_ID))["eventDetailsUrl"] == address
