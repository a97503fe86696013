"""Background work by time: jobs, campaign runs and sends."""

import heapq
import itertools
from collections.abc import Callable
from datetime import datetime

Action = Callable[[datetime], None]


class Schedule:
    def __init__(self) -> None:
        self._due: list[tuple[datetime, int, Action]] = []
        self._cancelled: set[int] = set()
        self._numbers = itertools.count(1)

    def at(self, moment: datetime, action: Action) -> int:
        number = next(self._numbers)
        heapq.heappush(self._due, (moment, number, action))
        return number

    def cancel(self, number: int) -> None:
        self._cancelled.add(number)

    def pending(self) -> int:
        return sum(number not in self._cancelled for _, number, _ in self._due)

    def run_due(self, now: datetime) -> None:
        """Run all actions that are due, in order of time. Each gets the time at which it was due."""
        while self._due and self._due[0][0] <= now:
            moment, number, action = heapq.heappop(self._due)
            if number not in self._cancelled:
                action(moment)
            self._cancelled.discard(number)
