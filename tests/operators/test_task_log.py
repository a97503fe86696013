"""The log of a task says on which account it works, and with which settings, and nobody's data."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import BaseOperator
from airflow_runs import Airflow
from reliability.rows import ROWS

from airflow_provider_mkt.hooks.hubspot import HubSpotHook
from airflow_provider_mkt.hooks.marketo import MarketoHook
from airflow_provider_mkt.hooks.state import known_accounts
from airflow_provider_mkt.operators._task_log import start_line
from airflow_provider_mkt.operators.leads import SyncLeadsOperator
from airflow_provider_mkt.operators.lists import AddToListOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot


def line_of(operator: BaseOperator) -> str:
    return start_line(operator, "HubSpot account 4242424, connection 'crm'")


def test_settings_that_differ_from_the_defaults_are_named() -> None:
    operator = SyncLeadsOperator(
        task_id="t",
        conn_id="crm",
        source="s3://aws_default@bucket/leads.csv",
        columns={"mail": "email", "town": "city"},
        max_rejected="5%",
        max_concurrency=3,
        deferrable=True,
    )
    assert line_of(operator) == (
        "HubSpot account 4242424, connection 'crm': source='s3://aws_default@bucket/leads.csv', "
        "columns=a mapping with 2 keys, max_rejected='5%', max_concurrency=3"
    )


def test_times_and_time_spans_are_shown() -> None:
    operator = AddToListOperator(task_id="t", conn_id="crm", list_id=1, leads=[])
    vars(operator).update(leads_path=timedelta(hours=2), list_id=datetime(2026, 5, 1, 9, tzinfo=UTC))
    assert line_of(operator).endswith("leads_path=2:00:00, list_id=2026-05-01T09:00:00+00:00")


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"leads": ["ada@example.com"]}, "leads=a list of 1"),
        ({"leads": "ada@example.com"}, "leads=text of 15 characters"),
        ({"leads_path": "https://user:secret@host/leads.csv"}, "leads_path=text of 34 characters"),
        ({"leads_path": "/data/leads.csv"}, "leads_path='/data/leads.csv'"),
    ],
)
def test_nobodys_data_and_no_password_is_named(given: dict[str, Any], shown: str) -> None:
    operator = AddToListOperator(task_id="t", conn_id="crm", list_id=1, leads=[])
    vars(operator).update(given)
    line = line_of(operator)
    assert shown in line
    assert "ada@" not in line
    assert "secret" not in line


@pytest.mark.parametrize("name", ROWS)
def test_every_operator_has_a_line_without_addresses(name: str, tmp_path: Path) -> None:
    operator = ROWS[name].make(tmp_path)
    line = line_of(operator)
    assert line.startswith("HubSpot account 4242424, connection 'crm'")
    assert "@example.com" not in line
    assert "<" not in line
    assert len(line) < 1_500


def test_a_hook_names_the_account_once_it_is_known(sandbox: Sandbox) -> None:
    with MarketoHook() as hook:
        # The connection tells it: it is in the name of Marketo's host.
        assert hook.where() == f"Marketo account {hook.account_name()}, connection 'marketo_default'"
    with HubSpotHook() as hook:
        known_accounts().set(hook.platform.account_key, None)
        assert hook.where() == "HubSpot, connection 'hubspot_default'"
        sandbox.hubspot.faults.add("/account-info/*", answer={"status": 502}, times=1)
        assert hook.where(may_ask=True) == "HubSpot, connection 'hubspot_default'"
        assert (
            hook.where(may_ask=True) == f"HubSpot account {hubspot.PORTAL_ID}, connection 'hubspot_default'"
        )


def test_the_line_is_in_the_log(airflow: Airflow, sandbox: Sandbox, short_waits: None) -> None:
    run = airflow.run(
        "from airflow_provider_mkt.operators.lists import AddToListOperator\n"
        "AddToListOperator(task_id='t', conn_id='hubspot_default', leads=['ada@example.com'], list_id=101)"
    )
    assert run.state == "success", run.log[-3000:]
    assert "connection 'hubspot_default': leads=a list of 1, list_id=101" in run.log
    assert "ada@example.com" not in run.log
