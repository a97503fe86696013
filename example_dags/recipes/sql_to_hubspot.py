"""The rows of a query to HubSpot contacts."""

# [START sql_to_hubspot]
import pendulum
from airflow.sdk import DAG

from airflow_provider_mkt.operators.leads import SyncLeadsOperator

with DAG(
    "sql_to_hubspot",
    doc_md=__doc__,
    schedule="@hourly",
    start_date=pendulum.datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 3},
):
    SyncLeadsOperator(
        task_id="write_contacts",
        conn_id="hubspot_default",
        sql="SELECT mail, town, score FROM customers WHERE score >= %(least)s ORDER BY mail",
        sql_conn_id="crm",
        sql_parameters={"least": 10},
        columns={"mail": "email", "town": "city", "score": "numemployees"},
        # NULL empties the town; without this line it would stay as it is.
        blank={"city": "clear"},
        max_rejected="1%",
    )
# [END sql_to_hubspot]
