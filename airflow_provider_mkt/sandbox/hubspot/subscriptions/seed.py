"""The subscription types of a new account."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.seed import DEFAULT_SUBSCRIPTION, EVENTS_SUBSCRIPTION
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotState


def fill(state: HubSpotState) -> None:
    """Add two subscription types, the first of them the default."""
    for type_id, name, text, default in (
        (DEFAULT_SUBSCRIPTION, "Marketing information", "News and offers", True),
        (EVENTS_SUBSCRIPTION, "Events", "Invitations to events", False),
    ):
        state.subscriptions.define(type_id, name, text, default=default)
