"""Campaigns in the state and on the page."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.state import HubSpotState
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.state import NEWEST, Table


def snapshot(state: HubSpotState) -> JsonObject:
    return {"campaigns": state.campaigns.snapshot()}


def tables(state: HubSpotState) -> list[Table]:
    return [_campaigns(state)]


def _campaigns(state: HubSpotState) -> Table:
    every = state.campaigns.all()
    rows = [
        [
            one.id,
            one.name,
            one.properties.get("hs_campaign_status", ""),
            str(sum(map(len, one.assets.values()))),
            f"{sum(line.amount for line in one.budget.values()):,.2f}",
            f"{sum(line.amount for line in one.spend.values()):,.2f}",
            iso(one.updated),
        ]
        for one in reversed(every[-NEWEST:])
    ]
    columns = ["id", "name", "status", "assets", "budget", "spent", "updated"]
    return Table("Campaigns", columns, rows, f"{len(every):,} in all")
