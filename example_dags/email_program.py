"""A monthly email program on Marketo: clone last month's program, set its tokens, schedule and send it.

The ids are those of the sandbox.
"""

from __future__ import annotations

from typing import Any

import pendulum
from airflow.sdk import DAG, Param, task

from airflow_provider_mkt.operators.programs import (
    CloneProgramOperator,
    ScheduleEmailProgramOperator,
    SetProgramTokensOperator,
)


@task
def when_to_send(params: dict[str, Any]) -> str:
    """Compute the time once, so that a retry of the scheduling task uses the same time."""
    return pendulum.now("UTC").add(seconds=params["send_in"]).isoformat()


# [START email_program]
with DAG(
    "email_program",
    doc_md=__doc__,
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    default_args={"conn_id": "marketo_default", "retries": 2},
    params={
        "month": Param("December 2026", title="Month", type="string"),
        "headline": Param("Snow, at last", title="Headline", type="string"),
        "send_in": Param(
            15, title="Seconds until the send", type="integer", minimum=1, description="seconds"
        ),
    },
    tags=["marketo", "campaigns"],
):
    copy = CloneProgramOperator(
        task_id="copy", program_id=2002, name="{{ params.month }} Newsletter", folder_id=11
    )
    tokens = SetProgramTokensOperator(
        task_id="tokens", program_id=copy.output, tokens={"Headline": "{{ params.headline }}"}
    )
    send_at = when_to_send()
    send = ScheduleEmailProgramOperator(
        task_id="send",
        program_id=copy.output,
        publish_at=send_at,
        wait_for_completion=True,
        deferrable=True,
    )

    copy >> tokens >> send_at >> send
# [END email_program]
