"""How long and how often to retry."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class RetryPolicy:
    """The retries of one call.

    :param base: the first wait, in seconds; it doubles with each failure, with jitter.
    :param cap: the longest wait, in seconds.
    :param max_elapsed: how long one call is retried after its first failure, in seconds.
    :param max_ambiguous_retries: retries after ambiguous failures, for calls that may be repeated at all.
    :param max_token_refreshes: tokens fetched for one call before its credentials count as invalid.
    :param max_queue_wait: how long one call may wait for permits altogether, in seconds.
    :param draw: returns a random number from 0 to 1, for the jitter.
    """

    base: float = 2.0
    cap: float = 60.0
    max_elapsed: float = 600.0
    max_ambiguous_retries: int = 4
    max_token_refreshes: int = 2
    max_queue_wait: float = math.inf
    draw: Callable[[], float] = field(default=random.random, repr=False)

    def backoff(self, failures: int, at_least: float | None = None) -> float:
        """The wait before the next attempt, in seconds.

        :param failures: how many attempts have failed; 1 after the first.
        :param at_least: the wait that the platform asks for. A little jitter is added to it, so that calls
            that were refused together are not repeated together.
        """
        if at_least is not None:
            return at_least + min(1.0, at_least * 0.1) * self.draw()
        ceiling = min(self.cap, self.base * float(2 ** min(failures - 1, 10)))
        return ceiling * (0.1 + 0.9 * self.draw())

    @classmethod
    def no_retry(cls) -> RetryPolicy:
        """One attempt and no waiting: for connection tests, which occupy a thread of the API server."""
        return cls(max_elapsed=0.0, max_ambiguous_retries=0, max_token_refreshes=1, max_queue_wait=1.0)
