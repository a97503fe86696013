"""All files of a folder, each in a task of its own."""

# [START many_files]
import pendulum
from airflow.sdk import DAG, Param, task

from airflow_provider_mkt.operators.leads import SyncLeadsOperator


@task
def list_files(params: dict) -> list[str]:
    from airflow.sdk import ObjectStoragePath

    return sorted(
        str(file) for file in ObjectStoragePath(params["folder"]).iterdir() if file.suffix == ".csv"
    )


@task
def total(outcomes: list[dict]) -> dict[str, int]:
    """Add up what the mapped tasks returned."""
    return {key: sum(outcome[key] for outcome in outcomes) for key in ("created", "updated", "rejected")}


with DAG(
    "many_files",
    doc_md=__doc__,
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1),
    # All tasks share the account's rate limit, so more of them at a time are not faster than a few.
    max_active_tasks=4,
    default_args={"retries": 3},
    params={"folder": Param("s3://aws_default@crm/inbox", title="Folder", type="string")},
):
    sync = SyncLeadsOperator.partial(task_id="sync", conn_id="hubspot_default", max_rejected="5%").expand(
        source=list_files()
    )
    total(sync.output)
# [END many_files]
