"""Where each family of endpoints lives; the version sits at another place in the dated paths."""

from __future__ import annotations

PREFIXES: dict[str, tuple[str, ...]] = {
    "account": ("/account-info/v3", "/account-info/2026-03"),
    "campaigns": ("/marketing/v3/campaigns", "/marketing/campaigns/2026-03"),
    "contacts": ("/crm/v3/objects/contacts", "/crm/objects/2026-03/contacts"),
    "emails": ("/marketing/v3/emails", "/marketing/emails/2026-03"),
    "oauth": ("/oauth/v3", "/oauth/2026-03"),
    "oauth1": ("/oauth/v1",),
    "legacy": ("",),
}
