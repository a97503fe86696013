"""How a hook waits and reports while one task uses it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from airflow_provider_mkt.client.call import Call
    from airflow_provider_mkt.client.transport.exchange import RetryPolicy
    from airflow_provider_mkt.client.transport.platform import Failure


@dataclass(frozen=True)
class RunContext:
    """What :meth:`MarketingHook.bind` gives a hook for one run.

    ``sleep`` and ``raise_if_cancelled`` are for blocking calls. On an event loop asyncio cancels the task.

    :param sleep: waits so many seconds. It raises :class:`TaskCancelled` when the task was cancelled; with 0
        it only checks that.
    :param raise_if_cancelled: called before each blocking call; raises when no more calls are to begin.
    :param on_failure: called after each failed attempt that is repeated: the call, its failure and the
        seconds until the next attempt.
    :param retry_policy: how long and how often to retry; the default policy when None.
    :param low_priority: leave the account's rate limit to other work while there is any.
    """

    sleep: Callable[[float], None] = time.sleep
    raise_if_cancelled: Callable[[], None] | None = None
    on_failure: Callable[[Call[Any], Failure, float], None] | None = None
    retry_policy: RetryPolicy | None = None
    low_priority: bool = False

    @classmethod
    def no_retry(cls) -> Self:
        """One attempt for each call and no waiting: for connection tests, and for cancelled tasks."""
        from airflow_provider_mkt.client.transport.exchange import RetryPolicy

        return cls(retry_policy=RetryPolicy.no_retry())
