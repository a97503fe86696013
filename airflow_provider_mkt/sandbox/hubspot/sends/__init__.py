"""Transactional and single sends, send statuses and SMTP tokens."""

from __future__ import annotations

TRANSACTIONAL_PREFIXES = ("/marketing/v3/transactional", "/marketing/transactional/2026-03")
