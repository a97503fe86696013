"""Checks of parameters that several HubSpot resources share."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

from airflow_provider_mkt.client.call import Pairs, comma_list, query_pairs, utc
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.redaction import describe_type

Properties = Mapping[str, str]
Day = date | str
"""A day, or its text as ``YYYY-MM-DD``."""

_INT32 = 2**31


def page_size(call: str, limit: int, *, at_most: int) -> int:
    """Check how many rows a page is to have.

    :raises InvalidInput: when it is out of bounds.
    """
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= at_most:
        raise InvalidInput("limit", f"must be a whole number from 1 to {at_most}", call=call)
    return limit


def one_of(call: str, field: str, value: str, words: Collection[str]) -> str:
    """Check a word out of a closed list.

    :raises InvalidInput: when it is another one.
    """
    if not isinstance(value, str) or value not in words:
        raise InvalidInput(field, f"must be one of {', '.join(words)}, not {describe_type(value)}", call=call)
    return value


def text(call: str, field: str, value: str) -> str:
    """Check that there is some text.

    :raises InvalidInput: when there is none.
    """
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(field, f"must be text, not {describe_type(value)}", call=call)
    return value


def amount(call: str, field: str, value: float) -> float:
    """Check a sum of money.

    :raises InvalidInput: when it is no finite number.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise InvalidInput(field, f"must be a finite number, not {describe_type(value)}", call=call)
    return value


def rank(call: str, field: str, value: int) -> int:
    """Check a place in an order, counted from 0.

    :raises InvalidInput: when it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _INT32:
        raise InvalidInput(field, f"must be a whole number from 0, not {describe_type(value)}", call=call)
    return value


def names(call: str, field: str, values: Sequence[str]) -> list[str] | None:
    """Names for a parameter that is repeated once for each; None when there are none.

    :raises InvalidInput: when it is not a list of names.
    """
    return list(values) if comma_list(call, field, values) else None


def instant(call: str, field: str, moment: datetime | None) -> str | None:
    """A time as HubSpot writes it.

    :raises InvalidInput: when it is none, or has no zone.
    """
    if moment is None:
        return None
    return utc(call, field, moment).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def span(call: str, start: datetime | None, end: datetime | None) -> tuple[str | None, str | None]:
    """A span of time; either end may be open.

    :raises InvalidInput: when it ends before it starts.
    """
    first, last = instant(call, "start", start), instant(call, "end", end)
    if start is not None and end is not None and start > end:
        raise InvalidInput("end", "is before start", call=call)
    return first, last


def days(call: str, start_date: Day | None, end_date: Day | None, *, together: bool = False) -> Pairs:
    """A span of days, as ``startDate`` and ``endDate``.

    :param together: whether one without the other is a mistake.
    :raises InvalidInput: when one is no day, or the last is before the first.
    """
    first, last = _day(call, "start_date", start_date), _day(call, "end_date", end_date)
    if together and (first is None) is not (last is None):
        # The platform would leave the metrics out without a word.
        missing = "start_date" if first is None else "end_date"
        raise InvalidInput(missing, "is missing: metrics take both dates", call=call)
    if first is not None and last is not None and first > last:
        raise InvalidInput("end_date", "is before start_date", call=call)
    return query_pairs(startDate=first, endDate=last)


def changed(call: str, field: str, properties: Properties) -> dict[str, str]:
    """Check properties to write: at least one, and all of them text.

    :raises InvalidInput: naming the property that is wrong, without its value.
    """
    if not isinstance(properties, Mapping) or not properties:
        raise InvalidInput(
            field, f"must name the properties to change, not {describe_type(properties)}", call=call
        )
    for name, value in properties.items():
        if not isinstance(value, str):
            raise InvalidInput(f"{field}.{name}", f"must be text, not {describe_type(value)}", call=call)
    return dict(properties)


def _day(call: str, field: str, value: Day | None) -> str | None:
    if value is None:
        return None
    try:
        # datetime is a subclass of date, but its day depends on a time zone.
        if isinstance(value, date) and not isinstance(value, datetime):
            return value.isoformat()
        if isinstance(value, str) and date.fromisoformat(value).isoformat() == value:
            return value
    except ValueError:
        pass
    raise InvalidInput(field, f"must be a day as YYYY-MM-DD, not {describe_type(value)}", call=call)
