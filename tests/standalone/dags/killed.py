"""DAGs whose tasks the test kills."""

from __future__ import annotations

import datetime

from airflow.sdk import DAG, Param

from airflow_provider_mkt.operators.emails import PublishEmailOperator
from airflow_provider_mkt.operators.imports import ImportLeadsOperator
from airflow_provider_mkt.operators.leads import SyncLeadsOperator

RETRY = {"retries": 2, "retry_delay": datetime.timedelta(seconds=0)}

with DAG("killed_sync", schedule=None, default_args=RETRY):
    SyncLeadsOperator(
        task_id="sync",
        conn_id="hubspot_default",
        leads=[{"email": f"lead{i}@example.com", "firstname": f"L{i}"} for i in range(4000)],
        max_concurrency=3,
    )

with DAG("killed_publish", schedule=None, default_args=RETRY, params={"email": Param("", type="string")}):
    PublishEmailOperator(
        task_id="publish",
        conn_id="hubspot_default",
        email_id="{{ params.email }}",
        wait_for_completion=True,
        poll_interval=1,
        deferrable=True,
    )

with DAG("killed_import", schedule=None, default_args=RETRY, params={"source": Param("", type="string")}):
    for platform in ("hubspot", "marketo"):
        ImportLeadsOperator(
            task_id=platform,
            conn_id=f"{platform}_default",
            source="{{ params.source }}",
            poll_interval=0.5,
        )
