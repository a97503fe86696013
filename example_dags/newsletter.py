"""The monthly newsletter, as a team sends it: nobody gets mail until a person has approved it.

Import the sign-ups, put them on the list of readers, copy last month's email, set its subject, check it, have
it approved, send it once, and report what came of it. The steps are the same on both platforms.

Switching these DAGs on sends nothing: they have no schedule, and each run waits for its approval. Airflow
3.0, and 3.1 with an old standard provider, cannot ask a person, so there the check alone decides. The ids
below are those of the sandbox: replace them by your own, and the limits of the check too.

Without an account: ``mkt-sandbox run example_dags/newsletter.py --approve``
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pendulum
from airflow import __version__ as airflow_version
from airflow.sdk import DAG, Param, task

from airflow_provider_mkt.operators.email_approval import ApproveEmailOperator
from airflow_provider_mkt.operators.email_checks import CheckEmailOperator
from airflow_provider_mkt.operators.email_reports import EmailReportOperator
from airflow_provider_mkt.operators.emails import (
    CloneEmailOperator,
    PublishEmailOperator,
    UpdateEmailOperator,
)
from airflow_provider_mkt.operators.leads import SyncLeadsOperator
from airflow_provider_mkt.operators.lists import AddToListOperator
from airflow_provider_mkt.operators.programs import CloneProgramOperator, SetProgramTokensOperator

DATA = Path(__file__).parent / "data"
CAN_WAIT_FOR_A_PERSON = tuple(map(int, airflow_version.split(".")[:2])) >= (3, 1)
PARAMS = {
    "issue": Param("December 2026", type="string", title="Issue", description="one email for each"),
    "subject": Param("News of December", type="string", title="Subject line"),
    "work_dir": Param(
        "/tmp/newsletter",  # noqa: S108 - an example
        type="string",
        title="Folder for files",
        description="on storage that all workers reach",
    ),
    "max_recipients": Param(100, type="integer", minimum=1, title="Most recipients"),
    "stable_for": Param(600, type="integer", minimum=0, title="Seconds without change for final figures"),
    "approve_above": Param(0, type="integer", minimum=0, title="Ask a person above so many recipients"),
}
SETTINGS: dict[str, Any] = {
    "doc_md": __doc__,
    "schedule": None,
    "start_date": pendulum.datetime(2026, 1, 1),
    "catchup": False,
    "max_active_runs": 1,
}
IMPORTED = "{{ params.work_dir }}/{{ dag.dag_id }}-imported.jsonl"
HISTORY = "{{ params.work_dir }}/{{ dag.dag_id }}-history.jsonl"


def import_readers(platform: str, list_id: int) -> AddToListOperator:
    """Import the sign-ups, and put those that were imported on the list of readers."""
    sign_ups = SyncLeadsOperator(
        task_id="import_sign_ups",
        source=str(DATA / f"{platform}_signups.csv"),
        outcomes_path=IMPORTED,
        max_rejected="20%",
    )
    readers = AddToListOperator(task_id="add_readers", list_id=list_id, leads_path=IMPORTED)
    sign_ups >> readers
    return readers


def approval(check: CheckEmailOperator) -> ApproveEmailOperator | None:
    """Have a person approve what was checked, where Airflow can ask one."""
    if not CAN_WAIT_FOR_A_PERSON:
        return None
    return ApproveEmailOperator(
        task_id="approve",
        check=check.output,
        approve_above="{{ params.approve_above }}",
        response_timeout=timedelta(hours=8),
    )


# [START newsletter_hubspot]
with DAG(
    "newsletter_hubspot",
    params=PARAMS,
    default_args={"conn_id": "hubspot_default", "retries": 2},
    tags=["hubspot", "newsletter"],
    **SETTINGS,
):
    readers = import_readers("hubspot", 101)
    copy = CloneEmailOperator(task_id="copy", email_id="180000000001", name="Newsletter {{ params.issue }}")
    subject = UpdateEmailOperator(
        task_id="set_subject",
        email_id=copy.output,
        changes={
            "subject": "{{ params.subject }}",
            "to": {"contactIlsLists": {"include": ["101"], "exclude": []}},
        },
    )
    check = CheckEmailOperator(
        task_id="check",
        email_id=copy.output,
        min_recipients=1,
        max_recipients="{{ params.max_recipients }}",
        history_path=HISTORY,
        max_change_from_last="50%",
    )
    approve = approval(check)
    publish = PublishEmailOperator(
        task_id="publish",
        email_id=copy.output,
        check=check.output,
        approval=approve.output if approve is not None else None,
        send_key="newsletter {{ params.issue }}",
    )
    report = EmailReportOperator(
        task_id="report",
        job=publish.output,
        check=check.output,
        stable_for="{{ params.stable_for }}",
        deferrable=True,
        history_path=HISTORY,
        output_path="{{ params.work_dir }}/{{ dag.dag_id }}-figures.jsonl",
        send_key="newsletter {{ params.issue }}",
    )

    readers >> copy >> subject >> check >> publish
    if approve is not None:
        approve >> publish
# [END newsletter_hubspot]


@task
def when_to_send(params: dict[str, Any]) -> str:
    """Compute the time once, so that a retry of the publishing task uses the same time."""
    return pendulum.now("UTC").add(seconds=params["send_in"]).isoformat()


with DAG(
    "newsletter_marketo",
    params=PARAMS
    | {"send_in": Param(30, type="integer", minimum=1, title="Seconds from the approval to the send")},
    default_args={"conn_id": "marketo_default", "retries": 2},
    tags=["marketo", "newsletter"],
    **SETTINGS,
):
    readers = import_readers("marketo", 6001)
    program = CloneProgramOperator(
        task_id="copy", program_id=2002, name="Newsletter {{ params.issue }}", folder_id=11
    )
    tokens = SetProgramTokensOperator(
        task_id="set_subject", program_id=program.output, tokens={"Headline": "{{ params.subject }}"}
    )
    check = CheckEmailOperator(
        task_id="check",
        program_id=program.output,
        min_recipients=1,
        max_recipients="{{ params.max_recipients }}",
        history_path=HISTORY,
        max_change_from_last="50%",
        # It gets its start date when it is published, after the approval.
        ignore=["schedule.missing"],
    )
    approve = approval(check)
    send_at = when_to_send()
    publish = PublishEmailOperator(
        task_id="publish",
        program_id=program.output,
        publish_at=send_at,
        check=check.output,
        approval=approve.output if approve is not None else None,
        send_key="newsletter {{ params.issue }}",
    )
    report = EmailReportOperator(
        task_id="report",
        job=publish.output,
        check=check.output,
        stable_for="{{ params.stable_for }}",
        deferrable=True,
        history_path=HISTORY,
        output_path="{{ params.work_dir }}/{{ dag.dag_id }}-figures.jsonl",
        send_key="newsletter {{ params.issue }}",
    )

    readers >> program >> tokens >> check >> send_at >> publish
    if approve is not None:
        approve >> send_at
