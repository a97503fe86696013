"""The account's daily quota of API calls."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class DayQuota:
    """The daily quota of API calls, shared by all software that uses the account.

    :param left: remaining calls.
    :param limit: calls per day.
    :param resets_at: when the quota resets (UTC).
    """

    left: int
    limit: int
    resets_at: datetime
