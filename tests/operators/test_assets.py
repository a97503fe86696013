"""The outcome of a task is added to the events of the assets that it updates."""

from __future__ import annotations

from typing import Any

import pytest
from airflow_runs import Airflow

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot


def last_event(name: str) -> Any:
    from airflow.models.asset import AssetEvent, AssetModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        wanted = select(AssetEvent).join(AssetModel, AssetModel.id == AssetEvent.asset_id)
        event = session.scalars(wanted.where(AssetModel.name == name).order_by(AssetEvent.id.desc())).first()
        assert event is not None
        return dict(event.extra)


@pytest.mark.parametrize("platform", ["hubspot", "marketo"])
def test_a_sync_adds_its_counts_to_the_asset_event(airflow: Airflow, sandbox: Sandbox, platform: str) -> None:
    run = airflow.run(
        "from airflow.sdk import Asset\n"
        f'SyncLeadsOperator(task_id="sync", conn_id="{platform}_default", max_rejected=1, '
        'leads=[{"email": "a@example.com"}, {"email": "b@example.com"}, {"email": ""}], '
        f'outlets=[Asset("leads of {platform}")])'
    )
    assert run.state == "success", run.log[-2000:]
    extra = last_event(f"leads of {platform}")
    assert (extra["total"], extra["created"], extra["rejected"]) == (3, 2, 1)
    assert sum(extra["reasons"].values()) == 1
    assert "a@example.com" not in str(extra)


@pytest.mark.parametrize("deferrable", [True, False])
def test_a_waiting_operator_adds_the_result_of_its_jobs(
    airflow: Airflow, sandbox: Sandbox, deferrable: bool
) -> None:
    sandbox.hubspot.settings.email_preprocessing = sandbox.hubspot.settings.email_processing = 0.2
    run = airflow.run(
        "from airflow.sdk import Asset\n"
        f'PublishEmailOperator(task_id="publish", conn_id="hubspot_default", '
        f'email_id="{hubspot.NEWSLETTER_EMAIL}", wait_for_completion=True, poll_interval=0.2, '
        f'deferrable={deferrable}, outlets=[Asset("mail {deferrable}")])'
    )
    assert run.state == "success", run.log[-2000:]
    assert last_event(f"mail {deferrable}")["state"] == "PUBLISHED"


def test_the_result_of_a_named_call_is_not_added(airflow: Airflow, sandbox: Sandbox) -> None:
    someone = next(iter(sandbox.marketo.state.leads))
    run = airflow.run(
        "from airflow.sdk import Asset\n"
        "from airflow_provider_mkt.operators.marketo import MarketoOperator\n"
        f'MarketoOperator(task_id="get", conn_id="marketo_default", call="leads.get", '
        f'arguments={{"lead_id": {someone.id}}}, outlets=[Asset("one lead")])',
    )
    assert run.state == "success", run.log[-2000:]
    assert run.returned["get"]["email"]
    assert last_event("one lead") == {}
