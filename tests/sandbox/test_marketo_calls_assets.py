"""Programs, campaigns, emails and other assets, by the client."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from marketo_calls import Caller

from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import InvalidRequest, OutcomeUnknown, QuotaExhausted
from airflow_provider_mkt.client.marketo.emails import emails
from airflow_provider_mkt.client.marketo.folders import folders
from airflow_provider_mkt.client.marketo.lists import lead_memberships
from airflow_provider_mkt.client.marketo.programs import programs, tokens
from airflow_provider_mkt.client.marketo.smart_campaigns import campaigns
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed

ANNA, NEW = seed.ANNA, 5001
NURTURE, NEWSLETTER, WEBSITE = seed.NURTURE_PROGRAM, seed.EMAIL_PROGRAM, seed.DEFAULT_PROGRAM
REQUEST, BATCH, INACTIVE = seed.REQUEST_CAMPAIGN, seed.BATCH_CAMPAIGN, seed.INACTIVE_CAMPAIGN
WELCOME, DRAFT = seed.APPROVED_EMAIL, seed.DRAFT_EMAIL
NOW = datetime.now(UTC)
SOON = NOW + timedelta(hours=1)
PROGRAM = programs.create("Autumn", folder_id=seed.PROGRAM_FOLDER, channel="Default")
EMAIL = emails.create(
    "Thanks",
    folder_id=seed.EMAIL_FOLDER,
    template_id=seed.TEMPLATE,
    subject="Thank you",
    from_name="Example Ltd",
    from_email="news@example.com",
    reply_email="reply@example.com",
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(only="marketo") as running:
        running.marketo.limits.rate.limit = None
        yield running


@pytest.fixture
def caller(sandbox: Sandbox) -> Caller:
    sandbox.marketo.reset(limits=False)
    return Caller(sandbox)


class TestWhatWasWritten:
    def test_programs_are_found_renamed_and_deleted(self, caller: Caller) -> None:
        caller.run(PROGRAM)
        caller.run(programs.update(NEW, new_name="Fall"))
        assert caller.run(programs.by_name("Fall"))["id"] == NEW
        assert NEW in [row["id"] for row in caller.run(folders.content(seed.PROGRAM_FOLDER))]
        caller.run(programs.delete(NEW))
        assert caller.run(programs.get(NEW)) is None

    def test_a_cloned_program_contains_what_its_source_contains(self, caller: Caller) -> None:
        caller.run(programs.clone(NEWSLETTER, "December", folder_id=seed.PROGRAM_FOLDER))
        (email,) = caller.run(emails.list(folder_id=NEW, folder_type="Program"))
        assert (email["name"], email["status"]) == ("Newsletter", "approved")
        assert [token["value"] for token in caller.run(tokens.list(NEW))] == ["News of the month"]

    def test_a_scheduled_run_sends_with_its_tokens_and_is_logged(self, caller: Caller) -> None:
        caller.run(campaigns.schedule(BATCH, tokens={"{{my.Headline}}": "Hi"}))
        caller.sandbox.clock.advance(301)
        assert {sent.tokens["Headline"] for sent in caller.state.outbox} == {"Hi"}
        campaign = Caller(caller.sandbox).run(lead_memberships.campaigns(ANNA))
        assert [row["smartCampaignId"] for row in campaign] == [BATCH]

    def test_a_scheduled_clone_runs_the_copy(self, caller: Caller) -> None:
        caller.run(campaigns.schedule(BATCH, clone_to_program_name="Copy"))
        copy = caller.run(programs.by_name("Copy"))
        (campaign,) = caller.run(campaigns.list(folder_id=copy["id"], folder_type="Program"))
        assert (campaign["name"], campaign["status"]) == ("Monthly Digest", "Single Run")
        assert caller.run(campaigns.get(BATCH))["status"] == "Never Run"

    def test_campaigns_are_activated_and_deactivated(self, caller: Caller) -> None:
        caller.run(campaigns.activate(INACTIVE))
        caller.run(campaigns.deactivate(REQUEST))
        wanted = [(REQUEST, False), (INACTIVE, True)]
        rows = caller.run(campaigns.list(folder_id=seed.CAMPAIGN_FOLDER))
        assert [(row["id"], row["isActive"]) for row in rows] == wanted

    def test_a_new_email_can_be_approved_edited_and_unapproved(self, caller: Caller) -> None:
        caller.run(EMAIL)
        caller.run(emails.approve_draft(NEW))
        caller.run(emails.update_headers(NEW, subject="Thanks again"))
        assert caller.run(emails.get(NEW, status="draft"))["subject"]["value"] == "Thanks again"
        caller.run(emails.discard_draft(NEW))
        assert caller.run(emails.get(NEW, status="draft")) is None
        caller.run(emails.unapprove(NEW))
        caller.run(emails.delete(NEW))
        assert caller.run(emails.get(NEW)) is None

    def test_tokens_are_replaced_and_deleted(self, caller: Caller) -> None:
        caller.run(tokens.set_value(NEWSLETTER, "Headline", "Other"))
        assert [row["value"] for row in caller.run(tokens.list(NEWSLETTER))] == ["Other"]
        caller.run(tokens.delete(NEWSLETTER, "Headline"))
        assert caller.run(tokens.list(NEWSLETTER)) == []


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (programs.create("website contacts", folder_id=11, channel="Default"), "709"),
        (programs.create("P", folder_id=999, channel="Default"), "710"),
        (programs.clone(WEBSITE, "Welcome Nurture", folder_id=11), "709"),
        (programs.update(1, new_name="x"), "702"),
        (programs.approve(NURTURE), "709"),
        (campaigns.legacy_get(1), "1013"),
        (campaigns.request(BATCH, [ANNA]), "1003"),
        (campaigns.request(REQUEST, [999]), "1004"),
        (campaigns.schedule(REQUEST), "1003"),
        (campaigns.schedule(BATCH, tokens={"{{my.Nothing}}": "x"}), "1003"),
        (campaigns.activate(BATCH), "709"),
        (campaigns.deactivate(INACTIVE), "709"),
        (campaigns.delete(REQUEST), "709"),
        (campaigns.create("Monthly Digest", folder_id=WEBSITE, folder_type="Program"), "709"),
        (emails.approve_draft(WELCOME), "709"),
        (emails.unapprove(WELCOME), "709"),
        (emails.discard_draft(DRAFT), "709"),
        (emails.delete(WELCOME), "709"),
        (emails.send_sample(WELCOME, "nonsense"), "709"),
        (emails.clone(WELCOME, "Welcome", folder_id=seed.EMAIL_FOLDER), "709"),
        (tokens.delete(NEWSLETTER, "Headline", token_type="number"), "702"),
        (tokens.list(1), "710"),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_rejected_requests_have_their_code(caller: Caller, call: Call[Any], code: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        caller.run(call)
    assert (refusal.value.code, refusal.value.call) == (code, call.name)


def test_the_21st_clone_of_a_day_is_rejected_until_tomorrow(caller: Caller) -> None:
    for number in range(20):
        caller.run(campaigns.schedule(BATCH, clone_to_program_name=f"Copy {number}"))
    with pytest.raises(QuotaExhausted) as refusal:
        caller.run(campaigns.schedule(BATCH, clone_to_program_name="One more"))
    assert refusal.value.code == "1020"


@pytest.mark.parametrize(
    "call",
    [
        campaigns.request(REQUEST, [ANNA]),
        campaigns.schedule(BATCH),
        emails.send_sample(WELCOME, "me@example.com"),
        programs.clone(WEBSITE, "Copy", folder_id=seed.PROGRAM_FOLDER),
        EMAIL,
    ],
    ids=lambda call: call.name,
)
def test_a_lost_response_is_not_retried(caller: Caller, call: Call[Any]) -> None:
    caller.run(campaigns.get(BATCH))
    caller.sandbox.marketo.faults.add(method="POST", when="after", answer={"reset": True})
    before = caller.sandbox.marketo.calls.total
    with pytest.raises(OutcomeUnknown):
        caller.run(call)
    assert caller.sandbox.marketo.calls.total == before + 1
