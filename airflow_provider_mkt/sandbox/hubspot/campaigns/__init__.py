"""Campaigns: properties, assets, budget and reports."""

from __future__ import annotations

PREFIXES = ("/marketing/v3/campaigns", "/marketing/campaigns/2026-03")
