"""Associations between records: of one record, in batches, and their labels and limits."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.versions import dated

OF_RECORDS = ("/crm/v4/objects/{objectType}/{recordId}", *dated("/crm/objects/{v}/{objectType}/{recordId}"))
BETWEEN = ("/crm/v4/associations", *dated("/crm/associations/{v}"))
