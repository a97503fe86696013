"""A season's campaigns on HubSpot: create them, add an A/B-tested email, send it, and read its statistics.

The ids are those of the sandbox.
"""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG, Param

from airflow_provider_mkt.operators.campaigns import (
    AssociateAssetsOperator,
    CreateCampaignBatchOperator,
    UpdateCampaignBatchOperator,
)
from airflow_provider_mkt.operators.email_tests import CreateABTestVariationOperator
from airflow_provider_mkt.operators.emails import (
    CloneEmailOperator,
    PublishEmailOperator,
    UpdateEmailOperator,
)
from airflow_provider_mkt.operators.statistics import EmailStatisticsOperator
from airflow_provider_mkt.sensors.emails import EmailActivitySensor

SEASON = "{{ params.season }}"
EMAIL = "{{ ti.xcom_pull('email')['email_id'] }}"
OTHER_EMAIL = "{{ ti.xcom_pull('other_email')['email_id'] }}"

# [START campaign_season]
with DAG(
    "campaign_season",
    doc_md=__doc__,
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"conn_id": "hubspot_default", "retries": 2},
    params={
        "season": Param("Autumn 2026", title="Season", type="string"),
        "work_dir": Param("file:///tmp/mkt-season", title="Folder for files", type="string"),
    },
    tags=["hubspot", "campaigns"],
):
    campaigns = CreateCampaignBatchOperator(
        task_id="campaigns",
        campaigns=[{"name": f"{SEASON}: readers"}, {"name": f"{SEASON}: customers"}],
        campaign_defaults={"hs_campaign_status": "planned"},
    )
    email = CloneEmailOperator(task_id="email", email_id="180000000001", name=f"{SEASON}: opening")
    subject = UpdateEmailOperator(
        task_id="subject", email_id=email.output, changes={"subject": f"{SEASON} begins"}
    )
    other_email = CreateABTestVariationOperator(
        task_id="other_email", email_id=email.output, variation_name=f"{SEASON}: opening, B"
    )
    other_subject = UpdateEmailOperator(
        task_id="other_subject", email_id=other_email.output, changes={"subject": "What is new?"}
    )
    assets = AssociateAssetsOperator(
        task_id="assets", campaign_name=f"{SEASON}: readers", assets={"MARKETING_EMAIL": [EMAIL, OTHER_EMAIL]}
    )
    begin = UpdateCampaignBatchOperator(
        task_id="begin", campaigns=campaigns.output, changes={"hs_campaign_status": "in_progress"}
    )
    # Publishing the email also publishes its variation.
    publish = PublishEmailOperator(
        task_id="publish", email_id=email.output, wait_for_completion=True, deferrable=True
    )
    delivered = EmailActivitySensor(
        task_id="delivered", email_id=email.output, activity="delivered", deferrable=True
    )
    figures = EmailStatisticsOperator(
        task_id="figures",
        output_path="{{ params.work_dir }}/figures.csv",
        email_ids=[EMAIL, OTHER_EMAIL],
    )

    subject >> other_email >> other_subject >> assets
    campaigns >> assets >> begin >> publish >> delivered >> figures
# [END campaign_season]
