"""Properties in the state; the page does not show them."""

from __future__ import annotations

from typing import Any

from airflow_provider_mkt.sandbox.hubspot.state import HubSpotState


def snapshot(state: HubSpotState) -> dict[str, Any]:
    return {"properties": state.properties.snapshot()}
