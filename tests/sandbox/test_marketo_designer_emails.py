"""Emails of the Email Designer: what version 2 of the asset API refuses."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from marketo_tools import Api, code

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed

APP = {"x-app-type": "marketo"}
HEADERS = {"subject": "Hello", "fromName": "Example Ltd", "fromEmail": "news@example.com"}
FOLDER = {"folderId": str(seed.EMAIL_FOLDER)}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(only="marketo") as running:
        yield running


@pytest.fixture
def api(sandbox: Sandbox) -> Api:
    sandbox.marketo.reset()
    signed_in = Api(sandbox)
    signed_in.client.headers.update(APP)
    return signed_in


def post(api: Api, path: str, body: Any) -> Any:
    return api.post(f"/asset/v2/email{path}", body)


def create(api: Api, **more: Any) -> str:
    made = post(api, "", {"name": "Designed", "appData": FOLDER, "headers": HEADERS, **more})
    assert made["success"], made
    return str(made["result"][0]["id"])


@pytest.mark.parametrize(
    ("body", "refused"),
    [
        ({"name": ""}, "1002"),
        ({"name": 5}, "1001"),
        ({"appData": {}}, "1003"),
        ({"appData": {**FOLDER, "workspaceId": "1"}}, "1003"),
        ({"appData": {"workspaceId": "9"}}, "1003"),
        ({"appData": {"folderId": "99"}}, "710"),
        ({"appData": {"programId": "x"}}, "1001"),
        ({"headers": {"fromName": "x"}}, "1002"),
        ({"headers": {**HEADERS, "color": "red"}}, "1003"),
        ({"settings": {"disableOpenTracking": True}}, "1003"),
        ({"settings": "x"}, "1001"),
        ({"name": "Taken"}, "709"),
    ],
)
def test_an_email_that_is_not_as_documented_is_refused(api: Api, body: Any, refused: str) -> None:
    create(api, name="taken")
    whole = {"name": "Designed", "appData": FOLDER, "headers": HEADERS}
    assert code(post(api, "", {**whole, **body})) == refused


@pytest.mark.parametrize("name", ["folderType", "sortOrder"])
def test_a_filter_knows_its_words(api: Api, name: str) -> None:
    assert code(api.get("/asset/v2/email/filter", workspaceId="1", **{name: "nope"})) == "1003"


def test_without_the_application_header_nothing_is_answered(api: Api) -> None:
    number = create(api)
    del api.client.headers["x-app-type"]
    assert code(api.get(f"/asset/v2/email/{number}")) == "1002"
    assert code(api.get("/asset/v2/email/filter", workspaceId="1")) == "1002"


@pytest.mark.parametrize(
    ("path", "body", "refused"),
    [
        ("/state/transition", {"contentId": "{id}", "action": "publish"}, "1003"),
        ("/state/transition", {"contentId": "{id}", "action": "unapprove"}, "709"),
        ("/state/transition", {"contentId": "{id}", "action": "discard"}, "709"),
        ("/state/transition", {"contentId": "{id}", "action": "create_draft"}, "709"),
        ("/state/transition", {"contentId": "none", "action": "approve"}, "702"),
        ("/clone", {"assetId": "{id}", "newAsset": {"name": "Designed"}}, "709"),
        ("/clone", {"assetId": "{id}"}, "1002"),
        ("/{id}/update", {"settings": {"brand": "x"}}, "1003"),
        ("/usedby", {"assetId": "{id}", "pageSize": 51}, "1003"),
        ("/bulk/get", {"assetIds": ["{id}"] * 21}, "1003"),
        ("/bulk/get", {"assetIds": []}, "1002"),
        ("/bulk/delete", {"assetIds": ["{id}", "none"]}, "702"),
        ("/bulk/delete", {"assetIds": ["{id}"], "ignoreUsedBy": "yes"}, "1001"),
        ("/bulk/usedby", {"assetIds": ["{id}"] * 51}, "1003"),
    ],
)
def test_other_requests_are_refused_as_strictly(api: Api, path: str, body: Any, refused: str) -> None:
    number = create(api)

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: filled(one) for key, one in value.items()}
        if isinstance(value, list):
            return [filled(one) for one in value]
        return value.replace("{id}", number) if isinstance(value, str) else value

    assert code(post(api, filled(path), filled(body))) == refused
    assert api.get(f"/asset/v2/email/{number}")["success"]


def test_an_email_in_use_or_approved_cannot_be_deleted(api: Api) -> None:
    number = create(api)
    api.state.designer_emails[number].used_by = [{"id": "1", "name": "Program"}]
    assert code(post(api, f"/{number}/delete", {})) == "709"
    assert post(api, "/state/transition", {"contentId": number, "action": "approve"})["success"]
    assert code(post(api, "/state/transition", {"contentId": number, "action": "unapprove"})) == "709"
    assert code(post(api, "/bulk/delete", {"assetIds": [number], "ignoreUsedBy": True})) == "709"


def test_a_template_replaces_the_content_of_the_same_request(api: Api) -> None:
    number = create(api, templateId="77", data={"html": {"body": "<p>Mine</p>"}})
    data = api.get(f"/asset/v2/email/{number}")["result"][0]["data"]
    assert data["html"]["body"] == "<p>Template 77</p>"


def test_emails_of_archived_folders_are_listed_on_request(api: Api) -> None:
    create(api)
    archived = api.form(f"/asset/v1/folder/{seed.EMAIL_FOLDER}.json", isArchive="true", type="Folder")
    assert archived["success"]
    found = [
        len(api.get("/asset/v2/email/filter", workspaceId="1", **more)["result"]["items"])
        for more in ({}, {"includeArchived": "true"})
    ]
    assert found == [0, 1]


def test_an_empty_draft_cannot_be_approved(api: Api) -> None:
    number = create(api, headers={"subject": "Hello"})
    assert code(post(api, "/state/transition", {"contentId": number, "action": "approve"})) == "709"
