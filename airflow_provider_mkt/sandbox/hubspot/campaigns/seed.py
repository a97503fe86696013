"""The campaigns of a new account."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.seed import SPRING_CAMPAIGN, WEBINAR_CAMPAIGN
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotState


def fill(state: HubSpotState) -> None:
    """Add a campaign in progress and a planned one."""
    state.campaigns.create(
        {"hs_name": "Spring launch", "hs_campaign_status": "in_progress", "hs_start_date": "2026-03-01"},
        SPRING_CAMPAIGN,
    )
    state.campaigns.create(
        {"hs_name": "Webinar series", "hs_campaign_status": "planned", "hs_notes": "Four evenings"},
        WEBINAR_CAMPAIGN,
    )
