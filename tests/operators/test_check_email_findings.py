"""Every check finds what it is for, on each platform where it exists, and nothing in a faultless send."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from workers import context

from airflow_provider_mkt.actions.send_check_table import CHECKS
from airflow_provider_mkt.client.hubspot.emails import emails
from airflow_provider_mkt.client.hubspot.lists import lists
from airflow_provider_mkt.hooks.base import hook_for
from airflow_provider_mkt.operators.email_checks import CheckEmailOperator
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed as hubspot
from airflow_provider_mkt.sandbox.hubspot.emails.models import Email as HubSpotEmail
from airflow_provider_mkt.sandbox.marketo import seed as marketo
from airflow_provider_mkt.sandbox.marketo.emails.models import Email as MarketoEmail
from airflow_provider_mkt.sandbox.marketo.lists.rules import (
    MEMBER_OF_SMART_LIST,
    NOT_IN,
    Filter,
    member_of_list,
)

pytestmark = pytest.mark.usefixtures("short_waits")

LINK = "https://www.mkt-reader.com/news"
NOW = datetime.now(UTC)
BODY = "<p>Hello {greeting}</p><a href='{link}'>Read</a> <a href='{unsubscribe}'>Unsubscribe</a>"


def hubspot_body(text: str = "", *, link: str = LINK, unsubscribe: str = "{{ unsubscribe_link }}") -> str:
    greeting = "{{ contact.firstname|default('friend') }}" + text
    return BODY.format(greeting=greeting, link=link, unsubscribe=unsubscribe)


def marketo_body(text: str = "", *, link: str = LINK) -> str:
    greeting = "{{lead.First Name:default=friend}}" + text
    return BODY.format(greeting=greeting, link=link, unsubscribe="%mkt_opt_out_prefix%/u")


def content(body: str, preview: str = "All of it") -> dict[str, Any]:
    return {"widgets": {"preview_text": {"body": {"value": preview}}, "text": {"body": {"html": body}}}}


def newsletter(box: Sandbox) -> HubSpotEmail:
    email = box.hubspot.state.emails.get(hubspot.NEWSLETTER_EMAIL)
    assert email is not None
    return email


def a_faultless_email(box: Sandbox) -> None:
    box.hubspot.settings.list_processing = 0
    newsletter(box).live.update(
        {
            "content": content(hubspot_body()),
            "subscriptionDetails": {
                "subscriptionId": str(hubspot.DEFAULT_SUBSCRIPTION),
                "officeLocationId": "1",
            },
            "to": {"contactIlsLists": {"include": [hubspot.LIST_ID], "exclude": []}},
        }
    )


def in_program(box: Sandbox) -> MarketoEmail:
    return box.marketo.state.emails[marketo.NEWSLETTER_EMAIL]


def a_faultless_program(box: Sandbox) -> None:
    program = box.marketo.state.programs[marketo.EMAIL_PROGRAM]
    program.start, program.end = NOW + timedelta(days=2), NOW + timedelta(days=3)
    email = in_program(box)
    assert email.approved is not None
    email.approved = replace(email.approved, pre_header="All of it", body=marketo_body(), body_text="Hello")
    campaign = box.marketo.state.campaigns[marketo.BATCH_CAMPAIGN]
    campaign.rule, campaign.max_members, campaign.communication_limits = "none", 100, True


def live(**fields: Any) -> Callable[[Sandbox], None]:
    """Change fields of the HubSpot email."""
    return lambda box: newsletter(box).live.update(fields)


def version(**fields: Any) -> Callable[[Sandbox], None]:
    """Change fields of the approved version of the program's email."""

    def change(box: Sandbox) -> None:
        email = in_program(box)
        assert email.approved is not None
        email.approved = replace(email.approved, **fields)

    return change


def _from_now(value: Any) -> Any:
    """Return a time for a span from now, and anything else as it is."""
    return datetime.now(UTC) + value if isinstance(value, timedelta) else value


def program(**fields: Any) -> Callable[[Sandbox], None]:
    """Change the email program."""

    def change(box: Sandbox) -> None:
        for name, value in fields.items():
            setattr(box.marketo.state.programs[marketo.EMAIL_PROGRAM], name, _from_now(value))

    return change


def campaign(**fields: Any) -> Callable[[Sandbox], None]:
    """Change the batch campaign."""

    def change(box: Sandbox) -> None:
        for name, value in fields.items():
            setattr(box.marketo.state.campaigns[marketo.BATCH_CAMPAIGN], name, value)

    return change


def rules(*filters: Filter, **more: Any) -> Callable[[Sandbox], None]:
    """Change the smart list of the program."""

    def change(box: Sandbox) -> None:
        one = box.marketo.state.programs[marketo.EMAIL_PROGRAM].smart_list
        assert one is not None
        one.filters = filters
        for name, value in more.items():
            setattr(one, name, value)

    return change


def to(
    include: list[str], exclude: list[str] | None = None, kind: str = "contactIlsLists"
) -> Callable[[Sandbox], None]:
    """Change the lists of the HubSpot email."""
    return live(to={kind: {"include": include, "exclude": exclude or []}})


def token(value: str | None) -> Callable[[Sandbox], None]:
    """Use a token in the subject of the program's email, which has a value or is not defined."""

    def change(box: Sandbox) -> None:
        version(subject="{{my.Offer}}")(box)
        if value is not None:
            with hook_for("marketo_default") as hook:
                from airflow_provider_mkt.client.marketo.programs import tokens

                hook.run(tokens.set_value(marketo.EMAIL_PROGRAM, "Offer", value))

    return change


def publish(box: Sandbox) -> None:
    newsletter(box).live.update(
        {"sendOnPublish": False, "publishDate": (NOW + timedelta(days=1)).isoformat()}
    )
    box.hubspot.state.emails.publish(newsletter(box))


def edit_the_draft(box: Sandbox) -> None:
    publish(box)
    with hook_for("hubspot_default") as hook:
        hook.run(emails.update_draft(hubspot.NEWSLETTER_EMAIL, {"subject": "Newer"}))


def a_list_that_is_computed(box: Sandbox) -> None:
    box.hubspot.settings.list_processing = 3600
    operation = {"operationType": "ALL_PROPERTY", "operator": "IS_KNOWN"}
    rule = {"filterType": "PROPERTY", "property": "email", "operation": operation}
    branch = {"filterBranchType": "AND", "filterBranches": [], "filters": [rule]}
    with hook_for("hubspot_default") as hook:
        made = hook.run(
            lists.create(
                "Slow",
                processing_type="DYNAMIC",
                filter_branch={"filterBranchType": "OR", "filterBranches": [branch], "filters": []},
            )
        )
    to([made["listId"]])(box)


def an_empty_list(box: Sandbox) -> None:
    with hook_for("hubspot_default") as hook:
        made = hook.run(lists.create("Empty"))
    to([made["listId"]])(box)


def a_list_of_companies(box: Sandbox) -> None:
    box.hubspot.state.lists.create("Companies", object_type="0-2", list_id="303")
    to([hubspot.LIST_ID, "303"])(box)


def a_legacy_list(box: Sandbox) -> None:
    box.hubspot.state.lists.legacy_ids["9"] = hubspot.LIST_ID
    to(["9"], kind="contactLists")(box)


def unsubscribed(box: Sandbox) -> None:
    contact = box.hubspot.state.contacts.get(hubspot.CONTACT_IDS[0])
    assert contact is not None
    box.hubspot.state.contacts.update(contact, {"hs_email_optout": "true"})


def unsubscribed_lead(box: Sandbox) -> None:
    box.marketo.state.leads.existing(marketo.ANNA).values["unsubscribed"] = True


def define(**changes: bool) -> Callable[[Sandbox], None]:
    """Change the subscription type of the email."""

    def change(box: Sandbox) -> None:
        definitions = box.hubspot.state.subscriptions.definitions
        number = hubspot.DEFAULT_SUBSCRIPTION
        definitions[number] = replace(definitions[number], **changes)

    return change


def only_a_bound(box: Sandbox) -> None:
    """Let the subscription extract static lists only, while the rules exclude another list."""
    state = box.marketo.state
    state.lists[6098] = replace(state.lists[marketo.STATIC_LIST], id=6098, name="Exclusions", members={})
    rules(member_of_list(marketo.STATIC_LIST), member_of_list(6098, NOT_IN))(box)
    box.marketo.settings.limited_extract_filters, box.marketo.settings.export_minutes = True, 0


def an_excluded_list_that_is_gone(box: Sandbox) -> None:
    rules(member_of_list(marketo.STATIC_LIST), member_of_list(6098, NOT_IN))(box)


def two_lists_of_one_name(box: Sandbox) -> None:
    state = box.marketo.state
    one = state.lists[marketo.STATIC_LIST]
    state.lists[6099] = replace(one, id=6099, members={})


def another_program(box: Sandbox) -> None:
    state = box.marketo.state
    mine = state.programs[marketo.EMAIL_PROGRAM]
    assert mine.start is not None
    state.programs[2999] = replace(
        mine,
        id=2999,
        name="Another Newsletter",
        start=mine.start + timedelta(hours=2),
        locked=True,
        members={},
    )
    state.programs[2999].updated_at = box.clock.now()


def a_test_without_variation(box: Sandbox) -> None:
    live(testing={"testId": "1", "isAbVariation": False, "abTestPercentage": 0})(box)


@dataclass
class Case:
    """What is done to a faultless send, and with which arguments it is checked."""

    prepare: Callable[[Sandbox], object] = lambda box: None
    arguments: dict[str, Any] = field(default_factory=dict)


def given(prepare: Callable[[Sandbox], object] = lambda box: None, **arguments: Any) -> Case:
    return Case(prepare, arguments)


NEAR = timedelta(hours=6)
BATCH = {"program_id": None, "campaign_id": marketo.BATCH_CAMPAIGN, "email_id": marketo.NEWSLETTER_EMAIL}
INACTIVE = {"program_id": None, "campaign_id": marketo.INACTIVE_CAMPAIGN}
ON_HUBSPOT: dict[str, Case] = {
    "account.unexpected": given(expect_account="1"),
    "account.kind": given(account_kind="test"),
    "email.state": given(email_id=hubspot.PUBLISHED_EMAIL),
    "email.scheduled": given(publish),
    "email.kind": given(email_id=hubspot.AUTOMATED_EMAIL),
    "email.draft_differs": given(edit_the_draft),
    "name.test_word": given(live(name="Dummy newsletter")),
    "subject.missing": given(live(subject=" ")),
    "subject.test_word": given(live(subject="Integration Test Email #1")),
    "subject.malformed_token": given(live(subject="Hello {{ contact.firstname")),
    "sender.from_missing": given(live(**{"from": {"fromName": "Example Ltd"}})),
    "sender.from_name_missing": given(live(**{"from": {"replyTo": "news@example.com"}})),
    "sender.reply_missing": given(live(**{"from": {"fromName": "Example Ltd"}})),
    "sender.domain": given(allowed_sender_domains=["example.org"]),
    "preview_text.missing": given(live(content=content(hubspot_body(), ""))),
    "content.empty": given(live(content={})),
    "content.test_word": given(live(content=content(hubspot_body(" lorem ipsum")))),
    "content.unsubscribe_link": given(live(content=content("<p>Hello</p>"))),
    "content.office_location": given(
        live(subscriptionDetails={"subscriptionId": str(hubspot.DEFAULT_SUBSCRIPTION)})
    ),
    "links.placeholder": given(live(content=content(hubspot_body(link="https://example.com/offer")))),
    "links.relative": given(live(content=content(hubspot_body(link="/offer")))),
    "links.insecure": given(live(content=content(hubspot_body(link="http://www.mkt-reader.com")))),
    "links.broken": given(
        live(content=content(hubspot_body(link="http://127.0.0.1:9/gone"))), check_links=True
    ),
    "tokens.no_default": given(live(content=content(hubspot_body(" {{ contact.city }}")))),
    "tokens.unknown_field": given(live(content=content(hubspot_body(" {{ contact.no_such }}")))),
    "tokens.blank": given(live(content=content(hubspot_body(" {{ contact.city }}"))), max_blank="2%"),
    "subscription.missing": given(live(subscriptionDetails={"officeLocationId": "1"})),
    "subscription.unknown": given(live(subscriptionDetails={"subscriptionId": "1", "officeLocationId": "1"})),
    "subscription.inactive": given(define(active=False)),
    "subscription.internal": given(define(internal=True)),
    "subscription.business_unit": given(live(businessUnitId="7")),
    "subscription.unreadable": given(
        lambda box: setattr(
            box.hubspot.settings,
            "withheld_scopes",
            ("communication_preferences.read", "communication_preferences.read_write"),
        )
    ),
    "operational.not_allowed": given(email_id=hubspot.TRANSACTIONAL_EMAIL),
    "audience.none": given(live(to={})),
    "list.missing": given(to([hubspot.LIST_ID, "999"])),
    "list.empty": given(an_empty_list),
    "list.processing": given(a_list_that_is_computed, count="sizes"),
    "list.not_people": given(a_list_of_companies, count="none"),
    "list.legacy_id": given(a_legacy_list),
    "list.unreadable": given(
        lambda box: setattr(
            box.hubspot.settings,
            "withheld_scopes",
            ("crm.lists.read", "crm.segments.read", "crm.lists.write", "crm.segments.write"),
        ),
        count="sizes",
    ),
    "excluded_list.missing": given(to([hubspot.LIST_ID], ["998"])),
    "lists.must_include": given(must_include=["Readers of the newsletter"]),
    "lists.must_exclude": given(must_exclude=["Global exclusions"]),
    "lists.only": given(only_lists=["Seed list"]),
    "audience.unknown": given(
        lambda box: setattr(
            box.hubspot.settings,
            "withheld_scopes",
            ("crm.lists.read", "crm.segments.read", "crm.lists.write", "crm.segments.write"),
        ),
    ),
    "audience.not_exact": given(count="sizes", min_recipients=1),
    "audience.empty": given(an_empty_list),
    "audience.too_large": given(max_recipients=2),
    "audience.too_small": given(min_recipients=4),
    "audience.excluded": given(unsubscribed, max_excluded="10%"),
    "audience.changed": given(unsubscribed, max_change_from_last="10%"),
    "audience.no_history": given(max_change_from_last="10%", history_path="{tmp}/none.jsonl"),
    "schedule.past": given(live(sendOnPublish=False, publishDate="2020-01-01T00:00:00Z")),
    "schedule.too_late": given(not_after="2020-01-01T00:00:00Z"),
    "schedule.quiet_hours": given(
        publish_at=(NOW + timedelta(days=1)).replace(hour=2).isoformat(),
        quiet_hours=("21:00", "08:00"),
        timezone="UTC",
    ),
    "schedule.recipient_time_zone": given(publish_at=NEAR, recipient_time_zone=True),
    "ab_test.variation": given(a_test_without_variation),
    "ab_test.percentage": given(a_test_without_variation),
    "ab_test.small": given(a_test_without_variation),
    "ab_test.recipient_time_zone": given(
        a_test_without_variation, publish_at=(NOW + timedelta(days=2)).isoformat(), recipient_time_zone=True
    ),
    "overlap.other_send": given(min_hours_between_sends=48),
}
ON_MARKETO: dict[str, Case] = {
    "account.unexpected": given(expect_account="123-ABC-456"),
    "account.kind": given(account_kind="production"),
    "email.state": given(**INACTIVE),
    "email.scheduled": given(program(locked=True)),
    "email.kind": given(**INACTIVE),
    "email.draft_differs": given(lambda box: in_program(box).edit(box.clock.now(), subject="Newer")),
    "email.unknown": given(program(ab_test=True)),
    "program.email_count": given(lambda box: in_program(box).unapprove(box.clock.now())),
    "name.test_word": given(program(name="Test newsletter")),
    "subject.missing": given(version(subject="")),
    "subject.test_word": given(version(subject="Integration Test Email #1")),
    "subject.malformed_token": given(version(subject="Hello {{lead.First Name")),
    "sender.from_missing": given(version(from_email="")),
    "sender.from_name_missing": given(version(from_name="")),
    "sender.reply_missing": given(version(reply_email="")),
    "sender.domain": given(allowed_sender_domains=["example.org"]),
    "preview_text.missing": given(version(pre_header="")),
    "content.empty": given(version(subject="", body="", body_text="")),
    "content.test_word": given(version(body=marketo_body(" lorem ipsum"))),
    "links.placeholder": given(version(body=marketo_body(link="https://example.com/offer"))),
    "links.relative": given(version(body=marketo_body(link="/offer"))),
    "links.insecure": given(version(body=marketo_body(link="http://www.mkt-reader.com"))),
    "links.token": given(version(body=marketo_body(link="{{my.Headline}}"))),
    "links.broken": given(version(body=marketo_body(link="http://127.0.0.1:9/gone")), check_links=True),
    "tokens.no_default": given(version(body=marketo_body(" {{lead.Last Name}}"))),
    "tokens.unknown_field": given(version(body=marketo_body(" {{lead.No Such}}"))),
    "tokens.undefined": given(token(None)),
    "tokens.empty": given(token("")),
    "tokens.blank": given(version(body=marketo_body(" {{lead.Job Title}}")), max_blank=0.0),
    "operational.not_allowed": given(version(operational=True)),
    "operational.unknown": given(program(ab_test=True)),
    "audience.none": given(program(smart_list=None)),
    "list.missing": given(lambda box: box.marketo.state.lists.pop(marketo.STATIC_LIST), count="none"),
    "list.unreadable": given(
        lambda box: box.marketo.faults.add("/rest/v1/lists.json", answer={"code": "603"}), count="none"
    ),
    "list.ambiguous": given(two_lists_of_one_name, count="none"),
    "excluded_list.missing": given(an_excluded_list_that_is_gone),
    "lists.must_include": given(must_include=["Customers"]),
    "lists.must_exclude": given(must_exclude=["Global exclusions"]),
    "lists.only": given(only_lists=["Seed list"]),
    "smart_list.no_filter": given(rules(), count="none"),
    "smart_list.trigger": given(
        rules(member_of_list(marketo.STATIC_LIST), triggers=("Visits Web Page",)), count="none"
    ),
    "smart_list.nested": given(
        rules(Filter(MEMBER_OF_SMART_LIST, "in", (marketo.SMART_LIST,))), count="none"
    ),
    "audience.unknown": given(count="sizes"),
    "audience.not_exact": given(only_a_bound, count="extract", min_recipients=1),
    "audience.empty": given(lambda box: box.marketo.state.lists[marketo.STATIC_LIST].members.clear()),
    "audience.too_large": given(max_recipients=2),
    "audience.too_small": given(min_recipients=4),
    "audience.excluded": given(unsubscribed_lead, max_excluded="10%"),
    "audience.changed": given(max_change_from_last="10%", history_path="{tmp}/history.jsonl"),
    "audience.no_history": given(max_change_from_last="10%"),
    "schedule.missing": given(program(start=None)),
    "schedule.past": given(program(start=NOW - timedelta(days=1))),
    "schedule.too_late": given(not_after=NOW.isoformat()),
    "schedule.quiet_hours": given(
        program(start=(NOW + timedelta(days=2)).replace(hour=2)),
        quiet_hours=("21:00", "08:00"),
        timezone="UTC",
    ),
    "schedule.too_soon": given(publish_at=timedelta(minutes=2)),
    "schedule.short_notice": given(program(start=timedelta(minutes=10))),
    "schedule.too_far": given(program(start=NOW + timedelta(days=800))),
    "schedule.head_start": given(program(head_start=True, start=NEAR)),
    "schedule.head_start_locks": given(program(head_start=True)),
    "schedule.recipient_time_zone": given(program(start=NEAR), recipient_time_zone=True),
    "overlap.other_send": given(another_program),
    "campaign.runs_again": given(campaign(rule="any"), **BATCH),
    "campaign.no_max_members": given(campaign(max_members=None), **BATCH),
    "campaign.max_members": given(campaign(max_members=2), **BATCH),
    "campaign.no_communication_limits": given(campaign(communication_limits=False), **BATCH),
}


def check(box: Sandbox, platform: str, case: Case, tmp_path: Path) -> Any:
    """Check a send that was faultless before the case."""
    if platform == "hubspot":
        a_faultless_email(box)
        arguments: dict[str, Any] = {"email_id": hubspot.NEWSLETTER_EMAIL}
    else:
        a_faultless_program(box)
        arguments = {"program_id": marketo.EMAIL_PROGRAM}
    case.prepare(box)
    (tmp_path / "history.jsonl").write_text(
        json.dumps(
            {"name": "October Newsletter", "kind": "email_program", "sent": 300, "at": "2026-01-01T00:00:00Z"}
        ).replace("October", "November")
    )
    arguments |= {name: _from_now(value) for name, value in case.arguments.items()}
    if "history_path" in arguments:
        arguments["history_path"] = str(arguments["history_path"]).format(tmp=tmp_path)
    operator = CheckEmailOperator(
        task_id="check",
        conn_id=f"{platform}_default",
        on_error="report",
        poll_interval=0.05,
        report_path=str(tmp_path / "report.jsonl"),
        **arguments,
    )
    return operator.execute(context())


def found(outcome: Any) -> dict[str, Any]:
    """The checks that were not passed, by id."""
    return {one["id"]: one for one in outcome["checks"] if not one["ok"]}


@pytest.mark.parametrize("platform", ["hubspot", "marketo"])
def test_nothing_is_found_in_a_faultless_send(sandbox: Sandbox, tmp_path: Path, platform: str) -> None:
    outcome = check(sandbox, platform, given(), tmp_path)
    assert found(outcome) == {}
    assert outcome["status"] == "ok"


def test_every_check_has_a_case_on_each_platform() -> None:
    assert set(ON_HUBSPOT) == {spec.id for spec in CHECKS.values() if "hubspot" in spec.platforms}
    assert set(ON_MARKETO) == {spec.id for spec in CHECKS.values() if "marketo" in spec.platforms}


@pytest.mark.parametrize("check_id", ON_HUBSPOT)
def test_a_fault_is_found_on_hubspot(sandbox: Sandbox, tmp_path: Path, check_id: str) -> None:
    _assert_found(check(sandbox, "hubspot", ON_HUBSPOT[check_id], tmp_path), check_id)


@pytest.mark.parametrize("check_id", ON_MARKETO)
def test_a_fault_is_found_on_marketo(sandbox: Sandbox, tmp_path: Path, check_id: str) -> None:
    _assert_found(check(sandbox, "marketo", ON_MARKETO[check_id], tmp_path), check_id)


@pytest.mark.parametrize("platform", ["hubspot", "marketo"])
def test_a_publish_at_that_has_passed_is_found(sandbox: Sandbox, tmp_path: Path, platform: str) -> None:
    past = given(publish_at=-timedelta(hours=1))
    _assert_found(check(sandbox, platform, past, tmp_path), "schedule.past")


def _assert_found(outcome: Any, check_id: str) -> None:
    one = found(outcome).get(check_id)
    assert one is not None, sorted(found(outcome))
    assert one["text"]
    assert one["severity"] == CHECKS[check_id].severity
    assert f"({check_id})" in outcome["preview"]
