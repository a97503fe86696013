"""Marketing events and who takes part in them."""

from __future__ import annotations

PREFIXES = ("/marketing/v3/marketing-events", "/marketing/marketing-events/2026-03")
