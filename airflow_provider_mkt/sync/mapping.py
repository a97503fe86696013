"""Maps the columns of a source to the fields of a lead."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Literal, get_args

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.redaction import describe_type
from airflow_provider_mkt.sync.rows import Blank, Row

Type = Literal["text", "integer", "number", "boolean", "date", "datetime"]

_TRUE = frozenset({"true", "t", "yes", "y", "1"})
_FALSE = frozenset({"false", "f", "no", "n", "0"})


@dataclass(frozen=True)
class FieldMapping:
    """How a row becomes a record.

    :param columns: column to field. A column that is not listed keeps its name; one that is mapped to
        None is left out.
    :param constants: fields that every record gets, whatever the row contains.
    :param null_values: texts that mean no value, such as ``NULL`` or ``\\N``.
    :param types: fields whose values must have a type; a value that cannot be converted rejects its record.
    :param blank: what no value means: leave the field alone, or clear it.
    :raises InvalidInput: when two columns become one field, or a type is unknown.
    """

    columns: Mapping[str, str | None] = field(default_factory=dict)
    constants: Mapping[str, object] = field(default_factory=dict)
    null_values: frozenset[str] = frozenset()
    types: Mapping[str, Type] = field(default_factory=dict)
    blank: Blank = "omit"

    def __post_init__(self) -> None:
        for column, name in self.columns.items():
            if name is not None and (not isinstance(name, str) or not name.strip()):
                raise InvalidInput(
                    f"columns.{column}", f"must be the name of a field, not {describe_type(name)}"
                )
        self._unique([name for name in self.columns.values() if name is not None], "columns")
        for name, kind in self.types.items():
            if kind not in get_args(Type):
                raise InvalidInput(f"types.{name}", f"must be one of {', '.join(get_args(Type))}")

    def __bool__(self) -> bool:
        """Whether the mapping changes anything."""
        return bool(self.columns or self.constants or self.null_values or self.types)

    def fields(self, columns: Sequence[str]) -> list[str]:
        """Return the fields that rows with these columns get.

        :raises InvalidInput: when a column of the mapping is missing, or two columns become one field.
        """
        for column in self.columns:
            if column not in columns:
                raise InvalidInput(f"columns.{column}", "there is no such column in the source")
        named = [name for name in (self._field(column) for column in columns) if name is not None]
        self._unique(named, "columns")
        return [*named, *(name for name in self.constants if name not in named)]

    def apply(self, rows: Iterator[Row]) -> Iterator[Row]:
        """Map the records of rows. ``raw`` keeps each row as it was read."""
        return map(self._mapped, rows) if self else rows

    def _mapped(self, row: Row) -> Row:
        if row.record is None:
            return row
        record: dict[str, object] = {}
        for column, given in row.record.items():
            name = self._field(column)
            if name is None:
                continue
            if name in record:
                return replace(row, record=None, problem=f"two columns become field {name!r}")
            value = None if isinstance(given, str) and given in self.null_values else given
            if value is None and given is not None and self.blank == "omit":
                continue
            if value is not None and value != "" and (kind := self.types.get(name)) is not None:
                try:
                    value = _TYPES[kind](value)
                except (ValueError, TypeError, AttributeError):
                    problem = f"field {name!r} should be {kind} and is {describe_type(given)}"
                    return replace(row, record=None, problem=problem, code="BAD_VALUE")
            record[name] = value
        record.update(self.constants)
        return replace(row, record=record)

    def _field(self, column: str) -> str | None:
        return self.columns.get(column, column)

    @staticmethod
    def _unique(names: Sequence[str], where: str) -> None:
        for name in names:
            if names.count(name) > 1:
                raise InvalidInput(where, f"two columns become field {name!r}")


def _text(value: object) -> str:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise TypeError
    return str(value)


def _integer(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise TypeError
    number = float(value) if isinstance(value, float) else int(value)
    if number != int(number):
        raise ValueError
    return int(number)


def _number(value: object) -> int | float:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise TypeError
    number = float(value)
    if number - number != 0:
        raise ValueError
    return int(value) if isinstance(value, str) and value.strip().lstrip("+-").isdecimal() else number


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError


def _stripped(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value.strip()


def _date(value: object) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat()
    return (value if isinstance(value, date) else date.fromisoformat(_stripped(value))).isoformat()


def _datetime(value: object) -> str:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(_stripped(value))
    if moment.tzinfo is None:
        # It would be another moment on every machine.
        raise ValueError
    return moment.isoformat()


_TYPES: dict[Type, Callable[[object], object]] = {
    "text": _text,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
}
