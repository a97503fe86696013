"""Campaigns: single, batch, assets and budget."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.automation import seed as automation_seed
from airflow_provider_mkt.sandbox.hubspot.campaigns import seed as campaign_seed
from airflow_provider_mkt.sandbox.hubspot.campaigns.routes_assets import ASSET_TYPES
from airflow_provider_mkt.sandbox.hubspot.events import seed as event_seed


def batch(*campaigns: dict[str, str]) -> dict[str, Any]:
    return {"inputs": [{"properties": properties} for properties in campaigns]}


def test_create_read_update_clear_delete(api: httpx.Client, paths: dict[str, str]) -> None:
    made = api.post(paths["campaigns"], json={"properties": {"hs_name": "Autumn", "hs_notes": "soon"}})
    assert made.status_code == 201
    one = f"{paths['campaigns']}/{made.json()['id']}"
    assert api.get(one).json()["properties"] == {}
    assert api.patch(one, json={"properties": {"hs_notes": ""}}).status_code == 200
    shown = api.get(one, params={"properties": "hs_name,hs_notes"}).json()
    assert shown["properties"] == {"hs_name": "Autumn"}
    assert shown["businessUnits"] == []
    assert [api.delete(one).status_code for _ in range(2)] == [204, 204]
    assert api.get(one).status_code == 404


def test_campaign_names_are_not_unique(box: Sandbox, api: httpx.Client, paths: dict[str, str]) -> None:
    for _ in range(2):
        assert api.post(paths["campaigns"], json={"properties": {"hs_name": "Twice"}}).status_code == 201
    assert len(box.hubspot.state.campaigns) == 4


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"hs_notes": "no name"}, "REQUIRED_FIELD"),
        ({"hs_name": "x", "nope": "1"}, "PROPERTY_DOESNT_EXIST"),
        ({"hs_name": "x", "hs_object_id": "1"}, "READ_ONLY_VALUE"),
        ({"hs_name": "x", "hs_start_date": "01/02/2026"}, "INVALID_DATE"),
        ({"hs_name": "x", "hs_campaign_status": "done"}, "INVALID_OPTION"),
    ],
)
def test_invalid_properties_are_rejected(
    api: httpx.Client, paths: dict[str, str], properties: dict[str, str], code: str
) -> None:
    reply = api.post(paths["campaigns"], json={"properties": properties})
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (400, code)


def test_batch_create_reports_failed_inputs_and_creates_the_others(
    box: Sandbox, api: httpx.Client, paths: dict[str, str]
) -> None:
    body = batch({"hs_name": "One"}, {"hs_notes": "nameless"}, {"hs_name": "Two", "hs_object_id": "1"})
    reply = api.post(f"{paths['campaigns']}/batch/create", json=body)
    answer = reply.json()
    assert (reply.status_code, answer["status"], answer["numErrors"]) == (207, "COMPLETE", 2)
    assert [row["properties"]["hs_name"] for row in answer["results"]] == ["One"]
    assert {error["category"] for error in answer["errors"]} == {"VALIDATION_ERROR"}
    assert len(box.hubspot.state.campaigns) == 3


@pytest.mark.parametrize("wrong", [[], "x", 7, {"hs_name": ["x"]}])
@pytest.mark.parametrize("verb", ["create", "update"])
def test_a_batch_with_an_invalid_input_is_rejected_as_a_whole(
    box: Sandbox, api: httpx.Client, paths: dict[str, str], verb: str, wrong: Any
) -> None:
    before = box.hubspot.state.campaigns.snapshot()
    ids = {"id": seed.SPRING_CAMPAIGN} if verb == "update" else {}
    body = {"inputs": [{**ids, "properties": {"hs_name": "Good"}}, {**ids, "properties": wrong}]}
    reply = api.post(f"{paths['campaigns']}/batch/{verb}", json=body)
    assert (reply.status_code, reply.json()["category"]) == (400, "VALIDATION_ERROR")
    assert box.hubspot.state.campaigns.snapshot() == before


def test_batch_create_is_201_with_results_in_random_order(api: httpx.Client, paths: dict[str, str]) -> None:
    wanted = [f"Campaign {number:02}" for number in range(50)]
    reply = api.post(
        f"{paths['campaigns']}/batch/create", json=batch(*({"hs_name": name} for name in wanted))
    )
    assert reply.status_code == 201
    assert "errors" not in reply.json()
    got = [row["properties"]["hs_name"] for row in reply.json()["results"]]
    assert got != wanted
    assert sorted(got) == wanted


def test_more_than_50_inputs_are_rejected(box: Sandbox, api: httpx.Client, paths: dict[str, str]) -> None:
    body = batch(*({"hs_name": f"C{number}"} for number in range(51)))
    assert api.post(f"{paths['campaigns']}/batch/create", json=body).status_code == 400
    assert len(box.hubspot.state.campaigns) == 2


def test_batch_read_ignores_duplicates_and_reports_unknown_ids(
    api: httpx.Client, paths: dict[str, str]
) -> None:
    body = {"inputs": [{"id": seed.SPRING_CAMPAIGN}, {"id": seed.SPRING_CAMPAIGN}, {"id": "nope"}]}
    reply = api.post(f"{paths['campaigns']}/batch/read", json=body, params={"properties": "hs_name"})
    assert reply.status_code == 207
    assert [row["properties"] for row in reply.json()["results"]] == [{"hs_name": "Spring launch"}]
    assert reply.json()["errors"][0]["context"] == {"id": ["nope"]}


def test_batch_update_is_partial_and_batch_archive_never_fails(
    box: Sandbox, api: httpx.Client, paths: dict[str, str]
) -> None:
    inputs = [
        {"id": seed.SPRING_CAMPAIGN, "properties": {"hs_notes": "new"}},
        {"id": "nope", "properties": {"hs_notes": "new"}},
    ]
    assert api.post(f"{paths['campaigns']}/batch/update", json={"inputs": inputs}).status_code == 207
    body = {"inputs": [{"id": seed.SPRING_CAMPAIGN}, {"id": "nope"}]}
    assert api.post(f"{paths['campaigns']}/batch/archive", json=body).status_code == 204
    assert len(box.hubspot.state.campaigns) == 1


def test_list_filters_by_name_sorts_and_pages(api: httpx.Client, paths: dict[str, str]) -> None:
    api.post(f"{paths['campaigns']}/batch/create", json=batch(*({"hs_name": f"Batch {n}"} for n in range(5))))
    query: dict[str, Any] = {"name": "bATCH", "limit": 2, "sort": "-hs_name", "properties": "hs_name"}
    seen: list[str] = []
    while True:
        page = api.get(paths["campaigns"], params=query).json()
        assert page["total"] == 5
        seen += [row["properties"]["hs_name"] for row in page["results"]]
        if "paging" not in page:
            break
        query["after"] = page["paging"]["next"]["after"]
    assert seen == [f"Batch {number}" for number in (4, 3, 2, 1, 0)]


def test_list_limits_are_checked(api: httpx.Client, paths: dict[str, str]) -> None:
    for query in ({"limit": "101"}, {"limit": "0"}, {"sort": "hs_notes"}, {"after": "not-a-cursor"}):
        assert api.get(paths["campaigns"], params=query).status_code == 400


def test_assets_are_added_listed_and_removed(api: httpx.Client, box: Sandbox, paths: dict[str, str]) -> None:
    box.hubspot.settings.assets = {"FORM": ("f1", "f2", "a/b")}
    one = f"{paths['campaigns']}/{seed.SPRING_CAMPAIGN}"
    for form in ("f1", "f2", "a%2Fb"):
        assert api.put(f"{one}/assets/FORM/{form}").status_code == 204
    page = api.get(f"{one}/assets/FORM", params={"limit": 2}).json()
    assert [row["id"] for row in page["results"]] == ["f1", "f2"]
    after = page["paging"]["next"]["after"]
    rest = api.get(f"{one}/assets/FORM", params={"limit": 2, "after": after}).json()
    assert [row["id"] for row in rest["results"]] == ["a/b"]
    assert [api.delete(f"{one}/assets/FORM/f1").status_code for _ in range(2)] == [204, 204]
    assert len(api.get(one).json()["assets"]["FORM"]["results"]) == 2
    assert "metrics" not in page["results"][0]
    dates = {"startDate": "2026-01-01", "endDate": "2026-02-01"}
    assert "metrics" in api.get(f"{one}/assets/FORM", params=dates).json()["results"][0]


def test_assets_that_do_not_exist_are_rejected(api: httpx.Client, paths: dict[str, str]) -> None:
    one = f"{paths['campaigns']}/{seed.SPRING_CAMPAIGN}"
    assert api.put(f"{one}/assets/MARKETING_EMAIL/{seed.NEWSLETTER_EMAIL}").status_code == 204
    assert api.put(f"{one}/assets/MARKETING_EMAIL/1").status_code == 404
    assert api.put(f"{one}/assets/TEAPOT/1").status_code == 400
    assert api.put(f"{paths['campaigns']}/nope/assets/FORM/1").status_code == 404


SEEDED = {kind: min(ids) for kind, ids in campaign_seed.ASSETS.items()} | {
    "AUTOMATION_PLATFORM_FLOW": automation_seed.WELCOME_FLOW,
    "EMAIL": seed.NEWSLETTER_EMAIL,
    "MARKETING_EMAIL": seed.NEWSLETTER_EMAIL,
    "MARKETING_EVENT": event_seed.WEBINAR_OBJECT,
    "OBJECT_LIST": seed.LIST_ID,
    "SEQUENCE": automation_seed.FOLLOW_UP_SEQUENCE,
}


@pytest.mark.parametrize("kind", sorted(ASSET_TYPES))
def test_an_asset_of_every_type_must_exist(api: httpx.Client, paths: dict[str, str], kind: str) -> None:
    assets = f"{paths['campaigns']}/{seed.SPRING_CAMPAIGN}/assets/{kind}"
    assert api.put(f"{assets}/404").json()["category"] == "OBJECT_NOT_FOUND"
    assert api.put(f"{assets}/{SEEDED[kind]}").status_code == 204
    (found,) = api.get(assets).json()["results"]
    assert (found["id"], bool(found["name"])) == (SEEDED[kind], True)


def test_a_currency_is_one_of_iso_4217(api: httpx.Client, paths: dict[str, str]) -> None:
    for code, status in (("EUR", 201), ("euro", 400), ("EURO", 400), ("XXA", 400), ("", 201)):
        reply = api.post(paths["campaigns"], json={"properties": {"hs_name": "A", "hs_currency_code": code}})
        assert reply.status_code == status


def test_budget_totals_add_up(api: httpx.Client, paths: dict[str, str]) -> None:
    one = f"{paths['campaigns']}/{seed.SPRING_CAMPAIGN}"
    assert api.post(f"{one}/budget", json={"name": "Ads", "amount": 100, "order": 0}).status_code == 201
    assert api.post(f"{one}/spend", json={"name": "Ads", "amount": 40.5, "order": 0}).status_code == 201
    totals = api.get(f"{one}/budget/totals").json()
    assert (totals["budgetTotal"], totals["spendTotal"], totals["remainingBudget"]) == (100, 40.5, 59.5)
    assert isinstance(totals["budgetItems"][0]["createdAt"], int)
