"""A checked email that waits for an approval."""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.sdk import DAG, Param

from airflow_provider_mkt.operators.email_approval import ApproveEmailOperator
from airflow_provider_mkt.operators.email_checks import CheckEmailOperator
from airflow_provider_mkt.operators.emails import CloneEmailOperator, PublishEmailOperator

for dag_id, options in {
    "approval": {},
    "approval_of_ada": {"assigned_users": [{"id": "ada", "name": "Ada"}]},
    "approval_in_time": {"response_timeout": timedelta(seconds=30)},
}.items():
    with DAG(
        dag_id,
        schedule=None,
        start_date=pendulum.datetime(2026, 1, 1),
        params={"name": Param("Spring", type="string")},
        default_args={"conn_id": "hubspot_approvals"},
    ):
        copy = CloneEmailOperator(task_id="copy", email_id="180000000001", name="{{ params.name }}")
        check = CheckEmailOperator(task_id="check", email_id=copy.output)
        approve = ApproveEmailOperator(task_id="approve", check=check.output, **options)
        publish = PublishEmailOperator(
            task_id="publish", email_id=copy.output, check=check.output, approval=approve.output
        )
        copy >> check >> approve >> publish
