"""Rows with types, written as a table, as JSON Lines or as Parquet."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from itertools import islice
from typing import IO, TYPE_CHECKING

from airflow_provider_mkt.operators._output_formats import arrow_type, compressed, measure, output_library
from airflow_provider_mkt.operators._tables import DELIMITERS
from airflow_provider_mkt.sync.rows import csv_writer, json_line

if TYPE_CHECKING:
    from airflow_provider_mkt.actions.polling import Log
    from airflow_provider_mkt.actions.reading import ColumnTypes
    from airflow_provider_mkt.operators._output_formats import OutputFormat

_BATCH = 10_000
"""Rows that are converted together."""
_TRUTH = {"true": True, "1": True, "false": False, "0": False}
_EXACT = 2**53
"""Up to here a float holds every whole number."""

Row = Mapping[str, object]


class _Misfit(Exception):
    """A column has a value of another type."""

    def __init__(self, column: str) -> None:
        self.column = column
        super().__init__(column)


def write_rows(
    rows: Callable[[], Iterable[Row]],
    target: IO[bytes],
    output: OutputFormat,
    types: ColumnTypes,
    *,
    raise_if_cancelled: Callable[[], None],
    log: Log,
) -> tuple[int, str]:
    """Write rows in the format of the output, in constant memory.

    A table has the values as the platform returns them, and nothing where there is none. In JSON Lines and
    Parquet they have types. Times in milliseconds since 1970 are text as ISO 8601 in a table and in JSON
    Lines. A value that is not of its column's type stays text in JSON Lines; in Parquet the whole column then
    is text, which is warned about.

    :param rows: yields the rows from the beginning, each time it is called.
    :param target: open for writing and reading, and empty.
    :param types: the columns; what a row has besides them is left out.
    :returns: the size of the output in bytes, and its SHA-256.
    """
    if output.format == "parquet":
        _write_parquet(rows, target, types, raise_if_cancelled, log)
    else:
        with compressed(target, output.compression) as stream:
            if output.format == "jsonl":
                for batch in _batches(rows(), raise_if_cancelled):
                    stream.write("".join([_json_line(row, types) for row in batch]).encode())
            else:
                _write_table(rows(), stream, DELIMITERS[output.file_format], types, raise_if_cancelled)
    target.flush()
    return measure(target)


def _batches(rows: Iterable[Row], raise_if_cancelled: Callable[[], None]) -> Iterable[list[Row]]:
    left = iter(rows)
    while batch := list(islice(left, _BATCH)):
        raise_if_cancelled()
        yield batch


def _write_table(
    rows: Iterable[Row],
    stream: IO[bytes],
    delimiter: str,
    types: ColumnTypes,
    raise_if_cancelled: Callable[[], None],
) -> None:
    line = csv_writer(delimiter)
    stream.write(line(types).encode("utf-8", "replace"))
    for batch in _batches(rows, raise_if_cancelled):
        lines = [
            line([_cell(_as_text_time(row.get(name), kind)) for name, kind in types.items()]) for row in batch
        ]
        stream.write("".join(lines).encode("utf-8", "replace"))


def _cell(value: object) -> str:
    match value:
        case str():
            return value
        case None:
            return ""
        case bool():
            return str(value).lower()
        case dict() | list():
            return json.dumps(value, ensure_ascii=False)
    return str(value)


def _json_line(row: Row, types: ColumnTypes) -> str:
    values: dict[str, object] = {}
    for name, kind in types.items():
        value = row.get(name)
        try:
            values[name] = _json_value(value, kind)
        except ValueError:
            values[name] = value
    return json_line(values)


def _json_value(value: object, kind: str) -> object:
    """Return a value as JSON has it: times stay text."""
    if value is None or value == "":
        return None
    match kind:
        case "integer" | "float" | "boolean" | "json":
            return _typed(value, kind)
        case "":
            # Such as an id, which is text in the other formats too.
            return value if isinstance(value, (bool, dict, list)) else str(value)
    return _as_text_time(value, kind)


def _as_text_time(value: object, kind: str) -> object:
    """Return a time in milliseconds since 1970 as ISO 8601 in UTC, and any other value as it is."""
    if kind != "datetime" or isinstance(value, bool) or not isinstance(value, int):
        return value
    try:
        return _moment(value).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    except ValueError:
        return value


def _typed(value: object, kind: str) -> object:
    """Return a value by its type; none where it is empty.

    :raises ValueError: when it is not of that type.
    """
    if value is None or value == "":
        return None
    match kind, value:
        case "integer", bool() | float():
            raise ValueError(kind)
        case "integer", _:
            whole = int(str(value))
            if not -(2**63) <= whole < 2**63:
                raise ValueError(kind)
            return whole
        case "float", _:
            number = float(str(value))
            if not math.isfinite(number) or (abs(number) > _EXACT and str(value).lstrip("-").isdecimal()):
                raise ValueError(kind)
            return number
        case "boolean", _:
            if (truth := _TRUTH.get(str(value).lower())) is None:
                raise ValueError(kind)
            return truth
        case "date", _:
            in_milliseconds = str(value).lstrip("-").isdecimal()
            return _moment(value).date() if in_milliseconds else date.fromisoformat(str(value)[:10])
        case "datetime", _:
            return _moment(value)
        case "json", str():
            return json.loads(value)
    return value


def _moment(value: object) -> datetime:
    """Read a time: ISO 8601, or milliseconds since 1970."""
    text = str(value)
    if text.lstrip("-").isdecimal():
        try:
            return datetime.fromtimestamp(int(text) / 1000, UTC)
        except (OverflowError, OSError) as error:
            raise ValueError(text) from error
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _write_parquet(
    rows: Callable[[], Iterable[Row]],
    target: IO[bytes],
    types: ColumnTypes,
    raise_if_cancelled: Callable[[], None],
    log: Log,
) -> None:
    kinds = dict(types)
    while True:
        target.seek(0)
        target.truncate()
        try:
            _write_batches(rows(), target, kinds, raise_if_cancelled)
        except _Misfit as misfit:
            log.warning(
                "Column %r has values that are no %s; it is text", misfit.column, kinds[misfit.column]
            )
            kinds[misfit.column] = ""
        else:
            return


def _write_batches(
    rows: Iterable[Row], target: IO[bytes], kinds: ColumnTypes, raise_if_cancelled: Callable[[], None]
) -> None:
    arrow = output_library()
    from pyarrow.parquet import ParquetWriter

    schema = arrow.schema([(name, arrow_type(arrow, kind)) for name, kind in kinds.items()])
    with ParquetWriter(target, schema) as writer:
        for batch in _batches(rows, raise_if_cancelled):
            arrays = [
                arrow.array(_column(batch, name, kind), field.type)
                for (name, kind), field in zip(kinds.items(), schema, strict=True)
            ]
            writer.write_batch(arrow.record_batch(arrays, schema=schema))


def _column(rows: Iterable[Row], name: str, kind: str) -> list[object]:
    """Return the values of a column as Arrow takes them."""
    values = [row.get(name) for row in rows]
    if kind in ("", "json"):
        return [None if value is None or value == "" else _cell(value) for value in values]
    try:
        return [_typed(value, kind) for value in values]
    except ValueError:
        raise _Misfit(name) from None
