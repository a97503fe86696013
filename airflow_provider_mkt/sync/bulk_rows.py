"""Rows of a bulk import: checked, and encoded as the platform's CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from airflow_provider_mkt.actions.leads import KEY_SEPARATOR, KnownFields
from airflow_provider_mkt.actions.ports import LeadImporter
from airflow_provider_mkt.client.redaction import describe_type
from airflow_provider_mkt.client.wording import counted
from airflow_provider_mkt.sync.mapping import ADDED
from airflow_provider_mkt.sync.rows import Row, csv_writer

VALUE_MAX = 100_000
"""Characters of one value at most. Fields of both platforms take fewer; CSV readers stop at 131,072."""


@dataclass(frozen=True, slots=True)
class BulkRow:
    """A row for a file.

    :param number: its position in the source.
    :param key: the normalized value of the key; empty when it has none.
    :param cells: its values, in the order of the columns; empty for a row that must not be sent.
    :param encoded: the cells as a line of CSV.
    :param code: why it must not be sent, in capitals; empty when it may.
    :param raw: the row as it was read.
    """

    number: int
    key: str
    cells: Sequence[str]
    encoded: bytes
    code: str = ""
    reason: str = ""
    raw: object = None


def joined_key(values: Iterable[str], normalize: Callable[[str], str]) -> str:
    """Return the key of a row, which can be of several values; empty when one of them is.

    :param normalize: makes equal values equal.
    """
    parts = [normalize(value) for value in values]
    return KEY_SEPARATOR.join(parts) if all(parts) else ""


class RowMaker:
    """Encodes rows for one file layout.

    :param importer: has the key and the limits.
    :param columns: names of the fields, in order.
    :param known_fields: a row with a field that cannot be written is rejected.
    :param exact: whether a row must have the effect that it has as a record of a call, where a missing field
        is left alone and an empty one is cleared. Rows that cannot have it are unfit.
    """

    def __init__(
        self,
        importer: LeadImporter,
        columns: Sequence[str],
        known_fields: KnownFields,
        *,
        exact: bool = False,
    ) -> None:
        self.columns = list(columns)
        self._importer = importer
        self._known_fields = known_fields
        self._names = frozenset(columns)
        self._exact = exact
        self._key_at = [self.columns.index(name) for name in importer.key_columns]
        self._write: Callable[[Sequence[str]], str] = csv_writer(end="\r\n")
        self.header = self._write(self.columns).encode()

    def rows(self, source: Iterator[Row]) -> Iterator[BulkRow]:
        """Encode the rows of a source. Those that must not be sent have a code and a reason."""
        return map(self._row, source)

    def _row(self, row: Row) -> BulkRow:
        if row.record is None:
            return BulkRow(row.number, "", (), b"", row.code, row.problem, row.raw)
        values = (_text(row.record.get(name)) or "" for name in self._importer.key_columns)
        key = joined_key(values, self._importer.key)

        def unfit(code: str, reason: str) -> BulkRow:
            return BulkRow(row.number, key, (), b"", code, reason, row.raw)

        if row.record.keys() != self._names and (problem := self._other_fields(row.record)) is not None:
            return unfit(*problem)
        cells: list[str] = []
        for name in self.columns:
            value = row.record.get(name)
            cell = value if type(value) is str else _text(value)
            if cell is None:
                return unfit("WRONG_TYPE", f"{name}: a cell holds one value, not {describe_type(value)}")
            if len(cell) > VALUE_MAX:
                return unfit("TOO_LARGE", f"{name}: has {counted(len(cell), 'character')}")
            if "\0" in cell:
                return unfit("CONTROL_CHARACTER", f"{name}: has a NUL character")
            if self._exact and (not cell or cell == "null") and name in row.record:
                return unfit("EMPTY_VALUE", f"{name}: a cell cannot say that a field is to be cleared")
            if self._exact and cell.startswith(ADDED):
                return unfit("ADDED_OPTIONS", f"{name}: a cell cannot say that options are to be added")
            cells.append(cell)
        if not key:
            return unfit("KEY_MISSING", self._key_problem(row.record))
        for place in self._key_at:
            cells[place] = cells[place].strip()
        try:
            encoded = self._write(cells).encode()
        except UnicodeEncodeError:
            return unfit("UNREADABLE", "has half a character (a lone surrogate)")
        if len(self.header) + len(encoded) > self._importer.bytes_max:
            return unfit("TOO_LARGE", f"takes {counted(len(encoded), 'byte')}; one file holds less")
        return BulkRow(row.number, key, cells, encoded, raw=row.raw)

    def _key_problem(self, record: Mapping[str, object]) -> str:
        names = self._importer.key_columns
        lacking = [name for name in names if not (_text(record.get(name)) or "").strip()]
        what = "a part of the key" if len(names) > 1 else "the key"
        return f"{lacking[0] if lacking else names[0]}, {what}, is missing or empty"

    def _other_fields(self, record: Mapping[str, object]) -> tuple[str, str] | None:
        """Return why a row whose fields differ from the columns must not be sent, as in JSON Lines."""
        if (problem := self._known_fields.problem_of(record)) is not None:
            return problem.code, problem.reason
        if self._importer.empty_clears:
            for name in self.columns:
                if name not in record:
                    reason = (
                        f"has no {name!r}, which other rows have, and an empty cell would clear the field"
                    )
                    return "FIELD_MISSING", reason
        return None


def _text(value: object) -> str | None:
    """A value as the text of a cell; None when a cell cannot hold it."""
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case datetime():
            # Without an offset it is UTC, on both platforms.
            return (value if value.tzinfo else value.replace(tzinfo=UTC)).isoformat()
        case date():
            return value.isoformat()
        case list() | dict() | tuple() | set() | bytes():
            return None
    return str(value)
