"""Scenes of campaigns, their money and reports, and of the account."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from calls.hubspot_runners import CallRunner
from calls.scenes import Scenes

from airflow_provider_mkt.client.errors import NotFound
from airflow_provider_mkt.client.hubspot.account import account_info
from airflow_provider_mkt.client.hubspot.campaigns import (
    campaign_assets,
    campaign_budgets,
    campaign_reports,
    campaign_spend,
    campaigns,
)
from airflow_provider_mkt.sandbox.hubspot import seed

SCENES = Scenes()
SPRING, WEBINARS = seed.SPRING_CAMPAIGN, seed.WEBINAR_CAMPAIGN
UNKNOWN = "0c5d2a0e-6f0b-4a51-9d3e-1a2b3c4d5eff"


def names(run: CallRunner, guids: Iterable[str]) -> dict[str, Any]:
    rows = run(campaigns.batch_read(list(guids), properties=["hs_name"])).results
    return {row.id: row.properties["hs_name"] for row in rows}


@SCENES.show(account_info="details daily_usage")
def the_account_and_its_day(run: CallRunner) -> None:
    account = run(account_info.details())
    assert (account["portalId"], account["timeZone"]) == (seed.PORTAL_ID, seed.TIME_ZONE)
    (before,) = run(account_info.daily_usage())
    run(campaigns.get(SPRING))
    (after,) = run(account_info.daily_usage())
    assert after["usageLimit"] == 625_000
    assert after["currentUsage"] > before["currentUsage"] > 0


@SCENES.show(campaigns="create get update delete")
def a_campaigns_life(run: CallRunner) -> None:
    made = run(campaigns.create({"hs_name": "Autumn", "hs_notes": "soon"}))
    run(campaigns.update(made["id"], {"hs_notes": "", "hs_goal": "more"}))
    shown = run(campaigns.get(made["id"], properties=["hs_name", "hs_notes", "hs_goal"]))
    assert shown["properties"] == {"hs_name": "Autumn", "hs_goal": "more"}
    assert [one["id"] for one in run.every(campaigns.list(name="autumn"))] == [made["id"]]
    run(campaigns.delete(made["id"]))
    with pytest.raises(NotFound):
        run(campaigns.get(made["id"]))


@SCENES.show(campaigns="list")
def campaigns_are_found_by_their_names(run: CallRunner) -> None:
    found = run.every(campaigns.list(sort="-hs_name", properties=["hs_name"], limit=1))
    assert [one["properties"]["hs_name"] for one in found] == ["Webinar series", "Spring launch"]
    assert run(campaigns.list(name="nothing")) == []


@SCENES.show(campaigns="create_batch batch_read update_batch archive_batch")
def a_batch_of_campaigns(run: CallRunner) -> None:
    made = run(campaigns.create_batch([{"hs_name": "A"}, {"hs_name": "B"}]))
    ids = {row.properties["hs_name"]: row.id for row in made.results}
    changed = run(campaigns.update_batch([{"id": ids["A"], "hs_name": "C"}, {"id": UNKNOWN, "hs_name": "D"}]))
    assert ([row.id for row in changed.results], changed.numErrors) == ([ids["A"]], 1)
    assert names(run, ids.values()) == {ids["A"]: "C", ids["B"]: "B"}
    run(campaigns.archive_batch([ids["A"], SPRING]))
    left = run(campaigns.batch_read([ids["A"], ids["B"], SPRING]))
    assert ([row.id for row in left.results], left.numErrors) == ([ids["B"]], 2)


@SCENES.show(campaign_assets="add list remove")
def assets_of_a_campaign(run: CallRunner) -> None:
    email, form = seed.PUBLISHED_EMAIL, "form/1 +?"
    run.box.hubspot.settings.assets = {"FORM": (form,)}
    run(campaign_assets.add(SPRING, "MARKETING_EMAIL", email))
    run(campaign_assets.add(SPRING, "FORM", form))
    (shown,) = run.every(campaign_assets.list(SPRING, "FORM", limit=1))
    assert shown["id"] == form
    assert set(run(campaigns.get(SPRING))["assets"]) == {"MARKETING_EMAIL", "FORM"}
    today = run.box.clock.now().date()
    days = {"start_date": today - dt.timedelta(days=3), "end_date": today}
    (mailed,) = run(campaign_assets.list(SPRING, "MARKETING_EMAIL", **days))
    assert (mailed["id"], mailed["metrics"]["sent"]) == (email, 3)
    run(campaign_assets.remove(SPRING, "FORM", form))
    assert run(campaign_assets.list(SPRING, "FORM")) == []


@SCENES.show(campaign_budgets="add get replace remove totals", campaign_spend="add get replace remove")
def money_of_a_campaign(run: CallRunner) -> None:
    planned = run(campaign_budgets.add(SPRING, "Ads", 1000, order=0, description="spring"))
    more = run(campaign_budgets.add(SPRING, "Stand", 500.5, order=1))
    spent = run(campaign_spend.add(SPRING, "First ad", 300, order=0))
    gone = run(campaign_spend.add(SPRING, "Second ad", 99, order=1))
    assert run(campaign_budgets.get(SPRING, planned["id"])) == planned
    assert run(campaign_spend.get(SPRING, spent["id"]))["amount"] == 300
    run(campaign_budgets.replace(SPRING, more["id"], "Stand", 600, order=1))
    run(campaign_spend.replace(SPRING, spent["id"], "First ad", 250, order=0))
    run(campaign_spend.remove(SPRING, gone["id"]))
    totals = run(campaign_budgets.totals(SPRING))
    assert (totals["budgetTotal"], totals["spendTotal"], totals["remainingBudget"]) == (1600, 250, 1350)
    assert sum(line["amount"] for line in totals["budgetItems"]) == 1600
    assert [line["id"] for line in totals["spendItems"]] == [spent["id"]]
    run(campaign_budgets.remove(SPRING, planned["id"]))
    with pytest.raises(NotFound):
        run(campaign_budgets.get(SPRING, planned["id"]))
    assert run(campaign_budgets.totals(SPRING))["budgetTotal"] == 600


@SCENES.show(campaign_reports="contacts metrics revenue")
def reports_of_a_campaign(run: CallRunner) -> None:
    assert run(campaign_reports.revenue(SPRING))["dealsNumber"] == 0
    run(campaign_assets.add(SPRING, "MARKETING_EMAIL", seed.PUBLISHED_EMAIL))
    counts: Mapping[str, Any] = run(campaign_reports.metrics(SPRING))
    for kind, count in (
        ("influencedContacts", "influencedContacts"),
        ("contactFirstTouch", "newContactsFirstTouch"),
        ("contactLastTouch", "newContactsLastTouch"),
    ):
        rows = run.every(campaign_reports.contacts(SPRING, kind, limit=2))
        assert len({row["id"] for row in rows}) == len(rows) == counts[count], kind
    influenced = {row["id"] for row in run.every(campaign_reports.contacts(SPRING, "influencedContacts"))}
    assert influenced <= set(seed.CONTACT_IDS[:3])
    revenue = run(campaign_reports.revenue(SPRING))
    assert (revenue["dealsNumber"], revenue["dealAmount"]) == (1, seed.DEAL_AMOUNT)
    assert revenue["contactsNumber"] <= len(influenced)
    assert 0 < revenue["revenueAmount"] <= revenue["dealAmount"]
    assert run(campaign_reports.revenue(WEBINARS))["dealsNumber"] == 0
    early = {"start_date": "2020-01-01", "end_date": "2020-12-31"}
    assert run(campaign_reports.contacts(SPRING, "influencedContacts", **early)) == []
    assert run(campaign_reports.metrics(SPRING, **early))["influencedContacts"] == 0
