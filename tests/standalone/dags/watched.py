"""A DAG that a watcher starts."""

from __future__ import annotations

from typing import Any

from airflow.sdk import DAG, AssetWatcher, task

from airflow_provider_mkt.lineage.assets import hubspot_asset
from airflow_provider_mkt.triggers.leads import NewLeadsTrigger

contacts = hubspot_asset(
    "4242424",
    watchers=[AssetWatcher("new", trigger=NewLeadsTrigger("hubspot_together", poll_interval=1))],
)

with DAG("watched", schedule=[contacts]):

    @task
    def found(triggering_asset_events: Any = None) -> list[dict[str, Any]]:
        return [event.extra["payload"] for events in triggering_asset_events.values() for event in events]

    found()
