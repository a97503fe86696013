"""Lists, memberships and list folders."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.versions import dated

PREFIXES = ("/crm/v3/lists", *dated("/crm/lists/{v}"))
