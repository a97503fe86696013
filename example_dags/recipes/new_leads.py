"""A DAG that runs for leads that are new or changed since its last run."""

# [START new_leads]
from datetime import timedelta

import pendulum
from airflow.sdk import DAG, Param, task

from airflow_provider_mkt.operators.lists import AddToListOperator
from airflow_provider_mkt.sensors.lead_changes import LeadChangesSensor

with DAG(
    "new_leads",
    doc_md=__doc__,
    schedule="@hourly",
    start_date=pendulum.datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"conn_id": "hubspot_default", "retries": 3},
    params={"folder": Param("s3://aws_default@crm/new-leads", title="Folder", type="string")},
):
    changes = LeadChangesSensor(
        task_id="wait_for_leads",
        leads_path="{{ params.folder }}/{{ run_id | replace(':', '') }}.jsonl",
        deferrable=True,
        timeout=timedelta(minutes=50),
        # An hour without a new lead is no failure: the tasks after it are skipped.
        soft_fail=True,
    )

    @task.short_circuit
    def any_new(found: dict) -> bool:
        return found["new"] > 0

    @task
    def new_ids(found: dict) -> list[str]:
        """Return the leads that are new, and not those that have only changed."""
        import json

        from airflow.sdk import ObjectStoragePath

        with ObjectStoragePath(found["leads"]).open() as file:
            return [row["id"] for row in map(json.loads, file) if row["new"]]

    ids = new_ids(changes.output)
    any_new(changes.output) >> ids
    AddToListOperator(task_id="add_to_welcome_list", list_id=101, leads=ids)
# [END new_leads]
