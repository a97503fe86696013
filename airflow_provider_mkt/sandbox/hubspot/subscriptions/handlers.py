"""The endpoints of subscriptions."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.subscriptions import batch, dated, undated

HANDLERS = (undated, dated, batch)
