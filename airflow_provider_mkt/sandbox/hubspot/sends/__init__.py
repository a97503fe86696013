"""Transactional and single sends, send statuses and SMTP tokens."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.versions import dated

TRANSACTIONAL_PREFIXES = ("/marketing/v3/transactional", *dated("/marketing/transactional/{v}"))
