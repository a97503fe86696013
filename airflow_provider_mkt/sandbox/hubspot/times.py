"""HubSpot's time formats."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

_DIGITS = 18
"""A longer number is not a time, and slow to parse."""
_SECONDS_DIGITS = 10
"""A number of at most so many digits is taken for seconds: as milliseconds it would be in early 1970."""
_FIRST, _LAST = -62_135_596_800.0, 253_402_300_799.0
"""The ends of the calendar: the years 1 and 9999."""


@lru_cache(maxsize=4096)
def iso(moment: float) -> str:
    """Format epoch seconds as ISO 8601 in UTC with milliseconds."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_seconds(text: str) -> float | None:
    """Parse epoch seconds; None if the number is too large or too small to be taken for seconds."""
    digits = text.removeprefix("-")
    if not digits.isascii() or not digits.isdigit() or len(digits) > _SECONDS_DIGITS:
        return None
    return float(text)


def parse(text: str) -> float | None:
    """Parse an ISO 8601 time or epoch milliseconds into epoch seconds; None if it is neither."""
    moment = _epoch_seconds(text)
    return moment if moment is not None and _FIRST <= moment <= _LAST else None


def _epoch_seconds(text: str) -> float | None:
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdigit():
        return int(text) / 1000 if len(digits) <= _DIGITS else None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
