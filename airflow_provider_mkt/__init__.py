"""Apache Airflow provider for HubSpot and Marketo Engage."""

__version__ = "0.1.0"
