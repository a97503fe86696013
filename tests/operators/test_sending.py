"""A send is read in few calls, and its fingerprint changes with what decides it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_mkt.actions.procedure import InMemoryTaskState
from airflow_provider_mkt.actions.sending import (
    AudienceCount,
    Counting,
    ListSize,
    SendDetails,
    SendTarget,
    at_most_now,
    changed_parts,
    check_limits,
    masked,
)
from airflow_provider_mkt.client.errors import InvalidInput, NotFound
from airflow_provider_mkt.client.hubspot.contacts import contacts
from airflow_provider_mkt.client.hubspot.emails import emails
from airflow_provider_mkt.client.hubspot.lists import list_memberships, lists
from airflow_provider_mkt.client.marketo.emails import emails as marketo_emails
from airflow_provider_mkt.client.marketo.exports import bulk_extracts
from airflow_provider_mkt.client.marketo.leads import leads
from airflow_provider_mkt.client.marketo.programs import programs, tokens
from airflow_provider_mkt.hooks.base import hook_for
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.marketo import seed as marketo

HUBSPOT, MARKETO = "hubspot_default", "marketo_default"


def described(conn_id: str, kind: Any, id_: object, **more: str) -> SendDetails:
    with hook_for(conn_id) as hook:
        return hook.follow(hook.sending.describe(SendTarget(hook.conn_type, kind, str(id_), **more)))


def run(conn_id: str, call: Any) -> Any:
    with hook_for(conn_id) as hook:
        return hook.run(call)


def test_a_hubspot_email_with_a_list(sandbox: Sandbox) -> None:
    details = described(HUBSPOT, "email", hubspot.SCHEDULED_EMAIL)
    assert details.name == "Webinar invitation"
    assert (details.subject, details.from_name, details.from_email) == (
        "Join us",
        "Example Ltd",
        "news@example.com",
    )
    assert [one.id for one in details.lists] == [hubspot.LIST_ID]
    assert details.lists[0].found
    assert details.lists[0].complete
    assert details.scheduled_for is not None
    assert not details.sends_at_once
    assert details.account_id
    assert details.regular
    assert hubspot.SCHEDULED_EMAIL in details.link


def test_an_unknown_list_is_named(sandbox: Sandbox) -> None:
    gone = run(HUBSPOT, lists.create("Gone"))["listId"]
    to = {"contactIlsLists": {"include": [gone], "exclude": []}}
    run(HUBSPOT, emails.update(hubspot.NEWSLETTER_EMAIL, {"to": to}))
    run(HUBSPOT, lists.delete(gone))
    (unknown,) = described(HUBSPOT, "email", hubspot.NEWSLETTER_EMAIL).lists
    assert (unknown.id, unknown.found, unknown.size) == (gone, False, None)


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"subject": "Another"}, ("email",)),
        ({"to": {"contactIlsLists": {"include": [hubspot.LIST_ID], "exclude": []}}}, ("audience",)),
        ({"sendOnPublish": False, "publishDate": "2030-01-01T00:00:00Z"}, ("schedule",)),
    ],
)
def test_the_fingerprint_tells_what_changed(
    sandbox: Sandbox, changes: dict[str, Any], parts: tuple[str, ...]
) -> None:
    before = described(HUBSPOT, "email", hubspot.NEWSLETTER_EMAIL).fingerprint
    assert described(HUBSPOT, "email", hubspot.NEWSLETTER_EMAIL).fingerprint == before
    run(HUBSPOT, emails.update(hubspot.NEWSLETTER_EMAIL, changes))
    after = described(HUBSPOT, "email", hubspot.NEWSLETTER_EMAIL).fingerprint
    assert changed_parts(before, after) == parts


def test_the_fingerprint_changes_with_the_rules_of_a_list(sandbox: Sandbox) -> None:
    def branch(value: str) -> dict[str, Any]:
        operation = {"operationType": "MULTISTRING", "operator": "IS_EQUAL_TO", "values": [value]}
        rule = {"filterType": "PROPERTY", "property": "firstname", "operation": operation}
        inner = {"filterBranchType": "AND", "filterBranches": [], "filters": [rule]}
        return {"filterBranchType": "OR", "filterBranches": [inner], "filters": []}

    made = run(HUBSPOT, lists.create("Some", processing_type="DYNAMIC", filter_branch=branch("a")))
    to = {"contactIlsLists": {"include": [made["listId"]], "exclude": []}}
    run(HUBSPOT, emails.update(hubspot.NEWSLETTER_EMAIL, {"to": to}))
    before = described(HUBSPOT, "email", hubspot.NEWSLETTER_EMAIL).fingerprint
    run(HUBSPOT, lists.update_filters(made["listId"], branch("b")))
    after = described(HUBSPOT, "email", hubspot.NEWSLETTER_EMAIL).fingerprint
    assert changed_parts(before, after) == ("audience",)


def test_reading_a_hubspot_email_takes_four_calls(sandbox: Sandbox) -> None:
    with hook_for(HUBSPOT) as hook:
        hook.follow(hook.sending.describe(SendTarget("hubspot", "email", hubspot.SCHEDULED_EMAIL)))
        assert hook.calls == 4


def test_an_email_program(sandbox: Sandbox) -> None:
    details = described(MARKETO, "email_program", marketo.EMAIL_PROGRAM)
    assert details.name == "November Newsletter"
    assert details.subject == "{{my.Headline}}"
    assert details.tokens == {"Headline": "News of the month"}
    assert [(one.id, one.name) for one in details.lists] == [(str(marketo.STATIC_LIST), "Newsletter Readers")]
    assert details.lists_decide
    assert details.email_ids == (str(marketo.NEWSLETTER_EMAIL),)
    assert not details.operational


def test_the_fingerprint_of_a_program_changes_with_tokens_and_email_but_not_with_approval(
    sandbox: Sandbox,
) -> None:
    seen = [described(MARKETO, "email_program", marketo.EMAIL_PROGRAM).fingerprint]
    run(MARKETO, tokens.set_value(marketo.EMAIL_PROGRAM, "Headline", "Other news"))
    seen.append(described(MARKETO, "email_program", marketo.EMAIL_PROGRAM).fingerprint)
    assert changed_parts(seen[0], seen[1]) == ("email",)
    run(MARKETO, marketo_emails.update_headers(marketo.NEWSLETTER_EMAIL, subject="Again"))
    seen.append(described(MARKETO, "email_program", marketo.EMAIL_PROGRAM).fingerprint)
    assert changed_parts(seen[1], seen[2]) == ("email",)


def test_a_smart_campaign_and_its_email(sandbox: Sandbox) -> None:
    details = described(
        MARKETO, "smart_campaign", marketo.BATCH_CAMPAIGN, email_id=str(marketo.APPROVED_EMAIL)
    )
    assert details.kind == "batch"
    assert details.subject == "Welcome aboard"
    assert [one.name for one in details.lists] == ["Newsletter Readers"]
    assert described(MARKETO, "smart_campaign", marketo.BATCH_CAMPAIGN).email_known is False


def test_a_marketo_email_has_no_recipients_of_its_own(sandbox: Sandbox) -> None:
    details = described(MARKETO, "email", marketo.DRAFT_EMAIL)
    assert not details.audience_known
    assert details.sendable


@pytest.mark.parametrize(
    ("conn_id", "kind"),
    [(HUBSPOT, "email"), (MARKETO, "email"), (MARKETO, "email_program"), (MARKETO, "smart_campaign")],
)
def test_an_unknown_id(sandbox: Sandbox, conn_id: str, kind: str) -> None:
    with pytest.raises(NotFound):
        described(conn_id, kind, 987654)


def test_hubspot_has_no_programs(sandbox: Sandbox) -> None:
    with pytest.raises(InvalidInput):
        described(HUBSPOT, "email_program", 1)


def test_limits_are_never_met_by_an_unknown_number() -> None:
    unknown = AudienceCount(None, None, exact=False)
    assert len(check_limits(unknown, 1, 10)) == 2
    bound = AudienceCount(None, 10, exact=False)
    assert check_limits(bound, None, 10) == ()
    assert "at most 10" in check_limits(bound, 5, None)[0]
    exact = AudienceCount(10, 8, exact=True)
    assert check_limits(exact, 8, 8) == ()
    assert len(check_limits(exact, 9, 7)) == 2


def test_a_later_bound_counts_what_lists_gained() -> None:
    target = SendTarget("hubspot", "email", "1")
    before = AudienceCount(100, 90, exact=True, lists=(ListSize("1", size=60), ListSize("2", size=60)))
    now = SendDetails(
        target,
        "name",
        "DRAFT",
        sendable=True,
        kind="BATCH_EMAIL",
        regular=True,
        lists=(ListSize("1", size=65), ListSize("2", size=50)),
    )
    assert at_most_now(before.to_json(), now) == 95


@pytest.mark.parametrize(
    ("address", "shown"),
    [("anna@example.com", "a***@e***.com"), ("nobody", "***"), ("", "***"), ("a@host", "a***@h***")],
)
def test_addresses_are_masked(address: str, shown: str) -> None:
    assert masked(address) == shown


def test_program_dates_are_part_of_the_schedule(sandbox: Sandbox) -> None:
    before = described(MARKETO, "email_program", marketo.EMAIL_PROGRAM)
    start = datetime.now(UTC) + timedelta(days=1)
    run(MARKETO, programs.reschedule(marketo.EMAIL_PROGRAM, start, start + timedelta(days=1)))
    after = described(MARKETO, "email_program", marketo.EMAIL_PROGRAM)
    assert changed_parts(before.fingerprint, after.fingerprint) == ("schedule",)
    assert after.scheduled_for == start.replace(microsecond=0)


# -- the count ----------------------------------------------------------------------------------------


def counted(conn_id: str, kind: Any, id_: object, how: Any = "auto") -> AudienceCount:
    with hook_for(conn_id) as hook:
        details = hook.follow(hook.sending.describe(SendTarget(hook.conn_type, kind, str(id_))))
        return hook.follow(hook.sending.count(details, how))


@pytest.mark.parametrize("how", ["lists", "members"])
def test_hubspot_counts_lists_and_single_contacts_with_the_reasons(sandbox: Sandbox, how: str) -> None:
    sandbox.hubspot.settings.list_processing = 0
    first, second, third = hubspot.CONTACT_IDS[:3]
    run(HUBSPOT, contacts.update(first, {"hs_email_optout": "true"}))
    run(HUBSPOT, contacts.update(second, {"email": ""}))
    excluded = run(HUBSPOT, lists.create("Not these"))["listId"]
    run(HUBSPOT, list_memberships.add(excluded, [third]))
    run(
        HUBSPOT,
        emails.update(
            hubspot.NEWSLETTER_EMAIL,
            {
                "to": {
                    "contactIds": {"include": [*hubspot.CONTACT_IDS], "exclude": []},
                    "contactIlsLists": {"include": [hubspot.LIST_ID], "exclude": [excluded]},
                }
            },
        ),
    )
    count = counted(HUBSPOT, "email", hubspot.NEWSLETTER_EMAIL, how)
    assert count.exact
    assert count.total == len(hubspot.CONTACT_IDS) - 1
    assert count.excluded == {"NO_ADDRESS": 1, "PREVIOUSLY_UNSUBSCRIBED_PORTAL": 1}
    assert count.at_most == count.total - 2
    assert "GRAYMAIL_SUPPRESSED" in count.not_counted
    assert all("@" in one and "***" in one for one in count.sample)
    assert not [one for one in sandbox.hubspot.state.lists.all() if one.name.startswith("mkt-preflight")]


def test_an_empty_audience_is_counted_without_a_call(sandbox: Sandbox) -> None:
    run(HUBSPOT, emails.update(hubspot.NEWSLETTER_EMAIL, {"to": {}}))
    count = counted(HUBSPOT, "email", hubspot.NEWSLETTER_EMAIL)
    assert (count.total, count.at_most, count.exact) == (0, 0, True)


def test_sizes_are_an_upper_bound(sandbox: Sandbox) -> None:
    count = counted(HUBSPOT, "email", hubspot.SCHEDULED_EMAIL, "sizes")
    assert (count.total, count.exact) == (None, False)
    assert str(count).startswith("at most")


def test_lists_that_a_killed_task_left_behind_are_deleted(sandbox: Sandbox) -> None:
    sandbox.hubspot.settings.list_processing = 0
    left = run(HUBSPOT, lists.create("mkt-preflight 0123456789ab all"))["listId"]
    young = run(HUBSPOT, lists.create("mkt-preflight ba9876543210 all"))["listId"]
    old = sandbox.hubspot.state.lists.get(left)
    assert old is not None
    old.created -= 7 * 3600
    counted(HUBSPOT, "email", hubspot.SCHEDULED_EMAIL, "lists")
    assert sandbox.hubspot.state.lists.get(left) is None
    assert sandbox.hubspot.state.lists.get(young) is not None


def test_marketo_counts_a_static_list_with_the_reasons(sandbox: Sandbox) -> None:
    run(
        MARKETO,
        leads.sync([{"id": marketo.ANNA, "unsubscribed": True}], lookup_field="id", action="updateOnly"),
    )
    count = counted(MARKETO, "email_program", marketo.EMAIL_PROGRAM)
    assert (count.how, count.total, count.at_most) == ("members", 3, 2)
    assert count.excluded == {"unsubscribed": 1}


def test_marketo_extracts_what_is_more_than_lists(sandbox: Sandbox) -> None:
    with hook_for(MARKETO) as hook:
        details = hook.follow(
            hook.sending.describe(SendTarget("marketo", "email_program", str(marketo.EMAIL_PROGRAM)))
        )
        task_state = InMemoryTaskState()
        other_rules = replace(details, lists_decide=False)
        first = hook.follow(hook.sending.advance_count(other_rules, "auto", task_state))
        assert isinstance(first, Counting)
        assert first.jobs[0].kind == "lead_export"
        sandbox.clock.advance(600)
        count = hook.follow(hook.sending.advance_count(other_rules, "auto", task_state))
    assert isinstance(count, AudienceCount)
    assert (count.how, count.total, count.exact) == ("extract", 3, True)


def test_a_count_that_is_given_up_cancels_its_extract(sandbox: Sandbox) -> None:
    with hook_for(MARKETO) as hook:
        details = hook.follow(
            hook.sending.describe(SendTarget("marketo", "email_program", str(marketo.EMAIL_PROGRAM)))
        )
        task_state = InMemoryTaskState()
        started = hook.follow(hook.sending.advance_count(details, "extract", task_state))
        assert isinstance(started, Counting)
        hook.follow(hook.sending.discard_count(task_state))
        (job,) = hook.run(bulk_extracts.list_jobs("leads"))
    assert job["status"] in ("Canceled", "Cancelled")
