"""Rows of an iterable, a text file or a database query, read one at a time, and written as JSON Lines."""

from __future__ import annotations

import csv
import io
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from itertools import chain, islice
from typing import IO, TYPE_CHECKING, Any, Literal, NoReturn, Protocol, TypeAlias
from uuid import UUID

from msgspec import Struct

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.redaction import describe_type
from airflow_provider_mkt.client.wording import counted

if TYPE_CHECKING:
    from sqlalchemy.engine import Engine

    from airflow_provider_mkt.actions.leads import RecordResult, RunCall

Blank = Literal["omit", "clear"]
"""What no value means: leave the field alone, or clear it."""

Blanks: TypeAlias = Blank | Mapping[str, Blank]
"""One rule for all fields, or field to rule; fields that are not named are left alone."""

NULL_VALUES = ("null",)
"""Texts that mean no value, as the exports of both platforms are read. Marketo's exports write the first."""

FETCH_ROWS = 5_000
"""Rows of a query that are fetched at a time."""

_BLOCK = 64 * 1024
"""Characters of a CSV file that are read at a time, to the end of a line."""

REJECT_KEYS = frozenset({"row", "code", "reason", "record"})
"""The keys of a line of a rejects file. Read as a source, it is its record."""


@dataclass(frozen=True)
class Link:
    """A record that the record of a row is associated with.

    :param rule: number of the rule that names it.
    :param to_id: its id.
    """

    rule: int
    to_id: str


class Row(Struct, gc=False):
    """One row of a source. No cycle of references goes through it, so the garbage collector need not see it.

    :param number: the line on which it starts in a file, its position (from 1) in an iterable.
    :param record: field names to values; None when the row cannot be read.
    :param problem: why it cannot be read.
    :param raw: the row as it was read, for the rejects file.
    :param code: the code with which it is rejected when it cannot be read.
    :param skipped: whether it is skipped then, and not rejected.
    :param links: what its record is associated with when it is written.
    :param warning: code and text with which it is written.
    """

    number: int
    record: Mapping[str, object] | None
    problem: str = ""
    raw: object = None
    code: str = "UNREADABLE"
    skipped: bool = False
    links: tuple[Link, ...] = ()
    warning: tuple[str, str] | None = None


class LinkWriter(Protocol):
    """Associates records that were written."""

    @property
    def batch_max(self) -> int:
        """Links that are written together."""

    def write(self, linked: Sequence[tuple[str, Sequence[Link]]], ask: RunCall) -> list[RecordResult | None]:
        """Associate records. Returns for each why it was not, or None."""


@dataclass(frozen=True)
class LeadRows:
    """An opened source.

    :param rows: its rows.
    :param expected: estimates the number of rows from the number of those that are done; None when unknown.
    :param links: writes what the rows are associated with; None where they have no links.
    """

    rows: Iterator[Row]
    expected: Callable[[int], int | None]
    links: LinkWriter | None = None


def of_iterable(records: Iterable[object], *, blank: Blank = "omit") -> Iterator[Row]:
    """Yield the rows of an iterable of mappings.

    :param blank: what None means. An empty text is a value, and clears its field.
    """
    for number, given in enumerate(records, start=1):
        if not isinstance(given, Mapping):
            yield Row(number, None, f"is {describe_type(given)}, not a mapping of fields", raw=given)
        elif all(isinstance(name, str) for name in given):
            raw = dict(given)
            yield Row(number, _without_nulls(raw, blank), raw=raw)
        else:
            named = {str(name): value for name, value in given.items()}
            yield Row(number, None, "has a field whose name is not text", raw=named)


def of_table(records: Iterable[Mapping[str, object]], *, blank: Blank = "omit") -> Iterator[Row]:
    """Yield the rows of a table, in which every row has every column.

    :param records: column names to values as a database or a typed file has them.
    :param blank: what a null means: leave the field alone, or clear it.
    """
    for number, given in enumerate(records, start=1):
        record = {name: _of_database(value) for name, value in _without_nulls(given, blank).items()}
        yield Row(number, record, raw=record)


def _without_nulls(record: Mapping[str, object], blank: Blank) -> Mapping[str, object]:
    """Leave out the values that mean no value, unless they clear their fields."""
    if blank == "clear" or all(value is not None for value in record.values()):
        return record
    return {name: value for name, value in record.items() if value is not None}


def of_query(
    engine: Engine,
    sql: str,
    parameters: Mapping[str, object] | Sequence[object] | None = None,
    *,
    blank: Blank = "omit",
    check_columns: Callable[[Sequence[str]], None] = lambda columns: None,
) -> Iterator[Row]:
    """Yield the rows of a query, with memory for one fetch whatever their number.

    :param engine: the database. Its connections are closed when all rows are read.
    :param sql: one statement that returns rows.
    :param parameters: values for its placeholders, in the style of the database's driver.
    :param blank: what NULL means: leave the field alone, or clear it.
    :param check_columns: called with the names of the columns before the first row; raises when it does not
        accept them.
    """
    with ExitStack() as stack:
        # The engine is made for this query, and its pool would keep the connection.
        stack.callback(engine.dispose)
        connection = stack.enter_context(engine.connect())
        streaming = connection.execution_options(stream_results=True, yield_per=FETCH_ROWS)
        given = dict(parameters) if isinstance(parameters, Mapping) else tuple(parameters or ())
        result = streaming.exec_driver_sql(sql, given or None)
        stack.callback(result.close)
        check_columns(list(result.keys()))
        yield from of_table((dict(row) for row in result.mappings()), blank=blank)


def _of_database(value: object) -> object:
    if isinstance(value, Decimal):
        # As a JSON number, if that is exact.
        if not value.is_finite():
            return str(value)
        if value == value.to_integral_value():
            return int(value)
        return float(value) if Decimal(repr(float(value))) == value else str(value)
    return str(value) if isinstance(value, (UUID, time, timedelta)) else value


def of_file(
    stream: IO[bytes], file_format: Literal["csv", "jsonl"], *, blank: Blank = "omit"
) -> Iterator[Row]:
    """Yield the rows of an open text file, each read when it is requested.

    :param stream: UTF-8, with or without a byte order mark.
    :param blank: what an empty CSV value and a JSON null mean: leave the field alone, or clear it. An empty
        text of JSON is a value, and clears its field.
    """
    # Bytes that are not UTF-8 must reject their own row only, not the whole file.
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="")
    return _of_csv(text, blank) if file_format == "csv" else _of_json_lines(text, blank)


def csv_columns(stream: IO[bytes]) -> list[str]:
    """Return the column names of a CSV file, and close it.

    :raises InvalidInput: when the file has no header, or one with empty or repeated names.
    """
    with io.TextIOWrapper(stream, encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
        return _header(csv.reader(text, strict=True))


def _header(reader: Iterator[list[str]]) -> list[str]:
    try:
        columns = [name.strip() for name in next((row for row in reader if row), [])]
    except csv.Error as error:
        raise InvalidInput("header", f"cannot be read: {error}") from None
    for position, name in enumerate(columns, start=1):
        if not name:
            raise InvalidInput("header", f"column {position} has no name")
        if _is_not_utf8(name) or "\0" in name:
            raise InvalidInput("header", f"the name of column {position} is not UTF-8")
        if columns.index(name) != position - 1:
            raise InvalidInput("header", f"column {name!r} occurs twice")
    return columns


class Counted(io.RawIOBase):
    """A binary stream that counts the bytes read."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.read_so_far = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._stream.read(len(buffer))
        buffer[: len(data)] = data
        self.read_so_far += len(data)
        return len(data)


class _Lines:
    """Passes lines to the CSV reader in blocks, and keeps those of the row that it reads."""

    def __init__(self, text: IO[str]) -> None:
        self._text = text
        self._blocks: deque[list[str]] = deque()
        self._first = 1
        """Number of the first line that is kept."""
        self.row = 1
        """Number of the line on which the row starts."""
        self.ascii = True
        """Whether all lines that are kept are ASCII."""

    def __iter__(self) -> Iterator[str]:
        return chain.from_iterable(self._read())

    def _read(self) -> Iterator[list[str]]:
        while block := self._text.readlines(_BLOCK):
            while self._blocks and self._first + len(self._blocks[0]) <= self.row:
                self._first += len(self._blocks.popleft())
            self._blocks.append(block)
            self.ascii = all(all(map(str.isascii, kept)) for kept in self._blocks)
            yield block

    def of_row(self, last: int) -> str:
        """The text of the row, whose last line has this number."""
        kept = chain.from_iterable(self._blocks)
        return "".join(islice(kept, self.row - self._first, last - self._first + 1))


def _of_csv(text: IO[str], blank: Blank) -> Iterator[Row]:
    lines = _Lines(text)
    reader = csv.reader(iter(lines), strict=True)
    columns = _header(reader)
    width = len(columns)
    while True:
        number = lines.row = reader.line_num + 1
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            at_end = "unexpected end of data" in str(error)
            problem = "the file ends inside a quoted value" if at_end else f"is not CSV: {error}"
            if reader.line_num > number:
                # A quote that is never closed includes the lines after it.
                problem += f"; lines {number} to {reader.line_num} were read as one row"
            yield Row(number, None, problem, raw=_printable(lines.of_row(reader.line_num)))
            continue
        if not values:
            continue
        if len(values) != width:
            what = f"has {counted(len(values), 'value')}, the header has {counted(len(columns), 'column')}"
            # A truncated file has no line end at its end.
            cut = not lines.of_row(reader.line_num).endswith(("\n", "\r"))
            problem = f"the file ends in the middle of this line: it {what}" if cut else what
            yield Row(number, None, problem, raw=[_printable(value) for value in values])
        elif not lines.ascii and any(map(_is_not_utf8, values)):
            yield Row(number, None, "is not UTF-8", raw=[_printable(value) for value in values])
        else:
            pairs = zip(columns, values)  # noqa: B905 the lengths are equal
            # None and not an empty text: read from a rejects file, an empty text would clear its field.
            record: dict[str, object] = (
                dict(pairs)
                if all(values)
                else {name: value or None for name, value in pairs if value or blank == "clear"}
            )
            yield Row(number, record, "", record)


def _of_json_lines(text: IO[str], blank: Blank) -> Iterator[Row]:
    for number, line in enumerate(text, start=1):
        if not line.strip():
            continue
        if _is_not_utf8(line):
            yield Row(number, None, "is not UTF-8", raw=_printable(line))
            continue
        try:
            record = json.loads(line, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            cut = not line.endswith(("\n", "\r"))
            yield Row(
                number, None, "the file ends in the middle of this line" if cut else "is not JSON", raw=line
            )
            continue
        if isinstance(record, dict) and record.keys() == REJECT_KEYS:
            record = record["record"]
        if isinstance(record, dict):
            yield Row(number, _without_nulls(record, blank), raw=record)
        else:
            yield Row(number, None, f"is {describe_type(record)}, not an object", raw=record)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _is_not_utf8(text: str) -> bool:
    return not text.isascii() and any("\udc80" <= character <= "\udcff" for character in text)


def _printable(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


class _Echo:
    """The file of a CSV writer: it returns each line."""

    @staticmethod
    def write(line: str) -> str:
        return line


def csv_writer(delimiter: str = ",", end: str = "\n") -> Callable[[Iterable[object]], str]:
    """Return what encodes the cells of a row as a line of a table.

    :param end: the end of the line.
    """
    # Both line ends in the terminator make the writer quote values that contain either. Readers take a
    # carriage return that is not quoted for the end of a row.
    write: Callable[[Iterable[object]], str] = csv.writer(
        _Echo(), delimiter=delimiter, lineterminator="\r\n"
    ).writerow
    return write if end == "\r\n" else lambda cells: write(cells)[:-2] + end


def json_line(value: object) -> str:
    """Encode a line of JSON Lines. A model is written as its fields, and other types as text."""
    line = _encode(value)
    if not line.isascii():
        try:
            line.encode()
        except UnicodeEncodeError:
            # A lone surrogate cannot be encoded as UTF-8, only escaped.
            line = json.dumps(value, skipkeys=True, default=_json_value)
    return line + "\n"


def _json_value(value: object) -> object:
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json", exclude_none=True)
    return value.isoformat() if isinstance(value, date) else str(value)


# Kept, since json.dumps makes a new encoder for each line.
_encode = json.JSONEncoder(ensure_ascii=False, skipkeys=True, default=_json_value).encode
