"""Marketo's "System error" (611): an answer of the platform, after which it is unknown what was done."""

from __future__ import annotations

from typing import Any

import pytest
from airflow_runs import connected
from member_runs import create_leads, execute
from sync_runs import lines
from workers import context

from airflow_provider_mkt.operators.email_tests import SendSampleEmailOperator
from airflow_provider_mkt.operators.lead_intake import PushLeadsOperator, SubmitFormOperator
from airflow_provider_mkt.operators.smart_campaigns import ScheduleCampaignOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed
from airflow_provider_mkt.sandbox.marketo.folders.models import FolderRef
from airflow_provider_mkt.version_compat import AirflowFailException

pytestmark = pytest.mark.usefixtures("airflow_home", "short_waits")

ANSWER = "611 'System error'"
TOKENS = {"{{my.Headline}}": "Snow"}


def nest(sandbox: Sandbox) -> None:
    """Move the requested campaign into a program that is inside another program."""
    state = sandbox.marketo.state
    campaign = state.campaigns[seed.REQUEST_CAMPAIGN]
    campaign.folder = FolderRef(seed.DEFAULT_PROGRAM, "Program")
    state.programs[seed.DEFAULT_PROGRAM].folder = FolderRef(seed.NURTURE_PROGRAM, "Program")


def test_tokens_for_a_campaign_of_a_nested_program_name_code_text_and_cause(sandbox: Sandbox) -> None:
    nest(sandbox)
    leads = create_leads(sandbox, 2)
    arguments: dict[str, Any] = {"campaign_id": seed.REQUEST_CAMPAIGN, "leads": leads}
    outcome = execute("request", "marketo", tokens=TOKENS, **arguments)
    assert (outcome["unknown"], outcome["reasons"]) == (2, {"OUTCOME_UNKNOWN": 2})
    for text in (outcome["error"], *(line["reason"] for line in lines(outcome["rejects"]))):
        assert ANSWER in text
        assert "whose program is inside another program" in text
    assert sandbox.marketo.state.campaigns[seed.REQUEST_CAMPAIGN].requests == 0
    # Without tokens the same campaign can be requested.
    assert execute("request", "marketo", run="other", **arguments)["requested"] == 2


@pytest.mark.parametrize(
    ("path", "operator"),
    [
        (
            "*/schedule.json",
            lambda: ScheduleCampaignOperator(
                task_id="t", conn_id="marketo_default", campaign_id=seed.BATCH_CAMPAIGN
            ),
        ),
        (
            "*/submitForm.json",
            lambda: SubmitFormOperator(
                task_id="t", conn_id="marketo_default", form_id=seed.FORM, fields={"email": "f@example.com"}
            ),
        ),
        (
            "*/sendSample.json",
            lambda: SendSampleEmailOperator(
                task_id="t", conn_id="marketo_default", email_id=seed.APPROVED_EMAIL, to="a@example.com"
            ),
        ),
    ],
)
def test_a_call_that_must_not_be_repeated_is_sent_once_and_names_the_code(
    sandbox: Sandbox, path: str, operator: Any
) -> None:
    sandbox.marketo.faults.add(path, method="POST", answer={"code": "611"}, times=20)
    with pytest.raises(AirflowFailException, match=r"(?i)611.*system error|system error.*611"):
        operator().execute(context())
    assert len(sandbox.marketo.faults.fired) == 1


def test_pushed_leads_are_rejected_with_the_code() -> None:
    with connected() as sandbox:
        sandbox.marketo.faults.add("*/push.json", answer={"code": "611"}, times=20)
        task = context()
        with pytest.raises(AirflowFailException):
            PushLeadsOperator(
                task_id="t",
                conn_id="marketo_default",
                program_name="Website Contacts",
                leads=[{"email": "p@example.com"}],
            ).execute(task)
        (rejected,) = lines(task["ti"].pushed["return_value"]["rejects"])
        assert ANSWER in rejected["reason"]
        assert len(sandbox.marketo.faults.fired) == 1
