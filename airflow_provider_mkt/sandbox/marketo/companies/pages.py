"""Companies in the state; the page does not show them."""

from typing import Any

from airflow_provider_mkt.sandbox.marketo.state import MarketoState


def snapshot(state: MarketoState) -> dict[str, Any]:
    return {"companies": len(state.companies)}
