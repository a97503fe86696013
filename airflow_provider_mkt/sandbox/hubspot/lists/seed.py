"""The list of a new account."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.seed import CONTACT_IDS, LIST_ID
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotState

AFTER = ("contacts",)


def fill(state: HubSpotState) -> None:
    """Add a list of the first three contacts."""
    state.lists.add_members(state.lists.create("Early adopters", list_id=LIST_ID), CONTACT_IDS[:3])
    state.lists.legacy_ids["1"] = LIST_ID
