"""Many deferred tasks that wait for emails of one account."""

from __future__ import annotations

from airflow.sdk import DAG, Param, task

from airflow_provider_mkt.sensors.batch_status import BatchStatusSensor

with DAG("together", schedule=None, params={"emails": Param([], type="array")}):

    @task
    def jobs(params: dict[str, list[str]] | None = None) -> list[dict[str, str]]:
        emails = (params or {})["emails"]
        return [{"platform": "hubspot", "kind": "email_publish", "id": one} for one in emails]

    BatchStatusSensor.partial(
        task_id="wait", conn_id="hubspot_together", deferrable=True, poke_interval=2
    ).expand(job=jobs())
