"""The emails of a new account."""

from __future__ import annotations

from dataclasses import replace

from airflow_provider_mkt.sandbox.hubspot.emails.seed_content import SUBSCRIPTION, content
from airflow_provider_mkt.sandbox.hubspot.seed import (
    AUTOMATED_EMAIL,
    CONTACT_IDS,
    FAILING_EMAIL,
    LIST_ID,
    NEWSLETTER_EMAIL,
    PUBLISHED_EMAIL,
    SCHEDULED_EMAIL,
    SINGLE_SEND_EMAIL,
    TRANSACTIONAL_EMAIL,
)
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotState
from airflow_provider_mkt.sandbox.hubspot.times import iso

AFTER = ("contacts", "lists", "subscriptions")
_HOUR, _DAY = 3600.0, 86400.0
_SENDER = {"fromName": "Example Ltd", "replyTo": "news@example.com"}


def fill(state: HubSpotState) -> None:
    """Add emails in each state, and two that are sent to one person at a time."""
    _marketing_emails(state)
    _single_send_emails(state)


def _marketing_emails(state: HubSpotState) -> None:
    now, emails = state.clock.time(), state.emails
    to_list = {"contactIlsLists": {"include": [LIST_ID], "exclude": []}}
    emails.create(
        {
            "name": "Monthly newsletter",
            "subject": "News of the month",
            "from": _SENDER,
            "content": content("What happened in the last weeks", "Read about our new features.", "news"),
            "subscriptionDetails": SUBSCRIPTION,
            "to": {"contactIds": {"include": [*CONTACT_IDS], "exclude": []}},
            "sendOnPublish": True,
        },
        NEWSLETTER_EMAIL,
    )
    emails.create(
        {
            "name": "Webinar invitation",
            "subject": "Join us",
            "from": _SENDER,
            "content": content("A webinar for you", "Reserve your seat for our webinar.", "webinar"),
            "subscriptionDetails": SUBSCRIPTION,
            "to": to_list,
            "sendOnPublish": False,
            "publishDate": iso(now + _HOUR),
        },
        SCHEDULED_EMAIL,
    )
    emails.create(
        {
            "name": "Welcome",
            "subject": "Welcome",
            "from": _SENDER,
            "content": content("Good to have you here", "These are your first steps.", "welcome"),
            "subscriptionDetails": SUBSCRIPTION,
            "subcategory": "automated",
        },
        AUTOMATED_EMAIL,
        automated=True,
    )
    sent = emails.create(
        {
            "name": "Spring offer",
            "subject": "Spring offer",
            "from": _SENDER,
            "content": content("20% less until Sunday", "Our spring offer ends on Sunday.", "spring"),
            "subscriptionDetails": SUBSCRIPTION,
            "to": to_list,
            "sendOnPublish": True,
        },
        PUBLISHED_EMAIL,
    )
    emails.publish(sent, at=now - _DAY)
    sent.created = sent.updated = now - _DAY
    sent.revisions = [replace(one, at=now - _DAY) for one in sent.revisions]
    emails.create(
        {
            "name": "Broken template",
            "subject": "Never arrives",
            "from": _SENDER,
            "to": to_list,
            "sendOnPublish": True,
        },
        FAILING_EMAIL,
        fails=True,
    )


def _single_send_emails(state: HubSpotState) -> None:
    for email_id, name, subcategory in (
        (TRANSACTIONAL_EMAIL, "Order confirmation", "single_send_api"),
        (SINGLE_SEND_EMAIL, "Loyalty reward", "marketing_single_send_api"),
    ):
        fields = {"name": name, "subject": name, "from": _SENDER, "subcategory": subcategory}
        email = state.emails.create(fields, email_id, automated=True)
        state.emails.publish(email)
        email.created = email.updated = email.published_at = state.clock.time() - _DAY / 2
