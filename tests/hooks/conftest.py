from airflow_fixtures import airflow, hurried, sandbox

__all__ = ["airflow", "hurried", "sandbox"]
