"""Subscriptions in the state and on the page."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.state import HubSpotState
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.state import NEWEST, Table


def snapshot(state: HubSpotState) -> JsonObject:
    return {"subscriptions": state.subscriptions.snapshot()}


def tables(state: HubSpotState) -> list[Table]:
    return [_subscriptions(state)]


def _subscriptions(state: HubSpotState) -> Table:
    store = state.subscriptions
    people = store.people()
    names = {one.id: one.name for one in store.definitions.values()}
    rows = []
    for address, consents in reversed(people[-NEWEST:]):
        left = "everything" if store.opted_out_of_all(address) is not None else ""
        states = [f"{names[type_id]}: {one.state}" for type_id, one in consents.items()]
        rows.append([address, ", ".join(states), left])
    return Table("Subscriptions", ["email", "states", "opted out of"], rows, f"{len(people):,} people")
