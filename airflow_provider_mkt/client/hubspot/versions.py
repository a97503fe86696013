"""Path prefixes of HubSpot's endpoint families, per version profile.

No other module of the client contains a version in a path. A profile has every family: one that HubSpot has
not moved to a profile's dated paths is called at its newest released path.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Literal, get_args

Profile = Literal["v3", "2026-03", "2026-09"]
PROFILES: tuple[Profile, ...] = get_args(Profile)
DEFAULT_PROFILE: Profile = "2026-09"
"""The profile of a connection that names none."""

_WITHOUT_A_DATED_PATH = {
    # A send without a readable status is worse than an undated read.
    "send_statuses": "/marketing/v3/email/send-statuses",
    # Support ends with that of v1, in September 2027; HubSpot has announced nothing that replaces it.
    "email_analytics": "/email/public/v1",
    # Dated paths of forms are in beta.
    "forms": "/marketing/v3/forms",
    "form_submissions": "/form-integrations/v1",
    "form_submit": "/submissions/v3/integration",
    # Dated paths of flows are in beta.
    "flows": "/automation/v4",
    "workflows": "/automation/v2/workflows",
    "private_apps": "/oauth/v2/private-apps",
    # Discontinued in 2013.
    "nurture": "/nurture/v1",
    "leads": "/leads/v1",
}

_WITHOUT_2026_09 = {
    "single_send": "/marketing/email-campaigns/2026-03/single-send",
    # Only a draft of the specification has this family at 2026-09.
    "sequences": "/automation/sequences/2026-03",
}


FORM_FAMILIES = frozenset({"form_submit"})
"""Families of HubSpot's host for forms, which is another one than that of the API."""


def _dated(version: str) -> dict[str, str]:
    return {
        "campaigns": f"/marketing/campaigns/{version}",
        "emails": f"/marketing/emails/{version}",
        "marketing_events": f"/marketing/marketing-events/{version}",
        "contacts": f"/crm/objects/{version}/contacts",
        "objects": f"/crm/objects/{version}",
        "object_associations": f"/crm/objects/{version}",
        "associations": f"/crm/associations/{version}",
        "properties": f"/crm/properties/{version}",
        "object_schemas": f"/crm-object-schemas/{version}/schemas",
        "owners": f"/crm/owners/{version}",
        "pipelines": f"/crm/pipelines/{version}",
        "account": f"/account-info/{version}",
        "oauth": f"/oauth/{version}",
        "transactional": f"/marketing/transactional/{version}",
        "subscriptions": f"/communication-preferences/{version}",
        "subscription_statuses": f"/communication-preferences/{version}",
        "lists": f"/crm/lists/{version}",
        "imports": f"/crm/imports/{version}",
        "exports": f"/crm/exports/{version}/export",
        **_WITHOUT_2026_09,
        **_WITHOUT_A_DATED_PATH,
    }


PREFIXES: dict[Profile, dict[str, str]] = {
    "v3": {
        "campaigns": "/marketing/v3/campaigns",
        "emails": "/marketing/v3/emails",
        "marketing_events": "/marketing/v3/marketing-events",
        "contacts": "/crm/v3/objects/contacts",
        "objects": "/crm/v3/objects",
        "object_associations": "/crm/v4/objects",
        "associations": "/crm/v4/associations",
        "properties": "/crm/v3/properties",
        "object_schemas": "/crm-object-schemas/v3/schemas",
        "owners": "/crm/v3/owners",
        "pipelines": "/crm/v3/pipelines",
        "account": "/account-info/v3",
        "oauth": "/oauth/v3",
        "transactional": "/marketing/v3/transactional",
        "single_send": "/marketing/v4/email/single-send",
        "subscriptions": "/communication-preferences/v3",
        "subscription_statuses": "/communication-preferences/v4",
        "lists": "/crm/v3/lists",
        "imports": "/crm/v3/imports",
        "exports": "/crm/v3/exports/export",
        "sequences": "/automation/v4/sequences",
        **_WITHOUT_A_DATED_PATH,
    },
    "2026-03": _dated("2026-03"),
    "2026-09": _dated("2026-09"),
}

SUPPORT_ENDS: dict[Profile, dict[str, date]] = {
    # HubSpot names the month alone.
    "v3": {"its v4 paths": date(2027, 3, 30), "its v1, v2 and v3 paths": date(2027, 9, 1)},
    "2026-03": {"its paths": date(2027, 9, 30)},
    "2026-09": {"its paths": date(2028, 3, 8)},
}
"""When HubSpot ends its support: for dated versions 18 months after their release, as its rule says."""

_WARN_BEFORE = timedelta(days=365)


def support_warning(profile: Profile, today: date) -> str | None:
    """Return what to say about a profile whose support ends within a year, or has ended; else None."""
    ends = SUPPORT_ENDS[profile]
    if min(ends.values()) - today > _WARN_BEFORE:
        return None
    when = ", ".join(f"{paths} on {moment.isoformat()}" for paths, moment in ends.items())
    newest = PROFILES[-1]
    advice = (
        "Upgrade this provider"
        if profile == newest
        else f"Set 'api_version' to {newest} in the connection's extra"
    )
    return f"HubSpot ends its support of API version {profile}: {when}. {advice}"
