"""Lists, memberships and list folders."""

from __future__ import annotations

PREFIXES = ("/crm/v3/lists", "/crm/lists/2026-03")
