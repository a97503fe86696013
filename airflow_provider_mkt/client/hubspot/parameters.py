"""Types and checks of parameters that several HubSpot areas share."""

from __future__ import annotations

from calendar import timegm
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, TypeAlias

from airflow_provider_mkt.client.call import Pairs, query_pairs
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.mailbox import email_address
from airflow_provider_mkt.client.parameters import Check, between, mapping
from airflow_provider_mkt.client.redaction import describe_type

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PAGE_MAX = 100
"""Rows per page that most of HubSpot's lists return at most."""


def to_day(field: str, value: object) -> str:
    """Convert a day to ``YYYY-MM-DD``.

    :param value: a date, or its text in that form.
    :raises InvalidInput: when it is not a day.
    """
    try:
        # datetime is a subclass of date, but its day depends on a time zone.
        if isinstance(value, date) and not isinstance(value, datetime):
            return value.isoformat()
        if isinstance(value, str) and date.fromisoformat(value).isoformat() == value:
            return value
    except ValueError:
        pass
    raise InvalidInput(field, f"must be a day as YYYY-MM-DD, not {describe_type(value)}")


def required_properties(field: str, value: object) -> dict[str, str]:
    """Check properties to write: at least one, and all of them text.

    :raises InvalidInput: naming the invalid property, without its value.
    """
    if not isinstance(value, Mapping) or not value:
        raise InvalidInput(field, f"must name the properties to change, not {describe_type(value)}")
    for name, text in value.items():
        if not isinstance(text, str):
            raise InvalidInput(f"{field}.{name}", f"must be text, not {describe_type(text)}")
    return dict(value)


def text_properties(field: str, value: object) -> dict[str, str]:
    """Check a mapping of properties, all of them text. It can be empty.

    :raises InvalidInput: naming the invalid property, without its value.
    """
    properties = mapping(field, value)
    return required_properties(field, properties) if properties else {}


Properties: TypeAlias = Mapping[str, str]
"""Names and values of properties."""
Changes: TypeAlias = Annotated[Mapping[str, str], Check(required_properties)]
"""Names and values of properties to write, at least one."""
TextProperties: TypeAlias = Annotated[Mapping[str, str], Check(text_properties)]
"""Names and values of properties, possibly none."""
Day: TypeAlias = Annotated[date | str, Check(to_day)]
"""A day, or its text as ``YYYY-MM-DD``. Endpoints get the text."""
EmailAddress: TypeAlias = Annotated[str, Check(email_address)]
"""An email address without a display name."""
PageSize: TypeAlias = Annotated[int, between(1, PAGE_MAX)]
"""Rows per page."""


def time_text(time: datetime | None) -> str | None:
    """Format a time in UTC as HubSpot does, with milliseconds; None stays None."""
    return None if time is None else time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def epoch_milliseconds(time: datetime) -> int:
    """Return a time as whole milliseconds since the epoch, as HubSpot's older calls take it.

    :param time: timezone-aware; what is less than a millisecond is cut off.
    """
    # A float of seconds is not exact enough: times 1000, it can be a millisecond less.
    return timegm(time.utctimetuple()) * 1000 + time.microsecond // 1000


def from_epoch_milliseconds(milliseconds: int) -> datetime:
    """Return the time of whole milliseconds since the epoch, in UTC."""
    return _EPOCH + timedelta(milliseconds=milliseconds)


def time_range(start: datetime | None, end: datetime | None) -> tuple[str | None, str | None]:
    """Check a period, of which either end can be open, and format its ends.

    :raises InvalidInput: when it ends before it starts.
    """
    if start is not None and end is not None and start > end:
        raise InvalidInput("end", "is before start")
    return time_text(start), time_text(end)


def day_range(start_date: Day | None, end_date: Day | None, *, for_metrics: bool = False) -> Pairs:
    """Return a period of days as the query parameters ``startDate`` and ``endDate``.

    :param for_metrics: whether both days or none must be given, since HubSpot silently omits the metrics
        when one is missing.
    :raises InvalidInput: when the end is before the start, or a day is missing.
    """
    first = None if start_date is None else to_day("start_date", start_date)
    last = None if end_date is None else to_day("end_date", end_date)
    if for_metrics and (first is None) is not (last is None):
        missing = "start_date" if first is None else "end_date"
        raise InvalidInput(missing, "is missing: metrics need both dates")
    if first is not None and last is not None and first > last:
        raise InvalidInput("end_date", "is before start_date")
    return query_pairs(startDate=first, endDate=last)
