"""Casts of Marketo's engagement programs: content, cadence, and what members show."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from marketo_sends import Sender, fresh, sign_in
from marketo_tools import folder_param

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed
from airflow_provider_mkt.sandbox.marketo.programs.enrolment import change_cadence
from airflow_provider_mkt.sandbox.marketo.programs.models import PAUSED

WEEK = 7 * 86_400
MEMBERS = f"/v1/programs/{seed.NURTURE_PROGRAM}/members"
PEOPLE = (seed.ANNA, seed.BEN)


@pytest.fixture(scope="module")
def sender() -> Iterator[Sender]:
    with Sandbox(only="marketo") as running:
        yield sign_in(running)


@pytest.fixture
def api(sender: Sender) -> Sender:
    fresh(sender)
    sender.form(f"/asset/v1/email/{seed.DRAFT_EMAIL}/approveDraft.json")
    enrol(sender, *PEOPLE)
    return sender


def enrol(api: Sender, *people: int) -> None:
    body = {"statusName": "Member", "input": [{"leadId": number} for number in people]}
    assert api.post(f"{MEMBERS}/status.json", body)["success"]


def stream(api: Sender, name: str = seed.FIRST_STREAM, **change: Any) -> None:
    if change.get("cadence") in ("weekly", "monthly"):
        change["first_cast"] = f"{api.sandbox.clock.now() + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}"
    streams = [{"name": name, **change}]
    api.control("assets", {"type": "program", "id": seed.NURTURE_PROGRAM, "streams": streams})


def members(api: Sender, *names: str) -> dict[int, tuple[object, ...]]:
    """Return fields of the members by lead."""
    query = {"filterType": "leadId", "filterValues": "1001,1002,1003", "fields": ",".join(names)}
    rows = api.get(f"{MEMBERS}.json", **query)["result"]
    return {row["leadId"]: tuple(row.get(name) for name in names) for row in rows}


def mailed(api: Sender) -> list[tuple[int, int]]:
    rows = api.sandbox.marketo.outbox
    return [(int(row.person), int(row.email)) for row in rows if row.outcome != "dropped"]


def exhausted(api: Sender) -> dict[int, object]:
    return {number: value for number, (value,) in members(api, "isExhausted").items()}


def test_a_stream_without_a_cadence_sends_nothing(api: Sender) -> None:
    api.advance(5 * WEEK)
    assert mailed(api) == []
    assert members(api, "trackName", "nurtureCadence", "isExhausted") == dict.fromkeys(
        PEOPLE, (seed.FIRST_STREAM, "norm", False)
    )


def test_content_is_sent_in_order_one_a_cast_until_people_are_exhausted(api: Sender) -> None:
    content = [{"email_id": seed.APPROVED_EMAIL}, {"email_id": seed.DRAFT_EMAIL}]
    stream(api, content=content, cadence="weekly")
    api.advance(3700)
    assert mailed(api) == [(number, seed.APPROVED_EMAIL) for number in PEOPLE]
    assert exhausted(api) == dict.fromkeys(PEOPLE, False)
    enrol(api, seed.CARLA)
    api.advance(WEEK)
    assert mailed(api)[2:] == [
        (seed.ANNA, seed.DRAFT_EMAIL),
        (seed.BEN, seed.DRAFT_EMAIL),
        (seed.CARLA, seed.APPROVED_EMAIL),
    ]
    assert exhausted(api) == {seed.ANNA: True, seed.BEN: True, seed.CARLA: False}
    sent = api.activities(6)
    assert {row["primaryAttributeValueId"] for row in sent} == {seed.APPROVED_EMAIL, seed.DRAFT_EMAIL}
    api.advance(WEEK)
    assert mailed(api)[5:] == [(seed.CARLA, seed.DRAFT_EMAIL)]
    job = {"fields": ["leadId"], "filter": {"programId": seed.NURTURE_PROGRAM, "isExhausted": True}}
    made = api.client.post("/bulk/v1/program/members/export/create.json", json=job).json()["result"][0]
    path = f"/bulk/v1/program/members/export/{made['exportId']}"
    api.client.post(f"{path}/enqueue.json")
    api.advance(600)
    assert api.client.get(f"{path}/status.json").json()["result"][0]["numberOfRecords"] == 3
    # New content goes to those who were exhausted, at the next cast.
    name = {"name": "Third", "folder": folder_param(seed.EMAIL_FOLDER)}
    (third,) = api.form(f"/asset/v1/email/{seed.APPROVED_EMAIL}/clone.json", **name)["result"]
    assert api.form(f"/asset/v1/email/{third['id']}/approveDraft.json")["success"]
    stream(api, content=[*content, {"email_id": third["id"]}])
    api.advance(WEEK)
    assert [email for _, email in mailed(api)[6:]] == [third["id"]] * 3


def test_content_that_is_off_unapproved_or_out_of_its_dates_is_passed_over(api: Sender) -> None:
    now = api.sandbox.clock.now()
    over = f"{now - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}"
    ahead = f"{now + timedelta(days=10):%Y-%m-%dT%H:%M:%SZ}"
    content = [
        {"email_id": seed.APPROVED_EMAIL, "active": False},
        {"email_id": seed.NEWSLETTER_EMAIL, "available_until": over},
        {"email_id": seed.DRAFT_EMAIL, "available_from": ahead},
    ]
    stream(api, content=content, cadence="weekly")
    api.advance(3700)
    assert mailed(api) == []
    assert exhausted(api) == dict.fromkeys(PEOPLE, True)
    api.advance(2 * WEEK)
    assert {email for _, email in mailed(api)} == {seed.DRAFT_EMAIL}


def test_paused_people_and_programs_that_are_off_send_nothing(api: Sender) -> None:
    state = api.state
    program = state.programs[seed.NURTURE_PROGRAM]
    change_cadence(state, program, seed.ANNA, PAUSED, state.now())
    stream(api, cadence="weekly")
    api.advance(3700)
    assert mailed(api) == [(seed.BEN, seed.APPROVED_EMAIL)]
    assert members(api, "nurtureCadence", "isExhausted")[seed.ANNA] == ("paus", False)
    api.control("assets", {"type": "program", "id": seed.NURTURE_PROGRAM, "on": False})
    assert api.get(f"/asset/v1/program/{seed.NURTURE_PROGRAM}.json")["result"][0]["status"] == "off"
    enrol(api, seed.CARLA)
    api.advance(2 * WEEK)
    assert len(mailed(api)) == 1
    api.control("assets", {"type": "program", "id": seed.NURTURE_PROGRAM, "on": True})
    api.advance(WEEK)
    assert mailed(api)[1:] == [(seed.CARLA, seed.APPROVED_EMAIL)]


def test_people_who_are_dropped_get_the_same_content_at_the_next_cast(api: Sender) -> None:
    api.person(seed.ANNA, marketing_suspended=True)
    stream(api, cadence="monthly")
    api.advance(3700)
    assert api.dropped() == {seed.ANNA: "marketingSuspended"}
    assert exhausted(api) == {seed.ANNA: False, seed.BEN: True}
    api.person(seed.ANNA, marketing_suspended=False)
    api.advance(3 * WEEK)
    assert len(mailed(api)) == 1
    api.advance(WEEK)
    assert mailed(api)[1:] == [(seed.ANNA, seed.APPROVED_EMAIL)]


def test_communication_limits_hold_for_casts(api: Sender) -> None:
    api.configure(communication_limit_per_week=0)
    stream(api, cadence="weekly")
    api.advance(3700)
    assert api.dropped() == dict.fromkeys(PEOPLE, "communicationLimit")


def test_a_cadence_that_is_removed_stops_the_casts_and_a_first_cast_is_in_the_future(api: Sender) -> None:
    stream(api, cadence="weekly")
    stream(api, cadence="none")
    api.advance(2 * WEEK)
    assert mailed(api) == []
    past = {"name": seed.FIRST_STREAM, "cadence": "weekly", "first_cast": "2020-01-01T00:00:00Z"}
    body = {"type": "program", "id": seed.NURTURE_PROGRAM, "streams": [past]}
    assert api.client.post("/_sandbox/assets", json=body).status_code == 400


def test_an_engagement_program_is_created_on_until_a_hundred_are_and_its_clone_has_no_cadence(
    api: Sender,
) -> None:
    fields = {"type": "Engagement", "channel": "Nurture", "folder": folder_param(seed.PROGRAM_FOLDER)}
    (made,) = api.form("/asset/v1/programs.json", name="Second", **fields)["result"]
    assert made["status"] == "on"
    for number in range(98):
        copy = api.state.programs[made["id"]]
        api.state.programs[9000 + number] = copy
    (off,) = api.form("/asset/v1/programs.json", name="One too many", **fields)["result"]
    assert off["status"] == "off"
    stream(api, cadence="weekly")
    body = {"name": "Copy", "folder": folder_param(seed.PROGRAM_FOLDER)}
    (copied,) = api.form(f"/asset/v1/program/{seed.NURTURE_PROGRAM}/clone.json", **body)["result"]
    program = api.state.programs[copied["id"]]
    assert [one.cadence for one in program.streams] == ["none", "none"]
    assert program.streams[0].content == api.state.programs[seed.NURTURE_PROGRAM].streams[0].content
