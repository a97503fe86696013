"""Which campaigns an email belongs to: by its own field, or as an asset of theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_mkt.sandbox.hubspot.campaigns.store import Campaign
    from airflow_provider_mkt.sandbox.hubspot.emails.record import Email
    from airflow_provider_mkt.sandbox.hubspot.world import HubSpotWorld

MARKETING_EMAIL = "MARKETING_EMAIL"
KINDS = (MARKETING_EMAIL, "EMAIL")
"""Asset types that mean an email."""


def belongs(world: HubSpotWorld, email: Email, guid: str) -> bool:
    """Whether an email belongs to a campaign; the campaign of its own field need not exist."""
    if str(email.live.get("campaign") or "").lower() == guid.lower():
        return True
    campaign = world.campaigns.get(guid)
    return campaign is not None and any(email.id in campaign.assets.get(kind, {}) for kind in KINDS)


def campaigns_of(world: HubSpotWorld, email: Email) -> list[Campaign]:
    """The campaigns that an email belongs to, oldest first."""
    return [campaign for campaign in world.campaigns.all() if belongs(world, email, campaign.id)]


def emails_of(world: HubSpotWorld, campaign: Campaign) -> Iterator[Email]:
    """The emails that belong to a campaign, the archived ones too: they were sent all the same."""
    return (email for email in world.emails.all() if belongs(world, email, campaign.id))
