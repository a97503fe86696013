"""The emails of a new account."""

from __future__ import annotations

from dataclasses import replace

from airflow_provider_mkt.sandbox.hubspot.seed import (
    AUTOMATED_EMAIL,
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


def fill(state: HubSpotState) -> None:
    """Add emails in each state, and two that are sent to one person at a time."""
    _marketing_emails(state)
    _single_send_emails(state)


def _marketing_emails(state: HubSpotState) -> None:
    now, emails = state.clock.time(), state.emails
    sender = {"fromName": "Example Ltd", "replyTo": "news@example.com"}
    to_list = {"contactIlsLists": {"include": [LIST_ID], "exclude": []}}
    emails.create(
        {"name": "Monthly newsletter", "subject": "News of the month", "from": sender, "sendOnPublish": True},
        NEWSLETTER_EMAIL,
    )
    emails.create(
        {
            "name": "Webinar invitation",
            "subject": "Join us",
            "from": sender,
            "to": to_list,
            "sendOnPublish": False,
            "publishDate": iso(now + _HOUR),
        },
        SCHEDULED_EMAIL,
    )
    emails.create(
        {"name": "Welcome", "subject": "Welcome", "from": sender, "subcategory": "automated"},
        AUTOMATED_EMAIL,
        automated=True,
    )
    sent = emails.create(
        {
            "name": "Spring offer",
            "subject": "Spring offer",
            "from": sender,
            "to": to_list,
            "sendOnPublish": True,
        },
        PUBLISHED_EMAIL,
    )
    emails.publish(sent)
    sent.created = sent.updated = sent.published_at = now - _DAY
    sent.sends[0].requested = sent.sends[0].due = now - _DAY
    sent.revisions = [replace(one, at=now - _DAY) for one in sent.revisions]
    emails.create(
        {"name": "Broken template", "subject": "Never arrives", "from": sender, "sendOnPublish": True},
        FAILING_EMAIL,
        fails=True,
    )


def _single_send_emails(state: HubSpotState) -> None:
    for email_id, name, subcategory in (
        (TRANSACTIONAL_EMAIL, "Order confirmation", "single_send_api"),
        (SINGLE_SEND_EMAIL, "Loyalty reward", "marketing_single_send_api"),
    ):
        fields = {"name": name, "subject": name, "subcategory": subcategory}
        email = state.emails.create(fields, email_id, automated=True)
        state.emails.publish(email)
        email.created = email.updated = email.published_at = state.clock.time() - _DAY / 2
