"""Owners: the users of the account whom records are assigned to."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.versions import dated

PREFIXES = ("/crm/v3/owners", *dated("/crm/owners/{v}"))
