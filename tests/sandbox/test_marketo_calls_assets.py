"""Calls about programs, campaigns, emails and what they lean on, run by the client against the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from marketo_calls import Caller, Case, holds, names_of, plain

from airflow_provider_mkt.api.call import Call
from airflow_provider_mkt.api.errors import InvalidRequest, OutcomeUnknown, QuotaExhausted
from airflow_provider_mkt.api.marketo import (
    campaigns,
    channels,
    emails,
    folders,
    lead_memberships,
    programs,
    tokens,
)
from airflow_provider_mkt.sandbox.marketo import seed
from airflow_provider_mkt.sandbox.server import Sandbox

ANNA, NEW = seed.ANNA, 5001
NURTURE, NEWSLETTER, WEBSITE = seed.NURTURE_PROGRAM, seed.EMAIL_PROGRAM, seed.DEFAULT_PROGRAM
REQUEST, BATCH, INACTIVE = seed.REQUEST_CAMPAIGN, seed.BATCH_CAMPAIGN, seed.INACTIVE_CAMPAIGN
WELCOME, DRAFT = seed.APPROVED_EMAIL, seed.DRAFT_EMAIL
NOW = datetime.now(UTC)
SOON = NOW + timedelta(hours=1)
RESCHEDULE = programs.reschedule(NEWSLETTER, SOON, SOON + timedelta(hours=2))
PROGRAM = programs.create("Autumn", folder_id=seed.PROGRAM_FOLDER, channel="Default")
CAMPAIGN = campaigns.create("Thanks", folder_id=seed.CAMPAIGN_FOLDER, description="d")
EMAIL = emails.create(
    "Thanks",
    folder_id=seed.EMAIL_FOLDER,
    template_id=seed.TEMPLATE,
    subject="Thank you",
    from_name="Example Ltd",
    from_email="news@example.com",
    reply_email="reply@example.com",
)
EDIT = emails.update_headers(WELCOME, subject="Welcome!", reply_to="us@example.com")
HEADLINE = [{"name": "Headline", "type": "text", "value": "News of the month"}]

CASES = [
    Case(
        programs.browse(status="on", updated_after=NOW - timedelta(days=1000), page_size=1),
        [{"id": NURTURE, "type": "Engagement"}],
    ),
    Case(programs.browse(filter_type="id", filter_values=[str(NEWSLETTER)]), [{"id": NEWSLETTER}]),
    Case(programs.browse(page_size=2), [{"id": NURTURE}, {"id": NEWSLETTER}, {"id": WEBSITE}]),
    Case(programs.get(NURTURE), {"id": NURTURE, "status": "on"}),
    Case(programs.get(1), None),
    Case(
        programs.by_name("Website Contacts", include_tags=True, include_costs=True), {"tags": [], "costs": []}
    ),
    Case(PROGRAM, {"id": NEW, "name": "Autumn", "channel": "Default"}),
    Case(
        programs.update(
            WEBSITE,
            new_name="Web",
            tags=[{"tagType": "Region", "tagValue": "North"}],
            costs=[{"startDate": "2026-01-01", "cost": 100}],
        ),
        {"name": "Web", "tags": [{"tagValue": "North"}], "costs": [{"cost": 100}]},
    ),
    Case(
        programs.update(WEBSITE, replace_costs=True),
        {"costs": []},
        (programs.update(WEBSITE, costs=[{"startDate": "2026-01-01", "cost": 100}]),),
    ),
    Case(
        programs.clone(NEWSLETTER, "December", folder_id=seed.PROGRAM_FOLDER), {"id": NEW, "name": "December"}
    ),
    Case(RESCHEDULE, {"id": NEWSLETTER, "startDate": "(time)"}),
    Case(programs.approve(NEWSLETTER), {"id": NEWSLETTER}, (RESCHEDULE,)),
    Case(programs.unapprove(NEWSLETTER), {"id": NEWSLETTER}, (RESCHEDULE, programs.approve(NEWSLETTER))),
    Case(programs.delete(WEBSITE), {"id": WEBSITE}),
    Case(
        campaigns.browse(folder_id=seed.CAMPAIGN_FOLDER, is_active=True),
        [{"id": REQUEST, "isRequestable": True}],
    ),
    Case(campaigns.get(REQUEST), {"id": REQUEST, "status": "Active"}),
    Case(campaigns.by_name("Monthly Digest"), [{"id": BATCH, "type": "batch"}]),
    Case(campaigns.legacy_browse(is_triggerable=True), [{"id": REQUEST, "active": True}]),
    Case(
        campaigns.legacy_browse(campaign_ids=[BATCH, INACTIVE], names=["Monthly Digest"]),
        [{"id": BATCH, "programName": "Website Contacts"}],
    ),
    Case(campaigns.legacy_get(BATCH), {"id": BATCH, "type": "batch"}),
    Case(campaigns.request(REQUEST, [ANNA]), None),
    Case(campaigns.schedule(BATCH, run_at=SOON, tokens={"{{my.Headline}}": "Hi"}), {"id": BATCH}),
    Case(campaigns.schedule(BATCH, clone_to_program_name="Copy"), {"id": BATCH}),
    Case(CAMPAIGN, {"id": NEW, "name": "Thanks", "description": "d", "isActive": False}),
    Case(campaigns.update(BATCH, new_name="Digest", description=""), {"name": "Digest", "description": ""}),
    Case(campaigns.clone(REQUEST, "Again", folder_id=seed.CAMPAIGN_FOLDER), {"id": NEW, "isActive": False}),
    Case(campaigns.activate(INACTIVE), {"id": INACTIVE}),
    Case(campaigns.deactivate(REQUEST), {"id": REQUEST}),
    Case(campaigns.delete(INACTIVE), {"id": INACTIVE}),
    Case(emails.browse(status="draft"), [{"id": DRAFT, "status": "draft"}]),
    Case(emails.browse(folder_id=NEWSLETTER, folder_type="Program"), [{"id": seed.NEWSLETTER_EMAIL}]),
    Case(emails.get(WELCOME), {"id": WELCOME, "status": "approved"}),
    Case(emails.get(WELCOME, status="draft"), None),
    Case(emails.by_name("Spring Offer", status="draft"), [{"id": DRAFT}]),
    Case(EMAIL, {"id": NEW, "status": "draft", "subject": {"type": "Text", "value": "Thank you"}}),
    Case(
        emails.update(WELCOME, new_name="Hello", pre_header="Good to see you", operational=True),
        {"name": "Hello", "preHeader": "Good to see you", "operational": True, "status": "draft"},
    ),
    Case(EDIT, {"id": WELCOME}),
    Case(emails.clone(WELCOME, "Copy", folder_id=seed.EMAIL_FOLDER), {"id": NEW, "status": "draft"}),
    Case(emails.approve_draft(DRAFT), {"id": DRAFT}),
    Case(emails.unapprove(DRAFT), {"id": DRAFT}, (emails.approve_draft(DRAFT),)),
    Case(emails.discard_draft(WELCOME), {"id": WELCOME}, (EDIT,)),
    Case(emails.delete(DRAFT), {"id": DRAFT}),
    Case(emails.send_sample(WELCOME, "me@example.com", lead_id=ANNA, text_only=True), None),
    Case(tokens.browse(NEWSLETTER), HEADLINE),
    Case(tokens.browse(NURTURE), []),
    Case(
        tokens.set_value(NEWSLETTER, "Price", "10", token_type="number"),
        [*HEADLINE, {"name": "Price", "type": "number", "value": "10"}],
    ),
    Case(tokens.delete(NEWSLETTER, "Headline"), {"id": NEWSLETTER}),
    Case(
        channels.browse(page_size=3),
        [{"name": "Email Send"}, {"name": "Nurture"}, {"name": "Default"}, {"name": "Roadshow"}],
    ),
    Case(channels.by_name("Nurture"), {"applicableProgramType": "Engagement"}),
    Case(channels.by_name("Nothing"), None),
    Case(folders.browse(root_id=seed.ROOT_FOLDER, max_depth=1), [{"name": "Marketing Activities"}]),
    Case(folders.browse(page_size=3), [{"id": 1}, {"id": 11}, {"id": 12}, {"id": 13}]),
    Case(folders.get(seed.EMAIL_FOLDER), {"name": "Emails", "folderType": "Marketing Folder"}),
    Case(folders.by_name("Emails", root_id=seed.ROOT_FOLDER), [{"id": seed.EMAIL_FOLDER}]),
    Case(
        folders.content(seed.CAMPAIGN_FOLDER, page_size=2),
        [
            {"id": REQUEST, "type": "Smart Campaign"},
            {"id": INACTIVE, "type": "Smart Campaign"},
            {"id": seed.STATIC_LIST, "type": "List"},
        ],
    ),
    Case(
        folders.content(WEBSITE, folder_type="Program"),
        [{"id": BATCH, "type": "Smart Campaign"}, {"id": seed.FORM, "type": "Form"}],
    ),
]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(only="marketo") as running:
        running.marketo.limits.rate.limit = None
        yield running


@pytest.fixture
def caller(sandbox: Sandbox) -> Caller:
    sandbox.marketo.reset()
    return Caller(sandbox)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.call.name)
def test_a_call_does_the_same_on_a_thread_and_on_a_loop(caller: Caller, case: Case) -> None:
    result = plain(caller.both(case.call, case.before))
    assert holds(result, case.answers), result


def test_every_call_about_assets_was_run() -> None:
    run = {case.call.name for case in CASES}
    people = {"programs.members", "programs.people", "programs.set_status"}
    assert names_of("programs", "campaigns", "emails", "tokens", "channels", "folders") - people <= run


class TestWhatWasWritten:
    def test_programs_are_found_renamed_and_deleted(self, caller: Caller) -> None:
        caller.run(PROGRAM)
        caller.run(programs.update(NEW, new_name="Fall"))
        assert caller.run(programs.by_name("Fall"))["id"] == NEW
        assert NEW in [row["id"] for row in caller.run(folders.content(seed.PROGRAM_FOLDER))]
        caller.run(programs.delete(NEW))
        assert caller.run(programs.get(NEW)) is None

    def test_a_cloned_program_holds_what_its_source_holds(self, caller: Caller) -> None:
        caller.run(programs.clone(NEWSLETTER, "December", folder_id=seed.PROGRAM_FOLDER))
        (email,) = caller.run(emails.browse(folder_id=NEW, folder_type="Program"))
        assert (email["name"], email["status"]) == ("Newsletter", "approved")
        assert [token["value"] for token in caller.run(tokens.browse(NEW))] == ["News of the month"]

    def test_a_scheduled_run_sends_with_its_tokens_and_shows_in_the_lead(self, caller: Caller) -> None:
        caller.run(campaigns.schedule(BATCH, tokens={"{{my.Headline}}": "Hi"}))
        caller.sandbox.clock.advance(301)
        assert {sent.tokens["Headline"] for sent in caller.world.outbox} == {"Hi"}
        campaign = Caller(caller.sandbox).run(lead_memberships.campaigns(ANNA))
        assert [row["smartCampaignId"] for row in campaign] == [BATCH]

    def test_a_scheduled_clone_runs_the_copy(self, caller: Caller) -> None:
        caller.run(campaigns.schedule(BATCH, clone_to_program_name="Copy"))
        copy = caller.run(programs.by_name("Copy"))
        (campaign,) = caller.run(campaigns.browse(folder_id=copy["id"], folder_type="Program"))
        assert (campaign["name"], campaign["status"]) == ("Monthly Digest", "Single Run")
        assert caller.run(campaigns.get(BATCH))["status"] == "Never Run"

    def test_switches_of_campaigns_show(self, caller: Caller) -> None:
        caller.run(campaigns.activate(INACTIVE))
        caller.run(campaigns.deactivate(REQUEST))
        wanted = [(REQUEST, False), (INACTIVE, True)]
        rows = caller.run(campaigns.browse(folder_id=seed.CAMPAIGN_FOLDER))
        assert [(row["id"], row["isActive"]) for row in rows] == wanted

    def test_a_new_email_can_be_approved_edited_and_put_back(self, caller: Caller) -> None:
        caller.run(EMAIL)
        caller.run(emails.approve_draft(NEW))
        caller.run(emails.update_headers(NEW, subject="Thanks again"))
        assert caller.run(emails.get(NEW, status="draft"))["subject"]["value"] == "Thanks again"
        caller.run(emails.discard_draft(NEW))
        assert caller.run(emails.get(NEW, status="draft")) is None
        caller.run(emails.unapprove(NEW))
        caller.run(emails.delete(NEW))
        assert caller.run(emails.get(NEW)) is None

    def test_tokens_are_set_over_and_deleted(self, caller: Caller) -> None:
        caller.run(tokens.set_value(NEWSLETTER, "Headline", "Other"))
        assert [row["value"] for row in caller.run(tokens.browse(NEWSLETTER))] == ["Other"]
        caller.run(tokens.delete(NEWSLETTER, "Headline"))
        assert caller.run(tokens.browse(NEWSLETTER)) == []


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
        (tokens.browse(1), "710"),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_what_the_platform_refuses_is_told_by_its_code(caller: Caller, call: Call[Any], code: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        caller.run(call)
    assert (refusal.value.code, refusal.value.call) == (code, call.name)


def test_the_21st_clone_of_a_day_has_to_wait_for_tomorrow(caller: Caller) -> None:
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
def test_a_lost_answer_is_not_tried_again(caller: Caller, call: Call[Any]) -> None:
    caller.run(campaigns.get(BATCH))
    caller.sandbox.marketo.faults.add(method="POST", when="after", answer={"reset": True})
    before = caller.sandbox.marketo.calls.total
    with pytest.raises(OutcomeUnknown):
        caller.run(call)
    assert caller.sandbox.marketo.calls.total == before + 1
