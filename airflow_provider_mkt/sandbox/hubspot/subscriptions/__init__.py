"""Communication preferences: subscription definitions and statuses."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.versions import dated

PREFIXES = ("/communication-preferences/v4", *dated("/communication-preferences/{v}"))
