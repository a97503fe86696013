"""The table of the checks of a send: what each finds, how serious that is, and what it reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Severity = Literal["info", "warning", "error"]
BOTH, HUBSPOT, MARKETO = ("hubspot", "marketo"), ("hubspot",), ("marketo",)


@dataclass(frozen=True)
class CheckSpec:
    """What there is to know about a check.

    :param id: its name.
    :param severity: how serious a finding is, where a DAG does not say otherwise.
    :param finds: what a finding means.
    :param reads: what it needs, a key of :data:`READS`.
    :param platforms: where it exists.
    """

    id: str
    severity: Severity
    finds: str
    reads: str
    platforms: tuple[str, ...] = BOTH


@dataclass(frozen=True)
class Read:
    """What a check reads: the calls, and the scope or permission that they need."""

    hubspot: str = ""
    marketo: str = ""
    hubspot_scope: str = ""
    marketo_permission: str = ""


READS: Mapping[str, Read] = {
    "send": Read(
        "emails.get, emails.get_draft",
        "programs.get or campaigns.get, emails.list or emails.get, email_content.preview, "
        "email_content.sections",
        "marketing.email.read or content",
        "Read-Only Assets",
    ),
    "account": Read("account_info.details", "none: the host of the connection", "oauth"),
    "lists": Read(
        "lists.batch_read, list_legacy_ids.batch_read",
        "smart_lists.of_program or smart_lists.of_campaign, lists.list, smart_lists.by_name",
        "crm.lists.read or crm.segments.read",
        "Read-Only Assets, Read-Only Lead",
    ),
    "count": Read(
        "lists.search, lists.create, lists.batch_read, lists.delete; or list_memberships.members, "
        "contacts.batch_read",
        "leads.describe2, lists.leads; or bulk_extracts.create_leads, enqueue, status, file",
        "crm.lists.write or crm.segments.write, crm.objects.contacts.read",
        "Read-Only Lead",
    ),
    "subscriptions": Read("subscriptions.definitions", "", "communication_preferences.read", ""),
    "fields": Read("properties.list", "leads.describe2", "crm.objects.contacts.read", "Read-Only Lead"),
    "tokens": Read("", "tokens.list, folders.get", "", "Read-Only Assets"),
    "others": Read(
        "emails.list, emails.get",
        "programs.list, smart_lists.of_program",
        "marketing.email.read or content",
        "Read-Only Assets",
    ),
    "variation": Read("email_tests.get_variation", "", "marketing.email.read or content", ""),
    "links": Read("requests of the worker to the links", "requests of the worker to the links"),
    "history": Read("the history file, or emails.list and emails.get", "the history file"),
}
"""What checks read, by the keys of :class:`CheckSpec`."""

_SPECS = (
    CheckSpec(
        "account.unexpected",
        "error",
        "The connection leads to another account than `expect_account`.",
        "account",
    ),
    CheckSpec(
        "account.kind",
        "error",
        "The account is not of the kind `account_kind`, or its kind is unknown.",
        "account",
    ),
    CheckSpec(
        "email.state", "error", "The state does not allow the email, program or campaign to be sent.", "send"
    ),
    CheckSpec("email.scheduled", "warning", "It is scheduled already.", "send"),
    CheckSpec(
        "email.kind",
        "error",
        "It is of a kind that is not sent to lists, such as an automated email.",
        "send",
    ),
    CheckSpec("email.draft_differs", "warning", "There is a newer draft, which would not be sent.", "send"),
    CheckSpec(
        "email.unknown",
        "warning",
        "Which email is sent cannot be read, so that its content is not checked.",
        "send",
        MARKETO,
    ),
    CheckSpec(
        "program.email_count",
        "error",
        "The program has no approved email, or more than one.",
        "send",
        MARKETO,
    ),
    CheckSpec("name.test_word", "warning", "The name has one of `forbidden_words`.", "send"),
    CheckSpec("subject.missing", "error", "There is no subject.", "send"),
    CheckSpec("subject.test_word", "error", "The subject has one of `forbidden_words`.", "send"),
    CheckSpec("subject.malformed_token", "error", "A token in the subject begins and does not end.", "send"),
    CheckSpec("sender.from_missing", "error", "There is no from address.", "send"),
    CheckSpec("sender.from_name_missing", "error", "There is no from name.", "send"),
    CheckSpec("sender.reply_missing", "warning", "There is no reply address.", "send"),
    CheckSpec(
        "sender.domain", "error", "A from or reply address is not of `allowed_sender_domains`.", "send"
    ),
    CheckSpec("preview_text.missing", "warning", "There is no preview text or preheader.", "send"),
    CheckSpec("content.empty", "warning", "The email has no text that can be read.", "send"),
    CheckSpec("content.test_word", "warning", "The text has one of `forbidden_words`.", "send"),
    CheckSpec(
        "content.unsubscribe_link",
        "error",
        "The text has no link to unsubscribe. Marketo adds one by itself.",
        "send",
        HUBSPOT,
    ),
    CheckSpec("content.office_location", "warning", "The email names no office address.", "send", HUBSPOT),
    CheckSpec("links.placeholder", "error", "A link is empty, or leads to a host for examples.", "send"),
    CheckSpec("links.relative", "error", "A link has no scheme and host.", "send"),
    CheckSpec("links.insecure", "warning", "A link is not encrypted.", "send"),
    CheckSpec(
        "links.token",
        "warning",
        "A link begins with a My Token without `https://` before it, and may not be tracked.",
        "send",
        MARKETO,
    ),
    CheckSpec(
        "links.broken",
        "error",
        "A link does not answer, or with a status of 400 or more. Only with `check_links`.",
        "links",
    ),
    CheckSpec("tokens.no_default", "warning", "A token for a value of the person has no default.", "send"),
    CheckSpec(
        "tokens.unknown_field", "error", "A token names a property or field that does not exist.", "fields"
    ),
    CheckSpec(
        "tokens.undefined",
        "error",
        "A My Token is defined neither in the program nor in a folder above it.",
        "tokens",
        MARKETO,
    ),
    CheckSpec("tokens.empty", "error", "A My Token has no value.", "tokens", MARKETO),
    CheckSpec(
        "tokens.blank",
        "error",
        "More than `max_blank` of the recipients have no value for a token without a default.",
        "count",
    ),
    CheckSpec(
        "subscription.missing", "warning", "A marketing email names no subscription type.", "send", HUBSPOT
    ),
    CheckSpec(
        "subscription.unknown", "error", "There is no such subscription type.", "subscriptions", HUBSPOT
    ),
    CheckSpec(
        "subscription.inactive", "error", "The subscription type is not active.", "subscriptions", HUBSPOT
    ),
    CheckSpec(
        "subscription.internal",
        "error",
        "The subscription type is for one-to-one mail.",
        "subscriptions",
        HUBSPOT,
    ),
    CheckSpec(
        "subscription.business_unit",
        "error",
        "The subscription type is of another business unit than the email.",
        "subscriptions",
        HUBSPOT,
    ),
    CheckSpec(
        "subscription.unreadable",
        "warning",
        "The connection may not read subscription types.",
        "subscriptions",
        HUBSPOT,
    ),
    CheckSpec(
        "operational.not_allowed",
        "error",
        "It also goes to people who opted out, and `allow_operational` is not set.",
        "send",
    ),
    CheckSpec(
        "operational.unknown",
        "warning",
        "Whether it also goes to people who opted out cannot be read.",
        "send",
        MARKETO,
    ),
    CheckSpec("audience.none", "error", "It names no list and no contact, or has no smart list.", "lists"),
    CheckSpec("list.missing", "error", "A list that it includes does not exist.", "lists"),
    CheckSpec("list.empty", "warning", "A list that it includes has no members.", "lists", HUBSPOT),
    CheckSpec(
        "list.processing",
        "error",
        "A list is still being computed, and was not waited for.",
        "lists",
        HUBSPOT,
    ),
    CheckSpec("list.not_people", "error", "A list is not one of contacts.", "lists", HUBSPOT),
    CheckSpec(
        "list.legacy_id",
        "warning",
        "A list is named by an id of the discontinued lists API.",
        "lists",
        HUBSPOT,
    ),
    CheckSpec("list.unreadable", "error", "The connection may not read the lists.", "lists"),
    CheckSpec(
        "list.ambiguous",
        "error",
        "Several lists have the name that a rule of the smart list has.",
        "lists",
        MARKETO,
    ),
    CheckSpec(
        "excluded_list.missing",
        "error",
        "A list that it excludes does not exist, so that nobody is excluded.",
        "lists",
    ),
    CheckSpec("lists.must_include", "error", "A list of `must_include` is not included.", "lists"),
    CheckSpec("lists.must_exclude", "error", "A list of `must_exclude` is not excluded.", "lists"),
    CheckSpec("lists.only", "error", "A list is included that is not in `only_lists`.", "lists"),
    CheckSpec("smart_list.no_filter", "error", "The smart list has no filter.", "lists", MARKETO),
    CheckSpec(
        "smart_list.trigger", "error", "The smart list of a batch campaign has a trigger.", "lists", MARKETO
    ),
    CheckSpec(
        "smart_list.nested",
        "warning",
        "The smart list names another smart list, which can change unseen.",
        "lists",
        MARKETO,
    ),
    CheckSpec("audience.unknown", "error", "The number of recipients is not known.", "count"),
    CheckSpec(
        "audience.not_exact",
        "error",
        "Only an upper bound is known, and a limit needs the number. A warning with `allow_estimate`.",
        "count",
    ),
    CheckSpec("audience.empty", "error", "Nobody would get it.", "count"),
    CheckSpec(
        "audience.too_large", "error", "More people than `max_recipients` would get it, or may.", "count"
    ),
    CheckSpec("audience.too_small", "error", "Fewer people than `min_recipients` would get it.", "count"),
    CheckSpec(
        "audience.excluded",
        "error",
        "More than `max_excluded` of the people on the lists would not get it.",
        "count",
    ),
    CheckSpec(
        "audience.changed",
        "error",
        "The number of recipients differs by more than `max_change_from_last` from the last send.",
        "history",
    ),
    CheckSpec("audience.no_history", "warning", "There is no last send to compare with.", "history"),
    CheckSpec("schedule.missing", "error", "There is no time at which it goes out.", "send", MARKETO),
    CheckSpec("schedule.past", "error", "The time at which it is set to go out is past.", "send"),
    CheckSpec("schedule.too_late", "error", "It would go out after `not_after`.", "send"),
    CheckSpec("schedule.quiet_hours", "error", "It would go out in `quiet_hours`.", "send"),
    CheckSpec("schedule.too_soon", "error", "It is less than 5 minutes ahead.", "send", MARKETO),
    CheckSpec(
        "schedule.short_notice",
        "warning",
        "An email program is less than 15 minutes ahead, as the user interface wants it.",
        "send",
        MARKETO,
    ),
    CheckSpec("schedule.too_far", "error", "It is more than 2 years ahead.", "send", MARKETO),
    CheckSpec(
        "schedule.head_start",
        "error",
        "A program with head start is less than 12 hours ahead.",
        "send",
        MARKETO,
    ),
    CheckSpec(
        "schedule.head_start_locks",
        "warning",
        "With head start, people who unsubscribe in the last 12 hours still get it.",
        "send",
        MARKETO,
    ),
    CheckSpec(
        "schedule.recipient_time_zone",
        "error",
        "It is too near for `recipient_time_zone`: 24 hours; Marketo 25, or 34 with head start.",
        "send",
    ),
    CheckSpec("ab_test.variation", "error", "The A/B test has no variation.", "variation", HUBSPOT),
    CheckSpec(
        "ab_test.percentage", "error", "The share of the A/B test is not between 1 and 100.", "send", HUBSPOT
    ),
    CheckSpec(
        "ab_test.small", "warning", "Fewer than 1,000 people are few for an A/B test.", "count", HUBSPOT
    ),
    CheckSpec(
        "ab_test.recipient_time_zone",
        "error",
        "An A/B test does not go with `recipient_time_zone`.",
        "send",
        HUBSPOT,
    ),
    CheckSpec(
        "overlap.other_send",
        "warning",
        "Another send to one of the lists is within `min_hours_between_sends`.",
        "others",
    ),
    CheckSpec(
        "campaign.runs_again",
        "warning",
        "People can go through the campaign again: a second run mails them again.",
        "send",
        MARKETO,
    ),
    CheckSpec(
        "campaign.no_max_members",
        "warning",
        "The campaign has no limit of its own for the number of people.",
        "send",
        MARKETO,
    ),
    CheckSpec(
        "campaign.max_members",
        "error",
        "More people qualify than the campaign's own limit, so that it does not run.",
        "count",
        MARKETO,
    ),
    CheckSpec(
        "campaign.no_communication_limits",
        "warning",
        "Communication limits are off for the campaign.",
        "send",
        MARKETO,
    ),
)
CHECKS: Mapping[str, CheckSpec] = {spec.id: spec for spec in _SPECS}
"""Every check, by its id."""
