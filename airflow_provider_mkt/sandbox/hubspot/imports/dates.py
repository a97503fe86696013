"""Dates in the format of an import."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from airflow_provider_mkt.sandbox.hubspot.times import iso

ORDERS = {"MONTH_DAY_YEAR": "mdy", "DAY_MONTH_YEAR": "dmy", "YEAR_MONTH_DAY": "ymd"}
_WRITTEN = re.compile(r"(\d{1,4})[-/.](\d{1,2})[-/.](\d{1,4})(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?)?")


def as_written(text: str, date_format: str, zone: str, *, whole_day: bool) -> str | None:
    """Parse a date in an import's format into the format of contacts; None if it does not match."""
    found = _WRITTEN.fullmatch(text)
    if found is None:
        return None
    parts = dict(zip(ORDERS[date_format], found.groups()[:3], strict=True))
    hour, minute, second = (int(part or 0) for part in found.groups()[3:])
    if len(parts["y"]) != 4 or (whole_day and found.group(4)):
        return None
    year, month, day = (int(parts[part]) for part in "ymd")
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=ZoneInfo(zone))
    except ValueError:
        return None
    return f"{moment:%Y-%m-%d}" if whole_day else iso(moment.astimezone(UTC).timestamp())
