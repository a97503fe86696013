"""Ending a task's work before the account's calls of the day run out."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Self

from airflow_provider_mkt.client.errors import PlatformError, QuotaExhausted

if TYPE_CHECKING:
    from airflow_provider_mkt.client.quota import DayQuota
    from airflow_provider_mkt.hooks.base import MarketingHook

AT_LEAST = 20
"""Calls between two looks at least, so that watching itself costs little of the day."""

LOOK_EVERY = 300.0
"""Seconds after which it is looked again anyway, since other software uses up the day too."""

CLOSE = 500
"""Calls that may be made while a look is answered. With fewer left, the work waits for the answer."""


class DailyQuotaGuard:
    """Looks now and then how many of the day's calls are left, beside the work.

    The first look begins when the watch does, and work waits for it: what is used up already is not touched.

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
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="mkt-day-watch")
        self._near = True
        self._next_at_calls, self._next_at = 0, 0.0
        self._blind = False
        self._asked: Future[DayQuota | None] | None = None
        self._ask()

    def look(self) -> None:
        """Look, when it is time to.

        :raises QuotaExhausted: when no more calls are left than are reserved.
        """
        if self._asked is None and (self._made() >= self._next_at_calls or self._clock() >= self._next_at):
            self._ask()
        if self._asked is not None and (self._near or self._asked.done()):
            asked, self._asked = self._asked, None
            self._read(asked)

    def _ask(self) -> None:
        if not self._blind:
            self._asked = self._thread.submit(lambda: self._hook.follow(self._hook.day_quota()))

    def _read(self, asked: Future[DayQuota | None]) -> None:
        try:
            quota = asked.result()
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
        left = quota.left - self._reserve
        if left <= 0:
            raise QuotaExhausted(
                f"{quota.left:,} of the day's {quota.limit:,} calls are left, {self._reserve:,} are reserved",
                platform=self._hook.conn_type,
                resets_at=quota.resets_at,
            )
        self._near = left < 2 * CLOSE
        # Others use the account too, so half of what is left may be gone by the next look.
        self._plan(left // 2)

    def _plan(self, calls: int) -> None:
        self._next_at_calls = self._made() + max(AT_LEAST, calls)
        self._next_at = self._clock() + LOOK_EVERY

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        # A look under way is of no use any more, and may wait for its place in the budget.
        self._thread.shutdown(wait=False, cancel_futures=True)
