"""Budget and spend items of a campaign, by the client and by plain HTTP."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import httpx
import pytest
from hubspot_runs import PROFILES_AND_WAYS, Runner

from airflow_provider_mkt.client.errors import NotFound, OutcomeUnknown, PermissionDenied
from airflow_provider_mkt.client.hubspot.campaigns import campaign_budgets, campaign_spend, campaigns
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed

GUID = seed.SPRING_CAMPAIGN
KINDS = pytest.mark.parametrize("money", [campaign_budgets, campaign_spend], ids=["budget", "spend"])


@pytest.fixture(params=PROFILES_AND_WAYS, ids="-".join)
def run(request: pytest.FixtureRequest, box: Sandbox) -> Runner:
    return Runner(box.hubspot.url, *request.param)


@KINDS
def test_an_item_is_added_read_replaced_and_removed(run: Runner, box: Sandbox, money: ModuleType) -> None:
    made = run(money.add(GUID, "Ads", 100, order=1, description="May"))
    assert (made["name"], made["amount"], made["order"], made["description"]) == ("Ads", 100, 1, "May")
    assert run(money.get(GUID, made["id"])) == made
    box.clock.advance(5)
    changed = run(money.replace(GUID, made["id"], "Adverts", 80.5, order=0))
    assert (changed["id"], changed["name"], changed["amount"], changed["order"]) == (
        made["id"],
        "Adverts",
        80.5,
        0,
    )
    assert "description" not in changed
    assert changed["createdAt"] == made["createdAt"]
    assert changed["updatedAt"] >= made["updatedAt"] + 5000
    assert run(money.get(GUID, made["id"])) == changed
    assert run(money.remove(GUID, made["id"])) is None
    for gone in (money.get(GUID, made["id"]), money.remove(GUID, made["id"])):
        with pytest.raises(NotFound):
            run(gone)


def test_totals_include_every_item_and_add_up(run: Runner, box: Sandbox) -> None:
    for order, amount in enumerate((100, 0.1, 0.2)):
        run(campaign_budgets.add(GUID, f"Plan {order}", amount, order=order))
    first = run(campaign_spend.add(GUID, "Print", 40, order=0))
    second = run(campaign_spend.add(GUID, "Ads", 20.5, order=1))
    totals = run(campaign_budgets.totals(GUID))
    assert sorted(line["order"] for line in totals["budgetItems"]) == [0, 1, 2]
    assert {line["id"] for line in totals["spendItems"]} == {first["id"], second["id"]}
    assert totals["budgetTotal"] == pytest.approx(100.3)
    assert totals["remainingBudget"] == pytest.approx(100.3 - 60.5)
    run(campaign_spend.remove(GUID, first["id"]))
    assert run(campaign_budgets.totals(GUID))["spendTotal"] == 20.5
    shown = run(campaigns.get(GUID, properties=["hs_spend_items_sum_amount"]))
    assert float(shown["properties"]["hs_spend_items_sum_amount"]) == 20.5
    held = next(one for one in box.hubspot.snapshot()["campaigns"] if one["id"] == GUID)
    assert [line["name"] for line in held["spend"]] == ["Ads"]


@KINDS
def test_adding_an_item_is_not_repeated_after_a_lost_response(
    run: Runner, box: Sandbox, money: ModuleType
) -> None:
    box.hubspot.faults.add("*/campaigns*", when="after", answer={"reset": True})
    with pytest.raises(OutcomeUnknown):
        run(money.add(GUID, "Ads", 1, order=0))
    totals: Any = run(campaign_budgets.totals(GUID))
    assert len(totals["budgetItems"] + totals["spendItems"]) == 1


@KINDS
def test_removing_an_item_succeeds_after_a_lost_response(
    run: Runner, box: Sandbox, money: ModuleType
) -> None:
    line = run(money.add(GUID, "Ads", 1, order=0))
    box.hubspot.faults.add(f"*/{line['id']}", when="after", answer={"reset": True})
    reply = run.reply(money.remove(GUID, line["id"]))
    assert (reply.value, reply.ambiguous, reply.tries) == (None, True, 2)


@KINDS
def test_documented_errors(run: Runner, money: ModuleType) -> None:
    unknown = "0c5d2a0e-6f0b-4a51-9d3e-1a2b3c4d5eff"
    for call in (money.add(unknown, "Ads", 1, order=0), money.get(unknown, 1), money.get(GUID, 4711)):
        with pytest.raises(NotFound):
            run(call)
    line = run(money.add(GUID, "Ads", 1, order=0))
    other = seed.WEBINAR_CAMPAIGN
    with pytest.raises(NotFound):
        run(money.get(other, line["id"]))
    reader = run.with_token(seed.READ_ONLY_TOKEN)
    assert reader(money.get(GUID, line["id"])) == line
    for call in (money.add(GUID, "Ads", 1, order=0), money.remove(GUID, line["id"])):
        with pytest.raises(PermissionDenied) as refusal:
            reader(call)
        assert refusal.value.missing == ("marketing.campaigns.write",)


@pytest.mark.parametrize("kind", ["budget", "spend"])
@pytest.mark.parametrize(
    "change",
    [
        {"name": None},
        {"name": 5},
        {"amount": "12"},
        {"amount": True},
        {"amount": 10**400},
        {"order": 1.5},
        {"order": 2**31},
        {"order": None},
        {"description": 5},
        {"colour": "red"},
    ],
    ids=str,
)
def test_an_invalid_item_is_rejected(
    api: httpx.Client, paths: dict[str, str], kind: str, change: dict[str, Any]
) -> None:
    one = f"{paths['campaigns']}/{GUID}"
    line = {"name": "Ads", "amount": 1, "order": 0}
    made = api.post(f"{one}/{kind}", json=line).json()["id"]
    for reply in (
        api.post(f"{one}/{kind}", json=line | change),
        api.put(f"{one}/{kind}/{made}", json=line | change),
    ):
        assert (reply.status_code, reply.json()["category"]) == (400, "VALIDATION_ERROR")
    assert api.get(f"{one}/{kind}/first").status_code == 400
    assert len(api.get(f"{one}/budget/totals").json()[f"{kind}Items"]) == 1
