"""What a sync comes to: a count for every record handed in."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import TypedDict

from airflow_provider_mkt.api.lead_writer import Fate, RecordFate


class SyncOutcome(TypedDict):
    """The result of a sync as it goes into XCom. ``total`` is the sum of the four counts; ``resumed`` of
    them were done by earlier tries of the task. ``calls`` and ``seconds`` are those of the last try."""

    outcome: str
    platform: str
    total: int
    created: int
    updated: int
    skipped: int
    rejected: int
    resumed: int
    reasons: dict[str, int]
    rejects: str | None
    outcomes: str | None
    calls: int
    seconds: float


class Report:
    """Counts fates, and tells how fast it goes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.fates: Counter[Fate] = Counter()
        self.reasons: Counter[str] = Counter()
        self.calls = 0
        self.resumed = 0
        self._clock = clock
        self._started = clock()

    def add(self, fate: RecordFate) -> None:
        self.fates[fate.fate] += 1
        if fate.fate in (Fate.REJECTED, Fate.SKIPPED):
            self.reasons[fate.code or "UNKNOWN"] += 1

    def resume(self, fate: RecordFate) -> None:
        """Count what an earlier try came to."""
        self.add(fate)
        self.resumed += 1

    @property
    def total(self) -> int:
        return self.fates.total()

    @property
    def rejected(self) -> int:
        return self.fates[Fate.REJECTED]

    @property
    def seconds(self) -> float:
        return self._clock() - self._started

    def line(self, expected: int | None = None) -> str:
        """One line for the log: counts, rate and, where the end is known, the time left."""
        rate = (self.total - self.resumed) / self.seconds if self.seconds > 0 else 0.0
        counts = ", ".join(f"{self.fates[fate]:,} {fate.value}" for fate in Fate)
        left = ""
        if expected and rate and expected > self.total:
            left = f", about {spoken((expected - self.total) / rate)} left"
        return f"{self.total:,} leads done ({counts}), {self.calls:,} calls, {rate:,.0f} leads/s{left}"

    def outcome(self, platform: str, rejects: str | None, outcomes: str | None) -> SyncOutcome:
        return SyncOutcome(
            outcome="lead_sync",
            platform=platform,
            total=self.total,
            created=self.fates[Fate.CREATED],
            updated=self.fates[Fate.UPDATED],
            skipped=self.fates[Fate.SKIPPED],
            rejected=self.rejected,
            resumed=self.resumed,
            reasons=dict(self.reasons.most_common(50)),
            rejects=rejects,
            outcomes=outcomes,
            calls=self.calls,
            seconds=round(self.seconds, 2),
        )


def spoken(seconds: float) -> str:
    """A span of time as a person would say it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
