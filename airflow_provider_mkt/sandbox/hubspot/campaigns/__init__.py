"""Campaigns: properties, assets, budget and reports."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.versions import dated

PREFIXES = ("/marketing/v3/campaigns", *dated("/marketing/campaigns/{v}"))
