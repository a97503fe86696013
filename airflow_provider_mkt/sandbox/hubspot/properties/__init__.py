"""Properties, property groups and object schemas."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.versions import dated

PREFIXES = ("/crm/v3/properties", *dated("/crm/properties/{v}"))
