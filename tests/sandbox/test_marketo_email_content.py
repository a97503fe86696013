"""Content of emails: section, variable, preview and CC fields."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from marketo_tools import Api, code, sign_in

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed

NOTHING = ["No assets found for the given search criteria."]
EMAIL = f"/asset/v1/email/{seed.APPROVED_EMAIL}"
VARIABLE = f"{EMAIL}/variable/accentColor.json"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(only="marketo") as running:
        yield running


@pytest.fixture
def api(sandbox: Sandbox) -> Api:
    sandbox.marketo.reset()
    return Api(sandbox)


def test_cc_fields_are_not_an_email_id(api: Api) -> None:
    (field,) = api.get("/asset/v1/email/ccFields.json")["result"]
    assert set(field) == {"attributeId", "objectName", "displayName", "apiName"}


def test_a_variable_is_updated_in_the_draft(api: Api) -> None:
    (before,) = api.get(f"{EMAIL}/variables.json")["result"]
    assert before == {"name": "accentColor", "value": "#2266aa", "moduleScope": False}
    assert api.form(VARIABLE, value="#ff0000")["result"] == [before | {"value": "#ff0000"}]
    assert api.get(f"{EMAIL}/variables.json")["result"][0]["value"] == "#ff0000"
    api.form(f"{EMAIL}/discardDraft.json")
    assert api.get(f"{EMAIL}/variables.json")["result"] == [before]


def test_an_unknown_variable_is_702_and_a_missing_value_is_701(api: Api) -> None:
    assert code(api.form(f"{EMAIL}/variable/none.json", value="x")) == "702"
    assert code(api.form(VARIABLE, value="x", moduleId="hero")) == "702"
    assert code(api.form(VARIABLE, other="x")) == "701"
    assert code(api.form("/asset/v1/email/9/variable/accentColor.json", value="x")) == "702"
    assert api.get("/asset/v1/email/9/variables.json")["warnings"] == NOTHING


def test_a_section_is_updated_in_html_and_text(api: Api) -> None:
    edit = {"type": "Text", "value": "<p>Hi {{lead.First Name}}</p>", "textValue": "Hi {{lead.First Name}}"}
    assert api.form(f"{EMAIL}/content/body.json", **edit)["result"] == [{"id": seed.APPROVED_EMAIL}]
    (section,) = api.get(f"{EMAIL}/content.json", status="draft")["result"]
    assert [one["value"] for one in section["value"]] == [edit["value"], edit["textValue"]]
    requested = {"status": "draft", "leadId": seed.ANNA, "type": "Text"}
    (shown,) = api.get(f"{EMAIL}/fullContent.json", **requested)["result"]
    assert shown == {"id": seed.APPROVED_EMAIL, "status": "draft", "content": "Hi Anna"}


def test_a_preview_for_a_lead_needs_the_permission_to_read_leads(api: Api) -> None:
    for user in api.sandbox.marketo.accounts.users:
        assert user.permissions
    reader = sign_in(api.sandbox, seed.READER_ID, seed.READER_SECRET)
    shown = reader.get(f"/rest{EMAIL}/fullContent.json", params={"leadId": seed.ANNA}).json()
    assert "Hello Anna" in shown["result"][0]["content"]
    assert code(api.get(f"{EMAIL}/fullContent.json", type="PDF")) == "701"
