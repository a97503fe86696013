"""Marketing events: ownership, keys, attendance, counters and errors."""

from __future__ import annotations

import datetime as dt
from typing import Any

import httpx
import pytest
from hubspot_runs import PROFILES_AND_WAYS, Runner

from airflow_provider_mkt.client.errors import (
    Conflict,
    InvalidRequest,
    NotFound,
    OutcomeUnknown,
    PermissionDenied,
)
from airflow_provider_mkt.client.hubspot.campaigns import campaign_assets
from airflow_provider_mkt.client.hubspot.contacts import contacts
from airflow_provider_mkt.client.hubspot.events import (
    marketing_event_attendance,
    marketing_event_lists,
    marketing_event_objects,
    marketing_event_participations,
    marketing_event_settings,
    marketing_events,
)
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.events import seed as seeding

ACCOUNT = seeding.ACCOUNT
WEBINAR = (seeding.WEBINAR, ACCOUNT)
PREFIXES = {
    "v3": "/marketing/v3/marketing-events",
    "2026-03": "/marketing/marketing-events/2026-03",
    "2026-09": "/marketing/marketing-events/2026-09",
}
WHEN = dt.datetime(2026, 7, 1, 12, tzinfo=dt.UTC)
NEW = {"name": "Open day", "organizer": "Us"}


@pytest.fixture(params=PROFILES_AND_WAYS, ids="-".join)
def run(request: pytest.FixtureRequest, box: Sandbox) -> Runner:
    return Runner(box.hubspot.url, *request.param)


@pytest.fixture(params=sorted(PREFIXES))
def events(request: pytest.FixtureRequest) -> str:
    return PREFIXES[str(request.param)]


def other_app(box: Sandbox, run: Runner) -> Runner:
    app = box.hubspot.state.credentials.apps[seed.OAUTH_CLIENT_ID]
    return run.with_token(box.hubspot.state.credentials.issue(app).value)


def attendance(contact: int, minute: int = 0, **more: Any) -> dict[str, Any]:
    at = WHEN + dt.timedelta(minutes=minute)
    return {"contact_id": seed.CONTACT_IDS[contact], "interaction_at": at, **more}


def counted(run: Runner, object_id: str) -> tuple[int, int, int, int]:
    states = run(marketing_event_participations.counters_by_object_id(object_id))
    return states["registered"], states["attended"], states["cancelled"], states["noShows"]


class TestOwnership:
    def test_an_event_of_another_app_is_found_only_by_its_object_id(self, run: Runner) -> None:
        theirs = (seeding.FOREIGN_EVENT, "partner-9")
        for call in (
            marketing_events.get(*theirs),
            marketing_events.cancel(*theirs),
            marketing_events.delete(*theirs),
            marketing_event_participations.counters(*theirs),
            marketing_event_lists.lists_of(*theirs),
            marketing_event_attendance.record_contacts(*theirs, "register", [attendance(0)]),
        ):
            with pytest.raises(NotFound):
                run(call)
        assert run(marketing_events.search(seeding.FOREIGN_EVENT)) == []
        shown = run(marketing_event_objects.get(seeding.FOREIGN_EVENT_OBJECT))
        assert shown["appInfo"]["id"] == str(seed.OAUTH_APP_ID)
        call = marketing_event_attendance.record_contacts_by_object_id(
            seeding.FOREIGN_EVENT_OBJECT, "register", [attendance(0)]
        )
        assert len(run(call).results) == 1
        assert counted(run, seeding.FOREIGN_EVENT_OBJECT) == (1, 0, 0, 0)

    def test_two_apps_can_have_events_with_the_same_ids(self, box: Sandbox, run: Runner) -> None:
        there = other_app(box, run)
        mine = run(marketing_events.upsert("same", ACCOUNT, **NEW))
        theirs = there(marketing_events.upsert("same", ACCOUNT, **NEW))
        assert mine["objectId"] != theirs["objectId"]
        box.clock.advance(600)
        assert len(run(marketing_event_objects.find("same"))) == 2

    def test_a_batch_delete_does_not_report_unknown_events(self, box: Sandbox, run: Runner) -> None:
        wrong = {
            "app_id": seed.OAUTH_APP_ID,
            "external_account_id": ACCOUNT,
            "external_event_id": seeding.WEBINAR,
        }
        assert run(marketing_events.delete_batch([wrong])).errors == []
        assert len(box.hubspot.state.events) == 3


class TestKeys:
    def test_a_repeated_upsert_keeps_one_event_and_its_other_fields(self, box: Sandbox, run: Runner) -> None:
        first = run(marketing_events.upsert("u", ACCOUNT, url="https://example.com", **NEW))
        again = run(marketing_events.upsert("u", ACCOUNT, name="Open days", organizer="Us"))
        assert again["objectId"] == first["objectId"]
        assert (again["eventName"], again["eventUrl"]) == ("Open days", "https://example.com")
        assert len(box.hubspot.state.events) == 4

    def test_creating_an_existing_event_is_a_conflict(self, box: Sandbox, run: Runner) -> None:
        with pytest.raises(Conflict):
            run(marketing_events.create(*WEBINAR, **NEW))
        assert len(box.hubspot.state.events) == 3

    def test_a_repeated_delete_is_not_found(self, run: Runner) -> None:
        assert run(marketing_events.delete(*WEBINAR)) is None
        with pytest.raises(NotFound):
            run(marketing_events.delete(*WEBINAR))

    def test_a_delete_succeeds_after_a_lost_response(self, box: Sandbox, run: Runner) -> None:
        box.hubspot.faults.add("*", method="DELETE", when="after", answer={"status": 502})
        reply = run.reply(marketing_events.delete(*WEBINAR))
        assert (reply.value, reply.ambiguous, reply.tries) == (None, True, 2)

    def test_unknown_custom_properties_are_ignored(self, run: Runner) -> None:
        made = run(
            marketing_events.upsert("c", ACCOUNT, custom_properties={"venue": "x", "nope": "y"}, **NEW)
        )
        assert [(one["name"], one["value"]) for one in made["customProperties"]] == [("venue", "x")]

    def test_an_external_id_is_found_after_the_index_lag(self, box: Sandbox, run: Runner) -> None:
        run(marketing_events.upsert("late", ACCOUNT, **NEW))
        assert run(marketing_event_objects.find("late")) == []
        assert [row["externalEventId"] for row in run(marketing_events.search("late"))] == ["late"]
        assert [row["externalEventId"] for row in run(marketing_events.search("lat"))] == ["late"]
        assert run(marketing_events.search("ate")) == []
        box.clock.advance(box.hubspot.settings.event_index_lag)
        assert [row["marketingEventName"] for row in run(marketing_event_objects.find("late"))] == [
            "Open day"
        ]

    def test_all_events_are_listed_page_by_page(self, run: Runner) -> None:
        pages = run.pages(marketing_event_objects.list(limit=2))
        assert [[row["objectId"] for row in page] for page in pages] == [
            [seeding.WEBINAR_OBJECT, seeding.PAST_WEBINAR_OBJECT],
            [seeding.FOREIGN_EVENT_OBJECT],
        ]


class TestBatches:
    def test_failures_of_an_upsert_are_reported_with_status_200(self, box: Sandbox, run: Runner) -> None:
        # Only the platform knows that this start is after the end of the event.
        late = {"start": "2099-01-01T00:00:00Z", "external_event_id": seeding.WEBINAR}
        rows = [{**NEW, "external_event_id": "b"}, {**NEW, **late}]
        reply = run.reply(
            marketing_events.upsert_batch([{**row, "external_account_id": ACCOUNT} for row in rows])
        )
        assert (len(reply.value.results), reply.value.numErrors) == (1, 1)
        assert reply.value.errors[0].ids() == [seeding.WEBINAR]
        assert box.hubspot.calls.recent[-1].status == 200
        assert len(box.hubspot.state.events) == 4

    def test_an_update_by_object_id_is_partial_with_207(self, box: Sandbox, run: Runner) -> None:
        rows = [{"object_id": seeding.WEBINAR_OBJECT, "name": "New"}, {"object_id": 1, "name": "None"}]
        done = run(marketing_event_objects.update_batch(rows))
        assert ([row.eventName for row in done.results], done.errors[0].ids()) == (["New"], ["1"])
        assert box.hubspot.calls.recent[-1].status == 207

    def test_a_delete_by_object_id_reports_unknown_ids(self, box: Sandbox, run: Runner) -> None:
        done = run(marketing_event_objects.delete_batch([seeding.WEBINAR_OBJECT, 7]))
        assert [error.ids() for error in done.errors] == [["7"]]
        assert box.hubspot.calls.recent[-1].status == 207
        assert len(box.hubspot.state.events) == 2

    def test_a_batch_with_a_duplicate_event_is_rejected_as_a_whole(
        self, box: Sandbox, api: httpx.Client, events: str
    ) -> None:
        one = {"externalAccountId": "a", "externalEventId": "e", "eventName": "n", "eventOrganizer": "o"}
        assert api.post(f"{events}/events/upsert", json={"inputs": [one, one]}).status_code == 400
        assert len(box.hubspot.state.events) == 3


class TestAttendance:
    def test_the_same_interaction_is_recorded_once(self, box: Sandbox, run: Runner) -> None:
        call = marketing_event_attendance.record_contacts(*WEBINAR, "attend", [attendance(1)])
        for _ in range(2):
            assert [row.vid for row in run(call).results] == [int(seed.CONTACT_IDS[1])]
        event = box.hubspot.state.events.get(seeding.WEBINAR_OBJECT)
        assert len(event.participations[seed.CONTACT_IDS[1]].interactions) == 1
        later = marketing_event_attendance.record_contacts(*WEBINAR, "attend", [attendance(1, 5)])
        run(later)
        assert len(event.participations[seed.CONTACT_IDS[1]].interactions) == 2
        assert counted(run, seeding.WEBINAR_OBJECT) == (1, 1, 0, 0)

    def test_the_latest_interaction_counts_whenever_it_is_recorded(self, run: Runner) -> None:
        run(marketing_event_attendance.record_contacts(*WEBINAR, "cancel", [attendance(2, 30)]))
        run(marketing_event_attendance.record_contacts(*WEBINAR, "register", [attendance(2, 0)]))
        assert counted(run, seeding.WEBINAR_OBJECT) == (1, 0, 1, 0)
        (row,) = run(marketing_event_participations.breakdown(*WEBINAR, contact=seed.CONTACT_IDS[2]))
        assert row["properties"] == {
            "attendanceState": "CANCELLED",
            "occurredAt": int((WHEN.timestamp() + 1800) * 1000),
        }

    def test_missing_contacts_are_created_by_one_endpoint_only(self, box: Sandbox, run: Runner) -> None:
        before = len(box.hubspot.state.contacts)
        guest = {"email": "Guest@Example.com", "interaction_at": WHEN}
        refused = run(
            marketing_event_attendance.record_emails_by_object_id(seeding.WEBINAR_OBJECT, "register", [guest])
        )
        assert (refused.results, refused.errors[0].ids()) == ([], ["Guest@Example.com"])
        run(marketing_event_attendance.upsert_emails(*WEBINAR, "register", [guest]))
        assert len(box.hubspot.state.contacts) == before
        assert counted(run, seeding.WEBINAR_OBJECT) == (1, 0, 0, 0)
        new = {**guest, "contact_properties": {"firstname": "Gus"}}
        made = run(marketing_event_attendance.record_emails(*WEBINAR, "register", [new]))
        shown = run(contacts.get("guest@example.com", id_property="email", properties=["firstname"]))
        assert shown["id"] == str(made.results[0].vid)
        assert shown["properties"]["firstname"] == "Gus"
        known = {**guest, "contact_properties": {"firstname": "Other"}}
        run(marketing_event_attendance.record_emails(*WEBINAR, "cancel", [known]))
        again = run(contacts.get(shown["id"], properties=["firstname"]))
        assert again["properties"]["firstname"] == "Gus"

    def test_failures_of_single_contacts_are_reported_with_status_200(
        self, box: Sandbox, run: Runner
    ) -> None:
        rows = [attendance(1), {"contact_id": 12, "interaction_at": WHEN}]
        done = run(marketing_event_attendance.record_contacts(*WEBINAR, "register", rows))
        assert ([row.vid for row in done.results], done.numErrors) == ([int(seed.CONTACT_IDS[1])], 1)
        assert done.errors[0].ids() == ["12"]
        bad = [{"email": "no address", "interaction_at": WHEN}]
        done = run(marketing_event_attendance.record_emails(*WEBINAR, "register", bad))
        assert (done.results, done.errors[0].category) == ([], "VALIDATION_ERROR")
        assert {call.status for call in box.hubspot.calls.recent} == {200}

    def test_the_guides_names_of_states_are_accepted_and_others_are_not(
        self, api: httpx.Client, events: str
    ) -> None:
        body = {"inputs": [{"vid": int(seed.CONTACT_IDS[3]), "interactionDateTime": 1_780_000_000_000}]}
        path = f"{events}/attendance/{seeding.PAST_WEBINAR}"
        assert api.post(f"{path}/REGISTERED/create", json=body).status_code == 200
        refused = api.post(f"{path}/came/create", json=body)
        assert (refused.status_code, refused.json()["category"]) == (400, "VALIDATION_ERROR")

    def test_without_the_account_an_ambiguous_id_is_rejected(
        self, run: Runner, api: httpx.Client, events: str
    ) -> None:
        for account in ("a", "b"):
            run(marketing_events.upsert("shared", account, **NEW))
        body = {"inputs": [{"vid": int(seed.CONTACT_IDS[3]), "interactionDateTime": 1_780_000_000_000}]}
        path = f"{events}/attendance/shared/register/create"
        assert api.post(path, json=body).status_code == 400
        assert api.post(path, json=body, params={"externalAccountId": "b"}).status_code == 200


class TestLostAnswers:
    def test_an_attendance_is_recorded_once(self, box: Sandbox, run: Runner) -> None:
        box.hubspot.faults.add("*", method="POST", when="after", answer={"status": 504})
        call = marketing_event_attendance.record_emails(
            *WEBINAR, "register", [{"email": "once@example.com", "interaction_at": WHEN}]
        )
        reply = run.reply(call)
        assert (len(reply.value.results), reply.tries) == (1, 2)
        assert counted(run, seeding.WEBINAR_OBJECT) == (2, 0, 0, 0)
        (row,) = run(marketing_event_participations.of_contact("once@example.com"))
        event = box.hubspot.state.events.get(seeding.WEBINAR_OBJECT)
        contact_id = row["associations"]["contact"]["contactId"]
        assert len(event.participations[contact_id].interactions) == 1

    def test_an_event_is_not_created_again(self, box: Sandbox, run: Runner) -> None:
        box.hubspot.faults.add("*", method="POST", when="after", answer={"status": 504})
        with pytest.raises(OutcomeUnknown):
            run(marketing_events.create("new", ACCOUNT, **NEW))
        assert box.hubspot.calls.total == 1
        assert len(run(marketing_events.search("new"))) == 1


class TestCompletion:
    def test_registered_contacts_become_no_shows_after_the_event(self, box: Sandbox, run: Runner) -> None:
        now = box.clock.now()
        start, end = now - dt.timedelta(minutes=30), now + dt.timedelta(minutes=30)
        made = run(marketing_events.upsert("live", ACCOUNT, start=start, end=end, **NEW))
        object_id = made["objectId"]
        rows = [attendance(number) for number in range(3)]
        run(marketing_event_attendance.record_contacts("live", ACCOUNT, "register", rows))
        stay = {"joined_at": start, "left_at": start + dt.timedelta(minutes=15)}
        run(marketing_event_attendance.record_contacts("live", ACCOUNT, "attend", [attendance(0, 1, **stay)]))
        run(marketing_event_attendance.record_contacts("live", ACCOUNT, "cancel", [attendance(1, 1)]))
        run(marketing_events.complete("live", ACCOUNT, start=start, end=end))
        assert counted(run, object_id) == (1, 1, 1, 0)
        box.clock.advance(1800)
        assert counted(run, object_id) == (0, 1, 1, 1)
        (attended,) = run(marketing_event_participations.breakdown_by_object_id(object_id, state="ATTENDED"))
        assert attended["properties"]["attendanceDurationSeconds"] == 900
        assert attended["properties"]["attendancePercentage"] == "25.0"
        shown = run(marketing_events.get("live", ACCOUNT))
        assert (shown["attendees"], shown["noShows"], shown["eventCompleted"]) == (1, 1, True)

    def test_an_attendance_after_completion_has_no_duration_until_the_next_completion(
        self, run: Runner
    ) -> None:
        key, object_id = (seeding.PAST_WEBINAR, ACCOUNT), seeding.PAST_WEBINAR_OBJECT
        start = WHEN
        stay = {"joined_at": start, "left_at": start + dt.timedelta(minutes=60)}
        run(marketing_event_attendance.record_contacts(*key, "attend", [attendance(3, **stay)]))
        requested = marketing_event_participations.breakdown_by_object_id(
            object_id, contact=seed.CONTACT_IDS[3]
        )
        assert "attendanceDurationSeconds" not in run(requested)[0]["properties"]
        run(marketing_events.complete(*key, start=start, end=start + dt.timedelta(hours=2)))
        assert run(requested)[0]["properties"]["attendanceDurationSeconds"] == 3600

    def test_events_of_a_contact_include_all_apps_page_by_page(self, run: Runner) -> None:
        call = marketing_event_attendance.record_contacts_by_object_id(
            seeding.FOREIGN_EVENT_OBJECT, "register", [attendance(0)]
        )
        run(call)
        requested = marketing_event_participations.of_contact("ada@example.com", limit=2)
        pages = run.pages(requested)
        assert [len(page) for page in pages] == [2, 1]
        names = {row["associations"]["marketingEvent"]["name"] for page in pages for row in page}
        assert names == {"Spring webinar", "Winter webinar", "Partner conference"}
        with pytest.raises(NotFound):
            run(marketing_event_participations.of_contact("nobody@example.com"))

    def test_participations_of_a_merged_contact_move_to_the_other_contact(
        self, box: Sandbox, run: Runner
    ) -> None:
        rows = [attendance(1), attendance(2, 1)]
        run(marketing_event_attendance.record_contacts(*WEBINAR, "register", rows))
        run(marketing_event_attendance.record_contacts(*WEBINAR, "attend", [attendance(2, 5)]))
        people = box.hubspot.state.contacts
        kept, merged = (people.get(seed.CONTACT_IDS[number]) for number in (1, 2))
        people.merge(kept, merged)
        assert counted(run, seeding.WEBINAR_OBJECT) == (1, 1, 0, 0)
        (row,) = run(marketing_event_participations.breakdown(*WEBINAR, state="ATTENDED"))
        assert row["associations"]["contact"]["contactId"] == kept.id
        run(marketing_event_attendance.record_contacts(*WEBINAR, "cancel", [attendance(1, 9)]))
        assert counted(run, seeding.WEBINAR_OBJECT) == (1, 0, 1, 0)


class TestLists:
    def test_associating_and_disassociating_can_be_repeated(self, box: Sandbox, run: Runner) -> None:
        for _ in range(2):
            run(marketing_event_lists.add(*WEBINAR, seed.LIST_ID))
        (shown,) = run(marketing_event_lists.lists_of_object_id(seeding.WEBINAR_OBJECT))
        assert (shown["listId"], shown["size"]) == (seed.LIST_ID, 3)
        assert shown["name"] == box.hubspot.state.lists.get(seed.LIST_ID).name
        for _ in range(2):
            run(marketing_event_lists.remove_by_object_id(seeding.WEBINAR_OBJECT, seed.LIST_ID))
        assert run(marketing_event_lists.lists_of(*WEBINAR)) == []

    def test_an_unknown_list_or_event_is_not_found(self, run: Runner) -> None:
        for call in (
            marketing_event_lists.add(*WEBINAR, 999),
            marketing_event_lists.add_by_object_id(9, 101),
        ):
            with pytest.raises(NotFound):
                run(call)


class TestAccess:
    def test_a_reader_reads_events_but_not_their_lists(self, run: Runner) -> None:
        reader = run.with_token(seed.READ_ONLY_TOKEN)
        assert len(reader.every(marketing_event_objects.list())) == 3
        for call in (
            marketing_event_lists.lists_of_object_id(seeding.WEBINAR_OBJECT),
            marketing_event_objects.delete(seeding.WEBINAR_OBJECT),
        ):
            with pytest.raises(PermissionDenied) as refusal:
                reader(call)
            assert refusal.value.missing == ("crm.objects.marketing_events.write",)

    def test_only_the_developer_token_reads_the_settings(self, run: Runner) -> None:
        app, url = seed.OAUTH_APP_ID, "https://example.com/%s"
        with pytest.raises(PermissionDenied) as refusal:
            run(marketing_event_settings.get(app))
        assert refusal.value.missing == ("developers-read",)
        developer = run.with_token(seeding.DEVELOPER_TOKEN)
        with pytest.raises(NotFound):
            developer(marketing_event_settings.get(app))
        assert developer(marketing_event_settings.update(app, url)) == {"appId": app, "eventDetailsUrl": url}
        assert developer(marketing_event_settings.get(app))["eventDetailsUrl"] == url
        with pytest.raises(NotFound):
            developer(marketing_event_settings.update(5, url))
        with pytest.raises(PermissionDenied):
            developer(marketing_event_objects.list())


REFUSED: list[tuple[str, str, dict[str, Any] | None]] = [
    ("POST", "/events", {"externalAccountId": "a", "externalEventId": "e", "eventName": "n"}),
    (
        "POST",
        "/events",
        {
            "externalAccountId": "a",
            "externalEventId": "e",
            "eventName": "n",
            "eventOrganizer": "o",
            "startDateTime": "soon",
        },
    ),
    (
        "PUT",
        "/events/x",
        {"externalAccountId": "a", "externalEventId": "e", "eventName": "n", "eventOrganizer": "o"},
    ),
    (
        "PUT",
        "/events/%20",
        {"externalAccountId": "a", "externalEventId": " ", "eventName": "n", "eventOrganizer": "o"},
    ),
    (
        "POST",
        "/500000000001/attendance/attend/email-create",
        {"inputs": [{"email": ["a@example.com"], "interactionDateTime": 1_780_000_000_000}]},
    ),
    ("GET", "/events/x", None),
    ("GET", "/events/search", None),
    ("PATCH", "/events/x?externalAccountId=a", {"eventCancelled": "yes"}),
    ("PATCH", "/500000000001", {"eventCompleted": True}),
    ("PATCH", "/500000000001", {"startDateTime": "2099-01-01T00:00:00Z"}),
    ("POST", "/events/x/complete?externalAccountId=a", {"endDateTime": "2026-01-01T00:00:00Z"}),
    ("POST", "/500000000001/attendance/attend/create", {"inputs": []}),
    ("POST", "/500000000001/attendance/attend/create", {"inputs": [{"vid": 1}]}),
    (
        "POST",
        "/500000000001/attendance/attend/create",
        {"inputs": [{"vid": 1, "interactionDateTime": "2026-01-01T00:00:00Z"}]},
    ),
    (
        "POST",
        "/500000000001/attendance/attend/create",
        {"inputs": [{"vid": 1, "interactionDateTime": 1_780_000_000_000}] * 101},
    ),
    (
        "POST",
        "/500000000001/attendance/attend/create",
        {"inputs": [{"vid": 90001000001, "interactionDateTime": 2**63}]},
    ),
    (
        "POST",
        "/events/delete",
        {"inputs": [{"appId": "mine", "externalAccountId": "a", "externalEventId": "b"}]},
    ),
    ("POST", "/events/delete", {"inputs": [{"appId": 1, "externalAccountId": [], "externalEventId": "b"}]}),
    ("POST", "/batch/archive", {"inputs": [{"objectId": ["500000000001"]}]}),
    ("PATCH", "/500000000001", {"customProperties": [{"name": "venue"}]}),
    (
        "POST",
        "/500000000001/attendance/attend/create",
        {"inputs": [{"vid": 90001000001, "interactionDateTime": 1, "properties": []}]},
    ),
    ("GET", "?limit=101", None),
    ("GET", "/participations/500000000001/breakdown?state=LATE", None),
]


@pytest.mark.parametrize(("method", "tail", "body"), REFUSED)
def test_invalid_requests_are_400(
    box: Sandbox, api: httpx.Client, events: str, method: str, tail: str, body: dict[str, Any] | None
) -> None:
    before = box.hubspot.state.events.snapshot()
    reply = api.request(method, events + tail, json=body) if body is not None else api.get(events + tail)
    assert (reply.status_code, reply.json()["category"]) == (400, "VALIDATION_ERROR")
    assert box.hubspot.state.events.snapshot() == before


def test_a_settings_url_must_be_https_with_a_placeholder_for_the_id(box: Sandbox, events: str) -> None:
    headers = {"Authorization": f"Bearer {seeding.DEVELOPER_TOKEN}"}
    for url in ("http://example.com/%s", "https://example.com/"):
        reply = httpx.post(
            f"{box.hubspot.url}{events}/{seed.OAUTH_APP_ID}/settings",
            json={"eventDetailsUrl": url},
            headers=headers,
            verify=False,
        )
        assert reply.status_code == 400


def test_the_list_of_all_is_also_at_the_path_of_the_schema(api: httpx.Client) -> None:
    shown = api.get("/marketing/marketing-events/v3").json()["results"]
    assert [row["objectId"] for row in shown] == [
        seeding.WEBINAR_OBJECT,
        seeding.PAST_WEBINAR_OBJECT,
        seeding.FOREIGN_EVENT_OBJECT,
    ]


def test_an_update_with_an_end_before_the_start_is_rejected(run: Runner) -> None:
    with pytest.raises(InvalidRequest):
        run(marketing_event_objects.update(seeding.PAST_WEBINAR_OBJECT, end=WHEN.replace(year=2020)))


def test_only_existing_events_can_be_assets_of_a_campaign(run: Runner) -> None:
    here = (seed.SPRING_CAMPAIGN, "MARKETING_EVENT")
    run(campaign_assets.add(*here, seeding.WEBINAR_OBJECT))
    assert [row["name"] for row in run(campaign_assets.list(*here))] == ["Spring webinar"]
    with pytest.raises(NotFound):
        run(campaign_assets.add(*here, "7"))


def test_the_page_and_the_snapshot_show_the_events(box: Sandbox, api: httpx.Client) -> None:
    (section,) = [one for one in box.hubspot.tables() if one.title == "Marketing events"]
    assert section.rows[1] == [
        seeding.PAST_WEBINAR_OBJECT,
        seeding.PAST_WEBINAR,
        "Winter webinar",
        "completed",
        "0",
        "1",
        "0",
        "1",
    ]
    assert [one["participations"][0]["state"] for one in box.hubspot.snapshot()["events"][:2]] == [
        "REGISTERED",
        "ATTENDED",
    ]
