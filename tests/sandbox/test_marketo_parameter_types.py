"""Parameters of the wrong type are refused, and those that a request has are regarded, in every area."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from marketo_tools import Api, code

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed

RANGE = {"startAt": "2026-11-01T00:00:00Z", "endAt": "2026-11-20T00:00:00Z"}
LEAD = [{"email": "x@example.com"}]
TYPE = {
    "apiName": "seen",
    "name": "Seen",
    "triggerName": "Sees",
    "filterName": "Saw",
    "primaryAttribute": {"apiName": "what", "name": "What"},
}
REQUESTS: list[tuple[str, dict[str, Any], list[str]]] = [
    ("/rest/v1/leads.json", {"input": LEAD}, ["action", "lookupField", "partitionName"]),
    (
        "/rest/v1/leads/push.json",
        {"programName": "Welcome Nurture", "input": LEAD},
        ["programName", "programStatus", "lookupField", "partitionName", "source", "reason"],
    ),
    ("/rest/v1/companies.json", {"input": [{"externalCompanyId": "1"}]}, ["action", "dedupeBy"]),
    ("/rest/v1/companies/delete.json", {"input": [{"externalCompanyId": "1"}]}, ["deleteBy"]),
    ("/rest/v1/namedAccountLists.json", {"input": [{"name": "one"}]}, ["action"]),
    ("/rest/v1/namedAccountLists/delete.json", {"input": [{"name": "one"}]}, ["deleteBy"]),
    ("/rest/v1/programs/2001/members/status.json", {"input": [{"leadId": 1001}]}, ["statusName"]),
    ("/rest/v1/leads/programs/2001/status.json", {"input": [{"id": 1001}]}, ["status"]),
    ("/rest/v1/activities/external/type.json", TYPE, ["description", "name", "triggerName"]),
    (
        "/rest/v1/customobjects/schema.json",
        {"apiName": "thing_c", "displayName": "Thing"},
        ["action", "pluralName", "description"],
    ),
    (
        "/bulk/v1/leads/export/create.json",
        {"fields": ["email"], "filter": {"createdAt": RANGE}},
        ["format", "columnHeaderNames"],
    ),
]
WRONG: list[object] = [[], {}, False, ["x"], {"a": 1}]


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    with Sandbox(only="marketo") as running:
        httpx.post(f"{running.marketo.url}/_sandbox/limits", json={"rate": None}).raise_for_status()
        yield Api(running)


def answer(api: Api, path: str, body: Any) -> str:
    """Return the code of the error, of the request or of its first record; empty where there is none."""
    reply = api.client.post(path, json=body).json()
    if not reply["success"]:
        return str(reply["errors"][0]["code"])
    rows = reply.get("result") or [{}]
    return str(rows[0]["reasons"][0]["code"]) if "reasons" in rows[0] else ""


@pytest.mark.parametrize(("path", "body", "names"), REQUESTS)
def test_an_array_an_object_or_a_boolean_is_no_text(
    api: Api, path: str, body: dict[str, Any], names: list[str]
) -> None:
    for name in names:
        for value in WRONG:
            if name == "columnHeaderNames" and value in ({}, {"a": 1}):
                continue
            # What must be there may be called missing instead.
            refused = {"1001"} if value else {"1001", "1002"}
            assert answer(api, path, {**body, name: value}) in refused, (name, value)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/rest/v1/leads.json", {"asyncProcessing": "false", "input": LEAD}),
        ("/rest/v1/leads/schema/fields/company.json", {"input": [{"description": {"a": 1}}]}),
        ("/rest/v1/leads/partitions.json", {"input": [{"id": 1001, "partitionName": ["Default"]}]}),
        ("/rest/v1/namedAccountLists.json", {"input": [{"name": ["one"]}]}),
        ("/rest/v1/campaigns/4001/trigger.json", {"input": {"leads": [{"id": 1001}], "tokens": ""}}),
        (
            "/rest/v1/campaigns/4001/trigger.json",
            {"input": {"leads": [{"id": 1001}], "tokens": [{"name": "{{my.A}}", "value": {}}]}},
        ),
        ("/rest/v1/campaigns/4002/schedule.json", {"input": {"runAt": []}}),
        (
            "/bulk/v1/leads/export/create.json",
            {"fields": ["email"], "columnHeaderNames": {"email": ["E"]}, "filter": {"createdAt": RANGE}},
        ),
        (
            "/bulk/v1/program/members/export/create.json",
            {"fields": ["leadId"], "filter": {"programId": 2001, "nurtureCadence": ["norm"]}},
        ),
    ],
)
def test_a_value_inside_a_request_has_its_type(api: Api, path: str, body: Any) -> None:
    assert answer(api, path, body) == "1001"


def test_an_error_shows_the_value_as_json(api: Api) -> None:
    refused = api.client.post("/rest/v1/leads.json", json={"action": {"a": True}, "input": LEAD}).json()
    assert (
        refused["errors"][0]["message"] == "Invalid value '{\"a\": true}'. Required of type 'string (action)'"
    )


def test_a_list_of_ids_that_names_none_is_refused(api: Api) -> None:
    path = f"/rest/v1/lists/{seed.STATIC_LIST}/leads"
    assert code(api.client.get(f"{path}/ismember.json", params={"id": ""}).json()) == "1002"
    assert code(api.client.delete(f"{path}.json", params={"id": ","}).json()) == "1002"


def test_an_unknown_way_to_delete_lists_is_refused(api: Api) -> None:
    body = {"deleteBy": "guid", "input": [{"name": "one"}]}
    assert answer(api, "/rest/v1/namedAccountLists/delete.json", body) == "1003"


def test_a_switch_is_checked_where_nothing_is_found(api: Api) -> None:
    query = {"name": "No such program", "includeTags": "maybe"}
    assert code(api.client.get("/rest/asset/v1/program/byName.json", params=query).json()) == "1001"


def test_an_email_program_is_not_created_inside_an_engagement_program(api: Api) -> None:
    form = {
        "name": "Nested",
        "type": "Email",
        "channel": "Email Send",
        "folder": f'{{"id":{seed.NURTURE_PROGRAM},"type":"Program"}}',
    }
    assert code(api.client.post("/rest/asset/v1/programs.json", data=form).json()) == "709"


def test_a_switch_of_a_clone_is_a_boolean(api: Api) -> None:
    form = {"name": "Copy", "folder": '{"id":11,"type":"Folder"}', "isExecutable": "bogus"}
    assert code(api.client.post("/rest/asset/v1/smartCampaign/4001/clone.json", data=form).json()) == "1001"


def test_emails_of_the_designer_are_filtered_and_sorted_as_the_request_says(api: Api) -> None:
    client, app = api.client, {"x-app-type": "marketo"}

    def create(name: str) -> None:
        body = {
            "name": name,
            "appData": {"workspaceId": "1"},
            "headers": {"subject": "Hello", "fromName": "Ada", "fromEmail": "ada@example.com"},
        }
        assert client.post("/rest/asset/v2/email", json=body, headers=app).json()["success"]

    def found(**query: str) -> Any:
        reply = client.get("/rest/asset/v2/email/filter", params={"workspaceId": "1", **query}, headers=app)
        body = reply.json()
        return [one["name"] for one in body["result"]["items"]] if body["success"] else code(body)

    create("b")
    api.advance(60)
    between = api.sandbox.clock.now().isoformat(timespec="seconds").replace("+00:00", "Z")
    api.advance(60)
    create("a")
    assert found() == ["b", "a"]
    assert found(sortKey="name") == found(sortOrder="DESC") == ["a", "b"]
    assert found(createdAtEnd=between) == ["b"]
    assert found(createdAtStart=between) == ["a"]
    assert found(isCreatedByMe="true", isModifiedByMe="true") == ["b", "a"]
    assert found(sortKey="colour") == "1003"
    assert found(createdAtStart="yesterday") == "704"
    assert found(isCreatedByMe="maybe") == "1001"


def test_a_description_says_which_fields_the_crm_manages(api: Api) -> None:
    def managed(path: str) -> set[bool]:
        (row,) = api.client.get(f"/rest/v1/{path}/describe.json").json()["result"]
        return {field["crmManaged"] for field in row["fields"]}

    settings = api.sandbox.marketo.state.accounts.settings
    assert managed("companies") == managed("customobjects/machine_c") == {False}
    settings.crm_sync = True
    try:
        assert managed("companies") == managed("salespersons") == {True}
        assert managed("customobjects/machine_c") == {False}
    finally:
        settings.crm_sync = False
