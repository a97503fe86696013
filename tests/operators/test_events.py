"""Marketing events and their attendance: each has an outcome, and none is recorded twice."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow_runs import Airflow
from workers import RESET, Worker, context, until

from airflow_provider_mkt.operators.events import (
    CancelMarketingEventOperator,
    CompleteMarketingEventOperator,
    RecordAttendanceOperator,
    UpsertMarketingEventsOperator,
)
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.events import seed as hubspot
from airflow_provider_mkt.version_compat import AirflowFailException

pytestmark = pytest.mark.usefixtures("short_waits")

UPSERT = "*/events/upsert"
NOON = "2026-05-01T12:00:00+02:00"


def events(box: Sandbox) -> list[Any]:
    return [one for one in box.hubspot.state.events.all() if one.external_account_id == "a1"]


def wanted(count: int, **more: Any) -> list[dict[str, Any]]:
    return [
        {"external_event_id": f"e{number}", "name": f"Event {number}", "organizer": "Us", **more}
        for number in range(count)
    ]


def upserting(rows: Any, **more: Any) -> UpsertMarketingEventsOperator:
    arguments = {"conn_id": "hubspot_default", "event_defaults": {"external_account_id": "a1"}, **more}
    return UpsertMarketingEventsOperator(task_id="task", events=rows, **arguments)


def failed(operator: Any) -> tuple[dict[str, Any], str]:
    one = context()
    with pytest.raises(AirflowFailException) as raised:
        operator.execute(one)
    return one["ti"].pushed.get("return_value", {}), str(raised.value)


# -- events -------------------------------------------------------------------------------------------


def test_an_event_is_created_attended_and_completed_and_another_cancelled(
    airflow: Airflow, sandbox: Sandbox
) -> None:
    run = airflow.run(f"""
from airflow_provider_mkt.operators.events import (
    CancelMarketingEventOperator, CompleteMarketingEventOperator, RecordAttendanceOperator,
    UpsertMarketingEventsOperator,
)
on = {{"conn_id": "hubspot_default"}}
make = UpsertMarketingEventsOperator(task_id="make", **on, event_defaults={{"external_account_id": "a1"}},
    events="{{{{ params.events | tojson }}}}", params={{"events": {wanted(2, start=NOON)}}})
which = {{**on, "external_event_id": "e0", "external_account_id": "a1"}}
come = RecordAttendanceOperator(task_id="come", **which, state="attend",
    leads=[{{"email": "ada@example.com", "joined_at": "{NOON}", "left_at": "2026-05-01T10:30:00Z"}},
           {{"email": "new@example.com", "contact_properties": {{"firstname": "New"}}}}],
    constants={{"interaction_at": "{NOON}"}})
over = CompleteMarketingEventOperator(task_id="over", **which, started_at="{NOON}",
    ended_at="2026-05-01T11:00:00Z")
off = CancelMarketingEventOperator(task_id="off", **on, external_event_id="e1", external_account_id="a1")
make >> come >> over >> off
""")
    assert run.state == "success", run.log[-3000:]
    assert run.returned["make"] == {
        "outcome": "marketing_events",
        "platform": "hubspot",
        "total": 2,
        "written": 2,
        "rejected": 0,
        "reasons": {},
    }
    come = run.returned["come"]
    assert (come["outcome"], come["total"], come["recorded"]) == ("event_attendance", 2, 2)
    first, second = events(sandbox)
    assert run.returned["over"]["object_id"] == first.id
    assert sorted(one.stay or 0 for one in first.participations.values()) == [0, 1800]
    assert (first.values["eventCompleted"], second.values["eventCancelled"]) == (True, True)
    assert "@example.com" not in json.dumps(run.returned)


def test_events_are_written_with_the_older_dated_paths(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = {
        "conn_type": "hubspot",
        "host": sandbox.hubspot.url,
        "password": seed.TOKEN,
        "extra": {"api_version": "2026-03"},
    }
    monkeypatch.setenv("AIRFLOW_CONN_HUBSPOT_DEFAULT", json.dumps(connection))
    which = {"external_event_id": "e0", "external_account_id": "a1"}
    assert upserting(wanted(1)).execute(context())["written"] == 1
    assert recording(attendees(1), state="register", **which).execute(context())["recorded"] == 1
    off = CancelMarketingEventOperator(task_id="off", conn_id="hubspot_default", **which)
    assert off.execute(context())["object_id"] == events(sandbox)[0].id


def test_events_are_written_in_batches_of_100_and_a_second_run_changes_nothing(sandbox: Sandbox) -> None:
    for name in "ab":
        outcome = upserting(wanted(205)).execute(context(run=name))
        assert (outcome["total"], outcome["written"]) == (205, 205)
    assert len(events(sandbox)) == 205
    assert sandbox.hubspot.calls.of("POST", "/marketing/marketing-events/2026-09/events/upsert").total == 6


def test_each_rejected_event_has_its_reason_and_the_others_are_written(sandbox: Sandbox) -> None:
    # The platform compares with the stored end, so only the platform can reject it.
    upserting(wanted(1, end="2026-05-01T12:00:00Z")).execute(context(run="first"))
    rows = wanted(5)
    rows[0]["start"] = "2026-06-01T12:00:00Z"
    outcome, error = failed(upserting(rows))
    assert (outcome["written"], outcome["rejected"]) == (4, 1)
    assert list(outcome["reasons"]) == ["a1/e0"]
    assert "1 of 5 events were rejected: 'a1/e0': " in error
    assert len(events(sandbox)) == 5


def test_events_of_two_accounts_with_the_same_id_are_distinguished(sandbox: Sandbox) -> None:
    upserting(wanted(1, end="2026-05-01T12:00:00Z")).execute(context(run="first"))
    rows = wanted(1, start="2026-06-01T12:00:00Z") + wanted(1, external_account_id="a2")
    outcome, _ = failed(upserting(rows))
    assert list(outcome["reasons"]) == ["a1/e0"]


@pytest.mark.parametrize("answer", [RESET, {"status": 400, "body": '{"category": "VALIDATION_ERROR"}'}])
def test_a_lost_or_rejected_batch_has_the_same_outcome_as_one_without_faults(
    sandbox: Sandbox, answer: Any
) -> None:
    sandbox.hubspot.faults.add(UPSERT, method="POST", when="after", answer=answer)
    assert upserting(wanted(3)).execute(context())["written"] == 3
    assert len(events(sandbox)) == 3


@pytest.mark.usefixtures("from_templates")
@pytest.mark.parametrize(
    ("rows", "named"),
    [
        ([], "events: is empty"),
        ("e1", "events: must be a list"),
        ([1], r"events[0]: must be a mapping"),
        (wanted(1) * 2, "events[1].external_event_id: occurs twice"),
        ([{"external_event_id": "e", "organizer": "Us"}], "events[0].name: is missing"),
        (wanted(2, start="2026-01-01"), "events[0].start"),
        (wanted(1, colour="red"), "events[0].colour: is not a known field"),
    ],
)
def test_a_wrong_event_is_named_before_any_is_written(sandbox: Sandbox, rows: Any, named: str) -> None:
    assert named in failed(upserting(rows))[1]
    assert events(sandbox) == []


@pytest.mark.usefixtures("from_templates")
@pytest.mark.parametrize(
    ("operator", "named"),
    [
        (CancelMarketingEventOperator, "404"),
        (lambda **on: CompleteMarketingEventOperator(**on, started_at=NOON, ended_at=NOON), "404"),
        (
            lambda **on: CompleteMarketingEventOperator(**on, started_at=NOON, ended_at=""),
            "ended_at: is missing",
        ),
        (
            lambda **on: CompleteMarketingEventOperator(**on, started_at=NOON, ended_at="2026-05-01T09:00Z"),
            "ended_at: is before started_at",
        ),
    ],
)
def test_an_event_of_another_app_or_a_wrong_time_fails_without_retry(
    sandbox: Sandbox, operator: Any, named: str
) -> None:
    which = {"external_event_id": hubspot.FOREIGN_EVENT, "external_account_id": "partner-9"}
    assert named in failed(operator(task_id="t", conn_id="hubspot_default", **which))[1]


# -- attendance ---------------------------------------------------------------------------------------

CREATE = "/marketing/marketing-events/2026-09/attendance/{externalEventId}/{subscriberState}"


def recording(rows: Any, **more: Any) -> RecordAttendanceOperator:
    which = {"external_event_id": hubspot.WEBINAR, "external_account_id": hubspot.ACCOUNT}
    arguments = {"conn_id": "hubspot_default", "state": "attend", "leads": rows, **which, **more}
    return RecordAttendanceOperator(task_id="task", **arguments)


def interactions(box: Sandbox, state: str = "ATTENDED") -> int:
    event = box.hubspot.state.events.get(hubspot.WEBINAR_OBJECT)
    assert event is not None
    return sum(one.state == state for part in event.participations.values() for one in part.interactions)


def attendees(count: int) -> list[dict[str, Any]]:
    return [{"email": f"p{number}@example.com", "interaction_at": NOON} for number in range(count)]


def test_a_file_of_attendees_is_recorded_once_in_two_runs(sandbox: Sandbox, tmp_path: Path) -> None:
    source = tmp_path / "attendees.csv"
    rows = [f"p{number}@example.com,{NOON}" for number in range(250)]
    source.write_text("\n".join(["Mail,interaction_at", *rows, "nobody,", "not an address," + NOON]))
    more = {"source": str(source), "columns": {"Mail": "email"}, "max_rejected": "1%"}
    for name in "ab":
        outcome = recording(None, **more).execute(context(run=name))
        assert (outcome["total"], outcome["recorded"], outcome["rejected"]) == (252, 250, 2)
        assert outcome["reasons"]["KEY_MISSING"] == 1
    assert interactions(sandbox) == 250


def test_contacts_that_do_not_exist_are_rejected_and_the_others_recorded(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    contacts, path = sandbox.hubspot.state.contacts, tmp_path / "rejects.jsonl"
    merged, survivor, other = seed.CONTACT_IDS[:3]
    contacts.merge(contacts.get(survivor), contacts.get(merged))  # type: ignore[arg-type]
    rows = [{"contact_id": one, "interaction_at": 1_777_777_777_000} for one in (survivor, "123", other)]
    outcome, _ = failed(recording(rows, lookup_field="contact_id", rejects_path=str(path)))
    assert (outcome["recorded"], outcome["rejected"]) == (2, 1)
    assert json.loads(path.read_text())["record"]["contact_id"] == "123"
    assert interactions(sandbox) == 2


def test_an_event_of_any_app_is_found_by_object_id_and_no_contact_is_created(sandbox: Sandbox) -> None:
    known = len(list(sandbox.hubspot.state.contacts.live()))
    which = {"external_event_id": None, "external_account_id": None}
    rows = [{"email": "ada@example.com", "interaction_at": NOON}, *attendees(1)]
    outcome, _ = failed(recording(rows, state="register", object_id=hubspot.FOREIGN_EVENT_OBJECT, **which))
    assert (outcome["recorded"], outcome["rejected"]) == (1, 1)
    assert len(list(sandbox.hubspot.state.contacts.live())) == known


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_gives_one_record(sandbox: Sandbox, when: Any) -> None:
    sandbox.hubspot.faults.add("*/email-create", when=when, answer=RESET)
    assert recording(attendees(3)).execute(context())["recorded"] == 3
    assert interactions(sandbox) == 3


def test_a_worker_killed_while_it_records_and_its_next_try_record_once(sandbox: Sandbox) -> None:
    sandbox.hubspot.faults.add("*/email-create", when="after", delay=0.3)
    worker = Worker(recording(attendees(3)))
    until(lambda: sandbox.hubspot.calls.of("POST", f"{CREATE}/email-create").in_flight == 1)
    worker.kill()
    assert Worker(recording(attendees(3))).end()["result"]["recorded"] == 3
    assert interactions(sandbox) == 3


def test_a_contact_may_attend_twice(sandbox: Sandbox) -> None:
    later = datetime(2026, 5, 1, 15, tzinfo=UTC) + timedelta(minutes=1)
    rows = [*attendees(1), {"email": "P0@example.com", "interaction_at": later}, *attendees(1)]
    outcome = recording(rows).execute(context())
    assert (outcome["recorded"], outcome["skipped"]) == (2, 1)
    assert interactions(sandbox) == 2


@pytest.mark.usefixtures("from_templates")
@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"state": "attended"}, "state: must be one of register, attend, cancel"),
        ({"lookup_field": "vid"}, "lookup_field: must be one of email, contact_id"),
        ({"object_id": 5}, "external_event_id: give it together with"),
        ({"external_account_id": ""}, "external_event_id: give it together with"),
        ({"external_event_id": "nothing"}, "404"),
        ({"conn_id": "marketo_default"}, "not hubspot"),
        (
            {"leads": [{"email": "p@example.com", "interaction_at": 1_777_777_777}]},
            "1 of 1 lead was rejected",
        ),
    ],
)
def test_a_wrong_parameter_is_named_and_nobody_is_recorded(sandbox: Sandbox, more: Any, named: str) -> None:
    _, error = failed(
        recording(**{"rows": attendees(1), **more}) if "leads" not in more else recording(None, **more)
    )
    assert named in error
    assert interactions(sandbox) == 0
