"""The pages of lists, companies, imports, exports and leads lead to each other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from marketo_tools import Api

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(only="marketo") as running:
        running.marketo.settings.token_seconds = 1e9
        yield running


@pytest.fixture
def api(sandbox: Sandbox) -> Api:
    sandbox.marketo.reset()
    return Api(sandbox)


def page(api: Api, query: str = "") -> str:
    return api.client.get(f"/{query}").text


def link(kind: str, number: object) -> str:
    return f'href="/?{kind}={number}"'


def test_a_list_leads_to_its_members_and_they_lead_back(api: Api) -> None:
    assert link("list", seed.STATIC_LIST) in page(api)
    shown = page(api, f"?list={seed.STATIC_LIST}")
    for text in ("Newsletter Readers", "Members (3)", "anna.berg@example.com", link("lead", seed.ANNA)):
        assert text in shown
    assert link("lead", seed.DAVID) not in shown
    lead = page(api, f"?lead={seed.ANNA}")
    assert link("list", seed.STATIC_LIST) in lead
    assert "New Lead" in lead
    assert link("list", seed.STATIC_LIST) not in page(api, f"?lead={seed.DAVID}")


def test_a_smart_list_shows_its_rules_and_who_is_in_it_now(api: Api) -> None:
    assert link("smart_list", seed.SMART_LIST) in page(api)
    shown = page(api, f"?smart_list={seed.SMART_LIST}")
    for text in ("Member of List", "3 people now", "Members now (3)", link("lead", seed.BEN)):
        assert text in shown


def test_a_company_leads_to_its_leads_and_they_lead_back(api: Api) -> None:
    api.post("/v1/companies.json", {"input": [{"externalCompanyId": "C-1", "company": "Berg & Sons"}]})
    api.post(
        "/v1/leads.json",
        {
            "action": "updateOnly",
            "lookupField": "id",
            "input": [{"id": seed.ANNA, "externalCompanyId": "C-1"}],
        },
    )
    (company,) = api.sandbox.marketo.state.companies
    assert link("company", company.id) in page(api)
    shown = page(api, f"?company={company.id}")
    for text in ("Berg &amp; Sons", "Leads (1)", link("lead", seed.ANNA)):
        assert text in shown
    assert link("company", company.id) in page(api, f"?lead={seed.ANNA}")


def test_an_import_shows_which_rows_failed_and_leads_to_its_list(api: Api) -> None:
    content = b"email,leadScore\nok@example.com,1\nbad@example.com,many\nnot-an-address,2\n"
    answer = api.client.post(
        f"/bulk/v1/leads.json?format=csv&listId={seed.STATIC_LIST}", files={"file": ("rows.csv", content)}
    ).json()
    job = answer["result"][0]["batchId"]
    api.advance(10)
    assert link("import", job) in page(api)
    shown = page(api, f"?import={job}")
    for text in ("Complete", "Failed rows (1)", "bad@example.com", link("list", seed.STATIC_LIST)):
        assert text in shown
    assert link("import", job) in page(api, f"?list={seed.STATIC_LIST}")


@pytest.mark.parametrize("file_format", ["CSV", "TSV", "SSV"])
def test_an_export_shows_its_times_and_the_first_rows_of_its_file(api: Api, file_format: str) -> None:
    body: dict[str, Any] = {
        "fields": ["id", "email"],
        "format": file_format,
        "filter": {"staticListId": seed.STATIC_LIST},
    }
    job = api.client.post("/bulk/v1/leads/export/create.json", json=body).json()["result"][0]["exportId"]
    assert "Created" in page(api, f"?export={job}")
    api.client.post(f"/bulk/v1/leads/export/{job}/enqueue.json")
    api.advance(180)
    assert link("export", job) in page(api)
    shown = page(api, f"?export={job}")
    for text in ("Completed", "sha256:", "anna.berg@example.com", link("lead", seed.ANNA)):
        assert text in shown


@pytest.mark.parametrize("query", ["?list=9", "?smart_list=x", "?company=9", "?import=9", "?export=9"])
def test_what_is_not_there_has_the_page_of_everything(api: Api, query: str) -> None:
    assert "Static lists" in page(api, query)
