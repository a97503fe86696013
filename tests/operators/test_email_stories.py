"""An email from clone to statistics, in one DAG."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from airflow_runs import Airflow

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo import seed as marketo

IMPORTS = """
from airflow_provider_mkt.operators.campaigns import AssociateAssetsOperator
from airflow_provider_mkt.operators.email_tests import CreateABTestVariationOperator
from airflow_provider_mkt.operators.emails import *
from airflow_provider_mkt.operators.statistics import EmailStatisticsOperator
"""


def test_hubspot_an_email_is_cloned_updated_tested_sent_and_its_statistics_written(
    airflow: Airflow, sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.hubspot.settings.email_preprocessing = sandbox.hubspot.settings.email_processing = 0.1
    run = airflow.run(f"""
{IMPORTS}
HUBSPOT = {{"conn_id": "hubspot_default"}}
clone = CloneEmailOperator(task_id="clone", email_id={hubspot.NEWSLETTER_EMAIL}, name="Of {{{{ run_id }}}}",
    **HUBSPOT)
update = UpdateEmailOperator(task_id="update", email_id=clone.output, changes={{"subject": "A"}}, **HUBSPOT)
vary = CreateABTestVariationOperator(task_id="vary", email_id=clone.output, variation_name="B", **HUBSPOT)
other = UpdateEmailOperator(task_id="other", email_id=vary.output, changes={{"subject": "B"}}, **HUBSPOT)
file = AssociateAssetsOperator(task_id="file", campaign_name="Spring launch",
    assets={{"MARKETING_EMAIL": ["{{{{ ti.xcom_pull('clone')['email_id'] }}}}"]}}, **HUBSPOT)
publish = PublishEmailOperator(task_id="publish", email_id=clone.output, wait_for_completion=True,
    poll_interval=0.05, **HUBSPOT)
count = EmailStatisticsOperator(task_id="count", output_path="{tmp_path}/f.jsonl",
    email_ids=["{{{{ ti.xcom_pull('clone')['email_id'] }}}}", "{{{{ ti.xcom_pull('vary')['email_id'] }}}}"],
    **HUBSPOT)
update >> vary >> other >> file >> publish >> count
""")
    assert run.state == "success", run.log[-3000:]
    emails = sandbox.hubspot.state.emails
    made = [emails.get(run.returned[task]["email_id"]) for task in ("clone", "vary")]
    assert [one.live["subject"] for one in made if one is not None] == ["A", "B"]
    campaign = sandbox.hubspot.state.campaigns.get(hubspot.SPRING_CAMPAIGN)
    assert campaign is not None
    assert list(campaign.assets["MARKETING_EMAIL"]) == [run.returned["clone"]["email_id"]]
    rows = [json.loads(line) for line in (tmp_path / "f.jsonl").read_text().splitlines()]
    assert sum(row["counters"]["sent"] for row in rows) == len(hubspot.CONTACT_IDS)


@pytest.mark.parametrize("platform", ["hubspot", "marketo"])
def test_the_same_tasks_serve_both_platforms(airflow: Airflow, sandbox: Sandbox, platform: str) -> None:
    email_id, folder = {
        "hubspot": (hubspot.AUTOMATED_EMAIL, None),
        "marketo": (marketo.APPROVED_EMAIL, marketo.EMAIL_FOLDER),
    }[platform]
    run = airflow.run(f"""
{IMPORTS}
CONN = {{"conn_id": "{platform}_default"}}
clone = CloneEmailOperator(task_id="clone", email_id={email_id}, name="Copy", folder_id={folder}, **CONN)
update = UpdateEmailOperator(task_id="update", email_id=clone.output, changes={{"subject": "New"}}, **CONN)
publish = PublishEmailOperator(task_id="publish", email_id=clone.output, wait_for_completion=True, **CONN)
UnpublishEmailOperator(task_id="unpublish", email_id=clone.output, **CONN).set_upstream(publish)
update >> publish
""")
    assert run.state == "success", run.log[-3000:]
    assert [run.returned["publish"]["published"], run.returned["unpublish"]["unpublished"]] == [True, True]
