"""Long ranges of time, cut into windows that one bulk extract may span."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from airflow_provider_mkt.api.errors import InvalidInput
from airflow_provider_mkt.api.marketo._exporting import LONGEST_RANGE, Between

MOST_WINDOWS = 1_000
"""More than 80 years: a longer range is a mistake in writing its start."""

_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Window:
    """A span of time as the platform's filters take it.

    :param first: its first second.
    :param last: its last second, which is part of it.
    """

    first: datetime
    last: datetime

    @property
    def between(self) -> Between:
        return self.first, self.last

    @property
    def name(self) -> str:
        """Its start, fit for the name of a file."""
        return f"{self.first:%Y%m%dT%H%M%SZ}"

    def __str__(self) -> str:
        return f"{self.first:%Y-%m-%dT%H:%M:%SZ} to {self.last:%Y-%m-%dT%H:%M:%SZ}"


def windows(start: datetime, end: datetime) -> list[Window]:
    """Cut a range into windows that hold each of its seconds once.

    The platform counts both ends of a filter, to the second. So each window ends the second before the next
    begins, and ranges that follow each other share nothing either.

    :param start: an aware time, part of the range; fractions of its second are cut off.
    :param end: an aware time, no longer part of it.
    :raises InvalidInput: when the range is empty, or too long to be meant.
    """
    first, stop = (moment.astimezone(UTC).replace(microsecond=0) for moment in (start, end))
    if first >= stop:
        raise InvalidInput("end", "must be at least a second after start, since it is not part of the range")
    if stop - first > MOST_WINDOWS * LONGEST_RANGE:
        raise InvalidInput("start", f"is {(stop - first).days:,} days before end")
    cut = []
    while first < stop:
        following = min(first + LONGEST_RANGE, stop)
        cut.append(Window(first, following - _SECOND))
        first = following
    return cut
