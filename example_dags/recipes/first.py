"""The first DAG of the documentation: three leads, one of which has no address."""

# [START first]
from airflow.sdk import DAG

from airflow_provider_mkt.operators.leads import SyncLeadsOperator

with DAG("first", schedule=None):
    write = SyncLeadsOperator(
        task_id="write",
        conn_id="hubspot_default",
        leads=[
            {"email": "mia@example.com", "firstname": "Mia"},
            {"email": "noah@example.com", "firstname": "Noah"},
            {"email": "", "firstname": "Nobody"},
        ],
        max_rejected=1,
    )
# [END first]
