"""Putting assets into a campaign and taking them out of it, each with an outcome of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from airflow_provider_mkt.api.call import Call
from airflow_provider_mkt.api.errors import InvalidRequest, NotFound
from airflow_provider_mkt.api.flow import Flow
from airflow_provider_mkt.api.hubspot import campaign_assets, campaign_work, campaigns

Asset = tuple[str, str]
"""The code of its type, and its id."""


@dataclass
class Membership:
    """What became of assets.

    :param added: those that are in the campaign now.
    :param removed: those that are not in it now.
    :param rejected: refused, with the platform's reason.
    """

    added: list[Asset] = field(default_factory=list)
    removed: list[Asset] = field(default_factory=list)
    rejected: dict[Asset, str] = field(default_factory=dict)


def named(name: str) -> Flow[str]:
    """The id of the campaign of a name.

    :raises NotFound: when there is none.
    :raises InvalidRequest: when there are several.
    """
    guids = yield from campaign_work.named(name)
    if not guids:
        raise NotFound(f"there is no campaign {name!r}", platform="hubspot")
    if len(guids) > 1:
        raise InvalidRequest(
            f"{len(guids)} campaigns have the name {name!r}; give its id", platform="hubspot"
        )
    return guids[0]


def change(campaign_guid: str, add: Sequence[Asset], remove: Sequence[Asset]) -> Flow[Membership]:
    """Put assets into a campaign and take others out; what is so already stays so.

    :param campaign_guid: the campaign.
    :param add: assets to put in.
    :param remove: assets to take out, which stay as such.
    :raises NotFound: when there is no such campaign.
    :raises InvalidInput: on a type that is no code.
    """
    membership = Membership()
    steps: list[tuple[list[Asset], Asset, Call[None]]] = [
        *((membership.added, asset, campaign_assets.add(campaign_guid, *asset)) for asset in add),
        *((membership.removed, asset, campaign_assets.remove(campaign_guid, *asset)) for asset in remove),
    ]
    # What refuses an asset below does not say whether it is the campaign that is missing.
    yield campaigns.get(campaign_guid)
    for done, asset, call in steps:
        try:
            yield call
        except InvalidRequest as refused:
            membership.rejected[asset] = refused.message
        else:
            done.append(asset)
    return membership
