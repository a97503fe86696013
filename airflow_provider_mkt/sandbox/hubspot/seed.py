"""What a fresh account holds. The ids are fixed, so that examples and tests can name them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_provider_mkt.sandbox.hubspot.auth import ALL_SCOPES, OAuthApp, Token
from airflow_provider_mkt.sandbox.hubspot.events.seeding import fill_events
from airflow_provider_mkt.sandbox.hubspot.legacy_store import Lead, NurtureCampaign
from airflow_provider_mkt.sandbox.hubspot.times import iso

if TYPE_CHECKING:
    from airflow_provider_mkt.sandbox.hubspot.world import HubSpotWorld

PORTAL_ID = 4242424
TIME_ZONE = "America/New_York"

PRIVATE_APP, READER_APP = "private-1", "private-2"
TOKEN = "pat-na1-sandbox"  # noqa: S105
"""Private-app token with every scope."""
READ_ONLY_TOKEN = "pat-na1-sandbox-reader"  # noqa: S105
"""Private-app token that may read contacts, campaigns, emails and marketing events, and nothing else."""
READER_SCOPES = frozenset(
    {
        "oauth",
        "crm.objects.contacts.read",
        "crm.objects.marketing_events.read",
        "marketing.campaigns.read",
        "marketing.email.read",
    }
)

OAUTH_APP_ID = 777001
OAUTH_CLIENT_ID = "11111111-2222-4333-8444-555555555555"
OAUTH_CLIENT_SECRET = "99999999-8888-4777-8666-555555555555"  # noqa: S105
REFRESH_TOKEN = "na1-sandbox-refresh"  # noqa: S105
REVOKED_REFRESH_TOKEN = "na1-sandbox-revoked"  # noqa: S105
"""Answered with BAD_REFRESH_TOKEN, as any unknown one is."""
AUTHORIZATION_CODE = "na1-sandbox-code"

CONTACT_IDS = ("90001000001", "90001000002", "90001000003", "90001000004", "90001000005")
_PEOPLE = (
    ("Ada", "Lovelace", "ada@example.com", "customer", "CONNECTED"),
    ("Bruno", "Costa", "bruno@example.com", "lead", "NEW"),
    ("Chidi", "Okafor", "chidi@example.com", "marketingqualifiedlead", "OPEN"),
    ("Dana", "Meyer", "dana@example.com", "lead", "IN_PROGRESS"),
    ("Emi", "Sato", "emi@example.com", "subscriber", "NEW"),
)
LIST_ID = "101"
"""A list of the first three contacts; emails may be addressed to it."""

SPRING_CAMPAIGN = "0c5d2a0e-6f0b-4a51-9d3e-1a2b3c4d5e01"
WEBINAR_CAMPAIGN = "0c5d2a0e-6f0b-4a51-9d3e-1a2b3c4d5e02"

NEWSLETTER_EMAIL = "180000000001"
"""DRAFT; goes to everybody as soon as it is published."""
SCHEDULED_EMAIL = "180000000002"
"""DRAFT with a date an hour ahead; publishing schedules it."""
AUTOMATED_EMAIL = "180000000003"
"""AUTOMATED_DRAFT; publishing turns it on."""
PUBLISHED_EMAIL = "180000000004"
"""Sent to the list a day ago."""
FAILING_EMAIL = "180000000005"
"""DRAFT that ends in ERROR when it is published."""
TRANSACTIONAL_EMAIL = "180000000006"
"""Published for transactional sends."""
SINGLE_SEND_EMAIL = "180000000007"
"""Published for marketing mail to one person."""
DEFAULT_SUBSCRIPTION, EVENTS_SUBSCRIPTION = 77_001, 77_002
"""Types of mail; an email that names none is of the default type."""

WELCOME_NURTURE = "a1b2c3d4e5f60718293a4b5c6d7e8f01"
"""Takes a lead again after a year."""
TRIAL_NURTURE = "a1b2c3d4e5f60718293a4b5c6d7e8f02"
"""Takes a lead once."""
LEAD_GUIDS = (
    "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
    "1f1e2d3c4b5a69788796a5b4c3d2e1f1",
    "2f1e2d3c4b5a69788796a5b4c3d2e1f2",
    "3f1e2d3c4b5a69788796a5b4c3d2e1f3",
)
ENROLLED_LEAD = LEAD_GUIDS[3]
"""Already active in the welcome series."""

DEAL_AMOUNT = 9000.0
"""Won with the first contact, half a day after the sent email reached it."""

_HOUR, _DAY = 3600.0, 86400.0


def fill(world: HubSpotWorld) -> None:
    """Put the seed into an empty world."""
    _credentials(world)
    _contacts(world)
    world.campaigns.create(
        {"hs_name": "Spring launch", "hs_campaign_status": "in_progress", "hs_start_date": "2026-03-01"},
        SPRING_CAMPAIGN,
    )
    world.campaigns.create(
        {"hs_name": "Webinar series", "hs_campaign_status": "planned", "hs_notes": "Four evenings"},
        WEBINAR_CAMPAIGN,
    )
    _emails(world)
    _single_sends(world)
    fill_events(
        world,
        private=PRIVATE_APP,
        reader=READER_APP,
        oauth=(f"oauth-{OAUTH_APP_ID}", OAUTH_APP_ID),
    )
    _legacy(world)


def _credentials(world: HubSpotWorld) -> None:
    credentials = world.credentials
    for value, app, scopes in (
        (TOKEN, PRIVATE_APP, ALL_SCOPES),
        (READ_ONLY_TOKEN, READER_APP, READER_SCOPES),
    ):
        credentials.tokens[value] = Token(value, app, scopes)
    oauth = OAuthApp(OAUTH_CLIENT_ID, OAUTH_CLIENT_SECRET, OAUTH_APP_ID, ALL_SCOPES)
    credentials.apps[oauth.client_id] = oauth
    credentials.refresh_tokens[REFRESH_TOKEN] = oauth
    credentials.codes[AUTHORIZATION_CODE] = oauth


def _contacts(world: HubSpotWorld) -> None:
    yesterday = world.clock.time() - _DAY
    for first, last, email, stage, status in _PEOPLE:
        contact = world.contacts.create(
            {
                "firstname": first,
                "lastname": last,
                "email": email,
                "lifecyclestage": stage,
                "hs_lead_status": status,
                "company": "Example Ltd",
            }
        )
        # Old enough for the search index to have them at once.
        contact.created = contact.updated = yesterday
        contact.history = {name: [(yesterday, value)] for name, value in contact.properties.items()}
    world.lists.put_in(world.lists.create("Early adopters", list_id=LIST_ID), CONTACT_IDS[:3])
    world.lists.legacy_ids["1"] = LIST_ID


def _emails(world: HubSpotWorld) -> None:
    now, emails = world.clock.time(), world.emails
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
    world.deals.win("Yearly licence", DEAL_AMOUNT, now - _DAY / 2, CONTACT_IDS[0])
    emails.create(
        {"name": "Broken template", "subject": "Never arrives", "from": sender, "sendOnPublish": True},
        FAILING_EMAIL,
        fails=True,
    )


def _single_sends(world: HubSpotWorld) -> None:
    for type_id, name, text, default in (
        (DEFAULT_SUBSCRIPTION, "Marketing information", "News and offers", True),
        (EVENTS_SUBSCRIPTION, "Events", "Invitations to events", False),
    ):
        world.subscriptions.define(type_id, name, text, default=default)
    for email_id, name, subcategory in (
        (TRANSACTIONAL_EMAIL, "Order confirmation", "single_send_api"),
        (SINGLE_SEND_EMAIL, "Loyalty reward", "marketing_single_send_api"),
    ):
        fields = {"name": name, "subject": name, "subcategory": subcategory}
        email = world.emails.create(fields, email_id, automated=True)
        world.emails.publish(email)
        email.created = email.updated = email.published_at = world.clock.time() - _DAY / 2


def _legacy(world: HubSpotWorld) -> None:
    legacy = world.legacy
    for guid, name, repeatable in (
        (WELCOME_NURTURE, "Welcome series", True),
        (TRIAL_NURTURE, "Trial series", False),
    ):
        legacy.campaigns[guid] = NurtureCampaign(guid, name, repeatable)
    for number, guid in enumerate(LEAD_GUIDS, start=1):
        legacy.leads[guid] = Lead(guid, {"firstName": f"Lead {number}", "email": f"lead{number}@example.com"})
    legacy.enrol(legacy.campaigns[WELCOME_NURTURE], legacy.leads[ENROLLED_LEAD], ago=_DAY)
