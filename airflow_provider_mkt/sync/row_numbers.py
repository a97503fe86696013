"""The share of a sync that a bulk import takes, and the rows that it leaves to calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from airflow_provider_mkt.actions.imports import Findings
from airflow_provider_mkt.sync.bulk_matching import Matcher
from airflow_provider_mkt.sync.bulk_parts import Part
from airflow_provider_mkt.sync.bulk_report import RowFile, as_record, rows_of
from airflow_provider_mkt.sync.bulk_rows import BulkRow
from airflow_provider_mkt.sync.rows import Row


class RowNumbers:
    """A set of row numbers that takes a bit for each row of the source."""

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
    """Counts what a bulk import has written, and keeps the numbers of the rows that it has not.

    Those are sent by calls, which say of each record what became of it, and why.

    :param warnings: takes rows that were imported with a warning, and those superseded by a later one.
    """

    def __init__(self, warnings: RowFile) -> None:
        self._warnings = warnings
        self.left = RowNumbers()
        self.imported = self.warned = self.skipped = 0
        self.created: int | None = 0
        """How many of them are new leads; None where the platform does not tell."""
        self.reasons: Counter[str] = Counter()
        self.lists: list[str] = []

    def left_of(self, rows: Iterator[Row]) -> Iterator[Row]:
        """Those of a source's rows that are left."""
        return (row for row in rows if row.number in self.left)

    def unfit(self, row: BulkRow) -> None:
        """A row was not sent."""
        self.left.add(row.number)

    def superseded(self, row: BulkRow, by_row: int) -> None:
        """A row was not sent, since a later one has its key."""
        self.skipped += 1
        self.reasons["DUPLICATE_KEY"] += 1
        reason = f"row {by_row} has the same key and came later"
        self._warnings.write(row.number, "DUPLICATE_KEY", reason, row.raw)

    def refused(self, part: Part, code: str, reason: str) -> None:
        """The import of a part failed. What of it is written already is written once more."""
        for row in part.rows():
            self.left.add(row.number)

    def imported_with(self, part: Part, findings: Findings, matcher: Matcher) -> int:
        """A part was imported. Returns how many failures there are whose row cannot be told."""
        failed, strays = rows_of(matcher, findings.failed)
        lost = min(len(strays) + findings.unlisted, part.count - len(failed))
        if lost:
            # Any of its rows may be one of them.
            self.refused(part, "", "")
            return lost
        for number in failed:
            self.left.add(number)
        written = part.count - len(failed)
        self.imported += written
        tells = findings.created is not None and self.created is not None
        self.created = (self.created or 0) + min(findings.created or 0, written) if tells else None
        self._warn(part, findings, matcher)
        return 0

    def _warn(self, part: Part, findings: Findings, matcher: Matcher) -> None:
        warned, strays = rows_of(matcher, findings.warned)
        for number, (note, raw) in warned.items():
            if number not in self.left:
                self.warned += 1
                self._warnings.write(number, note.code, note.reason, raw)
        for note in strays:
            self.warned += 1
            self._warnings.write(None, note.code, note.reason, as_record(part, note))
