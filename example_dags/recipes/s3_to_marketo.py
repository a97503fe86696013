"""A file on S3 to Marketo, with other column names than Marketo's fields."""

# [START s3_to_marketo]
import pendulum
from airflow.sdk import DAG, Param

from airflow_provider_mkt.operators.leads import SyncLeadsOperator

with DAG(
    "s3_to_marketo",
    doc_md=__doc__,
    schedule="@daily",
    start_date=pendulum.datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 3},
    params={
        "source": Param("s3://aws_default@crm-exports/leads.csv", title="Source", type="string"),
        "rejects": Param("s3://aws_default@crm-exports/rejects", title="Folder for rejects", type="string"),
    },
):
    SyncLeadsOperator(
        task_id="write_leads",
        conn_id="marketo_default",
        source="{{ params.source }}",
        # Column of the file to REST name of the field. A column that is mapped to None is not sent.
        columns={"e_mail": "email", "given_name": "firstName", "family_name": "lastName", "internal": None},
        # Every lead gets these.
        constants={"leadSource": "CRM export"},
        types={"doNotCall": "boolean"},
        # An empty value leaves the field as it is, except that an empty phone number is cleared.
        blank={"phone": "clear"},
        max_rejected="5%",
        rejects_path="{{ params.rejects }}/{{ run_id | replace(':', '') }}.jsonl",
    )
# [END s3_to_marketo]
