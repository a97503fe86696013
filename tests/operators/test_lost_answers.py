"""Whichever answer is lost after the work was done, the end is that of a run without faults."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow_runs import connected
from workers import RESET, context

from airflow_provider_mkt.operators.campaigns import CreateCampaignBatchOperator
from airflow_provider_mkt.operators.emails import PublishEmailOperator
from airflow_provider_mkt.operators.nurture import EnrollNurtureOperator
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.sandbox.marketo.world.activity_types import REQUEST_CAMPAIGN
from airflow_provider_mkt.sandbox.server import Sandbox

LATER = (datetime.now(UTC) + timedelta(hours=2)).replace(microsecond=0)
PEOPLE = [marketo.ANNA, marketo.BEN]


def campaigns(conn: str, **defaults: Any) -> CreateCampaignBatchOperator:
    wanted = [{"name": "A"}, {"name": "B"}]
    return CreateCampaignBatchOperator(
        task_id="t", conn_id=conn, campaigns=wanted, campaign_defaults=defaults
    )


TASKS: dict[str, Any] = {
    "hubspot campaigns": lambda: campaigns("hubspot_default"),
    "hubspot publish": lambda: PublishEmailOperator(
        task_id="t", conn_id="hubspot_default", email_id=hubspot.NEWSLETTER_EMAIL, publish_at=LATER
    ),
    "hubspot enrol": lambda: EnrollNurtureOperator(
        task_id="t",
        conn_id="hubspot_default",
        campaign_id=hubspot.TRIAL_NURTURE,
        leads=list(hubspot.LEAD_GUIDS[:2]),
    ),
    "marketo campaigns": lambda: campaigns(
        "marketo_default", folder_id=marketo.PROGRAM_FOLDER, channel="Default"
    ),
    "marketo approve email": lambda: PublishEmailOperator(
        task_id="t", conn_id="marketo_default", email_id=marketo.DRAFT_EMAIL
    ),
    "marketo approve program": lambda: PublishEmailOperator(
        task_id="t", conn_id="marketo_default", program_id=marketo.EMAIL_PROGRAM, publish_at=LATER
    ),
    "marketo by status": lambda: EnrollNurtureOperator(
        task_id="t",
        conn_id="marketo_default",
        leads=PEOPLE,
        program_id=marketo.NURTURE_PROGRAM,
        status_name="Member",
    ),
    "marketo by campaign": lambda: EnrollNurtureOperator(
        task_id="t",
        conn_id="marketo_default",
        leads=PEOPLE,
        campaign_id=marketo.REQUEST_CAMPAIGN,
        program_id=marketo.NURTURE_PROGRAM,
    ),
}
ROUTES = {
    "hubspot campaigns": {
        "GET /marketing/v3/campaigns",
        "POST /marketing/v3/campaigns/batch/create",
    },
    "hubspot publish": {
        "GET /marketing/v3/emails/{emailId}",
        "GET /marketing/v3/emails/{emailId}/draft",
        "PATCH /marketing/v3/emails/{emailId}",
        "POST /marketing/v3/emails/{emailId}/publish",
    },
    "hubspot enrol": {"POST /nurture/v1/campaign/{campaign_guid}/add"},
    "marketo campaigns": {
        "GET /rest/asset/v1/program/byName.json",
        "POST /rest/asset/v1/programs.json",
        "POST /identity/oauth/token",
    },
    "marketo approve email": {
        "GET /rest/asset/v1/email/{id}.json",
        "POST /rest/asset/v1/email/{id}/approveDraft.json",
    },
    "marketo approve program": {
        "GET /rest/asset/v1/program/{id}.json",
        "POST /rest/asset/v1/program/{id}.json",
        "POST /rest/asset/v1/program/{id}/approve.json",
    },
    "marketo by status": {"POST /rest/v1/programs/{programId}/members/status.json"},
    "marketo by campaign": {
        "GET /rest/asset/v1/smartCampaign/{id}.json",
        "GET /rest/v1/programs/{programId}/members.json",
        "POST /rest/v1/campaigns/{campaignId}/trigger.json",
    },
}

pytestmark = pytest.mark.usefixtures("hurried")


def state(box: Sandbox) -> dict[str, Any]:
    """What a run leaves behind, without ids and times."""
    box.clock.advance(3 * 3600)
    one, other = box.hubspot.world, box.marketo.world
    other.settle()
    return {
        "campaigns": Counter(campaign.name for campaign in one.campaigns.all()),
        "sends": {
            email.id: [send.due for send in email.sends if send.due > 2e9] for email in one.emails.all()
        },
        "published": {
            email.id: (len(email.sends), email.state(2e9, one.settings)) for email in one.emails.all()
        },
        "nurture": Counter((enrolment.campaign, enrolment.lead) for enrolment in one.legacy.enrolments),
        "programs": Counter((program.name, program.status) for program in other.programs.values()),
        "members": {
            program.id: sorted(program.members) for program in other.programs.values() if program.id < 5000
        },
        "emails": {email.id: email.status for email in other.emails.values()},
        "mail": Counter((mail.email_id, mail.lead_id) for mail in other.outbox),
        "requests": Counter(row.lead_id for row in other.log.all(REQUEST_CAMPAIGN)),
    }


def glob(route: str) -> str:
    parts = ["*" if part.startswith("{") else part for part in route.split("/")]
    return "/".join(parts).replace("{id}.json", "*.json")


def run(task: str, fault: str | None, run_id: str) -> tuple[dict[str, Any], set[str]]:
    with connected() as box:
        box.marketo.world.programs[marketo.EMAIL_PROGRAM].end = LATER + timedelta(days=9)
        if fault:
            method, route = fault.split(" ", 1)
            box.marketo.faults.add(glob(route), method=method, when="after", answer=RESET)
            box.hubspot.faults.add(glob(route), method=method, when="after", answer=RESET)
        TASKS[task]().execute(context(run=run_id))
        platform = box.hubspot if task.startswith("hubspot") else box.marketo
        if fault:
            assert len(platform.faults.fired) == 1, f"{fault} was not called"
        return state(box), {f"{method} {route}" for method, route in platform.calls.routes}


@pytest.mark.parametrize("task", TASKS)
def test_every_route_of_a_faultless_run_is_among_those_whose_answers_are_lost(task: str) -> None:
    _, called = run(task, None, "faultless")
    assert called - {"POST /identity/oauth/token"} == ROUTES[task] - {"POST /identity/oauth/token"}


@pytest.mark.parametrize(
    ("task", "route"), [(task, route) for task, routes in ROUTES.items() for route in sorted(routes)]
)
def test_a_lost_answer_changes_nothing_about_the_end(task: str, route: str) -> None:
    faultless, _ = run(task, None, "faultless")
    faulty, _ = run(task, route, "faulty")
    assert faulty == faultless
