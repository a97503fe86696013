"""The results of a bulk import: counts of all rows, and files of those that were rejected or warned about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import IO, Self, TypedDict

from airflow_provider_mkt.actions.imports import Findings, RowNote
from airflow_provider_mkt.actions.jobs import JobDict
from airflow_provider_mkt.sync.bulk_matching import Matcher
from airflow_provider_mkt.sync.bulk_parts import Part
from airflow_provider_mkt.sync.bulk_rows import BulkRow
from airflow_provider_mkt.sync.results import FirstReasons
from airflow_provider_mkt.sync.rows import Row, json_line

Opener = Callable[[], AbstractContextManager[IO[bytes]]]


class ImportOutcome(TypedDict):
    """The result of a bulk import as it goes into XCom.

    ``total`` is the sum of ``imported``, ``skipped`` and ``rejected``; ``imported`` includes ``warned``.
    """

    outcome: str
    platform: str
    total: int
    imported: int
    warned: int
    skipped: int
    rejected: int
    reasons: dict[str, int]
    rejects: str | None
    warnings: str | None
    jobs: list[JobDict]
    lists: list[str]
    seconds: float


class RowFile:
    """Rows with a code and a reason, as JSON Lines that can be read as a source again.

    The file is created with its first row.

    :param open_file: opens it for writing; the file appears when the context ends without an error.
    """

    def __init__(self, open_file: Opener) -> None:
        self._open = open_file
        self._stack = ExitStack()
        self._file: IO[bytes] | None = None

    @property
    def exists(self) -> bool:
        return self._file is not None

    def write(self, number: int | None, code: str, reason: str, raw: object) -> None:
        if self._file is None:
            self._file = self._stack.enter_context(self._open())
        line = {"row": number, "code": code, "reason": reason, "record": raw}
        self._file.write(json_line(line).encode())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)


class ImportReport:
    """Counts rows, and writes those that were rejected, warned about or skipped to files.

    :param rejects: takes rejected rows.
    :param warnings: takes rows that were imported with a warning, and those superseded by a later one.
    """

    def __init__(self, rejects: RowFile, warnings: RowFile) -> None:
        self._rejects = rejects
        self._warnings = warnings
        self.imported = self.warned = self.skipped = self.rejected = 0
        self.reasons: Counter[str] = Counter()
        self.lists: list[str] = []
        self._first_reasons = FirstReasons()

    @property
    def total(self) -> int:
        return self.imported + self.skipped + self.rejected

    def unfit(self, row: BulkRow) -> None:
        """Count a row that was not sent."""
        self._reject(row.number, row.code, row.reason, row.raw)

    def superseded(self, row: BulkRow, by_row: int) -> None:
        """Count a row that was not sent because a later one has its key."""
        self.skipped += 1
        self.reasons["DUPLICATE_KEY"] += 1
        reason = f"row {by_row} has the same key and came later"
        self._warnings.write(row.number, "DUPLICATE_KEY", reason, row.raw)

    def refused(self, part: Part, code: str, reason: str) -> None:
        """Reject the rows of a part of which none was imported, as far as is known."""
        for row in part.rows():
            self._reject(row.number, code, reason, row.raw)

    def imported_with(self, part: Part, findings: Findings, matcher: Matcher) -> int:
        """Count a part that was imported. Returns the number of failures whose row is unknown."""
        failed, unmatched = rows_of(matcher, findings.failed)
        for number, (note, raw) in failed.items():
            self._reject(number, note.code, note.reason, raw)
        for note in unmatched:
            self._rejects.write(None, note.code, note.reason, as_record(part, note))
        # Several notes may be about one row, so there may be more of them than rows.
        unknown = min(len(unmatched) + findings.unlisted, part.count - len(failed))
        self.rejected += unknown
        self.reasons.update({"ROW_UNKNOWN": unknown} if unknown else {})
        self.imported += part.count - len(failed) - unknown
        warned, unmatched = rows_of(matcher, findings.warned)
        for number, (note, raw) in warned.items():
            if number not in failed:
                self._warn(number, note, raw)
        for note in unmatched:
            self._warn(None, note, as_record(part, note))
        return unknown

    def outcome(
        self, platform: str, rejects: str, warnings: str, jobs: Sequence[JobDict], seconds: float
    ) -> ImportOutcome:
        return ImportOutcome(
            outcome="lead_import",
            platform=platform,
            total=self.total,
            imported=self.imported,
            warned=self.warned,
            skipped=self.skipped,
            rejected=self.rejected,
            reasons=dict(self.reasons.most_common(50)),
            rejects=rejects if self._rejects.exists else None,
            warnings=warnings if self._warnings.exists else None,
            jobs=list(jobs),
            lists=self.lists,
            seconds=round(seconds, 2),
        )

    def _reject(self, number: int | None, code: str, reason: str, raw: object) -> None:
        self.rejected += 1
        self.reasons[code] += 1
        self._first_reasons.log("A row" if number is None else f"Row {number}", code, reason, raw)
        self._rejects.write(number, code, reason, raw)

    def _warn(self, number: int | None, note: RowNote, raw: object) -> None:
        self.warned += 1
        self.reasons[note.code] += 1
        self._warnings.write(number, note.code, note.reason, raw)


class RowNumbers:
    """A set of row numbers that needs one bit for each row of the source."""

    def __init__(self) -> None:
        self._bits = bytearray()
        self._count = 0

    def add(self, number: int) -> None:
        place, bit = number >> 3, 1 << (number & 7)
        if place >= len(self._bits):
            self._bits.extend(bytes(place + 1 - len(self._bits)))
        self._count += not self._bits[place] & bit
        self._bits[place] |= bit

    def __contains__(self, number: int) -> bool:
        place = number >> 3
        return place < len(self._bits) and bool(self._bits[place] & 1 << (number & 7))

    def __len__(self) -> int:
        return self._count


class BulkShare:
    """Counts the rows of a sync that a bulk import has written, and keeps the numbers of the others.

    Those are sent by calls, which report the result of each record. Where the platform does not report which
    row failed, all rows that it may be are sent again.

    :param warnings: takes rows that were imported with a warning, and those superseded by a later one.
    """

    def __init__(self, warnings: RowFile) -> None:
        self._warnings = warnings
        self.left = RowNumbers()
        self.imported = self.warned = self.skipped = 0
        self.created: int | None = 0
        """How many of them are new leads; None when the platform does not report it."""
        self.reasons: Counter[str] = Counter()
        self.lists: list[str] = []

    def left_of(self, rows: Iterator[Row]) -> Iterator[Row]:
        """Those of a source's rows that are left."""
        return (row for row in rows if row.number in self.left)

    def unfit(self, row: BulkRow) -> None:
        """Count a row that was not sent."""
        self.left.add(row.number)

    def superseded(self, row: BulkRow, by_row: int) -> None:
        """Count a row that was not sent because a later one has its key."""
        self.skipped += 1
        self.reasons["DUPLICATE_KEY"] += 1
        reason = f"row {by_row} has the same key and came later"
        self._warnings.write(row.number, "DUPLICATE_KEY", reason, row.raw)

    def refused(self, part: Part, code: str, reason: str) -> None:
        """Leave the rows of a part whose import failed. Those that were written are written again."""
        for row in part.rows():
            self.left.add(row.number)

    def imported_with(self, part: Part, findings: Findings, matcher: Matcher) -> int:
        """Count a part that was imported. Returns the number of failures whose row is unknown."""
        failed, unmatched = rows_of(matcher, findings.failed)
        unknown = min(len(unmatched) + findings.unlisted, part.count - len(failed))
        left = set(failed)
        if unknown:
            candidates = [matcher.candidates(note, failed) for note in unmatched]
            if findings.unlisted or not all(candidates):
                # Any of its rows may be one that failed.
                self.refused(part, "", "")
                return unknown
            left.update(*candidates)
        for number in left:
            self.left.add(number)
        written = part.count - len(left)
        self.imported += written
        known = findings.created is not None and self.created is not None
        self.created = (self.created or 0) + min(findings.created or 0, written) if known else None
        self._warn(part, findings, matcher)
        return unknown

    def _warn(self, part: Part, findings: Findings, matcher: Matcher) -> None:
        warned, unmatched = rows_of(matcher, findings.warned)
        for number, (note, raw) in warned.items():
            if number not in self.left:
                self.warned += 1
                self._warnings.write(number, note.code, note.reason, raw)
        for note in unmatched:
            self.warned += 1
            self._warnings.write(None, note.code, note.reason, as_record(part, note))


def rows_of(
    matcher: Matcher, notes: Sequence[RowNote]
) -> tuple[dict[int, tuple[RowNote, object]], list[RowNote]]:
    """Return the rows by number with the first note on each, and the notes without a row."""
    rows: dict[int, tuple[RowNote, object]] = {}
    unmatched: list[RowNote] = []
    for note, row in zip(notes, matcher.match(notes), strict=True):
        if row is None:
            unmatched.append(note)
        else:
            rows.setdefault(row.number, (note, row.raw))
    return dict(sorted(rows.items())), unmatched


def as_record(part: Part, note: RowNote) -> dict[str, str]:
    return dict(zip(part.columns, note.cells or (), strict=False))
