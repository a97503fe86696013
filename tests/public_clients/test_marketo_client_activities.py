"""marketorestpython: campaigns, the activities that they log, and usage."""

from __future__ import annotations

import datetime as dt

import pytest
from marketorestpython.client import MarketoClient

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed

SEND_EMAIL, CHANGE_DATA = "6", "13"


def long_ago(box: Sandbox) -> str:
    return (box.clock.now() - dt.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_requested_campaign_sends_and_its_activities_are_read(marketo: MarketoClient, box: Sandbox) -> None:
    call, since = marketo.execute, long_ago(box)
    assert call(method="request_campaign", id=seed.REQUEST_CAMPAIGN, leads=[seed.ANNA, seed.BEN]) is True
    box.clock.advance(600)
    sent = call(method="get_lead_activities", activityTypeIds=[SEND_EMAIL], sinceDatetime=since)
    assert {row["leadId"] for row in sent} == {seed.ANNA, seed.BEN}
    assert {row["primaryAttributeValueId"] for row in sent} == {seed.APPROVED_EMAIL}
    until = (box.clock.now() + dt.timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S")
    one = call(
        method="get_lead_activities",
        activityTypeIds=[SEND_EMAIL],
        sinceDatetime=since,
        untilDatetime=until,
        leadIds=[seed.ANNA],
    )
    assert [row["leadId"] for row in one] == [seed.ANNA]


def test_requesting_a_campaign_that_is_not_requestable_is_rejected(marketo: MarketoClient) -> None:
    with pytest.raises(Exception, match="1003"):
        marketo.execute(method="request_campaign", id=seed.BATCH_CAMPAIGN, leads=[seed.ANNA])


def test_a_batch_campaign_is_scheduled_and_sends_at_its_time(marketo: MarketoClient, box: Sandbox) -> None:
    call, since = marketo.execute, long_ago(box)
    at = (box.clock.now() + dt.timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M:%S+0000")
    assert call(method="schedule_campaign", id=seed.BATCH_CAMPAIGN, runAt=at, tokens={"my.Headline": "Now"})
    box.clock.advance(300)
    assert call(method="get_lead_activities", activityTypeIds=[SEND_EMAIL], sinceDatetime=since) == []
    box.clock.advance(600)
    sent = call(method="get_lead_activities", activityTypeIds=[SEND_EMAIL], sinceDatetime=since)
    assert {row["leadId"] for row in sent} == {seed.ANNA, seed.BEN, seed.CARLA}


def test_lead_changes_and_deletions_are_read_from_a_paging_token(
    marketo: MarketoClient, box: Sandbox
) -> None:
    call = marketo.execute
    token = call(method="get_paging_token", sinceDatetime=long_ago(box))
    call(method="create_update_leads", leads=[{"email": "anna.berg@example.com", "firstName": "Ann"}])
    call(method="delete_lead", id=[seed.BEN])
    box.clock.advance(120)
    changes = call(method="get_lead_changes", fields=["firstName"], nextPageToken=token)
    assert {row["leadId"] for row in changes} >= {seed.ANNA}
    assert changes[0]["fields"][0]["newValue"] == "Ann"
    gone = call(method="get_deleted_leads", nextPageToken=token)
    assert [row["leadId"] for row in gone] == [seed.BEN]
    pages = call(
        method="get_lead_activities_yield",
        activityTypeIds=[CHANGE_DATA],
        nextPageToken=token,
        batchSize=1,
        max_empty_more_results=3,
    )
    assert [row["leadId"] for page in pages for row in page] == [seed.ANNA]


def test_activity_types_are_listed(marketo: MarketoClient) -> None:
    types = {row["id"]: row["name"] for row in marketo.execute(method="get_activity_types")}
    assert types[int(SEND_EMAIL)] == "Send Email"


def test_a_custom_activity_is_defined_and_written(marketo: MarketoClient) -> None:
    call = marketo.execute
    call(
        method="create_custom_activity_type",
        apiName="attendedTalk",
        name="Attended Talk",
        triggerName="Attends Talk",
        filterName="Attended Talk",
        primaryAttributeApiName="talk",
        primaryAttributeName="Talk",
    )
    (created,) = call(method="approve_custom_activity_type", apiName="attendedTalk")
    row = {
        "leadId": seed.ANNA,
        "activityDate": "2026-11-01T10:00:00Z",
        "activityTypeId": created["id"],
        "primaryAttributeValue": "Opening",
        "attributes": [],
    }
    (written,) = call(method="add_custom_activities", input=[row])
    assert written["status"] == "added"


def test_the_usage_report_counts_the_calls(marketo: MarketoClient) -> None:
    call = marketo.execute
    before = call(method="get_daily_usage")[0]["total"]
    call(method="describe")
    assert call(method="get_daily_usage")[0]["total"] >= before + 1
    assert len(call(method="get_last_7_days_usage")) >= 1
    with pytest.raises(Exception, match="1004"):
        call(method="get_lead_by_id", id=999_999)
    assert call(method="get_daily_errors")[0]["total"] >= 1
    assert call(method="get_last_7_days_errors")
