"""The weekly newsletter, and somebody who hears of it when it is not out by nine."""

# [START newsletter_deadline]
from datetime import timedelta
from typing import Any

import pendulum
from airflow.sdk import DAG, Param

from airflow_provider_mkt.operators.emails import PublishEmailOperator

late: dict[str, Any] = {}
try:
    from airflow.sdk import AsyncCallback, DeadlineAlert, DeadlineReference  # type: ignore[attr-defined]
except ImportError:
    pass  # Airflow 3.0 and 3.1 have no deadlines.
else:
    late["deadline"] = DeadlineAlert(
        reference=DeadlineReference.DAGRUN_LOGICAL_DATE,  # seven o'clock, see the schedule
        interval=timedelta(hours=2),
        # Runs in the triggerer, which needs the Slack provider. It knows the run, and no task.
        callback=AsyncCallback(
            "airflow.providers.slack.notifications.slack_webhook.SlackWebhookNotifier",
            kwargs={"text": "Not out by nine: {{ dag_run.dag_id }}, {{ dag_run.dag_run_id }}"},
        ),
    )

with DAG(
    "newsletter_deadline",
    schedule="0 7 * * MON",
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Berlin"),
    catchup=False,
    max_active_runs=1,
    default_args={"conn_id": "hubspot_default", "retries": 3},
    params={"email_id": Param("180000000001", type="string", title="Email", description="id of the draft")},
    doc_md=__doc__,
    **late,
):
    PublishEmailOperator(
        task_id="publish", email_id="{{ params.email_id }}", wait_for_completion=True, deferrable=True
    )
# [END newsletter_deadline]
