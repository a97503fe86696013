"""How many of the account's calls of the day are left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class DayQuota:
    """The calls of a day, of everything that uses the account.

    :param left: calls that are left.
    :param limit: calls of a day.
    :param resets_at: when there are all of them again (UTC).
    """

    left: int
    limit: int
    resets_at: datetime
