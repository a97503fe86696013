"""Records of every object type but what contacts have alone: batches, search, associations and schemas."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.versions import dated

PREFIXES = ("/crm/v3/objects/{objectType}", *dated("/crm/objects/{v}/{objectType}"))
