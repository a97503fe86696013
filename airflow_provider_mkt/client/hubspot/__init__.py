from airflow_provider_mkt.client.hubspot.raw_calls import raw as raw

__all__ = ["raw"]
