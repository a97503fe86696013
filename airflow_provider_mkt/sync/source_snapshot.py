"""Rows that can be read only once, saved to be read again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from airflow_provider_mkt.client.redaction import describe_type
from airflow_provider_mkt.sync.rows import Row, json_line

_TICK_EVERY = 1_000

_TYPES: dict[str, Callable[[str], object]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "decimal": Decimal,
    # No platform accepts such a value, and a list is rejected as it would be.
    "other": lambda type_name: [type_name],
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
        with draft.open("w", encoding="utf-8") as file:
            for count, row in enumerate(rows, start=1):
                record = None if row.record is None else {n: _saved(v) for n, v in row.record.items()}
                file.write(json_line([row.number, record, row.problem, row.raw, row.code]))
                if count % _TICK_EVERY == 0:
                    tick(count)
        draft.replace(self._path)

    def rows(self) -> Iterator[Row]:
        """Yield the rows, in the order of the source."""
        with self._path.open(encoding="utf-8") as file:
            for line in file:
                number, record, problem, raw, code = json.loads(line)
                yield Row(number, _restored(record), problem, raw, code)

    def count(self) -> int:
        """Return the number of rows."""
        with self._path.open("rb") as file:
            return sum(1 for _ in file)

    def remove(self) -> None:
        self._path.unlink(missing_ok=True)


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
    return ["other", describe_type(value)]


def _restored(record: Mapping[str, object] | None) -> dict[str, object] | None:
    if record is None:
        return None
    return {
        name: _TYPES[value[0]](value[1]) if isinstance(value, list) else value
        for name, value in record.items()
    }
