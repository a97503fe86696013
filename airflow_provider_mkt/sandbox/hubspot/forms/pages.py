"""Forms in the state and on the page."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.state import HubSpotState
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.state import NEWEST, Table


def snapshot(state: HubSpotState) -> JsonObject:
    return {"forms": state.forms.snapshot()}


def tables(state: HubSpotState) -> list[Table]:
    every = state.forms.all()
    rows = [
        [one.id, one.name, one.kind, str(len(one.submissions)), iso(one.updated)]
        for one in reversed(every[-NEWEST:])
    ]
    return [Table("Forms", ["id", "name", "type", "submissions", "updated"], rows, f"{len(every):,} in all")]
