"""Marketo Engage, emulated. One package per area; see the conventions in `airflow_provider_mkt.sandbox`."""
