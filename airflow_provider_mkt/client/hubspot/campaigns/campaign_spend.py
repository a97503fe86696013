"""What a campaign did cost. The sums are read with the budget's, by ``campaign_budgets.totals``."""

from __future__ import annotations

from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.hubspot.campaigns._lines import Line, Lines

_LINES = Lines("spend", "campaign_spend")


def add(
    campaign_guid: str, name: str, amount: float, *, order: int, description: str | None = None
) -> Call[Line]:
    """Add a line to a campaign's spend.

    Nothing tells a repeat from a second line: read ``campaign_budgets.totals`` before trying again.

    :param campaign_guid: the campaign.
    :param name: what the line is for.
    :param amount: how much, in the campaign's currency.
    :param order: its place among the lines, 0 the oldest.
    :param description: more about it.
    :returns: the line with its id.
    :raises NotFound: when there is no such campaign.
    :raises InvalidInput: without a name, or on an amount or order that is no number.

    Source: ``POST /marketing/{version}/campaigns/{campaignGuid}/spend``.
    """
    return _LINES.add(campaign_guid, name, amount, order, description)


def get(campaign_guid: str, spend_id: int | str) -> Call[Line]:
    """Read a line of a campaign's spend.

    :param campaign_guid: the campaign.
    :param spend_id: the line.
    :raises NotFound: when the campaign has no such line.

    Source: ``GET /marketing/{version}/campaigns/{campaignGuid}/spend/{spendId}``.
    """
    return _LINES.get(campaign_guid, spend_id)


def replace(
    campaign_guid: str,
    spend_id: int | str,
    name: str,
    amount: float,
    *,
    order: int,
    description: str | None = None,
) -> Call[Line]:
    """Write a line of a campaign's spend anew: what is not given is gone afterwards.

    :param campaign_guid: the campaign.
    :param spend_id: the line.
    :param name: what the line is for.
    :param amount: how much, in the campaign's currency.
    :param order: its place among the lines, 0 the oldest.
    :param description: more about it.
    :returns: the line as it is now.
    :raises NotFound: when the campaign has no such line.
    :raises InvalidInput: without a name, or on an amount or order that is no number.

    Source: ``PUT /marketing/{version}/campaigns/{campaignGuid}/spend/{spendId}``.
    """
    return _LINES.replace(campaign_guid, spend_id, name, amount, order, description)


def remove(campaign_guid: str, spend_id: int | str) -> Call[None]:
    """Remove a line of a campaign's spend.

    :param campaign_guid: the campaign.
    :param spend_id: the line.
    :raises NotFound: when the campaign has no such line, be it that it was removed before.

    Source: ``DELETE /marketing/{version}/campaigns/{campaignGuid}/spend/{spendId}``.
    """
    return _LINES.remove(campaign_guid, spend_id)
