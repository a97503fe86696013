"""The endpoints of lists."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.lists import conversions, folders, memberships, searching, single

HANDLERS = (single, searching, memberships, folders, conversions)
