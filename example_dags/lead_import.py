"""A daily lead import from object storage, to either platform.

``source`` may be on any storage that Airflow can read, such as ``s3://aws_default@bucket/leads/new.csv``,
``gs://`` or ``file://``. The header of a CSV file names the platform's fields.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pendulum
from airflow.sdk import DAG, Param, task

from airflow_provider_mkt.operators.leads import SyncLeadsOperator

SIGN_UPS = Path(__file__).parent / "data" / "hubspot_signups.csv"

with DAG(
    "lead_import",
    doc_md=__doc__,
    schedule="@daily",
    start_date=pendulum.datetime(2026, 1, 1),
    catchup=False,
    # Two imports of the same leads at the same time could create duplicates on Marketo.
    max_active_runs=1,
    default_args={"retries": 3, "retry_delay": pendulum.duration(minutes=5)},
    params={
        "conn_id": Param(
            "hubspot_default", title="Connection", type="string", description="hubspot or marketo connection"
        ),
        "source": Param(str(SIGN_UPS), title="Source", type="string", description="CSV or JSON Lines file"),
        "max_rejected": Param(
            "20%", title="Most rejects", type="string", description="a number or a percentage"
        ),
    },
    tags=["hubspot", "marketo", "leads"],
):
    import_leads = SyncLeadsOperator(
        task_id="import_leads",
        conn_id="{{ params.conn_id }}",
        source="{{ params.source }}",
        max_rejected="{{ params.max_rejected }}",
    )

    @task
    def report(outcome: dict[str, Any]) -> str:
        """Return a message; a real DAG would send it to a chat channel."""
        return (
            f"{outcome['created']} new leads, {outcome['updated']} updated, {outcome['rejected']} rejected: "
            f"{outcome['rejects'] or 'none'}"
        )

    report(import_leads.output)
