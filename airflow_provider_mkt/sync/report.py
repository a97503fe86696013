"""What a sync comes to: a count for every record handed in."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import TypedDict

from airflow_provider_mkt.actions.jobs import JobDict
from airflow_provider_mkt.actions.leads import RecordResult, RecordStatus

_REASONS_TOLD = 50


class SyncOutcome(TypedDict):
    """The result of a sync as it goes into XCom.

    ``total`` is the sum of ``written``, ``skipped`` and ``rejected``, and ``written`` that of ``created`` and
    ``updated``, which are None where the platform's import does not tell them apart. ``warned`` of those
    written were so with a warning, ``resumed`` of all were done by earlier tries of the task. ``mode`` is
    ``calls`` or ``bulk``. ``calls`` and ``seconds`` are those of the last try.
    """

    outcome: str
    platform: str
    mode: str
    total: int
    written: int
    created: int | None
    updated: int | None
    skipped: int
    rejected: int
    warned: int
    resumed: int
    reasons: dict[str, int]
    rejects: str | None
    warnings: str | None
    outcomes: str | None
    jobs: list[JobDict]
    calls: int
    seconds: float


class Report:
    """Counts record_results, and tells how fast it goes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.record_results: Counter[RecordStatus] = Counter()
        self.reasons: Counter[str] = Counter()
        self.calls = 0
        self.resumed = 0
        self._clock = clock
        self._started = clock()

    def add(self, result: RecordResult) -> None:
        self.record_results[result.result] += 1
        if result.result in (RecordStatus.REJECTED, RecordStatus.SKIPPED):
            self.reasons[result.code or "UNKNOWN"] += 1

    def resume(self, result: RecordResult) -> None:
        """Count what an earlier try came to."""
        self.add(result)
        self.resumed += 1

    @property
    def total(self) -> int:
        return self.record_results.total()

    @property
    def rejected(self) -> int:
        return self.record_results[RecordStatus.REJECTED]

    @property
    def seconds(self) -> float:
        return self._clock() - self._started

    def line(self, expected: int | None = None) -> str:
        """One line for the log: counts, rate and, where the end is known, the time left."""
        rate = (self.total - self.resumed) / self.seconds if self.seconds > 0 else 0.0
        counts = ", ".join(f"{self.record_results[result]:,} {result.value}" for result in RecordStatus)
        left = ""
        if expected and rate and expected > self.total:
            left = f", about {spoken((expected - self.total) / rate)} left"
        return f"{self.total:,} leads done ({counts}), {self.calls:,} calls, {rate:,.0f} leads/s{left}"

    def outcome(self, platform: str, rejects: str | None, outcomes: str | None) -> SyncOutcome:
        created, updated = (
            self.record_results[RecordStatus.CREATED],
            self.record_results[RecordStatus.UPDATED],
        )
        return SyncOutcome(
            outcome="lead_sync",
            platform=platform,
            mode="calls",
            total=self.total,
            written=created + updated,
            created=created,
            updated=updated,
            skipped=self.record_results[RecordStatus.SKIPPED],
            rejected=self.rejected,
            warned=0,
            resumed=self.resumed,
            reasons=dict(self.reasons.most_common(_REASONS_TOLD)),
            rejects=rejects,
            warnings=None,
            outcomes=outcomes,
            jobs=[],
            calls=self.calls,
            seconds=round(self.seconds, 2),
        )


def with_bulk(
    rest: SyncOutcome,
    *,
    imported: int,
    created: int | None,
    skipped: int,
    warned: int,
    reasons: Counter[str],
    warnings: str | None,
    jobs: list[JobDict],
    calls: int,
    seconds: float,
) -> SyncOutcome:
    """The result of a sync of which an import took its share and calls the rest.

    :param rest: of the calls.
    :param calls: all that were made.
    """
    written = imported + rest["written"]
    made = None if created is None or rest["created"] is None else created + rest["created"]
    return {
        **rest,
        "mode": "bulk",
        "total": rest["total"] + imported + skipped,
        "written": written,
        "created": made,
        "updated": None if made is None else written - made,
        "skipped": rest["skipped"] + skipped,
        "warned": warned,
        "reasons": dict((Counter(rest["reasons"]) + reasons).most_common(_REASONS_TOLD)),
        "warnings": warnings,
        "jobs": jobs,
        "calls": calls,
        "seconds": round(seconds, 2),
    }


def spoken(seconds: float) -> str:
    """A span of time as a person would say it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
