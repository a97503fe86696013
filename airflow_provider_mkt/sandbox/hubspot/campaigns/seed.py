"""The campaigns of a new account."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.seed import (
    NEWSLETTER_FORM,
    SPRING_CAMPAIGN,
    WEBINAR_CAMPAIGN,
    WEBINAR_FORM,
)
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotState

ASSETS = {
    "AD_CAMPAIGN": {"30100000001": "Search ads"},
    "BLOG_POST": {"30200000001": "What is new this spring"},
    "CALL": {"30300000001": "Call script"},
    "CASE_STUDY": {"30400000001": "How Example Ltd saves time"},
    "CTA": {"3d1f0a52-7c1e-4f55-8f2e-0b6c5a9d0001": "Try it"},
    "EXTERNAL_WEB_URL": {"30500000001": "https://www.example.com/spring"},
    "FEEDBACK_SURVEY": {"30600000001": "Satisfaction"},
    "FILE_MANAGER_FILE": {"30700000001": "Brochure.pdf"},
    "FORM": {
        NEWSLETTER_FORM: "Newsletter",
        WEBINAR_FORM: "Webinar registration",
    },
    "KNOWLEDGE_ARTICLE": {"30800000001": "First steps"},
    "LANDING_PAGE": {"30900000001": "Spring offer"},
    "MARKETING_SMS": {"31000000001": "Reminder"},
    "MEDIA": {"31100000001": "Product film"},
    "MEETING_EVENT": {"31200000001": "Demo"},
    "PLAYBOOK": {"31300000001": "First call"},
    "PODCAST_EPISODE": {"31400000001": "Episode 1"},
    "SALES_DOCUMENT": {"31500000001": "Price list"},
    "SITE_PAGE": {"31600000001": "Home"},
    "SOCIAL_BROADCAST": {"31700000001": "Spring is here"},
    "WEB_INTERACTIVE": {"31800000001": "Banner"},
}
"""Ids and names of the assets that the sandbox does not emulate, by type."""


def fill(state: HubSpotState) -> None:
    """Add a campaign in progress and a planned one."""
    state.campaigns.other_assets = ASSETS
    state.campaigns.create(
        {"hs_name": "Spring launch", "hs_campaign_status": "in_progress", "hs_start_date": "2026-03-01"},
        SPRING_CAMPAIGN,
    )
    state.campaigns.create(
        {"hs_name": "Webinar series", "hs_campaign_status": "planned", "hs_notes": "Four evenings"},
        WEBINAR_CAMPAIGN,
    )
