from airflow_provider_mkt.client.marketo.raw_calls import raw as raw

__all__ = ["raw"]
