"""Marketing events in the state and on the page."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.events.models import STATES
from airflow_provider_mkt.sandbox.hubspot.events.views import counters
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotState
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.state import NEWEST, Table


def snapshot(state: HubSpotState) -> JsonObject:
    return {"events": state.events.snapshot()}


def tables(state: HubSpotState) -> list[Table]:
    return [_events(state)]


def _events(state: HubSpotState) -> Table:
    every = state.events.all()
    rows = []
    for one in reversed(every[-NEWEST:]):
        counted = counters(state, one)
        flags = [label for label in ("cancelled", "completed") if one.values.get(f"event{label.title()}")]
        numbers = [str(counted[state]) for state in STATES]
        rows.append([one.id, one.external_event_id, one.name, ", ".join(flags), *numbers])
    columns = ["id", "external id", "name", "marked", "registered", "attended", "cancelled", "no-shows"]
    return Table("Marketing events", columns, rows, f"{len(every):,} in all")
