"""How many calls to have under way at once, told by the answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class AdaptiveConcurrency:
    """Grows by one with every clean answer, which doubles it each round; backs off when refused.

    Other software uses the same account, so what it may have changes while a task runs.

    :param ceiling: never more than this.
    :param start: to begin with.
    """

    def __init__(self, ceiling: int, *, start: int = 4, clock: Callable[[], float] = time.monotonic) -> None:
        self.ceiling = max(1, ceiling)
        self._limit = float(min(start, self.ceiling))
        self._clock = clock
        self._backed_off_at = float("-inf")
        self._lock = threading.Lock()

    @property
    def limit(self) -> int:
        return max(1, int(self._limit))

    def clean(self) -> None:
        """A call was answered without a refusal."""
        with self._lock:
            self._limit = min(float(self.ceiling), self._limit + 1)

    def refused(self) -> None:
        """A call was refused for rate or for concurrency. Refusals that come together count once."""
        with self._lock:
            now = self._clock()
            if now - self._backed_off_at >= 1.0:
                self._backed_off_at = now
                self._limit = max(1.0, self._limit * 0.6)
