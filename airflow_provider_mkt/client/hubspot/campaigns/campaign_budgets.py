"""The budget items of a campaign, and its budget and spend totals."""

from __future__ import annotations

from typing import NotRequired, TypedDict, cast

from airflow_provider_mkt.client.call import Call, Replay, Route, path_params
from airflow_provider_mkt.client.hubspot.campaigns._lines import READ, Line, LineCalls, Order
from airflow_provider_mkt.client.parameters import Amount, NumericId, OptionalText, Text, endpoint

_CALLS = LineCalls("budget", "campaign_budgets")


class BudgetTotals(TypedDict):
    """Budget and spend items, in any order; an item's ``order`` is its position, 0 for the oldest."""

    currencyCode: str
    budgetItems: list[Line]
    spendItems: list[Line]
    budgetTotal: NotRequired[float]
    spendTotal: NotRequired[float]
    remainingBudget: NotRequired[float]


@endpoint
def totals(campaign_guid: str) -> Call[BudgetTotals]:
    """Read all budget and spend items of a campaign, with totals.

    :param campaign_guid: id of the campaign.
    :returns: items, totals and their currency.
    :raises NotFound: when the campaign does not exist.

    Source: ``GET /marketing/{version}/campaigns/{campaignGuid}/budget/totals``.
    """
    return Call(
        "campaign_budgets.totals",
        Route("GET", "campaigns", "/{campaignGuid}/budget/totals", path_params(campaignGuid=campaign_guid)),
        lambda envelope: cast("BudgetTotals", envelope),
        Replay.SAFE,
        scopes=READ,
    )


@endpoint
def add(
    campaign_guid: str, name: Text, amount: Amount, *, order: Order, description: OptionalText | None = None
) -> Call[Line]:
    """Add a budget item to a campaign.

    A retry can add the item twice: read ``campaign_budgets.totals`` before retrying.

    :param campaign_guid: id of the campaign.
    :param name: name of the item.
    :param amount: amount of money, in the campaign's currency.
    :param order: position among the items, 0 for the oldest.
    :param description: description of the item.
    :returns: the item with its id.
    :raises NotFound: when the campaign does not exist.
    :raises InvalidInput: when *name* is empty, or *amount* or *order* is not a number.

    Source: ``POST /marketing/{version}/campaigns/{campaignGuid}/budget``.
    """
    return _CALLS.add(campaign_guid, name, amount, order, description)


@endpoint
def get(campaign_guid: str, budget_id: NumericId) -> Call[Line]:
    """Read a budget item of a campaign.

    :param campaign_guid: id of the campaign.
    :param budget_id: id of the item.
    :raises NotFound: when the campaign has no such item.

    Source: ``GET /marketing/{version}/campaigns/{campaignGuid}/budget/{budgetId}``.
    """
    return _CALLS.get(campaign_guid, budget_id)


@endpoint
def replace(
    campaign_guid: str,
    budget_id: NumericId,
    name: Text,
    amount: Amount,
    *,
    order: Order,
    description: OptionalText | None = None,
) -> Call[Line]:
    """Replace a budget item of a campaign. Fields that are not given are cleared.

    :param campaign_guid: id of the campaign.
    :param budget_id: id of the item.
    :param name: name of the item.
    :param amount: amount of money, in the campaign's currency.
    :param order: position among the items, 0 for the oldest.
    :param description: description of the item.
    :returns: the item after the change.
    :raises NotFound: when the campaign has no such item.
    :raises InvalidInput: when *name* is empty, or *amount* or *order* is not a number.

    Source: ``PUT /marketing/{version}/campaigns/{campaignGuid}/budget/{budgetId}``.
    """
    return _CALLS.replace(campaign_guid, budget_id, name, amount, order, description)


@endpoint
def remove(campaign_guid: str, budget_id: NumericId) -> Call[None]:
    """Remove a budget item of a campaign.

    :param campaign_guid: id of the campaign.
    :param budget_id: id of the item.
    :raises NotFound: when the campaign has no such item, for example because it was removed before.

    Source: ``DELETE /marketing/{version}/campaigns/{campaignGuid}/budget/{budgetId}``.
    """
    return _CALLS.remove(campaign_guid, budget_id)
