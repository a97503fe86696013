"""Ids and credentials of a new account, fixed so that examples and tests can name them."""

from __future__ import annotations

PORTAL_ID = 4242424
TIME_ZONE = "America/New_York"

PRIVATE_APP, READER_APP = "private-1", "private-2"
PRIVATE_APP_IDS = {PRIVATE_APP: 880001, READER_APP: 880002}
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
"""Rejected with BAD_REFRESH_TOKEN, like any unknown token."""
AUTHORIZATION_CODE = "na1-sandbox-code"

CONTACT_IDS = ("90001000001", "90001000002", "90001000003", "90001000004", "90001000005")
LIST_ID = "101"
"""A list of the first three contacts; emails may be addressed to it."""

SPRING_CAMPAIGN = "0c5d2a0e-6f0b-4a51-9d3e-1a2b3c4d5e01"
WEBINAR_CAMPAIGN = "0c5d2a0e-6f0b-4a51-9d3e-1a2b3c4d5e02"

NEWSLETTER_FORM = "5b2c8e1a-93f4-4d7e-a1b0-6c5d4e3f0001"
WEBINAR_FORM = "5b2c8e1a-93f4-4d7e-a1b0-6c5d4e3f0002"

NEWSLETTER_EMAIL = "180000000001"
"""DRAFT; sent to the first five contacts when it is published."""
SCHEDULED_EMAIL = "180000000002"
"""DRAFT with a publish date in an hour; publishing schedules it."""
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
EMAIL_APP_ID, EMAIL_APP_NAME = 113, "Batch"
"""HubSpot's own app that sends marketing email, by which email analytics name it."""
OFFICE_LOCATION = "88001"
"""The address of the account's office, which marketing emails must show."""
DEFAULT_SUBSCRIPTION, EVENTS_SUBSCRIPTION = 77_001, 77_002
"""Subscription types; an email without a type has the default one."""

WELCOME_NURTURE = "a1b2c3d4e5f60718293a4b5c6d7e8f01"
"""A lead can be added again after a year."""
TRIAL_NURTURE = "a1b2c3d4e5f60718293a4b5c6d7e8f02"
"""A lead can be added once."""
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
