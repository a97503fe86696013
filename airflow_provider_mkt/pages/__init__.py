"""What the pages of the sandbox and the page in Airflow have in common: their look, and their charts."""
