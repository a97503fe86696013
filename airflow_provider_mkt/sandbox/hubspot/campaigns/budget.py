"""Budget and spend of a campaign: adding lines, and the totals."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.bodies import read_object
from airflow_provider_mkt.sandbox.hubspot.campaigns.common import READ, WRITE, find
from airflow_provider_mkt.sandbox.hubspot.campaigns.store import MoneyItem
from airflow_provider_mkt.sandbox.hubspot.errors import invalid
from airflow_provider_mkt.sandbox.hubspot.world import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.reply import Reply

routes = HubSpotRoutes()


@routes.handle("POST", "campaigns", "/{campaignGuid}/budget", scopes=WRITE)
async def add_budget(request: HubSpotRequest) -> Reply:
    item = await _item(request, "PublicBudgetItemInput")
    find(request).budget[item.id] = item
    return Reply(201, item.view())


@routes.handle("POST", "campaigns", "/{campaignGuid}/spend", scopes=WRITE)
async def add_spend(request: HubSpotRequest) -> Reply:
    item = await _item(request, "PublicSpendItemInput")
    find(request).spend[item.id] = item
    return Reply(201, item.view())


@routes.handle("GET", "campaigns", "/{campaignGuid}/budget/totals", scopes=READ)
async def budget_totals(request: HubSpotRequest) -> Reply:
    """Both lists come in no particular order."""
    await request.work()
    campaign = find(request)
    budget, spend = list(campaign.budget.values()), list(campaign.spend.values())
    request.world.random.shuffle(budget)
    request.world.random.shuffle(spend)
    planned, spent = sum(item.amount for item in budget), sum(item.amount for item in spend)
    return Reply(
        200,
        {
            "currencyCode": campaign.properties.get("hs_currency_code", "USD"),
            "budgetItems": [item.view() for item in budget],
            "budgetTotal": planned,
            "spendItems": [item.view() for item in spend],
            "spendTotal": spent,
            "remainingBudget": planned - spent,
        },
    )


async def _item(request: HubSpotRequest, built: str) -> MoneyItem:
    body = await read_object(request, built, ["name", "amount", "order"])
    amount, order = body["amount"], body["order"]
    if isinstance(amount, bool) or not isinstance(amount, int | float) or not isinstance(order, int):
        msg = f"Invalid input JSON on line 1, column 1: Cannot build {built}, amount and order are numbers"
        raise invalid(msg)
    find(request)
    await request.work()
    now = request.clock.time()
    number = str(next(request.world.campaigns.items))
    return MoneyItem(number, str(body["name"]), float(amount), order, body.get("description"), now, now)
