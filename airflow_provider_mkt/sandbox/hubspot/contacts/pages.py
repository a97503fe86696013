"""Contacts and deals in the state and on the page."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.state import HubSpotState
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.state import NEWEST, Table


def snapshot(state: HubSpotState) -> JsonObject:
    return {"contacts": state.contacts.snapshot(), "deals": state.deals.snapshot()}


def tables(state: HubSpotState) -> list[Table]:
    return [_contacts(state)]


def _contacts(state: HubSpotState) -> Table:
    live = list(state.contacts.live())
    rows = [
        [
            one.id,
            one.properties.get("email", ""),
            f"{one.properties.get('firstname', '')} {one.properties.get('lastname', '')}".strip(),
            one.properties.get("lifecyclestage", ""),
            iso(one.updated),
        ]
        for one in reversed(live[-NEWEST:])
    ]
    return Table("Contacts", ["id", "email", "name", "stage", "updated"], rows, f"{len(live):,} in all")
