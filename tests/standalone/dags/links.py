"""Tasks with links and lineage: plain, deferred, mapped and failed; one updates an asset."""

from __future__ import annotations

from airflow.sdk import DAG, Param

from airflow_provider_mkt.lineage.assets import hubspot_asset
from airflow_provider_mkt.operators.emails import (
    CreateEmailOperator,
    PublishEmailOperator,
    UpdateEmailOperator,
)
from airflow_provider_mkt.operators.imports import ImportLeadsOperator
from airflow_provider_mkt.operators.lists import AddToListOperator
from airflow_provider_mkt.sensors.batch_status import BatchStatusSensor

with DAG(
    "links",
    schedule=None,
    default_args={"conn_id": "hubspot_approvals", "retries": 2},
    params={"leads": Param("", type="string")},
):
    CreateEmailOperator(task_id="plain", name="linked", outlets=[hubspot_asset(4242424, "emails")])
    ImportLeadsOperator(task_id="import", source="{{ params.leads }}", deferrable=True, poll_interval=1)
    BatchStatusSensor(
        task_id="deferred",
        conn_id="marketo_default",
        job={"platform": "marketo", "kind": "email_publish", "id": "3002"},
        deferrable=True,
        poke_interval=1,
    )
    UpdateEmailOperator.partial(task_id="mapped", changes={"subject": "Changed"}).expand(
        email_id=["180000000002", "180000000005"]
    )
    AddToListOperator(task_id="failed", list_id="101", leads=["404404"])

with DAG("links_later", schedule=None, default_args={"conn_id": "marketo_default", "retries": 2}):
    PublishEmailOperator(task_id="approve", email_id="3002")
