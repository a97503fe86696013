from __future__ import annotations

from airflow_fixtures import airflow, database, sandbox, short_waits

__all__ = ["airflow", "database", "sandbox", "short_waits"]
