"""The requests that calls about marketing events make in both profiles, and what each refuses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from client_tools import hubspot

from airflow_provider_mkt.client.call import Call, JsonBody, Quota, Replay
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.events import marketing_event_attendance as attendance
from airflow_provider_mkt.client.hubspot.events import marketing_event_lists as lists
from airflow_provider_mkt.client.hubspot.events import marketing_event_objects as objects
from airflow_provider_mkt.client.hubspot.events import marketing_event_participations as participations
from airflow_provider_mkt.client.hubspot.events import marketing_event_settings as settings
from airflow_provider_mkt.client.hubspot.events import marketing_events as events

JANE = "jane+1@example.com"
KEY = ("a/b c", "acc 1")
NOON = dt.datetime(2026, 7, 1, 14, tzinfo=dt.timezone(dt.timedelta(hours=2)))
ONE = NOON + dt.timedelta(hours=1)
NOON_TEXT, ONE_TEXT, NOON_MS = "2026-07-01T12:00:00.000Z", "2026-07-01T13:00:00.000Z", 1_782_907_200_000
ACCOUNT = (("externalAccountId", "acc 1"),)
PREFIXES = {
    "v3": "/marketing/v3/marketing-events",
    "2026-03": "/marketing/marketing-events/2026-03",
    "2026-09": "/marketing/marketing-events/2026-09",
}
READ, WRITE = ("crm.objects.marketing_events.read",), ("crm.objects.marketing_events.write",)

CREATED = {
    "externalEventId": "a/b c",
    "externalAccountId": "acc 1",
    "eventName": "N",
    "eventOrganizer": "O",
    "customProperties": [],
}
TIMED = {"startDateTime": NOON_TEXT, "endDateTime": ONE_TEXT}
ADA = {"contact_id": "7", "interaction_at": NOON}
ADA_SENT = {"vid": 7, "interactionDateTime": NOON_MS, "properties": {}}
JANE_SENT = {
    "email": JANE,
    "contactProperties": {},
    "interactionDateTime": NOON_MS,
    "properties": {},
}


def by_email(**more: Any) -> dict[str, Any]:
    return {"email": JANE, "interaction_at": NOON, **more}


def inputs(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"inputs": list(rows)}


REQUESTS: list[tuple[Call[Any], str, str, tuple[tuple[str, str], ...], Any]] = [
    (
        events.create(*KEY, name="N", organizer="O", start=NOON, end=ONE, custom_properties={"venue": "x"}),
        "POST",
        "/events",
        (),
        {**CREATED, **TIMED, "customProperties": [{"name": "venue", "value": "x"}]},
    ),
    (
        events.upsert(
            *KEY,
            name="N",
            organizer="O",
            event_type="WEBINAR",
            description="",
            url="https://example.com",
            cancelled=False,
            completed=True,
        ),
        "PUT",
        "/events/a%2Fb%20c",
        (),
        {
            **CREATED,
            "eventType": "WEBINAR",
            "eventDescription": "",
            "eventUrl": "https://example.com",
            "eventCancelled": False,
            "eventCompleted": True,
        },
    ),
    (
        events.upsert_batch(
            [
                {
                    "external_event_id": "a/b c",
                    "external_account_id": "acc 1",
                    "name": "N",
                    "organizer": "O",
                    "start": "2026-07-01T14:00:00+02:00",
                    "end": ONE,
                    "url": None,
                }
            ]
        ),
        "POST",
        "/events/upsert",
        (),
        inputs({**CREATED, **TIMED}),
    ),
    (events.get(*KEY), "GET", "/events/a%2Fb%20c", ACCOUNT, None),
    (
        events.update(*KEY, name="N", end=NOON),
        "PATCH",
        "/events/a%2Fb%20c",
        ACCOUNT,
        {"eventName": "N", "endDateTime": NOON_TEXT, "customProperties": []},
    ),
    (events.delete(*KEY), "DELETE", "/events/a%2Fb%20c", ACCOUNT, None),
    (
        events.delete_batch([{"app_id": "5", "external_account_id": "acc", "external_event_id": "e"}]),
        "POST",
        "/events/delete",
        (),
        inputs({"appId": 5, "externalAccountId": "acc", "externalEventId": "e"}),
    ),
    (events.cancel(*KEY), "POST", "/events/a%2Fb%20c/cancel", ACCOUNT, None),
    (events.complete(*KEY, start=NOON, end=ONE), "POST", "/events/a%2Fb%20c/complete", ACCOUNT, TIMED),
    (events.search("a/b c"), "GET", "/events/search", (("q", "a/b c"),), None),
    (objects.list(), "GET", "", (("limit", "100"),), None),
    (objects.find("a/b"), "GET", "/a%2Fb/identifiers", (), None),
    (objects.get("12"), "GET", "/12", (), None),
    (
        objects.update(12, cancelled=True),
        "PATCH",
        "/12",
        (),
        {"eventCancelled": True, "customProperties": []},
    ),
    (
        objects.update_batch([{"object_id": 12, "organizer": "O"}]),
        "POST",
        "/batch/update",
        (),
        inputs({"objectId": "12", "eventOrganizer": "O", "customProperties": []}),
    ),
    (objects.delete(12), "DELETE", "/12", (), None),
    (
        objects.delete_batch([12, "13"]),
        "POST",
        "/batch/archive",
        (),
        inputs({"objectId": "12"}, {"objectId": "13"}),
    ),
    (
        attendance.record_contacts(
            *KEY, "attend", [{**ADA, "joined_at": NOON, "left_at": ONE, "properties": {"room": "1"}}]
        ),
        "POST",
        "/attendance/a%2Fb%20c/attend/create",
        ACCOUNT,
        inputs({**ADA_SENT, "properties": {"room": "1", "joinedAt": NOON_TEXT, "leftAt": ONE_TEXT}}),
    ),
    (
        attendance.record_emails(*KEY, "register", [by_email(contact_properties={"city": "Oslo"})]),
        "POST",
        "/attendance/a%2Fb%20c/register/email-create",
        ACCOUNT,
        inputs({**JANE_SENT, "contactProperties": {"city": "Oslo"}}),
    ),
    (
        attendance.record_contacts_by_object_id(12, "cancel", [{"contact_id": 7, "interaction_at": NOON_MS}]),
        "POST",
        "/12/attendance/cancel/create",
        (),
        inputs(ADA_SENT),
    ),
    (
        attendance.record_emails_by_object_id("12", "register", [by_email()]),
        "POST",
        "/12/attendance/register/email-create",
        (),
        inputs(JANE_SENT),
    ),
    (
        attendance.upsert_contacts(*KEY, "register", [{**ADA, "interaction_at": str(NOON_MS)}]),
        "POST",
        "/events/a%2Fb%20c/register/upsert",
        ACCOUNT,
        inputs(ADA_SENT),
    ),
    (
        attendance.upsert_emails(*KEY, "register", [by_email()]),
        "POST",
        "/events/a%2Fb%20c/register/email-upsert",
        ACCOUNT,
        inputs(JANE_SENT),
    ),
    (participations.counters(*KEY), "GET", "/participations/acc%201/a%2Fb%20c", (), None),
    (participations.counters_by_object_id(12), "GET", "/participations/12", (), None),
    (
        participations.breakdown(*KEY, state="NO_SHOW", contact=JANE, limit=5),
        "GET",
        "/participations/acc%201/a%2Fb%20c/breakdown",
        (("state", "NO_SHOW"), ("contactIdentifier", JANE), ("limit", "5")),
        None,
    ),
    (
        participations.breakdown_by_object_id(12),
        "GET",
        "/participations/12/breakdown",
        (("limit", "100"),),
        None,
    ),
    (
        participations.of_contact(JANE, state="ATTENDED"),
        "GET",
        "/participations/contacts/jane%2B1%40example.com/breakdown",
        (("state", "ATTENDED"), ("limit", "100")),
        None,
    ),
    (lists.lists_of(*KEY), "GET", "/associations/acc%201/a%2Fb%20c/lists", (), None),
    (lists.lists_of_object_id(12), "GET", "/associations/12/lists", (), None),
    (lists.add(*KEY, 3), "PUT", "/associations/acc%201/a%2Fb%20c/lists/3", (), None),
    (lists.add_by_object_id(12, "3"), "PUT", "/associations/12/lists/3", (), None),
    (lists.remove(*KEY, 3), "DELETE", "/associations/acc%201/a%2Fb%20c/lists/3", (), None),
    (lists.remove_by_object_id(12, 3), "DELETE", "/associations/12/lists/3", (), None),
    (settings.get(5), "GET", "/5/settings", (), None),
    (
        settings.update("5", "https://example.com/%s"),
        "POST",
        "/5/settings",
        (),
        {"eventDetailsUrl": "https://example.com/%s"},
    ),
]


@pytest.mark.parametrize("profile", sorted(PREFIXES))
@pytest.mark.parametrize("row", REQUESTS, ids=lambda row: row[0].name)
def test_the_request(row: tuple[Any, ...], profile: str) -> None:
    call, method, tail, query, body = row
    request = hubspot(api_version=profile).build(call, "T")
    assert (request.method, urlsplit(request.url).path) == (method, PREFIXES[profile] + tail)
    assert request.query == query
    assert request.body == (None if body is None else JsonBody(body))


def test_every_call_is_tried_here() -> None:
    modules = (events, objects, attendance, participations, lists, settings)
    names = {
        f"{module.__name__.rpartition('.')[2]}.{name}"
        for module in modules
        for name, member in vars(module).items()
        if not name.startswith("_")
        and str(getattr(member, "__annotations__", {}).get("return")).startswith("Call[")
    }
    assert {row[0].name for row in REQUESTS} == names


def test_only_creating_is_verified_before_a_retry() -> None:
    assert {row[0].name for row in REQUESTS if row[0].replay is not Replay.SAFE} == {
        "marketing_events.create"
    }
    assert events.create(*KEY, name="N", organizer="O").replay is Replay.VERIFY


def test_every_call_draws_on_the_ten_second_window() -> None:
    assert {row[0].quota for row in REQUESTS} == {Quota.CALLS}


def test_reading_lists_takes_the_write_scope_and_settings_the_developers() -> None:
    scopes = {row[0].name: row[0].scopes for row in REQUESTS}
    assert scopes["marketing_event_lists.lists_of"] == WRITE
    assert scopes["marketing_event_settings.get"] == ("developers-read",)
    assert scopes["marketing_event_settings.update"] == ("developers-write",)
    assert scopes["marketing_events.search"] == READ


NAIVE = dt.datetime(2026, 7, 1)
WHOLE = {"external_event_id": "e", "external_account_id": "a", "name": "N", "organizer": "O"}
BAD: list[tuple[Callable[[], object], str]] = [
    (lambda: events.get("", "acc"), "external_event_id"),
    (lambda: events.get("search", "acc"), "external_event_id"),
    (lambda: events.get("e", " "), "external_account_id"),
    (lambda: events.create("e", "a", name=" ", organizer="O"), "name"),
    (lambda: events.create("e", "a", name="N", organizer=JANE, start=NAIVE), "start"),
    (lambda: events.upsert("e", "a", name="N", organizer="O", start=ONE, end=NOON), "end"),
    (lambda: events.upsert("..", "a", name="N", organizer="O"), "external_event_id"),
    (lambda: events.upsert("e", "a", name="N", organizer="O", cancelled=JANE), "cancelled"),  # type: ignore[arg-type]
    (
        lambda: events.upsert("e", "a", name="N", organizer="O", custom_properties={"venue": 5551234}),  # type: ignore[dict-item]
        "custom_properties.venue",
    ),
    (lambda: events.update("e", "a"), "name"),
    (lambda: events.update("e", "a", url=5551234), "url"),  # type: ignore[arg-type]
    (lambda: events.complete("e", "a", start=ONE, end=NOON), "end"),
    (lambda: events.complete("e", "a", start=None, end=NOON), "start"),  # type: ignore[arg-type]
    (lambda: events.complete("e", "a", start="9999-12-31T23:59:59-23:59", end=NOON), "start"),  # type: ignore[arg-type]
    (lambda: events.search(" "), "external_event_id"),
    (lambda: events.upsert_batch([]), "events"),
    (lambda: events.upsert_batch([WHOLE] * 101), "events"),
    (lambda: events.upsert_batch([WHOLE, WHOLE]), "events[1].external_event_id"),
    (lambda: events.upsert_batch([JANE]), "events[0]"),  # type: ignore[list-item]
    (lambda: events.upsert_batch([{**WHOLE, "organizer": None}]), "events[0].organizer"),
    (lambda: events.upsert_batch([{**WHOLE, "eventName": JANE}]), "events[0].eventName"),
    (lambda: events.upsert_batch([{**WHOLE, "start": "tomorrow"}]), "events[0].start"),
    (lambda: events.upsert_batch([{**WHOLE, "external_account_id": ""}]), "events[0].external_account_id"),
    (lambda: events.delete_batch([WHOLE]), "events[0].name"),
    (
        lambda: events.delete_batch([{"external_event_id": "e", "external_account_id": "a"}]),
        "events[0].app_id",
    ),
    (lambda: objects.get("events"), "object_id"),
    (lambda: objects.get(0), "object_id"),
    (lambda: objects.list(limit=101), "limit"),
    (lambda: objects.find(""), "external_event_id"),
    (lambda: objects.find("events"), "external_event_id"),
    (lambda: objects.update(1), "name"),
    (lambda: objects.update_batch([{"object_id": 1}]), "events[0]"),
    (lambda: objects.update_batch([{"object_id": 1, "completed": True}]), "events[0].completed"),
    (lambda: objects.update_batch([{"object_id": 1, "name": "N"}] * 2), "events[1].object_id"),
    (lambda: objects.delete_batch([1, JANE]), "object_ids[1]"),
    (lambda: attendance.record_contacts("e", "a", "REGISTERED", [ADA]), "state"),
    (lambda: attendance.record_contacts("e", "a", "register", []), "attendances"),
    (lambda: attendance.record_contacts("e", "a", "register", [ADA] * 101), "attendances"),
    (lambda: attendance.record_contacts("e", "", "register", [ADA]), "external_account_id"),
    (
        lambda: attendance.record_contacts("e", "a", "register", [{"contact_id": 7}]),
        "attendances[0].interaction_at",
    ),
    (
        lambda: attendance.record_contacts(
            "e", "a", "register", [{"contact_id": 7, "interaction_at": 1_782_907_200}]
        ),
        "attendances[0].interaction_at",
    ),
    (
        lambda: attendance.record_contacts("e", "a", "register", [{**ADA, "interaction_at": "9" * 5000}]),
        "attendances[0].interaction_at",
    ),
    (
        lambda: attendance.record_contacts("e", "a", "register", [{**ADA, "interaction_at": 10**15}]),
        "attendances[0].interaction_at",
    ),
    (
        lambda: attendance.record_contacts("e", "a", "register", [{**ADA, "interaction_at": NAIVE}]),
        "attendances[0].interaction_at",
    ),
    (
        lambda: attendance.record_contacts("e", "a", "register", [{**ADA, "contact_id": JANE}]),
        "attendances[0].contact_id",
    ),
    (
        lambda: attendance.record_contacts("e", "a", "register", [{**ADA, "joined_at": NOON}]),
        "attendances[0].joined_at",
    ),
    (
        lambda: attendance.record_contacts("e", "a", "attend", [{**ADA, "joined_at": ONE, "left_at": NOON}]),
        "attendances[0].left_at",
    ),
    (
        lambda: attendance.record_contacts_by_object_id(1, "attend", [{**ADA, "email": JANE}]),
        "attendances[0].email",
    ),
    (
        lambda: attendance.record_emails_by_object_id(1, "attend", [by_email(contact_properties={})]),
        "attendances[0].contact_properties",
    ),
    (lambda: attendance.record_emails("e", "a", "attend", [by_email(email="")]), "attendances[0].email"),
    (
        lambda: attendance.record_emails("e", "a", "attend", [by_email(properties={"n": 5551234})]),
        "attendances[0].properties.n",
    ),
    (lambda: attendance.upsert_emails("e", "a", "attend", [JANE]), "attendances[0]"),  # type: ignore[list-item]
    (lambda: participations.counters("breakdown", "a"), "external_event_id"),
    (lambda: participations.counters_by_object_id("a/b"), "object_id"),
    (lambda: participations.breakdown("e", "contacts"), "external_account_id"),
    (lambda: participations.breakdown("e", "a", state="register"), "state"),
    (lambda: participations.breakdown_by_object_id(1, contact=""), "contact"),
    (lambda: participations.of_contact("", limit=1), "contact"),
    (lambda: participations.of_contact(JANE, limit=0), "limit"),
    (lambda: lists.add("e", "a", JANE), "list_id"),
    (lambda: lists.remove_by_object_id("x", 1), "object_id"),
    (lambda: settings.get(2**31), "app_id"),
    (lambda: settings.update(1, "http://example.com/%s"), "event_details_url"),
    (lambda: settings.update(1, "https://example.com/"), "event_details_url"),
    (lambda: settings.update(1, "https://[%s"), "event_details_url"),
]


@pytest.mark.parametrize(("make", "field"), BAD)
def test_bad_input_is_refused_by_field_and_without_being_repeated(
    make: Callable[[], object], field: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        make()
    assert refusal.value.field == field
    for value in (JANE, "5551234", "tomorrow"):
        assert value not in f"{refusal.value!s} {vars(refusal.value)}"


class TestReading:
    def test_failures_inside_a_200_are_kept(self) -> None:
        call = attendance.record_contacts(*KEY, "register", [ADA])
        answer = {
            "status": "COMPLETE",
            "results": [{"vid": 7}],
            "numErrors": 1,
            "errors": [{"category": "OBJECT_NOT_FOUND", "message": "no", "context": {"ids": ["8"]}}],
        }
        done = call.read(answer)
        assert ([row.vid for row in done.results], done.errors[0].ids(), done.numErrors) == ([7], ["8"], 1)

    @pytest.mark.parametrize("envelope", [{}, {"status": "PENDING"}, {"status": "CANCELED", "results": []}])
    def test_a_batch_that_is_not_complete_is_not_read(self, envelope: dict[str, Any]) -> None:
        for call in (
            attendance.record_contacts(*KEY, "register", [ADA]),
            events.upsert_batch([WHOLE]),
            objects.update_batch([{"object_id": 1, "name": "N"}]),
        ):
            with pytest.raises(ValueError, match="status"):
                call.read(envelope)

    def test_an_answer_without_a_body_is_a_success_where_none_is_promised(self) -> None:
        for call in (
            events.delete_batch([{"app_id": 1, "external_account_id": "a", "external_event_id": "e"}]),
            objects.delete_batch([1]),
        ):
            assert call.read({}).errors == []
            with pytest.raises(ValueError, match="status"):
                call.read({"status": "PROCESSING"})

    @pytest.mark.parametrize("envelope", [{}, {"status": "COMPLETE", "results": [], "errors": []}])
    def test_a_contact_that_the_answer_does_not_name_is_an_error(self, envelope: dict[str, Any]) -> None:
        call = attendance.upsert_contacts(*KEY, "register", [ADA])
        (error,) = call.read(envelope).errors
        assert (error.category, error.ids()) == ("NOT_IN_ANSWER", [str(ADA["contact_id"])])
        with pytest.raises(ValueError, match="status"):
            call.read({"status": "PROCESSING"})

    @pytest.mark.parametrize("call", [objects.list(), participations.of_contact(JANE), lists.lists_of(*KEY)])
    def test_lists_are_paged_by_cursor(self, call: Call[Any]) -> None:
        page = call.next_page({"results": [], "paging": {"next": {"after": "Mg%3D%3D"}}})
        assert page is not None
        assert ("after", "Mg==") in page.query
        assert call.next_page({"results": []}) is None
