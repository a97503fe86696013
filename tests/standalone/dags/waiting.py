"""One deferred task of each kind."""

from __future__ import annotations

from airflow.sdk import DAG, Param

from airflow_provider_mkt.operators.exports import ExportLeadsOperator
from airflow_provider_mkt.operators.imports import ImportLeadsOperator
from airflow_provider_mkt.operators.sends import SendTransactionalEmailOperator
from airflow_provider_mkt.sensors.leads import LeadsMatchingSensor

with DAG(
    "waiting",
    schedule=None,
    # A busy Airflow may fail to start a task.
    default_args={"conn_id": "hubspot_default", "deferrable": True, "retries": 2},
    params={"folder": Param("", type="string")},
):
    # It starts first, so that its condition is not true yet.
    LeadsMatchingSensor(
        task_id="sensor", field="message", value="imported", count=3, poke_interval=1, priority_weight=9
    )
    ImportLeadsOperator(
        task_id="import",
        source="{{ params.folder }}/leads.csv",
        constants={"message": "imported"},
        poll_interval=1,
    )
    ExportLeadsOperator(
        task_id="export",
        conn_id="marketo_default",
        output_path="{{ params.folder }}/export.csv",
        fields=["id"],
        start="2025-01-06T00:00:00Z",
        end="2025-01-07T00:00:00Z",
        poll_interval=1,
    )
    SendTransactionalEmailOperator(
        task_id="send",
        email_id="180000000006",
        to="ada@example.com",
        wait_for_completion=True,
        poll_interval=1,
    )
