"""Whichever answer is lost after the work was done, the end is that of a run without faults."""

from __future__ import annotations

import functools
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from airflow_runs import connected
from workers import RESET, context

from airflow_provider_mkt.operators.campaigns import CreateCampaignBatchOperator
from airflow_provider_mkt.operators.emails import PublishEmailOperator
from airflow_provider_mkt.operators.events import RecordAttendanceOperator, UpsertMarketingEventsOperator
from airflow_provider_mkt.operators.merging import MergeLeadsOperator
from airflow_provider_mkt.operators.nurture import EnrollNurtureOperator
from airflow_provider_mkt.operators.programs import (
    CloneProgramOperator,
    SetProgramTokensOperator,
    UnapproveProgramOperator,
)
from airflow_provider_mkt.operators.smart_campaigns import ScheduleCampaignOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.hubspot.events import seed as events
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.sandbox.marketo.activities.activity_types import MERGE_LEADS, REQUEST_CAMPAIGN
from airflow_provider_mkt.sandbox.marketo.emails.sending import approve_program
from airflow_provider_mkt.sandbox.marketo.folders.models import FolderRef

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
    "hubspot merge": lambda: MergeLeadsOperator(
        task_id="t",
        conn_id="hubspot_default",
        winner_id=hubspot.CONTACT_IDS[0],
        loser_ids=hubspot.CONTACT_IDS[1:3],
    ),
    "hubspot events": lambda: UpsertMarketingEventsOperator(
        task_id="t",
        conn_id="hubspot_default",
        events=[{"external_event_id": "e", "external_account_id": "a", "name": "E", "organizer": "Us"}],
    ),
    "hubspot attendance": lambda: RecordAttendanceOperator(
        task_id="t",
        conn_id="hubspot_default",
        state="register",
        external_event_id=events.PAST_WEBINAR,
        external_account_id=events.ACCOUNT,
        leads=[{"email": "new@example.com", "interaction_at": "2026-01-01T09:00:00Z"}],
    ),
    "marketo merge": lambda: MergeLeadsOperator(
        task_id="t", conn_id="marketo_default", winner_id=marketo.DAVID, loser_ids=PEOPLE
    ),
    "marketo copy program": lambda: CloneProgramOperator(
        task_id="t",
        conn_id="marketo_default",
        program_id=marketo.EMAIL_PROGRAM,
        name="Copy",
        folder_id=marketo.PROGRAM_FOLDER,
    ),
    "marketo tokens": lambda: SetProgramTokensOperator(
        task_id="t", conn_id="marketo_default", program_id=marketo.EMAIL_PROGRAM, tokens={"Headline": "x"}
    ),
    "marketo unapprove": lambda: UnapproveProgramOperator(
        task_id="t", conn_id="marketo_default", program_id=marketo.EMAIL_PROGRAM
    ),
    "marketo schedule": lambda: ScheduleCampaignOperator(
        task_id="t", conn_id="marketo_default", campaign_id=marketo.BATCH_CAMPAIGN
    ),
    "marketo schedule a copy": lambda: ScheduleCampaignOperator(
        task_id="t",
        conn_id="marketo_default",
        campaign_id=marketo.BATCH_CAMPAIGN,
        clone_to_program_name="Copy",
    ),
}
EVENTS = "/marketing/marketing-events/2026-09"
ROUTES = {
    "hubspot campaigns": {
        "GET /marketing/campaigns/2026-09",
        "POST /marketing/campaigns/2026-09/batch/create",
    },
    "hubspot publish": {
        "GET /marketing/emails/2026-09/{emailId}",
        "GET /marketing/emails/2026-09/{emailId}/draft",
        "PATCH /marketing/emails/2026-09/{emailId}",
        "POST /marketing/emails/2026-09/{emailId}/publish",
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
    "hubspot merge": {
        "GET /crm/objects/2026-09/contacts/{contactId}",
        "POST /crm/objects/2026-09/contacts/merge",
    },
    "hubspot events": {f"POST {EVENTS}/events/upsert"},
    "hubspot attendance": {
        f"GET {EVENTS}/events/{{externalEventId}}",
        f"POST {EVENTS}/attendance/{{externalEventId}}/{{subscriberState}}/email-create",
    },
    "marketo merge": {"GET /rest/v1/leads.json", "POST /rest/v1/leads/{leadId}/merge.json"},
    "marketo copy program": {
        "GET /rest/asset/v1/program/{id}.json",
        "GET /rest/asset/v1/program/byName.json",
        "POST /rest/asset/v1/program/{id}/clone.json",
    },
    "marketo tokens": {
        "GET /rest/asset/v1/folder/{id}/tokens.json",
        "POST /rest/asset/v1/folder/{id}/tokens.json",
    },
    "marketo unapprove": {
        "GET /rest/asset/v1/program/{id}.json",
        "POST /rest/asset/v1/program/{id}/unapprove.json",
    },
    "marketo schedule": {
        "GET /rest/asset/v1/smartCampaign/{id}.json",
        "POST /rest/v1/campaigns/{campaignId}/schedule.json",
    },
    "marketo schedule a copy": {
        "GET /rest/asset/v1/smartCampaign/{id}.json",
        "GET /rest/asset/v1/program/byName.json",
        "GET /rest/asset/v1/smartCampaigns.json",
        "POST /rest/v1/campaigns/{campaignId}/schedule.json",
    },
}

BESIDE = {"POST /identity/oauth/token", "GET /account-info/2026-09/api-usage/daily/private-apps"}
"""What is read on the way, of the account and not for the task."""

pytestmark = pytest.mark.usefixtures("short_waits")


def state(box: Sandbox) -> dict[str, Any]:
    """What a run leaves behind, without ids and times."""
    box.clock.advance(3 * 3600)
    one, other = box.hubspot.state, box.marketo.state
    other.run_due_work()
    return {
        "campaigns": Counter(campaign.name for campaign in one.campaigns.all()),
        "sends": {
            email.id: [send.due for send in email.sends if send.due > 2e9] for email in one.emails.all()
        },
        "published": {
            email.id: (len(email.sends), email.state(2e9, one.settings)) for email in one.emails.all()
        },
        "nurture": Counter((enrolment.campaign, enrolment.lead) for enrolment in one.nurture.enrolments),
        "programs": Counter((program.name, program.status) for program in other.programs.values()),
        "members": {
            program.id: sorted(program.members) for program in other.programs.values() if program.id < 5000
        },
        "emails": {email.id: email.status for email in other.emails.values()},
        "mail": Counter((mail.email_id, mail.lead_id) for mail in other.outbox),
        "requests": Counter(row.lead_id for row in other.log.all(REQUEST_CAMPAIGN)),
        "contacts": Counter(contact.properties.get("email") for contact in one.contacts.live()),
        "events": {
            event.external_event_id: sorted(
                len(person.interactions) for person in event.participations.values()
            )
            for event in one.events.all()
        },
        "leads": sorted(lead.id for lead in other.leads),
        "merges": len(other.log.all(MERGE_LEADS)),
        "runs": Counter(campaign.name for campaign in other.campaigns.values() for _ in campaign.runs),
        "tokens": other.tokens.of(FolderRef(marketo.EMAIL_PROGRAM, "Program")),
    }


def glob(route: str) -> str:
    parts = ["*" if part.startswith("{") else part for part in route.split("/")]
    return "/".join(parts).replace("{id}.json", "*.json")


def run(task: str, fault: str | None, run_id: str) -> tuple[dict[str, Any], set[str]]:
    with connected() as box:
        program = box.marketo.state.programs[marketo.EMAIL_PROGRAM]
        program.end = LATER + timedelta(days=9)
        if task == "marketo unapprove":
            program.start = LATER
            approve_program(box.marketo.state, program)
        if fault:
            method, route = fault.split(" ", 1)
            box.marketo.faults.add(glob(route), method=method, when="after", answer=RESET)
            box.hubspot.faults.add(glob(route), method=method, when="after", answer=RESET)
        TASKS[task]().execute(context(run=run_id))
        platform = box.hubspot if task.startswith("hubspot") else box.marketo
        if fault:
            assert len(platform.faults.fired) == 1, f"{fault} was not called"
        return state(box), {f"{method} {route}" for method, route in platform.calls.routes}


@functools.cache
def faultless(task: str) -> tuple[dict[str, Any], set[str]]:
    return run(task, None, "faultless")


@pytest.mark.parametrize("task", TASKS)
def test_every_route_of_a_faultless_run_is_among_those_whose_answers_are_lost(task: str) -> None:
    _, called = faultless(task)
    assert called - BESIDE == ROUTES[task] - BESIDE


@pytest.mark.parametrize(
    ("task", "route"), [(task, route) for task, routes in ROUTES.items() for route in sorted(routes)]
)
def test_a_lost_answer_changes_nothing_about_the_end(task: str, route: str) -> None:
    faulty, _ = run(task, route, "faulty")
    assert faulty == faultless(task)[0]
