"""Background work by time: jobs, campaign runs and sends."""

import heapq
import itertools
import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime

from airflow_provider_mkt.sandbox.server.turns import Steps

Action = Callable[[datetime], None]
_ENDED = object()


class Schedule:
    def __init__(self) -> None:
        self._due: list[tuple[datetime, int, Action]] = []
        self._cancelled: set[int] = set()
        self._numbers = itertools.count(1)
        self._long: deque[Steps] = deque()
        # A test that reads the state in Python runs due work too, in its own thread.
        self._lock = threading.Lock()

    def at(self, moment: datetime, action: Action) -> int:
        number = next(self._numbers)
        heapq.heappush(self._due, (moment, number, action))
        return number

    def take_long(self, steps: Steps) -> None:
        """Take work for which no request waits."""
        self._long.append(steps)

    def cancel(self, number: int) -> None:
        self._cancelled.add(number)

    def pending(self) -> int:
        return sum(number not in self._cancelled for _, number, _ in self._due)

    def due_work(self, now: datetime) -> Steps:
        """Run all actions that are due, in order of time, one per step. Each gets the time of its turn."""
        while self._run_next(now):
            yield

    def long_work(self) -> Steps | None:
        """Return work for which no request waits; None without."""
        return self._run_long() if self._long else None

    def _run_long(self) -> Steps:
        while self._run_long_step():
            yield

    def _run_long_step(self) -> bool:
        with self._lock:
            if not self._long:
                return False
            steps = self._long.popleft()
            if next(steps, _ENDED) is not _ENDED:
                # Jobs that run at the same time take turns.
                self._long.append(steps)
            return True

    def _run_next(self, now: datetime) -> bool:
        with self._lock:
            if not self._due or self._due[0][0] > now:
                return False
            moment, number, action = heapq.heappop(self._due)
            if number not in self._cancelled:
                action(moment)
            self._cancelled.discard(number)
            return True
