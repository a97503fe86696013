from airflow_fixtures import airflow, sandbox, short_waits

__all__ = ["airflow", "sandbox", "short_waits"]
