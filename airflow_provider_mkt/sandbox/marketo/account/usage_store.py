"""Requests per day and user, and errors per day and code."""

from collections import Counter
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

CENTRAL = ZoneInfo("America/Chicago")
DAYS = 7


class UsageStore:
    def __init__(self) -> None:
        self.calls: dict[date, Counter[str]] = {}
        self.errors: dict[date, Counter[str]] = {}

    def called(self, user: str, at: datetime) -> None:
        self.calls.setdefault(quota_day(at), Counter())[user] += 1

    def failed(self, code: str, at: datetime) -> None:
        self.errors.setdefault(quota_day(at), Counter())[code] += 1

    @staticmethod
    def days(at: datetime, count: int) -> list[date]:
        """Return the last days in the quota's time zone, the newest first."""
        return [quota_day(at) - timedelta(days=back) for back in range(count)]


def quota_day(at: datetime) -> date:
    """Return the day of a time in the quota's time zone."""
    return at.astimezone(CENTRAL).date()
