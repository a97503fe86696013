"""Ending a task's work before the account's calls of the day run out."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from airflow_provider_mkt.api.errors import PlatformError, QuotaExhausted

if TYPE_CHECKING:
    from airflow_provider_mkt.hooks.base import MarketingHook

AT_LEAST = 20
"""Calls between two looks at least, so that watching itself costs little of the day."""

LOOK_EVERY = 300.0
"""Seconds after which it is looked again anyway, since other software uses up the day too."""


class DayWatch:
    """Looks now and then how many of the day's calls are left.

    :param reserve: calls that are left to other software.
    :param made: how many calls the task has made.
    """

    def __init__(
        self,
        hook: MarketingHook,
        reserve: int,
        made: Callable[[], int],
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hook, self._reserve, self._made, self._clock = hook, reserve, made, clock
        self._next_at_calls, self._next_at = 0, 0.0
        self._blind = False

    def look(self) -> None:
        """Look, when it is time to.

        :raises QuotaExhausted: when no more calls are left than are reserved.
        """
        if self._blind or (self._made() < self._next_at_calls and self._clock() < self._next_at):
            return
        try:
            quota = self._hook.follow(self._hook.day_quota())
        except QuotaExhausted:
            raise
        except PlatformError as error:
            # A token may lack the right to ask; the platform's refusal then ends the day.
            self._blind = error.permanent
            self._plan(AT_LEAST)
            return
        if quota is None:
            self._blind = True
            return
        if quota.left <= self._reserve:
            raise QuotaExhausted(
                f"{quota.left:,} of the day's {quota.limit:,} calls are left, {self._reserve:,} are reserved",
                platform=self._hook.conn_type,
                resets_at=quota.resets_at,
            )
        # Others use the account too, so half of what is left may be gone by the next look.
        self._plan((quota.left - self._reserve) // 2)

    def _plan(self, calls: int) -> None:
        self._next_at_calls = self._made() + max(AT_LEAST, calls)
        self._next_at = self._clock() + LOOK_EVERY
