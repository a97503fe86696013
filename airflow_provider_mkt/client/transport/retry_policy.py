"""How long and how often to try again."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class RetryPolicy:
    """Backoff for one call.

    :param base: first wait, in seconds; doubles with each try, with full jitter.
    :param cap: longest single backoff wait, in seconds.
    :param patience: how long one call may go on being refused before it fails, in seconds.
    :param doubts: replays after answers that leave the outcome open, where replay is allowed at all.
    :param renewals: tokens fetched for one call before the credentials are held to be dead.
    :param queue: how long one call may wait for places in the budget, in seconds.
    """

    base: float = 2.0
    cap: float = 60.0
    max_elapsed: float = 600.0
    max_ambiguous_retries: int = 4
    max_token_refreshes: int = 2
    max_queue_wait: float = math.inf
    draw: Callable[[], float] = field(default=random.random, repr=False)

    def backoff(self, failures: int, at_least: float | None = None) -> float:
        """The wait after the *failures*-th failure in a row (1 = the first), in seconds.

        A wait that the platform asked for is kept and a little jitter put on top, so that
        calls that were refused together do not come back together.
        """
        if at_least is not None:
            return at_least + min(1.0, at_least * 0.1) * self.draw()
        ceiling = min(self.cap, self.base * float(2 ** min(failures - 1, 10)))
        return ceiling * (0.1 + 0.9 * self.draw())

    @classmethod
    def no_retry(cls) -> RetryPolicy:
        """One try and no waiting: for connection tests, which may hold up a server thread."""
        return cls(max_elapsed=0.0, max_ambiguous_retries=0, max_token_refreshes=1, max_queue_wait=1.0)
