"""Contacts: records, batches, search and merging; and the deals that campaigns are credited with."""

from __future__ import annotations

PREFIXES = ("/crm/v3/objects/contacts", "/crm/objects/2026-03/contacts")
