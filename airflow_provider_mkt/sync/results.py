"""The results of a sync: counts of all records, and files with the result of each."""

from __future__ import annotations

import logging
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import IO, NotRequired, Protocol, Self, TypedDict

from airflow_provider_mkt.actions.jobs import JobDict
from airflow_provider_mkt.actions.leads import RecordResult, RecordStatus
from airflow_provider_mkt.client.redaction import redact, without_values
from airflow_provider_mkt.client.wording import counted
from airflow_provider_mkt.sync.guards import GuardResult
from airflow_provider_mkt.sync.links import LinkCounts
from airflow_provider_mkt.sync.rows import Row, json_line

log = logging.getLogger(__name__)

_WRITTEN = frozenset({RecordStatus.CREATED, RecordStatus.UPDATED})

_NUMBER = re.compile(r"\d+")
_REASONS_MAX = 50
"""Different reasons that an outcome counts at most."""

PROGRESS_INTERVAL = 10.0
"""Seconds between two progress lines in the log."""


class SyncOutcome(TypedDict):
    """The result of a sync as it goes into XCom.

    ``total`` is the sum of ``written``, ``skipped`` and ``rejected``, and ``written`` that of ``created`` and
    ``updated``, which are None where the platform's import does not report them separately. ``warned`` counts
    those of the written records that have a warning, ``resumed`` those that earlier tries of the task had
    done. ``mode`` is ``calls`` or ``bulk``. ``calls`` and ``seconds`` are those of the last try, and so is
    ``associations``: how the rows were associated, where that was wanted.
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
    associations: NotRequired[list[LinkCounts]]


class ChangesOutcome(SyncOutcome):
    """The result of a sync that compares its source with what the platform has acknowledged.

    ``total`` is the sum of ``written``, ``unchanged``, ``skipped``, ``rejected``, ``unknown``, ``suppressed``
    and ``not_sent``. Rows that are gone from the source are beside it, in ``removed`` and ``not_removed``.

    ``resumed`` are those of ``unchanged`` that earlier tries of the task have written.

    :param unchanged: rows that the platform has acknowledged before.
    :param unknown: rows whose outcome is unknown. The next run sends them again.
    :param suppressed: rows that were held back: by the suppression list, or because the person was erased.
    :param not_sent: rows that were to be sent when the sync stopped early.
    :param removed: rows gone from the source whose leads were changed or removed as ``leave`` says.
    :param not_removed: those for which the platform refused it, or it is unknown.
    :param kept: values that were left out: they would have gone back, or have replaced one that is to stay.
    :param reconciled: unchanged rows whose records were read back.
    :param drifted: those of them whose record differs from what was acknowledged, or is missing.
    :param run: the number of the run.
    :param state: where the state is.
    :param history: the file with the status of every row that is not unchanged.
    :param guards: the limits that were checked.
    """

    unchanged: int
    unknown: int
    suppressed: int
    not_sent: int
    removed: int
    not_removed: int
    kept: int
    reconciled: int
    drifted: int
    run: int
    state: str
    history: str
    guards: list[GuardResult]


class ListSyncOutcome(TypedDict):
    """The result of making a static list equal to a source.

    ``total`` is the sum of ``added``, ``already_in``, ``removed``, ``already_out``, ``not_found``,
    ``suppressed``, ``rejected``, ``unknown`` and ``not_sent``: the ``rows`` of the source, and the people
    beside them who were in the list because of an earlier run, or at all with ``exclusive``.

    :param added: rows whose people were added.
    :param already_in: rows whose people are in the list already, and further rows of one person.
    :param removed: people who were removed: they left the source, or are held back.
    :param already_out: rows that left the source, whose people are not in the list any more.
    :param not_found: rows of people whom the platform does not have.
    :param suppressed: rows that were held back: by a suppression list, or without consent.
    :param rejected: rows that cannot be read, or were refused.
    :param unknown: rows whose outcome is unknown. The next run does them again.
    :param not_sent: rows that were not tried when the sync stopped early.
    :param created: people who were created for the list; they count as ``added`` too.
    :param reasons: rows by code.
    :param no_removals: why nobody was removed; empty when people could be removed.
    :param run: the number of the run.
    :param state: where the state is.
    :param history: the file with the status of every row in the state.
    :param guards: the limits that were checked.
    """

    outcome: str
    platform: str
    list_id: str
    list_name: str
    rows: int
    total: int
    added: int
    already_in: int
    removed: int
    already_out: int
    not_found: int
    suppressed: int
    rejected: int
    unknown: int
    not_sent: int
    created: int
    reasons: dict[str, int]
    no_removals: str
    rejects: str | None
    outcomes: str | None
    calls: int
    seconds: float
    run: int
    state: str
    history: str
    guards: list[GuardResult]


class ObjectSyncOutcome(SyncOutcome):
    """The result of a sync of records of one object type."""

    object_type: str


class ObjectChangesOutcome(ChangesOutcome):
    """The result of a sync that compares records of one object type with what was acknowledged."""

    object_type: str


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
        self.warnings: Counter[str] = Counter()
        """Codes of what the platform noted about records that it wrote."""
        self.field_problems: Counter[str] = Counter()
        """Records that were rejected because of a field, whatever its value, by reason."""
        self.calls = 0
        self.resumed = 0
        self.noun = "lead"
        """What the log calls a record."""
        self._clock = clock
        self._started = clock()

    def add(self, result: RecordResult) -> None:
        """Count the result of a record."""
        status = result.result
        self.statuses[status] += 1
        if status is RecordStatus.REJECTED or status is RecordStatus.SKIPPED:
            self.reasons[result.code or "UNKNOWN"] += 1
        elif result.code:
            self.warnings[result.code] += 1

    def add_all(self, results: Sequence[RecordResult]) -> None:
        """Count the results of many records."""
        statuses = [result.result for result in results]
        if _WRITTEN.issuperset(statuses) and not any([result.code for result in results]):  # noqa: C419
            # Most batches, at a tenth of the cost.
            self.statuses.update(statuses)
            return
        for result in results:
            self.add(result)

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
        speed = f"{counted(self.calls, 'call')}, {counted(round(rate), self.noun)}/s{left}"
        return f"{counted(self.total, self.noun)} done ({counts}), {speed}"

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


class FirstReasons:
    """Logs the first reasons of rejected records, each with one record. The rejects file has all."""

    MOST = 3

    def __init__(self) -> None:
        self._kinds: set[str] = set()

    def log(
        self, what: str, code: str, reason: str, given: object = None, *, ending: str = "was rejected"
    ) -> None:
        """Log a record that was not written, if no other was for its reason, and few were for others.

        :param what: which one it is, without a person's data.
        :param given: the row as it was read. The platforms' sentences can quote its values.
        :param ending: its outcome, as the end of the sentence.
        """
        if len(self._kinds) == self.MOST:
            return
        text = redact(f"{code} {without_values(reason, given)}".strip())
        # Reasons that differ only in an id or a count are of one kind.
        if (kind := _NUMBER.sub("#", text)) not in self._kinds:
            self._kinds.add(kind)
            log.warning("%s %s: %s", what, ending, text)


@dataclass
class ResultFiles:
    """Writes rejected records with their whole input, and the outcome line of every record where it is
    wanted.

    The rejects file is created with its first line, so there is none when no record is rejected.

    :param open_rejects: opens the rejects file for writing.
    :param add_outcome: takes the number of a row and its line of JSON Lines; None when they are not wanted.
    :param on_result: takes the result of every row.
    """

    open_rejects: Callable[[], IO[str]]
    add_outcome: Callable[[int, str], None] | None = None
    on_result: Callable[[Row, RecordResult], None] = lambda row, result: None
    _rejects: IO[str] | None = field(default=None, init=False)
    _first_reasons: FirstReasons = field(default_factory=FirstReasons, init=False)

    @property
    def has_rejects(self) -> bool:
        return self._rejects is not None

    def write(self, row: Row, result: RecordResult) -> None:
        """Write the result of a row."""
        if result.result is RecordStatus.REJECTED:
            if self._rejects is None:
                self._rejects = self.open_rejects()
            self._first_reasons.log(f"Row {row.number}", result.code, result.reason, row.raw)
            line = {"row": row.number, "code": result.code, "reason": result.reason, "record": row.raw}
            self._rejects.write(json_line(line))
        if self.add_outcome is not None:
            outcome = {"row": row.number, "outcome": result.result.value, "id": result.id}
            if result.code or result.reason:
                outcome |= {"code": result.code, "reason": result.reason}
            self.add_outcome(row.number, json_line(outcome))
        self.on_result(row, result)

    def close(self) -> None:
        if self._rejects is not None:
            self._rejects.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()
