"""Reports of outcomes, in Python and in the text of a notifier."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from airflow_runs import Airflow
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mkt.notifications.reports import markdown_report, slack_report
from airflow_provider_mkt.sandbox import Sandbox

SYNC: dict[str, Any] = {
    "outcome": "lead_sync",
    "platform": "hubspot",
    "mode": "calls",
    "total": 1_207,
    "written": 1_204,
    "created": 1_203,
    "updated": 1,
    "skipped": 0,
    "rejected": 3,
    "warned": 0,
    "resumed": 9,
    "reasons": {"KEY_MISSING": 1, "INVALID_EMAIL": 2},
    "rejects": "s3://bucket/_rejects_*.jsonl",
    "warnings": None,
    "outcomes": None,
    "jobs": [],
    "calls": 13,
    "seconds": 9.5,
}
PUBLICATION: dict[str, Any] = {
    "outcome": "email_publication",
    "platform": "hubspot",
    "published": True,
    "state": "PUBLISHED",
    "scheduled_for": None,
    "job": {"platform": "hubspot", "kind": "email_send", "id": "1"},
    "audience": {"at_most": 12_345, "exact": False},
}


def test_a_sync_for_slack() -> None:
    assert slack_report(SYNC).splitlines() == [
        "*Lead sync* (HubSpot): 1,207 rows",
        "1,203 created, 1 updated, 3 rejected",
        "Reasons: `INVALID_EMAIL` 2; `KEY_MISSING` 1",
        "Rejected: `s3://bucket/_rejects_*.jsonl`",
    ]


def test_a_sync_in_markdown() -> None:
    assert markdown_report(SYNC).split("  \n") == [
        "**Lead sync** (HubSpot): 1,207 rows",
        "1,203 created, 1 updated, 3 rejected",
        "Reasons: `INVALID_EMAIL` 2; `KEY_MISSING` 1",
        "Rejected: `s3://bucket/_rejects_*.jsonl`",
    ]


@pytest.mark.parametrize(
    ("outcome", "lines"),
    [
        (
            {**SYNC, "total": 1, "created": 1, "updated": 0, "rejected": 0, "reasons": {}, "rejects": None},
            ["**Lead sync** (HubSpot): 1 row", "1 created"],
        ),
        (
            {**SYNC, "mode": "bulk", "created": None, "updated": None, "reasons": {}, "rejects": None},
            ["**Lead sync** (HubSpot): 1,207 rows", "1,204 written, 3 rejected"],
        ),
        (
            PUBLICATION,
            ["**Email publication** (HubSpot)", "published by this task, to at most 12,345 people"],
        ),
        (
            {**PUBLICATION, "published": False, "audience": {"at_most": 1, "exact": True}},
            ["**Email publication** (HubSpot)", "was published before, to 1 person"],
        ),
        (
            {
                "outcome": "campaign_batch",
                "platform": "marketo",
                "campaigns": {"Spring": "1001", "Summer": "1002"},
                "created": 1,
                "existing": 1,
                "rejected": {"A_B": "Name is <too> long", "C": "x", "D": "y", "E": "z"},
                "jobs": [],
            },
            [
                "**Campaign batch** (Marketo)",
                "1 created, 1 existing, 4 rejected",
                r"Reasons: `A_B`: Name is \<too\> long; `C`: x; `D`: y; and 1 more",
            ],
        ),
        (
            {
                "outcome": "export",
                "platform": "marketo",
                "kind": "leads",
                "output_path": "gs://b/leads.csv",
                "rows": 1,
                "bytes": 120,
                "sha256": "ab",
                "windows": 1,
                "export_ids": ["1"],
                "seconds": 4,
            },
            ["**Export** (Marketo)", "1 row", "File: `gs://b/leads.csv`"],
        ),
        (
            {
                "outcome": "email_check",
                "platform": "hubspot",
                "status": "error",
                "name": "News*",
                "checks": [
                    {"id": "a", "ok": True, "text": "fine"},
                    {"id": "b", "ok": False, "text": "no unsubscribe link"},
                ],
                "audience": {"at_most": 7, "exact": True},
                "link": "https://app.hubspot.com/email/1/edit/2",
                "calls": 9,
            },
            [
                "**Email check** (HubSpot)",
                r"News\*, status error, to 7 people",
                "no unsubscribe link",
                "https://app.hubspot.com/email/1/edit/2",
            ],
        ),
        (
            {"outcome": "list_addition", "platform": "hubspot", "total": 0, "added": 0, "rejected": 0},
            ["**List addition** (HubSpot): 0 leads", "nothing to do"],
        ),
    ],
)
def test_outcomes_of_other_kinds(outcome: dict[str, Any], lines: list[str]) -> None:
    assert markdown_report(outcome).split("  \n") == lines


def test_mapped_tasks_and_tasks_without_an_outcome() -> None:
    assert slack_report([SYNC, PUBLICATION]) == f"{slack_report(SYNC)}\n\n{slack_report(PUBLICATION)}"
    assert slack_report(None) == "The task returned no outcome."
    assert slack_report([]) == "No task returned an outcome."


@given(st.text(min_size=1, max_size=190))
def test_free_text_marks_nothing_up(text: str) -> None:
    outcome = {"outcome": "campaign_batch", "platform": "marketo", "rejected": {text: text}}
    slack = slack_report(outcome).split("\n")
    assert len(slack) == 3
    _, label, reason = slack[-1].split("`", 2)
    assert not set("<>") & set(label + reason)
    assert not set("*_~`") & set(re.sub("\u200b[*_~`]", "", reason))
    markdown = markdown_report(outcome).split("  \n")
    assert len(markdown) == 3
    assert not set("`*_[]<>#|~") & set(re.sub(r"\\.", "", markdown[-1].split("`", 2)[2]))


def test_importing_it_loads_nothing_of_airflow() -> None:
    code = "import sys, airflow_provider_mkt.notifications.reports; sys.exit('airflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


DAG = """
from airflow.sdk import DAG, BaseNotifier
from airflow_provider_mkt.notifications.reports import slack_report
from airflow_provider_mkt.operators.leads import SyncLeadsOperator

class ToFile(BaseNotifier):
    template_fields = ("text",)
    def __init__(self, text):
        super().__init__()
        self.text = text
    def notify(self, context):
        with open({target!r}, "a") as file:
            file.write(self.text + "\\n")

def tell():
    return ToFile("{{{{ ti.task_id }}}}: {{{{ slack_report(ti.xcom_pull(task_ids=ti.task_id)) }}}}")
with DAG("reported", schedule=None, user_defined_macros={{"slack_report": slack_report}}) as dag:
    for name, limit in (("well", None), ("badly", 0)):
        SyncLeadsOperator(
            task_id=name, conn_id="hubspot_default", source={source!r}, max_rejected=limit,
            rejects_path={rejects!r} + name + ".jsonl",
            on_success_callback=[tell()], on_failure_callback=[tell()],
        )
"""


def test_the_notifier_of_a_task_reports_success_and_failure(
    airflow: Airflow, sandbox: Sandbox, short_waits: None, tmp_path: Path
) -> None:
    with (tmp_path / "leads.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["email"], ["new@example.com"], [""]])
    target = tmp_path / "messages"
    run = airflow.run_file(
        DAG.format(target=str(target), source=str(tmp_path / "leads.csv"), rejects=f"{tmp_path}/"), "reported"
    )
    assert run.tasks == {"well": "success", "badly": "failed"}, run.log[-5000:]
    text = target.read_text()
    for task in ("well", "badly"):
        assert re.search(
            rf"{task}: \*Lead sync\* \(HubSpot\): 2 rows\n1 (created|updated), 1 rejected\n"
            rf"Reasons: `KEY_MISSING` 1\nRejected: `.*/{task}.jsonl`\n",
            text,
        )
