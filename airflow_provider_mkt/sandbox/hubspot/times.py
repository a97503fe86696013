"""Times as HubSpot writes them."""

from __future__ import annotations

from datetime import UTC, datetime


def iso(moment: float) -> str:
    """ISO 8601 in UTC with milliseconds."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse(text: str) -> float | None:
    """Epoch seconds of an ISO time or of epoch milliseconds; None if it is neither."""
    if text.isascii() and text.lstrip("-").isdigit():
        return int(text) / 1000
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
