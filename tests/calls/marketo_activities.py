"""Scenes of activities, their types, and what was called."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from calls.marketo_runners import CallRunner
from calls.scenes import Scenes

from airflow_provider_mkt.client.errors import InvalidRequest, NotFound
from airflow_provider_mkt.client.marketo.account import usage
from airflow_provider_mkt.client.marketo.activities import activities, custom_activity_types
from airflow_provider_mkt.client.marketo.leads import leads
from airflow_provider_mkt.sandbox.marketo import seed

SCENES = Scenes()
ANNA, BEN = seed.ANNA, seed.BEN
CHANGED = 13
SEEN = "webinarSeen"
MINUTES = {"apiName": "minutes", "name": "Minutes", "dataType": "integer"}


def token(run: CallRunner) -> str:
    return run(activities.paging_token(run.box.clock.now() - timedelta(hours=1)))


def make_type(run: CallRunner) -> int:
    """A custom type of activity, approved; its id."""
    made = run(
        custom_activity_types.create(
            SEEN,
            "Webinar Seen",
            trigger_name="Sees Webinar",
            filter_name="Saw Webinar",
            primary_attribute={"apiName": "webinar", "name": "Webinar", "dataType": "string"},
        )
    )
    run(custom_activity_types.add_attributes(SEEN, [MINUTES]))
    run(custom_activity_types.approve(SEEN))
    return made["id"]


@SCENES.show(activities="paging_token read lead_changes deleted_leads types")
def what_happened_to_leads(run: CallRunner) -> None:
    since = token(run)
    row = {"email": "anna.berg@example.com", "firstName": "Annika", "lastName": "Bergh"}
    run(leads.sync([row]))
    run(leads.delete([BEN]))
    assert CHANGED in [one["id"] for one in run(activities.types())]
    rows = run.every(activities.read(since, activity_type_ids=[CHANGED], lead_ids=[ANNA], batch_size=1))
    assert {one["leadId"] for one in rows} == {ANNA}
    changes = run.every(activities.lead_changes(since, fields=["firstName"], lead_ids=[ANNA], batch_size=1))
    assert [
        (field["oldValue"], field["newValue"])
        for one in changes
        if one["activityTypeId"] == CHANGED
        for field in one["fields"]
    ] == [("Anna", "Annika")]
    assert [one["leadId"] for one in run.every(activities.deleted_leads(since, batch_size=1))] == [BEN]


@SCENES.show(
    custom_activity_types="create add_attributes approve list get update update_attributes "
    "delete_attributes discard_draft delete"
)
def a_custom_type_of_activity(run: CallRunner) -> None:
    def draft() -> dict[str, Any]:
        return dict(run(custom_activity_types.get(SEEN, draft=True)))

    number = make_type(run)
    run(custom_activity_types.update(SEEN, display_name="Webinar Watched"))
    run(custom_activity_types.update_attributes(SEEN, [{"apiName": "minutes", "name": "Length"}]))
    assert (draft()["name"], draft()["attributes"][0]["name"]) == ("Webinar Watched", "Length")
    session = {"apiName": "session", "name": "Session", "dataType": "string"}
    run(custom_activity_types.update(SEEN, primary_attribute=session))
    assert draft()["primaryAttribute"]["apiName"] == "session"
    (listed,) = run(custom_activity_types.list())
    assert (listed["id"], listed["status"]) == (number, "approved with draft")
    run(custom_activity_types.delete_attributes(SEEN, ["minutes"]))
    assert draft()["attributes"] == []
    run(custom_activity_types.discard_draft(SEEN))
    shown = run(custom_activity_types.get(SEEN))
    assert (shown["name"], shown["attributes"], shown["status"]) == ("Webinar Seen", [MINUTES], "approved")
    assert number in [one["id"] for one in run(activities.types())]
    run(custom_activity_types.delete(SEEN))
    assert number not in [one["id"] for one in run(activities.types())]


@SCENES.show(activities="add_custom")
def custom_activities_are_added(run: CallRunner) -> None:
    since, number = token(run), make_type(run)
    seen = {
        "leadId": ANNA,
        "activityDate": run.box.clock.now(),
        "activityTypeId": number,
        "primaryAttributeValue": "Launch",
        "attributes": [{"apiName": "minutes", "value": 45}],
    }
    good, bad = run(activities.add_custom([seen, {**seen, "leadId": 999}]))
    assert (good.status, bad.status, bad.why().code) == ("added", "skipped", "1004")
    (row,) = run.every(activities.read(since, activity_type_ids=[number]))
    assert (row["leadId"], row["primaryAttributeValue"]) == (ANNA, "Launch")
    assert row["attributes"][0]["value"] == 45


@SCENES.show(usage="today last_7_days errors_today errors_last_7_days")
def what_was_called(run: CallRunner) -> None:
    before = run(usage.today())["total"]
    with pytest.raises(NotFound) as refusal:
        run(leads.get(999))
    with pytest.raises(InvalidRequest):
        run(leads.list("firstName", ["Anna"]))
    after = run(usage.today())
    assert after["total"] == sum(user["count"] for user in after["users"])
    assert after["total"] - before == 3
    errors = run(usage.errors_today())
    counts = {row["errorCode"]: row["count"] for row in errors["errors"]}
    assert counts == {refusal.value.code: 1, "1011": 1}
    assert errors["total"] == 2
    for week, today in ((usage.last_7_days(), after["date"]), (usage.errors_last_7_days(), errors["date"])):
        rows: list[Any] = run(week)
        assert len({row["date"] for row in rows}) == len(rows) == 7
        assert today in [row["date"] for row in rows]
