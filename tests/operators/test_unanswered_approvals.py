"""An approval that no person gave does not let a send pass."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow.providers.standard.operators.hitl import ApprovalOperator
from workers import context

from airflow_provider_mkt.operators.emails import PublishEmailOperator
from airflow_provider_mkt.operators.programs import ScheduleEmailProgramOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.version_compat import AirflowFailException

pytestmark = pytest.mark.usefixtures("short_waits")

LATER = datetime.now(UTC) + timedelta(days=1)
SENDS = {
    "hubspot": lambda approval: PublishEmailOperator(
        task_id="send", conn_id="hubspot_default", email_id=hubspot.NEWSLETTER_EMAIL, approval=approval
    ),
    "marketo": lambda approval: ScheduleEmailProgramOperator(
        task_id="send",
        conn_id="marketo_default",
        program_id=marketo.EMAIL_PROGRAM,
        publish_at=LATER,
        approval=approval,
    ),
}


def own_task(user: dict[str, str] | None) -> Any:
    """What Airflow's own task returns, for an answer of a user or at the end of its wait."""
    event = {
        "chosen_options": ["Approve"],
        "params_input": {},
        "responded_at": datetime.now(UTC),
        "responded_by_user": user,
        "timedout": user is None,
    }
    asking = ApprovalOperator(task_id="ask", subject="Send it?", defaults=["Approve"])
    return asking.execute_complete(context(), event)


def writes(sandbox: Sandbox) -> int:
    """Count the requests that changed something."""
    return sum(
        counter.total
        for platform in (sandbox.hubspot, sandbox.marketo)
        for (method, route), counter in platform.calls.routes.items()
        if method != "GET" and "oauth" not in route
    )


@pytest.mark.parametrize("platform", SENDS)
@pytest.mark.parametrize("forgotten", [False, True], ids=["nobody", "unreported"])
def test_a_default_that_airflow_takes_when_nobody_answers_is_no_approval(
    sandbox: Sandbox, platform: str, forgotten: bool
) -> None:
    approval = dict(own_task(None))
    if forgotten:
        # An old release of Airflow's standard provider does not say who answered.
        del approval["responded_by_user"]
    with pytest.raises(AirflowFailException, match=r"no person has approved.*approval\.missing"):
        SENDS[platform](approval).execute(context())
    assert writes(sandbox) == 0


@pytest.mark.parametrize("platform", SENDS)
def test_an_answer_of_a_person_is_an_approval(sandbox: Sandbox, platform: str) -> None:
    outcome = SENDS[platform](own_task({"id": "7", "name": "Lee"})).execute(context())
    assert outcome["approval"]["by"] == "Lee"
    assert writes(sandbox) > 0
