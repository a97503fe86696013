"""Marketing emails: drafts, publishing, revisions, statistics and A/B tests."""

from __future__ import annotations

PREFIXES = ("/marketing/v3/emails", "/marketing/emails/2026-03")
