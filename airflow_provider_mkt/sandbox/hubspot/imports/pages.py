"""Imports in the state and on the page."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.state import HubSpotState
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.state import NEWEST, Table


def snapshot(state: HubSpotState) -> JsonObject:
    return {"imports": state.imports.snapshot()}


def tables(state: HubSpotState) -> list[Table]:
    return [_imports(state)]


def _imports(state: HubSpotState) -> Table:
    state.imports.run_due_work()
    every = state.imports.all()
    rows = [
        [
            one.id,
            one.name,
            one.kind.name,
            one.state,
            *(f"{one.counters[name]:,}" for name in ("CREATED_OBJECTS", "UPDATED_OBJECTS", "ERRORS")),
        ]
        for one in reversed(every[-NEWEST:])
    ]
    return Table("Imports", ["id", "name", "object type", "state", "created", "updated", "errors"], rows)
