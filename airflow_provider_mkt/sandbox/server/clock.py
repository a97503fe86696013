"""The sandbox's clock: real time plus an offset that a test can increase."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class Clock:
    """The time that everything in the sandbox uses."""

    def __init__(self) -> None:
        # Read once: a change of the machine's clock must not affect rate windows and jobs.
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

    def reset(self) -> None:
        """Set the clock to real time again."""
        self._offset = 0.0

    def advance(self, seconds: float) -> datetime:
        """Move the clock forward.

        :param seconds: must not be negative.
        """
        if seconds < 0:
            msg = "the clock only moves forward"
            raise ValueError(msg)
        self._offset += seconds
        return self.now()
