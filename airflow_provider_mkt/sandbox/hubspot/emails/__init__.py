"""Marketing emails: drafts, publishing, revisions, statistics and A/B tests."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.versions import dated

PREFIXES = ("/marketing/v3/emails", *dated("/marketing/emails/{v}"))
