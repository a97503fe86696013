"""The endpoints of single sends."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.sends import single, tokens

HANDLERS = (single, tokens)
