"""Value formats of Marketo."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from airflow_provider_mkt.client.call import Json

_ZONE = re.compile(r"(Z\+0000|Z|\+0000)$")


def moment(text: object) -> datetime | None:
    """Parse a time in any of Marketo's formats (``Z``, ``+0000``, ``Z+0000`` ...).

    :returns: the time, or None if the text is not a time.
    """
    if not isinstance(text, str) or not text.strip():
        return None
    try:
        parsed = datetime.fromisoformat(_ZONE.sub("+00:00", text.strip()))
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def written(value: object) -> object:
    """Convert a value for the lead database: times to ISO 8601 without fractions; other values stay."""
    match value:
        case datetime():
            aware = value if value.tzinfo else value.replace(tzinfo=UTC)
            return aware.isoformat(timespec="seconds")
        case date():
            return value.isoformat()
    return value


def run_id(value: Json) -> Json:
    """Return the run id of a campaign as a number; anything else as it is.

    >>> run_id('"1234"'), run_id(1234)
    (1234, 1234)
    """
    text = str(value).strip().strip('"')
    return int(text) if text.isdecimal() and not isinstance(value, bool) else value
