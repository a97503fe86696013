from airflow_fixtures import airflow, sandbox

__all__ = ["airflow", "hurried", "sandbox"]
