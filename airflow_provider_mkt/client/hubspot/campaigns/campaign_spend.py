"""The spend items of a campaign. ``campaign_budgets.totals`` reads the totals."""

from __future__ import annotations

from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.hubspot.campaigns._lines import Line, LineCalls, Order
from airflow_provider_mkt.client.parameters import Amount, NumericId, OptionalText, Text, endpoint

_CALLS = LineCalls("spend", "campaign_spend")


@endpoint
def add(
    campaign_guid: str, name: Text, amount: Amount, *, order: Order, description: OptionalText | None = None
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
    return _CALLS.add(campaign_guid, name, amount, order, description)


@endpoint
def get(campaign_guid: str, spend_id: NumericId) -> Call[Line]:
    """Read a spend item of a campaign.

    :param campaign_guid: id of the campaign.
    :param spend_id: id of the item.
    :raises NotFound: when the campaign has no such item.

    Source: ``GET /marketing/{version}/campaigns/{campaignGuid}/spend/{spendId}``.
    """
    return _CALLS.get(campaign_guid, spend_id)


@endpoint
def replace(
    campaign_guid: str,
    spend_id: NumericId,
    name: Text,
    amount: Amount,
    *,
    order: Order,
    description: OptionalText | None = None,
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
    return _CALLS.replace(campaign_guid, spend_id, name, amount, order, description)


@endpoint
def remove(campaign_guid: str, spend_id: NumericId) -> Call[None]:
    """Remove a spend item of a campaign.

    :param campaign_guid: id of the campaign.
    :param spend_id: id of the item.
    :raises NotFound: when the campaign has no such item, for example because it was removed before.

    Source: ``DELETE /marketing/{version}/campaigns/{campaignGuid}/spend/{spendId}``.
    """
    return _CALLS.remove(campaign_guid, spend_id)
