"""What tasks read and write, for Airflow's assets and for OpenLineage."""
