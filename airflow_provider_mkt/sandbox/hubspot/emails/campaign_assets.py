"""Which campaigns an email belongs to: by its own field, or as an asset of theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_provider_mkt.sandbox.hubspot.campaigns.store import Campaign
    from airflow_provider_mkt.sandbox.hubspot.emails.models import Email
    from airflow_provider_mkt.sandbox.hubspot.state import HubSpotState

MARKETING_EMAIL = "MARKETING_EMAIL"
KINDS = (MARKETING_EMAIL, "EMAIL")
"""Asset types that mean an email."""


def belongs(state: HubSpotState, email: Email, guid: str) -> bool:
    """Whether an email belongs to a campaign; the campaign of its own field need not exist."""
    if str(email.live.get("campaign") or "").lower() == guid.lower():
        return True
    campaign = state.campaigns.get(guid)
    return campaign is not None and any(email.id in campaign.assets.get(kind, {}) for kind in KINDS)


def campaigns_of(state: HubSpotState, email: Email) -> list[Campaign]:
    """The campaigns that an email belongs to, oldest first."""
    return [campaign for campaign in state.campaigns.all() if belongs(state, email, campaign.id)]


def emails_of(state: HubSpotState, campaign: Campaign) -> Iterator[Email]:
    """The emails that belong to a campaign, the archived ones too: they were sent all the same."""
    return (email for email in state.emails.all() if belongs(state, email, campaign.id))
