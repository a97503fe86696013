"""Companies, deals, tickets and custom objects in the state and on the page."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.objects.types import ObjectType
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotState
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.state import NEWEST, Table


def snapshot(state: HubSpotState) -> JsonObject:
    return {one.name: one.store.snapshot() for one in _others(state)}


def tables(state: HubSpotState) -> list[Table]:
    return [_records(one) for one in _others(state)]


def _others(state: HubSpotState) -> list[ObjectType]:
    return [one for one in state.objects if not one.is_contacts]


def _records(kind: ObjectType) -> Table:
    rows = [
        [one.id, *(one.properties.get(name, "") for name in kind.shown), iso(one.updated)]
        for one in kind.store.newest(NEWEST)
    ]
    title = kind.name if kind.schema else kind.name.capitalize()
    return Table(title, ["id", *kind.shown, "updated"], rows, f"{len(kind.store):,} in all")
