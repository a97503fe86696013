"""What a task's log says about its connection: once, however often the task's process starts anew."""

from __future__ import annotations

import json

import pytest
from airflow_runs import Airflow

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed

WARNING = "HubSpot ends its support of API version v3: its v4 paths on 2027-03-30"
TASKS = {
    "deferred": f"""
from airflow_provider_mkt.operators.emails import PublishEmailOperator
PublishEmailOperator(task_id="deferred", conn_id="old", email_id={seed.NEWSLETTER_EMAIL},
    wait_for_completion=True, deferrable=True, poll_interval=0.05)
""",
    "rescheduled": """
from airflow_provider_mkt.sensors.leads import LeadsMatchingSensor
LeadsMatchingSensor(task_id="rescheduled", conn_id="old", field="city", value="Oslo", count=1,
    mode="reschedule", poke_interval=0.1, timeout=0.5)
""",
    "poked": """
from airflow_provider_mkt.sensors.leads import LeadsMatchingSensor
LeadsMatchingSensor(task_id="poked", conn_id="old", field="city", value="Oslo", count=1,
    mode="poke", poke_interval=0.1, timeout=0.5)
""",
    "own_code": """
from airflow.sdk import task
from airflow_provider_mkt.client.hubspot.account import account_info
from airflow_provider_mkt.hooks.hubspot import HubSpotHook

@task
def own_code():
    with HubSpotHook("old") as hook:
        hook.run(account_info.details())
        hook.run(account_info.details())

own_code()
""",
}


@pytest.mark.parametrize("task", TASKS)
def test_the_end_of_a_versions_support_is_logged_once(
    airflow: Airflow, sandbox: Sandbox, short_waits: None, monkeypatch: pytest.MonkeyPatch, task: str
) -> None:
    connection = {
        "conn_type": "hubspot",
        "host": sandbox.hubspot.url,
        "password": seed.TOKEN,
        "extra": {"api_version": "v3"},
    }
    monkeypatch.setenv("AIRFLOW_CONN_OLD", json.dumps(connection))
    run = airflow.run(TASKS[task])
    assert run.log.count(WARNING) == 1, run.log[-3000:]
    if task in ("rescheduled", "poked"):
        assert sandbox.hubspot.calls.of("POST", "/crm/v3/objects/contacts/search").total > 1
