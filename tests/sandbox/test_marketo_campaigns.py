"""Smart campaigns: request, schedule, activate and clone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from marketo_tools import Api, code, folder_param

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(only="marketo") as running:
        yield running


@pytest.fixture
def api(sandbox: Sandbox) -> Api:
    sandbox.marketo.reset()
    return Api(sandbox)


REQUEST = f"/v1/campaigns/{seed.REQUEST_CAMPAIGN}/trigger.json"
SCHEDULE = f"/v1/campaigns/{seed.BATCH_CAMPAIGN}/schedule.json"
ASSET = "/asset/v1/smartCampaign"


def leads(*numbers: int) -> dict[str, object]:
    return {"input": {"leads": [{"id": number} for number in numbers]}}


def test_a_requested_campaign_runs_its_flow_after_a_delay(api: Api) -> None:
    assert api.post(REQUEST, leads(seed.ANNA))["result"] == [{"id": seed.REQUEST_CAMPAIGN}]
    assert [row["activityTypeId"] for row in api.activities(47, 113, 6)] == [47]
    api.advance(10)
    rows = api.activities(47, 113, 6)
    assert [(row["activityTypeId"], row["campaignId"]) for row in rows] == [
        (47, 4001),
        (113, 4001),
        (6, 4001),
    ]
    (returned,) = api.get(
        f"/v1/programs/{seed.NURTURE_PROGRAM}/members.json",
        filterType="leadId",
        filterValues=seed.ANNA,
        fields="trackName",
    )["result"]
    assert returned["trackName"] == seed.SECOND_STREAM
    (mine,) = api.get(f"/v1/leads/{seed.ANNA}/smartCampaignMembership.json")["result"]
    assert mine["smartCampaignId"] == seed.REQUEST_CAMPAIGN


def test_a_repeated_request_sends_twice(api: Api) -> None:
    for _ in range(2):
        api.post(REQUEST, leads(seed.ANNA))
    api.advance(10)
    assert len(api.activities(47)) == 2
    assert len(api.activities(6)) == 2
    assert len(api.state.outbox) == 2


def test_a_campaign_with_the_rule_once_runs_once_per_lead(api: Api) -> None:
    campaign = api.state.campaigns[seed.REQUEST_CAMPAIGN]
    campaign.rule = "once"
    for _ in range(2):
        api.post(REQUEST, leads(seed.ANNA))
        api.advance(5)
    assert len(api.state.outbox) == 1
    assert len(api.activities(47)) == 2


@pytest.mark.parametrize(
    ("campaign", "body", "wanted"),
    [
        (seed.REQUEST_CAMPAIGN, leads(seed.ANNA, 999), "1004"),
        (seed.REQUEST_CAMPAIGN, leads(*range(101)), "1003"),
        (seed.REQUEST_CAMPAIGN, {"input": {}}, "1002"),
        (seed.REQUEST_CAMPAIGN, {"input": [{"id": seed.ANNA}]}, "1001"),
        (seed.BATCH_CAMPAIGN, leads(seed.ANNA), "1003"),
        (seed.INACTIVE_CAMPAIGN, leads(seed.ANNA), "1003"),
        (9, leads(seed.ANNA), "1013"),
    ],
)
def test_an_invalid_request_queues_no_leads(
    api: Api, campaign: int, body: dict[str, object], wanted: str
) -> None:
    assert code(api.post(f"/v1/campaigns/{campaign}/trigger.json", body)) == wanted
    assert api.activities(47) == []


def test_only_tokens_of_the_program_can_be_overridden_and_are_used_in_the_email(api: Api) -> None:
    token = {"name": "{{my.Headline}}", "value": "Hot"}
    body = {"input": {"leads": [{"id": seed.ANNA}], "tokens": [token]}}
    assert code(api.post(REQUEST, body)) == "1003"
    assert code(api.post(SCHEDULE, {"input": {"tokens": [token | {"name": "Headline"}]}})) == "1003"
    assert api.post(SCHEDULE, {"input": {"tokens": [token]}})["success"]
    api.advance(301)
    assert {mail.tokens["Headline"] for mail in api.state.outbox} == {"Hot"}


def test_a_scheduled_campaign_runs_for_its_smart_list_at_its_time(api: Api) -> None:
    due = api.sandbox.clock.now() + timedelta(hours=1)
    assert api.post(SCHEDULE, {"input": {"runAt": f"{due:%Y-%m-%dT%H:%M:%S}+0000"}})["success"]
    api.advance(3500)
    assert api.state.outbox == []
    api.advance(110)
    assert [mail.lead_id for mail in api.state.outbox] == [seed.ANNA, seed.BEN, seed.CARLA]


def test_a_run_starts_after_five_minutes_at_the_earliest_and_each_request_adds_one(api: Api) -> None:
    past = {"input": {"runAt": "2025-01-01T00:00:00Z"}}
    for body in (None, past):
        assert api.post(SCHEDULE, body)["result"] == [{"id": seed.BATCH_CAMPAIGN}]
    api.advance(290)
    assert api.state.outbox == []
    api.advance(15)
    assert len(api.state.outbox) == 6


def test_a_run_cannot_be_years_ahead_nor_of_a_trigger_campaign(api: Api) -> None:
    far = api.sandbox.clock.now() + timedelta(days=800)
    assert code(api.post(SCHEDULE, {"input": {"runAt": f"{far:%Y-%m-%dT%H:%M:%SZ}"}})) == "1042"
    assert code(api.post(SCHEDULE, {"input": {"runAt": "tomorrow"}})) == "1001"
    assert code(api.post(f"/v1/campaigns/{seed.REQUEST_CAMPAIGN}/schedule.json")) == "1003"


def test_scheduling_a_clone_clones_the_program_and_runs_its_campaign(api: Api) -> None:
    body = {"input": {"cloneToProgramName": "Website Contacts 2"}}
    assert api.post(SCHEDULE, body)["result"] == [{"id": seed.BATCH_CAMPAIGN}]
    assert code(api.post(SCHEDULE, body)) == "709"
    assert api.get("/asset/v1/program/byName.json", name="Website Contacts 2")["result"]
    api.advance(301)
    assert {mail.campaign_id for mail in api.state.outbox} == {5001}


def test_the_21st_clone_of_a_day_is_1020(api: Api) -> None:
    for number in range(20):
        assert api.post(SCHEDULE, {"input": {"cloneToProgramName": f"Copy {number}"}})["success"]
    assert code(api.post(SCHEDULE, {"input": {"cloneToProgramName": "One more"}})) == "1020"


def test_campaigns_are_activated_and_deactivated_once(api: Api) -> None:
    path = f"{ASSET}/{seed.INACTIVE_CAMPAIGN}"
    assert code(api.form(f"{path}/deactivate.json")) == "709"
    assert api.form(f"{path}/activate.json")["result"] == [{"id": seed.INACTIVE_CAMPAIGN}]
    assert code(api.form(f"{path}/activate.json")) == "709"
    (row,) = api.get(f"{path}.json")["result"]
    assert (row["isActive"], row["isRequestable"], row["status"]) == (True, True, "Active")
    assert code(api.form(f"{ASSET}/{seed.BATCH_CAMPAIGN}/activate.json")) == "709"


def test_pausing_enrols_leads_that_are_not_members(api: Api) -> None:
    api.form(f"{ASSET}/{seed.INACTIVE_CAMPAIGN}/activate.json")
    api.post(f"/v1/campaigns/{seed.INACTIVE_CAMPAIGN}/trigger.json", leads(seed.BEN))
    api.advance(5)
    (mine,) = api.get(f"/v1/leads/{seed.BEN}/programMembership.json")["result"]
    assert (mine["stream"], mine["nurtureCadence"]) == (seed.FIRST_STREAM, "paus")
    assert [row["activityTypeId"] for row in api.activities(113, 115)] == [113, 115]


def test_a_new_campaign_is_empty_and_cannot_be_activated(api: Api) -> None:
    fields = {"name": "Fresh", "folder": folder_param(seed.CAMPAIGN_FOLDER)}
    (made,) = api.form("/asset/v1/smartCampaigns.json", **fields)["result"]
    assert (made["type"], made["isActive"], made["status"]) == ("default", False, "Never Run")
    assert code(api.form("/asset/v1/smartCampaigns.json", **fields)) == "709"
    assert code(api.form(f"{ASSET}/{made['id']}/activate.json")) == "709"
    assert api.get(f"{ASSET}/byName.json", name="Fresh")["result"][0]["id"] == made["id"]


def test_a_cloned_campaign_is_never_active(api: Api) -> None:
    fields = {"name": "Again", "folder": folder_param(seed.CAMPAIGN_FOLDER)}
    (made,) = api.form(f"{ASSET}/{seed.REQUEST_CAMPAIGN}/clone.json", **fields)["result"]
    assert (made["type"], made["isActive"]) == ("trigger", False)
    assert api.form(f"{ASSET}/{made['id']}/activate.json")["success"]


def test_campaigns_are_listed_by_both_apis(api: Api) -> None:
    rows = api.get("/v1/campaigns.json", isTriggerable="true")["result"]
    assert [row["id"] for row in rows] == [seed.REQUEST_CAMPAIGN]
    (batch,) = api.get("/v1/campaigns.json", programName="Website Contacts")["result"]
    assert (batch["type"], batch["active"], batch["programId"]) == ("batch", False, seed.DEFAULT_PROGRAM)
    answer = api.get("/v1/campaigns.json")
    assert "moreResult" not in answer
    assert code(api.get("/v1/campaigns/9.json")) == "1013"
    active = api.get("/asset/v1/smartCampaigns.json", isActive="true")["result"]
    assert [row["id"] for row in active] == [seed.REQUEST_CAMPAIGN]


def test_a_run_skips_steps_with_deleted_assets(api: Api) -> None:
    api.post(REQUEST, leads(seed.ANNA))
    assert api.form(f"/asset/v1/program/{seed.NURTURE_PROGRAM}/delete.json")["success"]
    api.advance(10)
    assert api.get("/v1/leads/partitions.json")["success"]
    assert [mail.email_id for mail in api.state.outbox] == [seed.APPROVED_EMAIL]


def test_a_rejected_schedule_does_not_clone(api: Api) -> None:
    tokens = [{"name": "{{my.Unknown}}", "value": "x"}]
    body = {"input": {"cloneToProgramName": "Half", "tokens": tokens}}
    assert code(api.post(SCHEDULE, body)) == "1003"
    assert "result" not in api.get("/asset/v1/program/byName.json", name="Half")


def test_tokens_of_parent_folders_can_be_overridden_and_the_innermost_wins(api: Api) -> None:
    above = (seed.PROGRAM_FOLDER, "Folder"), (seed.ROOT_FOLDER, "Folder")
    for number, kind in above:
        path = f"/asset/v1/folder/{number}/tokens.json"
        api.form(path, name="Season", type="text", value=f"of {number}", folderType=kind)
        api.form(path, name=f"Only {number}", type="text", value="v", folderType=kind)
    tokens = [{"name": f"{{{{my.Only {seed.ROOT_FOLDER}}}}}", "value": "mine"}]
    assert api.post(SCHEDULE, {"input": {"tokens": tokens}})["success"]
    api.advance(301)
    for sent in api.state.outbox:
        assert sent.tokens[f"Only {seed.ROOT_FOLDER}"] == "mine"
        assert sent.tokens["Season"] == f"of {seed.PROGRAM_FOLDER}"
        assert sent.tokens["Headline"] == "News of the month"
    assert api.state.outbox
    elsewhere = {"name": "{{my.Elsewhere}}", "value": "x"}
    path = f"/asset/v1/folder/{seed.EMAIL_FOLDER}/tokens.json"
    api.form(path, name="Elsewhere", type="text", value="v", folderType="Folder")
    assert code(api.post(SCHEDULE, {"input": {"tokens": [elsewhere]}})) == "1003"
