"""Hours of the day in which no mail goes out, in a named time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time
from zoneinfo import ZoneInfo

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.redaction import describe_type


@dataclass(frozen=True)
class QuietHours:
    """Hours of the day in which no mail goes out.

    :param start: when they begin.
    :param end: when they end, on the next day where it is earlier than *start*.
    :param zone: IANA name of the time zone.
    """

    start: clock_time
    end: clock_time
    zone: str

    @classmethod
    def of(cls, hours: object, zone: object) -> QuietHours | None:
        """Read the parameters ``quiet_hours`` and ``timezone``; None when neither is given.

        :raises InvalidInput: naming the one that is wrong or missing.
        """
        if hours is None:
            if zone is not None:
                raise InvalidInput("timezone", "is only used with quiet_hours; leave it out")
            return None
        if isinstance(hours, str) or not isinstance(hours, (list, tuple)) or len(hours) != 2:
            problem = f'must be two times such as ("21:00", "08:00"), not {describe_type(hours)}'
            raise InvalidInput("quiet_hours", problem)
        start, end = (_time_of_day(one) for one in hours)
        if start == end:
            raise InvalidInput("quiet_hours", "begin and end at the same time")
        if not isinstance(zone, str) or not zone:
            raise InvalidInput("timezone", "is missing: the zone of quiet_hours, such as Europe/Berlin")
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            raise InvalidInput("timezone", "is not an IANA time zone, such as Europe/Berlin") from None
        return cls(start, end, zone)

    def until(self, moment: datetime) -> datetime | None:
        """Return when the quiet hours that a moment is in end; None when it is in none."""
        local = moment.astimezone(ZoneInfo(self.zone))
        now, tomorrow = local.time().replace(tzinfo=None), local.date() + timedelta(days=1)
        if self.start < self.end:
            day = local.date() if self.start <= now < self.end else None
        else:
            day = tomorrow if now >= self.start else local.date() if now < self.end else None
        if day is None:
            return None
        end = datetime.combine(day, self.end, ZoneInfo(self.zone))
        if end.astimezone(UTC) <= moment:
            # When clocks are set back, the hour comes twice.
            end = end.replace(fold=1)
        return end.astimezone(UTC)

    def __str__(self) -> str:
        return f"{self.start:%H:%M} to {self.end:%H:%M}, {self.zone}"


def _time_of_day(value: object) -> clock_time:
    try:
        parsed = clock_time.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        parsed = None
    if not isinstance(parsed, clock_time) or parsed.tzinfo is not None:
        raise InvalidInput("quiet_hours", f"must be times such as 21:00, not {describe_type(value)}")
    return parsed
