"""Associations in the state; the page does not show them."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.state import HubSpotState
from airflow_provider_mkt.sandbox.server.json_types import JsonObject


def snapshot(state: HubSpotState) -> JsonObject:
    return {"associations": state.associations.snapshot()}
