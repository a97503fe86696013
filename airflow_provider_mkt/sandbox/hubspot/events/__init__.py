"""Marketing events and who takes part in them."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.versions import dated

PREFIXES = ("/marketing/v3/marketing-events", *dated("/marketing/marketing-events/{v}"))
