"""Rows that can be read only once, saved to be read again."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from airflow_provider_mkt.client.files import private_file
from airflow_provider_mkt.client.redaction import describe_type
from airflow_provider_mkt.state.directory import DRAFT_KEPT_FOR
from airflow_provider_mkt.state.task_state import STATE_KEPT_FOR
from airflow_provider_mkt.sync.rows import Row, json_line

_TICK_EVERY = 1_000

_PLAIN = frozenset({type(None), bool, int, str, float})
"""Types of values that JSON keeps."""

_TYPES: dict[str, Callable[[str], object]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "decimal": Decimal,
    "list": json.loads,
    # No platform accepts such a value, and a mapping is rejected as it would be.
    "other": lambda type_name: {type_name: None},
}


class SourceSnapshot:
    """A copy of the rows of a source.

    It exists when it is complete, and the next try of a task finds it. It is a file of JSON Lines and not a
    database: it is written once, read several times from the first row to the last, and may be many
    gigabytes.

    :param path: the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def exists(self) -> bool:
        return self._path.exists()

    def take(self, rows: Iterator[Row], tick: Callable[[int], None]) -> None:
        """Read the source to its end and save its rows.

        :param tick: called now and then with the number of rows read.
        """
        draft = self._path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        with private_file(draft).open("w", encoding="utf-8") as file:
            for count, row in enumerate(rows, start=1):
                file.write(row_line(row))
                if count % _TICK_EVERY == 0:
                    tick(count)
        draft.replace(self._path)

    def rows(self) -> Iterator[Row]:
        """Yield the rows, in the order of the source."""
        with self._path.open(encoding="utf-8") as file:
            for line in file:
                yield row_of_line(line)

    def count(self) -> int:
        """Return the number of rows."""
        with self._path.open("rb") as file:
            return sum(1 for _ in file)

    def expire(self) -> None:
        """Keep the rows for a retry of a task whose success is lost, and no longer than a day."""
        moment = time.time() - STATE_KEPT_FOR + DRAFT_KEPT_FOR
        with suppress(FileNotFoundError):
            os.utime(self._path, (moment, moment))


def row_line(row: Row) -> str:
    """Encode a row as a line of JSON."""
    record = None
    if row.record is not None:
        record = {
            name: value if type(value) in _PLAIN else _saved(value) for name, value in row.record.items()
        }
    if row.raw is row.record and not row.problem:
        return json_line([row.number, record])
    return json_line([row.number, record, row.problem, row.raw, row.code])


def row_of_line(line: str) -> Row:
    """Return the row of a line that :func:`row_line` made."""
    number, saved, *rest = json.loads(line)
    record = _restored(saved)
    if not rest:
        return Row(number, record, raw=record)
    problem, raw, code = rest
    return Row(number, record, problem, raw, code)


def _saved(value: object) -> object:
    """A value as JSON: plain ones unchanged, others as a list of their type and their text."""
    match value:
        case None | bool() | int() | str() | float():
            return value
        case datetime():
            return ["datetime", value.isoformat()]
        case date():
            return ["date", value.isoformat()]
        case Decimal():
            return ["decimal", str(value)]
        case list() | tuple() | set() | frozenset():
            # A set has another order in every process.
            given = sorted(value, key=str) if isinstance(value, (set, frozenset)) else value
            with suppress(TypeError):
                return ["list", json.dumps(given)]
    return ["other", describe_type(value)]


def _restored(record: Mapping[str, object] | None) -> dict[str, object] | None:
    if record is None:
        return None
    return {
        name: _TYPES[value[0]](value[1]) if isinstance(value, list) else value
        for name, value in record.items()
    }
