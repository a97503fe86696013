"""Everything that answers calls of properties."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.properties import batch, groups, single

HANDLERS = (single, batch, groups)
