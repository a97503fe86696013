"""Which campaigns an email belongs to, by its own field or as an asset of the campaign."""

from __future__ import annotations

from collections.abc import Iterator

from airflow_provider_mkt.sandbox.hubspot.campaigns.store import Campaign
from airflow_provider_mkt.sandbox.hubspot.emails.models import Email
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotState

MARKETING_EMAIL = "MARKETING_EMAIL"
KINDS = (MARKETING_EMAIL, "EMAIL")
"""Asset types of emails."""


def belongs(state: HubSpotState, email: Email, guid: str) -> bool:
    """Return whether an email belongs to a campaign, which need not exist."""
    if str(email.live.get("campaign") or "").lower() == guid.lower():
        return True
    campaign = state.campaigns.get(guid)
    return campaign is not None and any(email.id in campaign.assets.get(kind, {}) for kind in KINDS)


def campaigns_of(state: HubSpotState, email: Email) -> list[Campaign]:
    """Return the campaigns that an email belongs to, the oldest first."""
    return [campaign for campaign in state.campaigns.all() if belongs(state, email, campaign.id)]


def emails_of(state: HubSpotState, campaign: Campaign) -> Iterator[Email]:
    """Return the emails of a campaign, including archived ones, which may have been sent."""
    return (email for email in state.emails.all() if belongs(state, email, campaign.id))
