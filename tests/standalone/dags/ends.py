"""Deferred tasks that a user, the clock or another triggerer ends."""

from __future__ import annotations

import datetime

from airflow.sdk import DAG, Param

from airflow_provider_mkt.operators.imports import ImportLeadsOperator
from airflow_provider_mkt.operators.programs import ScheduleEmailProgramOperator

with DAG("scheduled_program", schedule=None, params={"program": Param("", type="string")}):
    ScheduleEmailProgramOperator(
        task_id="schedule",
        conn_id="marketo_default",
        program_id="{{ params.program }}",
        publish_at="2030-01-01T09:00:00Z",
        wait_for_completion=True,
        deferrable=True,
        poll_interval=1,
        wait_timeout=10 * 365 * 24 * 3600.0,
    )

with DAG("timed_import", schedule=None, params={"source": Param("", type="string")}):
    ImportLeadsOperator(
        task_id="import",
        conn_id="hubspot_together",
        source="{{ params.source }}",
        deferrable=True,
        poll_interval=1,
        execution_timeout=datetime.timedelta(seconds=60),
    )
