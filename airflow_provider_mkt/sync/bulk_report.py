"""What a bulk import comes to: a count for every row, and files that hold those worth a look."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType
from typing import IO, Any, Self, TypedDict

from airflow_provider_mkt.actions.imports import Findings, RowNote
from airflow_provider_mkt.actions.jobs import JobDict
from airflow_provider_mkt.sync.bulk_matching import Matcher
from airflow_provider_mkt.sync.bulk_parts import Part
from airflow_provider_mkt.sync.bulk_rows import BulkRow
from airflow_provider_mkt.sync.jsonl import json_line

Opener = Callable[[], AbstractContextManager[IO[bytes]]]


class ImportOutcome(TypedDict):
    """The result of a bulk import as it goes into XCom. ``total`` is the sum of ``imported``, ``skipped`` and
    ``rejected``; those imported with a warning are counted under ``imported`` too."""

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
    """Rows with what was said of them, as JSON Lines that can be read as a source again.

    There is no file until the first row.

    :param open_file: opens it for writing; the file appears when the context ends well.
    """

    def __init__(self, open_file: Opener) -> None:
        self._open = open_file
        self._stack = ExitStack()
        self._file: IO[bytes] | None = None

    @property
    def exists(self) -> bool:
        return self._file is not None

    def write(self, number: int | None, code: str, reason: str, raw: Any) -> None:
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
    """Counts rows, and writes down those that were rejected, warned about or skipped.

    :param rejects: takes rejected rows.
    :param warnings: takes rows that were imported with a warning, and those superseded by a later one.
    """

    def __init__(self, rejects: RowFile, warnings: RowFile) -> None:
        self._rejects = rejects
        self._warnings = warnings
        self.imported = self.warned = self.skipped = self.rejected = 0
        self.reasons: Counter[str] = Counter()
        self.lists: list[str] = []

    @property
    def total(self) -> int:
        return self.imported + self.skipped + self.rejected

    def unfit(self, row: BulkRow) -> None:
        """A row was not sent."""
        self._reject(row.number, row.code, row.reason, row.raw)

    def superseded(self, row: BulkRow, by_row: int) -> None:
        """A row was not sent, since a later one has its key."""
        self.skipped += 1
        self.reasons["DUPLICATE_KEY"] += 1
        reason = f"row {by_row} has the same key and came later"
        self._warnings.write(row.number, "DUPLICATE_KEY", reason, row.raw)

    def refused(self, part: Part, code: str, reason: str) -> None:
        """None of the rows of a part was imported, as far as can be told."""
        for row in part.rows():
            self._reject(row.number, code, reason, row.raw)

    def imported_with(self, part: Part, findings: Findings, matcher: Matcher) -> int:
        """A part was imported. Returns how many failures there are whose row cannot be told."""
        failed, strays = rows_of(matcher, findings.failed)
        for number, (note, raw) in failed.items():
            self._reject(number, note.code, note.reason, raw)
        for note in strays:
            self._rejects.write(None, note.code, note.reason, as_record(part, note))
        # Several of them may be about one row, so there may be more than rows that are left.
        lost = min(len(strays) + findings.unlisted, part.count - len(failed))
        self.rejected += lost
        self.reasons.update({"ROW_NOT_TOLD": lost} if lost else {})
        self.imported += part.count - len(failed) - lost
        warned, strays = rows_of(matcher, findings.warned)
        for number, (note, raw) in warned.items():
            if number not in failed:
                self._warn(number, note, raw)
        for note in strays:
            self._warn(None, note, as_record(part, note))
        return lost

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

    def _reject(self, number: int | None, code: str, reason: str, raw: Any) -> None:
        self.rejected += 1
        self.reasons[code] += 1
        self._rejects.write(number, code, reason, raw)

    def _warn(self, number: int | None, note: RowNote, raw: Any) -> None:
        self.warned += 1
        self.reasons[note.code] += 1
        self._warnings.write(number, note.code, note.reason, raw)


def rows_of(
    matcher: Matcher, notes: Sequence[RowNote]
) -> tuple[dict[int, tuple[RowNote, Any]], list[RowNote]]:
    """Rows by number with the first note on each, and the notes whose row cannot be told."""
    rows: dict[int, tuple[RowNote, Any]] = {}
    strays: list[RowNote] = []
    for note, row in zip(notes, matcher.match(notes), strict=True):
        if row is None:
            strays.append(note)
        else:
            rows.setdefault(row.number, (note, row.raw))
    return dict(sorted(rows.items())), strays


def as_record(part: Part, note: RowNote) -> dict[str, str]:
    return dict(zip(part.columns, note.cells or (), strict=False))
