"""Path prefixes of HubSpot's endpoint families, per version profile.

No other module of the client contains a version in a path.
"""

from __future__ import annotations

PREFIXES: dict[str, dict[str, str]] = {
    "v3": {
        "campaigns": "/marketing/v3/campaigns",
        "emails": "/marketing/v3/emails",
        "marketing_events": "/marketing/v3/marketing-events",
        "contacts": "/crm/v3/objects/contacts",
        "account": "/account-info/v3",
        "oauth": "/oauth/v3",
        "transactional": "/marketing/v3/transactional",
        "single_send": "/marketing/v4/email/single-send",
        "send_statuses": "/marketing/v3/email/send-statuses",
        "subscriptions": "/communication-preferences/v3",
        "subscription_statuses": "/communication-preferences/v4",
        "lists": "/crm/v3/lists",
        "imports": "/crm/v3/imports",
        "sequences": "/automation/v4/sequences",
        # Flows have a dated version only in beta, and enrolment has none: only this profile has them.
        "flows": "/automation/v4",
        "workflows": "/automation/v2/workflows",
        "nurture": "/nurture/v1",
        "leads": "/leads/v1",
    },
    "2026-03": {
        "campaigns": "/marketing/campaigns/2026-03",
        "emails": "/marketing/emails/2026-03",
        "marketing_events": "/marketing/marketing-events/2026-03",
        "contacts": "/crm/objects/2026-03/contacts",
        "account": "/account-info/2026-03",
        "oauth": "/oauth/2026-03",
        "transactional": "/marketing/transactional/2026-03",
        "single_send": "/marketing/email-campaigns/2026-03/single-send",
        # No dated path is known, and a send without a readable status is worse than an undated read.
        "send_statuses": "/marketing/v3/email/send-statuses",
        "subscriptions": "/communication-preferences/2026-03",
        "subscription_statuses": "/communication-preferences/2026-03",
        "lists": "/crm/lists/2026-03",
        "imports": "/crm/imports/2026-03",
        "sequences": "/automation/sequences/2026-03",
        # Discontinued in 2013 and never dated: the same in every profile.
        "nurture": "/nurture/v1",
        "leads": "/leads/v1",
    },
}
