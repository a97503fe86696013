"""What a campaign is planned to cost, and how that compares with what it did cost."""

from __future__ import annotations

from typing import NotRequired, TypedDict, cast

from airflow_provider_mkt.client.call import Call, Replay, Route, path_params
from airflow_provider_mkt.client.hubspot.campaigns._lines import READ, Line, Lines

_LINES = Lines("budget", "campaign_budgets")


class BudgetTotals(TypedDict):
    """Both lists come in any order; a line's ``order`` tells its place, 0 the oldest."""

    currencyCode: str
    budgetItems: list[Line]
    spendItems: list[Line]
    budgetTotal: NotRequired[float]
    spendTotal: NotRequired[float]
    remainingBudget: NotRequired[float]


def totals(campaign_guid: str) -> Call[BudgetTotals]:
    """Read all budget and spend lines of a campaign, with their sums.

    :param campaign_guid: the campaign.
    :returns: lines, sums and the currency all of them are in.
    :raises NotFound: when there is no such campaign.

    Source: ``GET /marketing/{version}/campaigns/{campaignGuid}/budget/totals``.
    """
    name = "campaign_budgets.totals"
    return Call(
        name,
        Route(
            "GET", "campaigns", "/{campaignGuid}/budget/totals", path_params(name, campaignGuid=campaign_guid)
        ),
        lambda envelope: cast("BudgetTotals", envelope),
        Replay.SAFE,
        scopes=READ,
    )


def add(
    campaign_guid: str, name: str, amount: float, *, order: int, description: str | None = None
) -> Call[Line]:
    """Add a line to a campaign's budget.

    Nothing tells a repeat from a second line: read ``campaign_budgets.totals`` before trying again.

    :param campaign_guid: the campaign.
    :param name: what the line is for.
    :param amount: how much, in the campaign's currency.
    :param order: its place among the lines, 0 the oldest.
    :param description: more about it.
    :returns: the line with its id.
    :raises NotFound: when there is no such campaign.
    :raises InvalidInput: without a name, or on an amount or order that is no number.

    Source: ``POST /marketing/{version}/campaigns/{campaignGuid}/budget``.
    """
    return _LINES.add(campaign_guid, name, amount, order, description)


def get(campaign_guid: str, budget_id: int | str) -> Call[Line]:
    """Read a line of a campaign's budget.

    :param campaign_guid: the campaign.
    :param budget_id: the line.
    :raises NotFound: when the campaign has no such line.

    Source: ``GET /marketing/{version}/campaigns/{campaignGuid}/budget/{budgetId}``.
    """
    return _LINES.get(campaign_guid, budget_id)


def replace(
    campaign_guid: str,
    budget_id: int | str,
    name: str,
    amount: float,
    *,
    order: int,
    description: str | None = None,
) -> Call[Line]:
    """Write a line of a campaign's budget anew: what is not given is gone afterwards.

    :param campaign_guid: the campaign.
    :param budget_id: the line.
    :param name: what the line is for.
    :param amount: how much, in the campaign's currency.
    :param order: its place among the lines, 0 the oldest.
    :param description: more about it.
    :returns: the line as it is now.
    :raises NotFound: when the campaign has no such line.
    :raises InvalidInput: without a name, or on an amount or order that is no number.

    Source: ``PUT /marketing/{version}/campaigns/{campaignGuid}/budget/{budgetId}``.
    """
    return _LINES.replace(campaign_guid, budget_id, name, amount, order, description)


def remove(campaign_guid: str, budget_id: int | str) -> Call[None]:
    """Remove a line of a campaign's budget.

    :param campaign_guid: the campaign.
    :param budget_id: the line.
    :raises NotFound: when the campaign has no such line, be it that it was removed before.

    Source: ``DELETE /marketing/{version}/campaigns/{campaignGuid}/budget/{budgetId}``.
    """
    return _LINES.remove(campaign_guid, budget_id)
