"""Marketo's ways of writing values."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

_ZONE = re.compile(r"(Z\+0000|Z|\+0000)$")


def moment(text: object) -> datetime | None:
    """Read a time in any of Marketo's spellings (``Z``, ``+0000``, ``Z+0000`` ...); None for none."""
    if not isinstance(text, str) or not text.strip():
        return None
    try:
        parsed = datetime.fromisoformat(_ZONE.sub("+00:00", text.strip()))
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def written(value: object) -> object:
    """A value as the lead database takes it: times as ISO 8601 without fractions, the rest as it is."""
    match value:
        case datetime():
            aware = value if value.tzinfo else value.replace(tzinfo=UTC)
            return aware.isoformat(timespec="seconds")
        case date():
            return value.isoformat()
    return value
