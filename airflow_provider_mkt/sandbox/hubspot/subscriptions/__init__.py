"""Communication preferences: subscription definitions and statuses."""

from __future__ import annotations

PREFIXES = ("/communication-preferences/v4", "/communication-preferences/2026-03")
