"""The results of a sync: counts of all records, and files with the result of each."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import IO, Protocol, Self, TypedDict

from airflow_provider_mkt.actions.jobs import JobDict
from airflow_provider_mkt.actions.leads import RecordResult, RecordStatus
from airflow_provider_mkt.sync.rows import Row, json_line

_REASONS_MAX = 50
"""Different reasons that an outcome counts at most."""

PROGRESS_INTERVAL = 10.0
"""Seconds between two progress lines in the log."""


class SyncOutcome(TypedDict):
    """The result of a sync as it goes into XCom.

    ``total`` is the sum of ``written``, ``skipped`` and ``rejected``, and ``written`` that of ``created`` and
    ``updated``, which are None where the platform's import does not report them separately. ``warned`` counts
    those of the written records that have a warning, ``resumed`` those that earlier tries of the task had
    done. ``mode`` is ``calls`` or ``bulk``. ``calls`` and ``seconds`` are those of the last try.
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


class AttendanceOutcome(TypedDict):
    """The result of recording attendance.

    ``total`` is the sum of ``recorded``, ``skipped`` and ``rejected``.
    """

    outcome: str
    platform: str
    mode: str
    total: int
    written: int
    recorded: int | None
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


class SyncReport:
    """Counts the results of records, and how fast they come."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.statuses: Counter[RecordStatus] = Counter()
        self.reasons: Counter[str] = Counter()
        self.calls = 0
        self.resumed = 0
        self._clock = clock
        self._started = clock()

    def add(self, result: RecordResult) -> None:
        """Count the result of a record."""
        self.statuses[result.result] += 1
        if result.result in (RecordStatus.REJECTED, RecordStatus.SKIPPED):
            self.reasons[result.code or "UNKNOWN"] += 1

    def resume(self, result: RecordResult) -> None:
        """Count the result that an earlier try reached."""
        self.add(result)
        self.resumed += 1

    @property
    def total(self) -> int:
        return self.statuses.total()

    @property
    def rejected(self) -> int:
        return self.statuses[RecordStatus.REJECTED]

    @property
    def seconds(self) -> float:
        return self._clock() - self._started

    def line(self, expected: int | None = None) -> str:
        """Format one line for the log: counts, rate and, where the end is known, the time left."""
        rate = (self.total - self.resumed) / self.seconds if self.seconds > 0 else 0.0
        counts = ", ".join(f"{self.statuses[status]:,} {status.value}" for status in RecordStatus)
        left = ""
        if expected and rate and expected > self.total:
            left = f", about {format_seconds((expected - self.total) / rate)} left"
        return f"{self.total:,} leads done ({counts}), {self.calls:,} calls, {rate:,.0f} leads/s{left}"

    def outcome(self, platform: str, rejects: str | None, outcomes: str | None) -> SyncOutcome:
        """Return the counts as the outcome of a sync by calls."""
        created, updated = self.statuses[RecordStatus.CREATED], self.statuses[RecordStatus.UPDATED]
        return SyncOutcome(
            outcome="lead_sync",
            platform=platform,
            mode="calls",
            total=self.total,
            written=created + updated,
            created=created,
            updated=updated,
            skipped=self.statuses[RecordStatus.SKIPPED],
            rejected=self.rejected,
            warned=0,
            resumed=self.resumed,
            reasons=dict(self.reasons.most_common(_REASONS_MAX)),
            rejects=rejects,
            warnings=None,
            outcomes=outcomes,
            jobs=[],
            calls=self.calls,
            seconds=round(self.seconds, 2),
        )


class Report(Protocol):
    """Counts what is done."""

    @property
    def total(self) -> int: ...

    def line(self, expected: int | None = None) -> str:
        """Format one line for the log, with the time left where the end is known."""


@dataclass
class Progress:
    """Logs the line of a report, at most once in :data:`PROGRESS_INTERVAL` seconds.

    :param expected: estimates the number of records from the number of those that are done.
    :param info: logs a line.
    """

    report: Report
    expected: Callable[[int], int | None]
    info: Callable[..., None]
    _logged_at: float = field(default_factory=time.monotonic, init=False)

    def log(self) -> None:
        """Log the line, if it is time to."""
        if time.monotonic() - self._logged_at >= PROGRESS_INTERVAL:
            self._logged_at = time.monotonic()
            self.info("%s", self.report.line(self.expected(self.report.total)))


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
    """Return the outcome of a sync that imported a part of the records and sent the rest by calls.

    :param rest: the outcome of the calls.
    :param calls: all calls that were made.
    """
    written = imported + rest["written"]
    new = None if created is None or rest["created"] is None else created + rest["created"]
    return {
        **rest,
        "mode": "bulk",
        "total": rest["total"] + imported + skipped,
        "written": written,
        "created": new,
        "updated": None if new is None else written - new,
        "skipped": rest["skipped"] + skipped,
        "warned": warned,
        "reasons": dict((Counter(rest["reasons"]) + reasons).most_common(_REASONS_MAX)),
        "warnings": warnings,
        "jobs": jobs,
        "calls": calls,
        "seconds": round(seconds, 2),
    }


def format_seconds(seconds: float) -> str:
    """Format a duration for people."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


@dataclass
class ResultFiles:
    """Writes rejected records with their whole input, and the outcome line of every record where it is
    wanted.

    The rejects file is created with its first line, so there is none when no record is rejected.

    :param open_rejects: opens the rejects file for writing.
    :param add_outcome: takes the number of a row and its line of JSON Lines; None when they are not wanted.
    """

    open_rejects: Callable[[], IO[str]]
    add_outcome: Callable[[int, str], None] | None = None
    _rejects: IO[str] | None = field(default=None, init=False)

    @property
    def has_rejects(self) -> bool:
        return self._rejects is not None

    def write(self, row: Row, result: RecordResult) -> None:
        """Write the result of a row."""
        if result.result is RecordStatus.REJECTED:
            if self._rejects is None:
                self._rejects = self.open_rejects()
            line = {"row": row.number, "code": result.code, "reason": result.reason, "record": row.raw}
            self._rejects.write(json_line(line))
        if self.add_outcome is not None:
            outcome = {"row": row.number, "outcome": result.result.value, "id": result.id}
            if result.code or result.reason:
                outcome |= {"code": result.code, "reason": result.reason}
            self.add_outcome(row.number, json_line(outcome))

    def close(self) -> None:
        if self._rejects is not None:
            self._rejects.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
