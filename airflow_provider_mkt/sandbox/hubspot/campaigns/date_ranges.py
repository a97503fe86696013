"""Date ranges of reports and metrics."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime

from airflow_provider_mkt.sandbox.hubspot.errors import invalid
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest

_FIRST = date(2006, 1, 1)


@dataclass(frozen=True, slots=True)
class Days:
    """A range of days in UTC, with both ends included."""

    start: date
    end: date

    def hold(self, moment: float) -> bool:
        return self.start <= datetime.fromtimestamp(moment, UTC).date() <= self.end

    def until(self, moment: float) -> bool:
        """Return whether a time is not after the range."""
        return datetime.fromtimestamp(moment, UTC).date() <= self.end


def report_days(request: HubSpotRequest) -> Days:
    """Return the range of a report; by default from 2006 to today."""
    today = request.clock.now().date()
    return _days(_day(request, "startDate") or _FIRST, _day(request, "endDate") or today)


def metric_days(request: HubSpotRequest) -> Days | None:
    """Return the range of metrics, or None unless both dates are given."""
    start, end = _day(request, "startDate"), _day(request, "endDate")
    return None if start is None or end is None else _days(start, end)


def _days(start: date, end: date) -> Days:
    if start > end:
        msg = "startDate must not be after endDate"
        raise invalid(msg)
    return Days(start, end)


def _day(request: HubSpotRequest, name: str) -> date | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        msg = f"{text!r} is not a date of the form YYYY-MM-DD"
        raise invalid(msg)
    return day
