"""Differences between schema and guide: clients of both kinds are supported."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from marketo_tools import Api, code, sign_in

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import permissions, seed
from airflow_provider_mkt.sandbox.marketo.account.credential_store import ApiUser


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(only="marketo") as running:
        yield running


@pytest.fixture
def api(sandbox: Sandbox) -> Api:
    sandbox.marketo.reset()
    return Api(sandbox)


def ids(answer: dict[str, Any]) -> list[int]:
    return [row["id"] for row in answer["result"]]


def test_responses_of_the_lead_database_have_errors_and_warnings_even_when_empty(
    api: Api,
) -> None:
    answers = [
        api.get("/v1/leads/describe2.json"),
        api.get("/v1/leads.json", filterType="id", filterValues=seed.ANNA),
        api.get("/v1/activities/pagingtoken.json", sinceDatetime="2025-01-01T00:00:00Z"),
        api.post("/v1/leads.json", {"input": [{"email": "new@example.com"}]}),
        api.post(f"/v1/leads/{seed.ANNA}/merge.json", leadId=seed.BEN),
        api.get("/v1/stats/usage.json"),
        api.bulk("/leads/export.json").json(),
    ]
    for answer in answers:
        assert (answer["success"], answer["errors"], answer["warnings"]) == (True, [], [])


def test_a_rejected_request_has_an_error_and_nothing_else(api: Api) -> None:
    answer = api.get("/v1/leads.json", filterType="firstName", filterValues="Anna")
    assert set(answer) == {"requestId", "success", "errors"}
    assert [set(error) for error in answer["errors"]] == [{"code", "message"}]


def test_only_an_import_of_leads_has_the_row_counter_at_the_start(api: Api) -> None:
    (leads,) = api.upload("/leads.json", "email\na@example.com\n", format="csv").json()["result"]
    assert (leads["status"], leads["numOfLeadsProcessed"]) == ("Queued", 0)
    path = f"/program/{seed.DEFAULT_PROGRAM}/members/import.json"
    given = {"format": "CSV", "programMemberStatus": "Member"}
    (members,) = api.upload(path, "email\na@example.com\n", **given).json()["result"]
    assert set(members) == {"batchId", "importId", "status"}


def test_the_folder_of_an_asset_has_its_id_under_both_names(api: Api) -> None:
    for path in (f"program/{seed.EMAIL_PROGRAM}", f"email/{seed.NEWSLETTER_EMAIL}"):
        (row,) = api.get(f"/asset/v1/{path}.json")["result"]
        assert row["folder"]["id"] == row["folder"]["value"]


def test_a_folder_type_can_be_in_lower_case(api: Api) -> None:
    home = {"type": "folder", "id": seed.CAMPAIGN_FOLDER}
    (made,) = api.form("/asset/v1/smartCampaigns.json", name="Thanks", folder=home)["result"]
    assert made["folder"] == {"id": seed.CAMPAIGN_FOLDER, "type": "Folder"}


def test_the_status_parameter_of_an_email_can_be_capitalized(api: Api) -> None:
    drafts = api.get("/asset/v1/emails.json", status="Draft")
    assert ids(drafts) == ids(api.get("/asset/v1/emails.json", status="draft")) == [seed.DRAFT_EMAIL]


def test_boolean_filters_do_not_filter_when_false(api: Api) -> None:
    everyone = [seed.REQUEST_CAMPAIGN, seed.BATCH_CAMPAIGN, seed.INACTIVE_CAMPAIGN]
    for path, switch in (("/asset/v1/smartCampaigns", "isActive"), ("/v1/campaigns", "isTriggerable")):
        assert ids(api.get(f"{path}.json", **{switch: "true"})) == [seed.REQUEST_CAMPAIGN]
        assert ids(api.get(f"{path}.json", **{switch: "false"})) == ids(api.get(f"{path}.json")) == everyone


def test_a_new_campaign_runs_once_per_lead_by_default(api: Api) -> None:
    home = {"type": "Folder", "id": seed.CAMPAIGN_FOLDER}
    (made,) = api.form("/asset/v1/smartCampaigns.json", name="Thanks", folder=home)["result"]
    assert made["qualificationRuleType"] == "once"


def test_a_membership_has_the_id_of_its_program(api: Api) -> None:
    program = seed.NURTURE_PROGRAM
    body = {"statusName": "Member", "input": [{"leadId": seed.ANNA}, {"leadId": seed.BEN}]}
    api.post(f"/v1/programs/{program}/members/status.json", body)
    for lead in api.get(f"/v1/leads/programs/{program}.json")["result"]:
        returned = lead["membership"]
        assert (returned["id"], returned["progressionStatusType"]) == (program, returned["progressionStatus"])
        (mine,) = api.get(f"/v1/leads/{lead['id']}/programMembership.json")["result"]
        assert (mine["id"], mine["membershipDate"]) == (program, returned["membershipDate"])


def test_extra_fields_can_be_requested_where_they_are_returned(api: Api) -> None:
    body = {"statusName": "Member", "input": [{"leadId": seed.ANNA}]}
    api.post(f"/v1/programs/{seed.DEFAULT_PROGRAM}/members/status.json", body)
    path = f"/v1/leads/programs/{seed.DEFAULT_PROGRAM}.json"
    (lead,) = api.get(path, fields="email,membership")["result"]
    assert set(lead) == {"id", "email", "membership"}
    assert set(api.get(path, fields="membership")["result"][0]) == {"id", "membership"}
    assert api.get(f"/v1/lead/{seed.ANNA}.json", fields="ecids")["result"] == [{"id": seed.ANNA}]
    assert code(api.get(f"/v1/lead/{seed.ANNA}.json", fields="membership")) == "1006"


@pytest.mark.parametrize(
    ("path", "row"),
    [
        ("leads/delete", {}),
        ("leads/partitions", {"partitionName": "EMEA"}),
        (f"programs/{seed.DEFAULT_PROGRAM}/members/status", {}),
        (f"programs/{seed.DEFAULT_PROGRAM}/members", {"webinarUrl": "x"}),
        (f"programs/{seed.DEFAULT_PROGRAM}/members/delete", {}),
        (f"leads/programs/{seed.DEFAULT_PROGRAM}/status", {}),
    ],
)
def test_a_record_without_an_id_is_missing_a_parameter(api: Api, path: str, row: dict[str, str]) -> None:
    body = {"input": [row], "statusName": "Member", "status": "Member"}
    assert code(api.post(f"/v1/{path}.json", body)) == "1002"


@pytest.mark.parametrize("permission", [permissions.READ_CAMPAIGN, permissions.WRITE_CAMPAIGN])
def test_campaigns_are_read_with_either_permission(api: Api, permission: str) -> None:
    accounts = api.sandbox.marketo.accounts
    everyone = accounts.users
    accounts.users = [*everyone, ApiUser("c@example.com", "c", "s", frozenset({permission}))]
    try:
        answer = sign_in(api.sandbox, "c", "s").get("/rest/v1/campaigns.json").json()
    finally:
        accounts.users = everyone
    assert len(ids(answer)) == 3
