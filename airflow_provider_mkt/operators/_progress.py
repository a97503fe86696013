"""Progress lines in the task log."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

PROGRESS_EVERY = 10.0
"""Seconds between two progress lines in the task log."""


class Report(Protocol):
    """Counts what is done."""

    @property
    def total(self) -> int: ...

    def line(self, expected: int | None = None) -> str:
        """One line for the log, with the time left where the end is known."""


class Progress:
    """Tells how far it is, at a pace a person can read."""

    def __init__(
        self, report: Report, expected: Callable[[int], int | None], tell: Callable[..., None]
    ) -> None:
        self._report, self._expected, self._tell = report, expected, tell
        self._told_at = time.monotonic()

    def tell(self) -> None:
        if time.monotonic() - self._told_at >= PROGRESS_EVERY:
            self._told_at = time.monotonic()
            self._tell("%s", self._report.line(self._expected(self._report.total)))
