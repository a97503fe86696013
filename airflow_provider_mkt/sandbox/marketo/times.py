"""Marketo's time formats."""

import re
from datetime import UTC, date, datetime

_MOMENT = re.compile(
    r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2})?)(\.\d{1,6})?(Z\+0000|Z|[+-]\d{2}:?\d{2})$", re.IGNORECASE
)


def lead_time(moment: datetime) -> str:
    """Format a time as in lead database records."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def asset_time(moment: datetime) -> str:
    """Format a time as in asset records, with both `Z` and an offset, which is not valid ISO 8601."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ+0000")


def program_time(moment: datetime) -> str:
    """Format the start or end of an email program."""
    moment = moment.astimezone(UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def parse_moment(text: object) -> datetime | None:
    """Parse a date-time with an offset; None for anything else."""
    found = _MOMENT.match(str(text).strip())
    if not found:
        return None
    day, clock, _fraction, zone = found.groups()
    zone = "+00:00" if zone.upper().startswith("Z") else zone
    try:
        return datetime.fromisoformat(f"{day}T{clock}{zone}").astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def has_milliseconds(text: str) -> bool:
    found = _MOMENT.match(text.strip())
    return bool(found and found.group(3))


def parse_day(text: object) -> date | None:
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(text)):
        return None
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        return None
