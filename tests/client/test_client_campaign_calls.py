"""Campaigns, their assets, money and reports: the request of each call, and what each refuses."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from client_tools import Hand, answer, hubspot

from airflow_provider_mkt.client import registry
from airflow_provider_mkt.client.call import Call, JsonBody, Replay
from airflow_provider_mkt.client.errors import InvalidInput, NotFound
from airflow_provider_mkt.client.hubspot.campaigns import (
    campaign_assets,
    campaign_budgets,
    campaign_reports,
    campaign_spend,
    campaigns,
)

SAFE, WAIT, VERIFY, NEVER = Replay
PREFIX = {
    "v3": "/marketing/v3/campaigns",
    "2026-03": "/marketing/campaigns/2026-03",
    "2026-09": "/marketing/campaigns/2026-09",
}
MAY = dt.date(2026, 5, 1)
DAYS = (("startDate", "2026-05-01"), ("endDate", "2026-05-31"))
NOON = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)
LINE = {"name": "Ads", "amount": 12.5, "order": 0}

CALLS: list[tuple[Call[Any], str, str, tuple, Any, Replay]] = [
    (
        campaigns.create({"hs_name": "A", "hs_goal": ""}),
        "POST",
        "",
        (),
        {"properties": {"hs_name": "A", "hs_goal": ""}},
        VERIFY,
    ),
    (
        campaigns.update("g/1", {"hs_goal": ""}),
        "PATCH",
        "/g%2F1",
        (),
        {"properties": {"hs_goal": ""}},
        SAFE,
    ),
    (campaigns.delete("g"), "DELETE", "/g", (), None, SAFE),
    (
        campaigns.update_batch([{"id": "1", "hs_goal": "x"}, {"id": "2", "hs_name": "B", "hs_goal": ""}]),
        "POST",
        "/batch/update",
        (),
        {
            "inputs": [
                {"id": "1", "properties": {"hs_goal": "x"}},
                {"id": "2", "properties": {"hs_name": "B", "hs_goal": ""}},
            ]
        },
        SAFE,
    ),
    (
        campaigns.archive_batch(["1", "2"]),
        "POST",
        "/batch/archive",
        (),
        {"inputs": [{"id": "1"}, {"id": "2"}]},
        SAFE,
    ),
    (
        campaigns.get("g", properties=["hs_name"], start_date=MAY, end_date="2026-05-31"),
        "GET",
        "/g",
        (("properties", "hs_name"), *DAYS),
        None,
        SAFE,
    ),
    (
        campaigns.batch_read(["g"], start_date="2026-05-01", end_date=dt.date(2026, 5, 31)),
        "POST",
        "/batch/read",
        DAYS,
        {"inputs": [{"id": "g"}]},
        SAFE,
    ),
    (campaign_assets.list("g", "FORM"), "GET", "/g/assets/FORM", (), None, SAFE),
    (
        campaign_assets.list("g", "MARKETING_EMAIL", start_date=MAY, end_date="2026-05-31", limit=5),
        "GET",
        "/g/assets/MARKETING_EMAIL",
        (("limit", "5"), *DAYS),
        None,
        SAFE,
    ),
    (campaign_assets.add("g", "FORM", "a/b"), "PUT", "/g/assets/FORM/a%2Fb", (), None, SAFE),
    (campaign_assets.remove("g", "FORM", "7"), "DELETE", "/g/assets/FORM/7", (), None, SAFE),
    (campaign_budgets.totals("g"), "GET", "/g/budget/totals", (), None, SAFE),
    (campaign_budgets.add("g", "Ads", 12.5, order=0), "POST", "/g/budget", (), LINE, VERIFY),
    (campaign_budgets.get("g", 7), "GET", "/g/budget/7", (), None, SAFE),
    (
        campaign_budgets.replace("g", "7", "Ads", 12.5, order=0, description="May"),
        "PUT",
        "/g/budget/7",
        (),
        {**LINE, "description": "May"},
        SAFE,
    ),
    (campaign_budgets.remove("g", 7), "DELETE", "/g/budget/7", (), None, SAFE),
    (campaign_spend.add("g", "Ads", 12.5, order=0), "POST", "/g/spend", (), LINE, VERIFY),
    (campaign_spend.get("g", "7"), "GET", "/g/spend/7", (), None, SAFE),
    (campaign_spend.replace("g", 7, "Ads", 12.5, order=0), "PUT", "/g/spend/7", (), LINE, SAFE),
    (campaign_spend.remove("g", 7), "DELETE", "/g/spend/7", (), None, SAFE),
    (
        campaign_reports.contacts("g", "influencedContacts", start_date=MAY),
        "GET",
        "/g/reports/contacts/influencedContacts",
        (("startDate", "2026-05-01"), ("limit", "100")),
        None,
        SAFE,
    ),
    (
        campaign_reports.metrics("g", start_date=MAY, end_date="2026-05-31"),
        "GET",
        "/g/reports/metrics",
        DAYS,
        None,
        SAFE,
    ),
    (
        campaign_reports.revenue("g", attribution_model="U_SHAPED", end_date="2026-05-31"),
        "GET",
        "/g/reports/revenue",
        (("attributionModel", "U_SHAPED"), ("endDate", "2026-05-31")),
        None,
        SAFE,
    ),
    (
        campaign_reports.revenue("g"),
        "GET",
        "/g/reports/revenue",
        (("attributionModel", "LINEAR"),),
        None,
        SAFE,
    ),
]


@pytest.mark.parametrize("row", CALLS, ids=[row[0].name for row in CALLS])
@pytest.mark.parametrize("profile", sorted(PREFIX))
def test_the_request_of_a_call(row: tuple, profile: str) -> None:
    call, method, tail, query, body, replay = row
    request = hubspot(api_version=profile).build(call, "T")
    assert (request.method, urlsplit(request.url).path) == (method, PREFIX[profile] + tail)
    assert request.query == query
    assert (request.body.value if isinstance(request.body, JsonBody) else request.body) == body
    assert call.replay is replay
    assert call.scopes


def test_every_call_of_these_resources_is_here_under_its_own_name() -> None:
    resources = {"campaign_assets", "campaign_budgets", "campaign_reports", "campaign_spend"}
    known = {name for name, _ in registry.endpoints("hubspot") if name.partition(".")[0] in resources}
    assert known <= {row[0].name for row in CALLS}
    assert {row[0].name for row in CALLS} <= {name for name, _ in registry.endpoints("hubspot")}


def test_a_call_can_be_made_of_text_as_templates_give_it() -> None:
    arguments = {"campaign_guid": "g", "budget_id": "7", "name": "Ads", "amount": "12.5", "order": "0"}
    assert registry.build("hubspot", "campaign_budgets.replace", arguments).body == JsonBody(LINE)
    days = {"campaign_guid": "g", "start_date": "2026-05-01", "end_date": "2026-05-31"}
    assert registry.build("hubspot", "campaign_reports.metrics", days).query == DAYS


BAD: list[tuple[Callable[[], object], str]] = [
    (lambda: campaigns.list(limit=101), "limit"),
    (lambda: campaigns.list(limit=True), "limit"),
    (lambda: campaigns.list(sort="hs_notes"), "sort"),
    (lambda: campaigns.get("g", start_date=MAY), "end_date"),
    (lambda: campaigns.get("g", end_date=MAY), "start_date"),
    (lambda: campaigns.get("g", start_date=NOON, end_date=MAY), "start_date"),
    (lambda: campaigns.batch_read(["g"], start_date=MAY, end_date="31.5.2026"), "end_date"),
    (lambda: campaigns.batch_read(["g"], start_date="2026-05-02", end_date=MAY), "end_date"),
    (lambda: campaigns.batch_read(["g", ""]), "campaign_guids[1]"),
    (lambda: campaigns.create({"hs_goal": "secret"}), "properties.hs_name"),
    (lambda: campaigns.create({"hs_name": "A", "hs_budget": 5}), "properties.hs_budget"),
    (lambda: campaigns.create("secret"), "properties"),
    (lambda: campaigns.update("..", {"hs_goal": "x"}), "campaign_guid"),
    (lambda: campaigns.update("g", {}), "properties"),
    (lambda: campaigns.update("g", {"hs_goal": None}), "properties.hs_goal"),
    (lambda: campaigns.update_batch([]), "campaigns"),
    (lambda: campaigns.update_batch([{"id": str(n), "hs_goal": "x"} for n in range(51)]), "campaigns"),
    (lambda: campaigns.update_batch([{"hs_goal": "secret"}]), "campaigns[0].id"),
    (lambda: campaigns.update_batch(["secret"]), "campaigns[0]"),
    (lambda: campaigns.update_batch([{"id": "1"}]), "campaigns[0]"),
    (
        lambda: campaigns.update_batch([{"id": "a", "hs_goal": "x"}, {"id": "A", "hs_goal": "y"}]),
        "campaigns[1].id",
    ),
    (lambda: campaigns.archive_batch("secret"), "campaign_guids"),
    (lambda: campaigns.archive_batch(["g"] * 51), "campaign_guids"),
    (lambda: campaign_assets.list("g", "form"), "asset_type"),
    (lambda: campaign_assets.list("g", "FORM", limit=0), "limit"),
    (lambda: campaign_assets.list("g", "FORM", start_date=MAY), "end_date"),
    (lambda: campaign_assets.add("g", "FORM", ""), "asset_id"),
    (lambda: campaign_assets.remove("g", "FORM/1", "1"), "asset_type"),
    (lambda: campaign_budgets.add("g", " ", 1, order=0), "name"),
    (lambda: campaign_budgets.add("g", "Ads", float("nan"), order=0), "amount"),
    (lambda: campaign_budgets.add("g", "Ads", "secret", order=0), "amount"),
    (lambda: campaign_budgets.add("g", "Ads", 1, order=-1), "order"),
    (lambda: campaign_budgets.get("g", 0), "budget_id"),
    (lambda: campaign_spend.replace("g", 1, "Ads", 1, order=0, description=5), "description"),
    (lambda: campaign_spend.remove("g", "secret"), "spend_id"),
    (lambda: campaign_reports.contacts("g", "INFLUENCED"), "contact_type"),
    (lambda: campaign_reports.contacts("g", "influencedContacts", limit=1000), "limit"),
    (lambda: campaign_reports.metrics("g", start_date="2026-13-01"), "start_date"),
    (lambda: campaign_reports.metrics("g", start_date="20260501"), "start_date"),
    (lambda: campaign_reports.revenue("g", attribution_model="linear"), "attribution_model"),
]


@pytest.mark.parametrize(("make", "field"), BAD, ids=[f"{n}-{field}" for n, (_, field) in enumerate(BAD)])
def test_bad_input_is_refused_by_field_without_being_repeated(make: Callable[[], object], field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        make()
    assert refusal.value.field == field
    assert "secret" not in f"{refusal.value!s} {vars(refusal.value)}"


def test_a_type_of_asset_nobody_has_seen_is_sent_with_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        call = campaign_assets.add("g", "HOLOGRAM", "1")
    assert call.route.path() == "/g/assets/HOLOGRAM/1"
    assert "HOLOGRAM" in caplog.text
    caplog.clear()
    campaign_assets.add("g", "FORM", "1")
    assert caplog.text == ""


@pytest.mark.parametrize(
    "call", [campaign_assets.list("g", "FORM"), campaign_reports.contacts("g", "influencedContacts")]
)
def test_pages_follow_the_cursor_to_the_end(call: Call[Any]) -> None:
    page = call.next_page({"results": [{"id": "1"}], "paging": {"next": {"after": "MQ%3D%3D"}}})
    assert page is not None
    assert dict(page.query)["after"] == "MQ=="
    assert page.next_page({"results": []}) is None


MISSING = answer(404, {"category": "OBJECT_NOT_FOUND", "message": "no such line"})


def test_an_ambiguous_removal_that_then_finds_nothing_succeeds() -> None:
    hand = Hand(campaign_spend.remove("g", 7), hubspot())
    hand.give(answer(502)).give(MISSING)
    assert hand.reply is not None
    assert (hand.reply.value, hand.reply.ambiguous, hand.reply.tries) == (None, True, 2)


@pytest.mark.parametrize("first", [[], [answer(423)], [answer(429, {"policyName": "TEN_SECONDLY_ROLLING"})]])
def test_an_unambiguous_removal_that_finds_nothing_fails(first: list[Any]) -> None:
    hand = Hand(campaign_spend.remove("g", 7), hubspot())
    for reply in (*first, MISSING):
        hand.give(reply)
    assert isinstance(hand.error, NotFound)


def test_an_ambiguous_read_that_then_finds_nothing_fails() -> None:
    hand = Hand(campaign_spend.get("g", 7), hubspot())
    assert isinstance(hand.give(answer(502)).give(MISSING).error, NotFound)
