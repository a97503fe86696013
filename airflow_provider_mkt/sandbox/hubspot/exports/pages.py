"""Exports in the state and on the page."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.exports.store import is_readable
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotState
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.state import NEWEST, Table


def snapshot(state: HubSpotState) -> JsonObject:
    return {"exports": state.exports.snapshot()}


def tables(state: HubSpotState) -> list[Table]:
    rows = [
        [
            one.id,
            one.order.name,
            one.order.kind.name,
            one.state,
            f"{one.file.rows:,}" if one.file is not None and is_readable(one) else "",
        ]
        for one in reversed(state.exports.all()[-NEWEST:])
    ]
    return [Table("Exports", ["id", "name", "object type", "state", "rows"], rows)]
