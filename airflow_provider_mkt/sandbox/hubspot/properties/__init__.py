"""Properties, property groups and object schemas."""

from __future__ import annotations

PREFIXES = ("/crm/v3/properties", "/crm/properties/2026-03")
