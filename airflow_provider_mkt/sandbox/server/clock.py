"""The sandbox's time: real time plus an offset that a test can move forward."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class Clock:
    """Everything in the sandbox that depends on time asks this clock."""

    def __init__(self) -> None:
        # Anchored once, so that a step of the machine's own clock cannot reorder windows or jobs.
        self._epoch = time.time() - time.monotonic()
        self._offset = 0.0

    @property
    def offset(self) -> float:
        """Seconds this clock is ahead of real time."""
        return self._offset

    def time(self) -> float:
        """Seconds since the epoch."""
        return self._epoch + time.monotonic() + self._offset

    def now(self) -> datetime:
        """The current moment, in UTC."""
        return datetime.fromtimestamp(self.time(), UTC)

    def advance(self, seconds: float) -> datetime:
        """Move forward; time never runs backwards."""
        if seconds < 0:
            msg = "the clock only moves forward"
            raise ValueError(msg)
        self._offset += seconds
        return self.now()
