"""Contacts: what they have that records of other object types do not."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.versions import dated

PREFIXES = ("/crm/v3/objects/contacts", *dated("/crm/objects/{v}/contacts"))
