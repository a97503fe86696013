"""The spend items of a campaign. ``campaign_budgets.totals`` reads the totals."""

from __future__ import annotations

from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.hubspot.campaigns._lines import Line, Lines

_LINES = Lines("spend", "campaign_spend")


def add(
    campaign_guid: str, name: str, amount: float, *, order: int, description: str | None = None
) -> Call[Line]:
    """Add a spend item to a campaign.

    A retry can add the item twice: read ``campaign_budgets.totals`` before retrying.

    :param campaign_guid: id of the campaign.
    :param name: name of the item.
    :param amount: amount of money, in the campaign's currency.
    :param order: position among the items, 0 for the oldest.
    :param description: description of the item.
    :returns: the item with its id.
    :raises NotFound: when the campaign does not exist.
    :raises InvalidInput: when *name* is empty, or *amount* or *order* is not a number.

    Source: ``POST /marketing/{version}/campaigns/{campaignGuid}/spend``.
    """
    return _LINES.add(campaign_guid, name, amount, order, description)


def get(campaign_guid: str, spend_id: int | str) -> Call[Line]:
    """Read a spend item of a campaign.

    :param campaign_guid: id of the campaign.
    :param spend_id: id of the item.
    :raises NotFound: when the campaign has no such item.

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
    """Replace a spend item of a campaign. Fields that are not given are cleared.

    :param campaign_guid: id of the campaign.
    :param spend_id: id of the item.
    :param name: name of the item.
    :param amount: amount of money, in the campaign's currency.
    :param order: position among the items, 0 for the oldest.
    :param description: description of the item.
    :returns: the item after the change.
    :raises NotFound: when the campaign has no such item.
    :raises InvalidInput: when *name* is empty, or *amount* or *order* is not a number.

    Source: ``PUT /marketing/{version}/campaigns/{campaignGuid}/spend/{spendId}``.
    """
    return _LINES.replace(campaign_guid, spend_id, name, amount, order, description)


def remove(campaign_guid: str, spend_id: int | str) -> Call[None]:
    """Remove a spend item of a campaign.

    :param campaign_guid: id of the campaign.
    :param spend_id: id of the item.
    :raises NotFound: when the campaign has no such item, for example because it was removed before.

    Source: ``DELETE /marketing/{version}/campaigns/{campaignGuid}/spend/{spendId}``.
    """
    return _LINES.remove(campaign_guid, spend_id)
