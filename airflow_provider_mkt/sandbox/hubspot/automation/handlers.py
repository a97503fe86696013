"""The handlers of sequences, workflows and flows."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.automation import flows, sequences, workflows

HANDLERS = (sequences, workflows, flows)
