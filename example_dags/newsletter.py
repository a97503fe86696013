"""The monthly newsletter: import sign-ups, create its campaigns, enrol, publish, and wait.

The steps are the same on both platforms. The connection id decides which platform they use.
The ids below are those of the sandbox. Replace them by your own.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pendulum
from airflow.sdk import DAG, Param, task

from airflow_provider_mkt.operators.campaigns import CreateCampaignBatchOperator
from airflow_provider_mkt.operators.emails import PublishEmailOperator
from airflow_provider_mkt.operators.leads import SyncLeadsOperator
from airflow_provider_mkt.operators.nurture import EnrollNurtureOperator
from airflow_provider_mkt.sensors.batch_status import BatchStatusSensor

DATA = Path(__file__).parent / "data"
ISSUES = [{"name": "Newsletter: readers"}, {"name": "Newsletter: customers"}]

with DAG(
    "newsletter_hubspot",
    schedule="@monthly",
    start_date=pendulum.datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"conn_id": "hubspot_default", "retries": 2},
    tags=["hubspot", "newsletter"],
):
    sign_ups = SyncLeadsOperator(
        task_id="import_sign_ups",
        source=str(DATA / "hubspot_signups.csv"),
        max_rejected="20%",
    )
    campaigns = CreateCampaignBatchOperator(task_id="create_campaigns", campaigns=ISSUES)
    campaigns_ready = BatchStatusSensor(task_id="campaigns_ready", job=campaigns.output, deferrable=True)
    enroll = EnrollNurtureOperator(
        task_id="enroll_in_welcome_series",
        campaign_id="a1b2c3d4e5f60718293a4b5c6d7e8f01",
        leads=["0f1e2d3c4b5a69788796a5b4c3d2e1f0", "3f1e2d3c4b5a69788796a5b4c3d2e1f3"],
    )
    publish = PublishEmailOperator(task_id="publish", email_id="180000000001")
    sent = BatchStatusSensor(task_id="sent", job=publish.output, deferrable=True, poke_interval=3)

    sign_ups >> campaigns >> campaigns_ready >> enroll >> publish >> sent


@task
def when_to_send(params: dict[str, Any]) -> str:
    """Compute the time once, so that a retry of the publishing task uses the same time."""
    return pendulum.now("UTC").add(seconds=params["send_in"]).isoformat()


with DAG(
    "newsletter_marketo",
    schedule="@monthly",
    start_date=pendulum.datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"conn_id": "marketo_default", "retries": 2},
    params={"send_in": Param(15, type="integer", minimum=1, description="seconds")},
    tags=["marketo", "newsletter"],
):
    sign_ups = SyncLeadsOperator(
        task_id="import_sign_ups",
        source=str(DATA / "marketo_signups.csv"),
        max_rejected="20%",
    )
    programs = CreateCampaignBatchOperator(
        task_id="create_campaigns",
        campaigns=ISSUES,
        campaign_defaults={"folder_id": 11, "channel": "Default"},
    )
    programs_ready = BatchStatusSensor(task_id="campaigns_ready", job=programs.output, deferrable=True)
    enroll = EnrollNurtureOperator(
        task_id="enroll_in_welcome_series", program_id=2001, status_name="Member", leads=[1001, 1002]
    )
    send_at = when_to_send()
    approve = PublishEmailOperator(task_id="publish", program_id=2002, publish_at=send_at)
    sent = BatchStatusSensor(task_id="sent", job=approve.output, deferrable=True, poke_interval=3)

    sign_ups >> programs >> programs_ready >> enroll >> send_at >> approve >> sent
