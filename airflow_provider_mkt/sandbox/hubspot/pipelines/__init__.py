"""Pipelines and their stages."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.versions import dated

PREFIXES = ("/crm/v3/pipelines", *dated("/crm/pipelines/{v}"))
