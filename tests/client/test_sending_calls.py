"""Which calls can send mail is written down for every call that could."""

from __future__ import annotations

import re
from typing import Any

import pytest
from calls.samples import sample

from airflow_provider_mkt.client import hubspot, marketo
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.registry import PLATFORMS, endpoints
from airflow_provider_mkt.client.sending_calls import SENDING_CALLS, can_send

SUSPICIOUS = re.compile(
    r"publish|send|sample|schedul|trigger|request|enrol|nurture|activ|approv|flow|sequence|transactional|push|"
    r"submit|start|enqueue|cast|transition",
    re.IGNORECASE,
)
"""Words of a call's name or path which let it look as if it could send."""

HARMLESS = {
    "hubspot": {
        "campaign_budgets.add",
        "emails.unpublish",
        # Whether HubSpot mails a user about an export is not documented.
        "exports.start",
        "flows.batch_read",
        "flows.delete",
        "flows.workflow_ids",
        # Changes of records, which an account's own automation may answer with mail.
        "form_submissions.submit",
        "imports.start",
        "list_conversions.cancel",
        "list_conversions.on_date",
        "list_conversions.when_inactive",
        "smtp_tokens.archive",
        "smtp_tokens.create",
        "smtp_tokens.reset_password",
        "workflows.unenrol",
    },
    "marketo": {
        "activities.add_custom",
        "bulk_extracts.cancel",
        "bulk_extracts.create_activities",
        "bulk_extracts.enqueue",
        "campaigns.deactivate",
        "custom_activity_types.add_attributes",
        "custom_activity_types.approve",
        "custom_activity_types.create",
        "custom_activity_types.delete",
        "custom_activity_types.delete_attributes",
        "custom_activity_types.discard_draft",
        "custom_activity_types.update",
        "custom_object_types.approve",
        "custom_activity_types.update_attributes",
        # Approves the content of an email. What sends it has a call of its own.
        "designer_emails.transition",
        "emails.approve_draft",
        "emails.unapprove",
        # Changes of records, which an account's own automation may answer with mail.
        "lead_intake.push",
        "lead_intake.submit_form",
        "programs.reschedule",
        "programs.unapprove",
    },
}
"""Calls that change something and look as if they could send, and cannot by themselves."""


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_call_with_a_suspicious_name_is_in_one_of_the_two_tables(platform: str) -> None:
    suspicious = set()
    for name, _ in endpoints(platform):
        call = sample(platform, name)
        changes = call.route.method != "GET"
        if changes and SUSPICIOUS.search(f"{name} {call.route.family} {call.route.tail}"):
            suspicious.add(name)
    assert suspicious - SENDING_CALLS[platform] == HARMLESS[platform] & suspicious
    assert SENDING_CALLS[platform] <= suspicious


@pytest.mark.parametrize("platform", PLATFORMS)
def test_both_tables_name_calls_that_exist(platform: str) -> None:
    there = {name for name, _ in endpoints(platform)}
    assert SENDING_CALLS[platform] <= there
    assert HARMLESS[platform] <= there
    assert not SENDING_CALLS[platform] & HARMLESS[platform]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_call_whose_docstring_says_that_it_sends_email_can_send(platform: str) -> None:
    says_so = {
        name for name, function in endpoints(platform) if "Sends real email" in (function.__doc__ or "")
    }
    assert says_so
    assert says_so <= SENDING_CALLS[platform]


@pytest.mark.parametrize("raw", [hubspot.raw, marketo.raw])
@pytest.mark.parametrize(
    ("method", "sends"), [("GET", False), ("POST", True), ("PUT", True), ("DELETE", True)]
)
def test_a_request_without_a_name_can_send_unless_it_reads(raw: Any, method: str, sends: bool) -> None:
    call: Call[Any] = raw(method, "/some/path")
    assert can_send("hubspot" if raw is hubspot.raw else "marketo", call) is sends
