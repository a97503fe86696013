"""How many calls to have in flight at once, by the answers and by the account's limit."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.transport.classification import Failure, RetryAction
from airflow_provider_mkt.client.transport.platform import Rate

_SPARE = 4
_USEFUL = 2.0
_WEIGHT = 0.1


class AdaptiveConcurrency:
    """Grows by one with every clean answer, which doubles it each round; shrinks when calls are refused.

    Other software uses the same account, so the possible concurrency changes while a task runs. Calls that
    only wait for a permit are of no use, and threads that wait slow down those that work: so the limit is at
    most twice what the account's rate needs at the current latency.

    :param ceiling: calls in flight at most.
    :param start: the first limit.
    :param rate: returns the account's limit; None where it does not matter.
    """

    def __init__(
        self,
        ceiling: int,
        *,
        start: int = 4,
        rate: Callable[[], Rate] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.ceiling = max(1, ceiling)
        self._limit = float(min(start, self.ceiling))
        self._rate = rate
        self._clock = clock
        self._took = 0.0
        self._backed_off_at = float("-inf")
        self._lock = threading.Lock()

    @property
    def limit(self) -> int:
        return max(1, min(int(self._limit), self._useful()))

    def clean(self, took: float = 0.0) -> None:
        """Take a call that was answered without a refusal.

        :param took: seconds from the request to its answer.
        """
        with self._lock:
            self._limit = min(float(self.ceiling), self._limit + 1)
            self._took += (took - self._took) * (_WEIGHT if self._took else 1.0)

    def refused(self) -> None:
        """Take a call that was refused for rate or for concurrency. Refusals within a second count once."""
        with self._lock:
            now = self._clock()
            if now - self._backed_off_at >= 1.0:
                self._backed_off_at = now
                self._limit = max(1.0, self._limit * 0.6)

    def on_failure(self, call: Call[object], failure: Failure, wait: float) -> None:
        """Take a refusal as a hook reports it. Only those for rate or for concurrency count."""
        if failure.action in (RetryAction.BACK_OFF, RetryAction.REDUCE_CONCURRENCY):
            self.refused()

    def _useful(self) -> int:
        if self._rate is None or not self._took:
            return self.ceiling
        rate = self._rate()
        return math.ceil(_USEFUL * rate.calls / rate.seconds * self._took) + _SPARE
