"""Export new leads, activities and a program's members from Marketo to object storage every night.

Each run exports the day that ended at midnight, UTC, so no record is exported twice or missed. It starts at
three, because some activities are logged some time after their date. After missed nights, run it once with
more ``days``. The sandbox has records for ``--param end=2025-01-07T00:00:00Z``.
"""

from __future__ import annotations

from typing import Any

import pendulum
from airflow.sdk import DAG, Param, task

from airflow_provider_mkt.lineage.assets import marketo_asset
from airflow_provider_mkt.operators.exports import (
    ExportActivitiesOperator,
    ExportLeadsOperator,
    ExportProgramMembersOperator,
)

# Write the munchkin id of your instance here.
INSTANCE = "123-ABC-456"


# [START nightly_export]
@task
def days(params: dict[str, Any], dag_run: Any) -> dict[str, str]:
    """Compute the range to export once, for all tasks and their retries."""
    end = pendulum.parse(params["end"]) if params["end"] else pendulum.instance(dag_run.run_after)
    midnight = end.in_timezone("UTC").start_of("day")
    return {"start": midnight.subtract(days=params["days"]).isoformat(), "end": midnight.isoformat()}


with DAG(
    "nightly_export",
    doc_md=__doc__,
    schedule="0 3 * * *",
    start_date=pendulum.datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"conn_id": "marketo_default", "retries": 3, "deferrable": True},
    params={
        "folder": Param(
            "file:///tmp/mkt-export", title="Folder", type="string", description="on any object storage"
        ),
        "days": Param(1, title="Days", type="integer", minimum=1),
        "end": Param(None, title="End", type=["null", "string"], description="last night when empty"),
    },
    tags=["marketo", "exports"],
):
    span = days()
    # One file per window of at most 31 days, named by the start of the window.
    new_leads = ExportLeadsOperator(
        task_id="new_leads",
        output_path="{{ params.folder }}/leads-{window}.csv",
        fields=["id", "email", "leadSource", "createdAt"],
        start=span["start"],
        end=span["end"],
        inlets=[marketo_asset(INSTANCE)],
    )
    activities = ExportActivitiesOperator(
        task_id="activities",
        output_path="{{ params.folder }}/activities-{window}.csv",
        start=span["start"],
        end=span["end"],
        inlets=[marketo_asset(INSTANCE, "activities")],
    )
    members = ExportProgramMembersOperator(
        task_id="members",
        output_path="{{ params.folder }}/welcome-nurture.csv",
        program_id=2001,
        fields=["leadId", "statusName", "membershipDate"],
        inlets=[marketo_asset(INSTANCE, "programs/2001/members")],
    )
# [END nightly_export]
