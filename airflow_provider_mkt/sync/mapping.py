"""Maps the columns of a source to the fields of a lead."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Literal, get_args

from msgspec.structs import replace

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.redaction import describe_type
from airflow_provider_mkt.sync.rows import Blank, Blanks, Row

log = logging.getLogger(__name__)

Type = Literal["text", "integer", "number", "boolean", "date", "datetime", "multiple", "multiple_add"]

OnNewColumn = Literal["send", "ignore", "fail"]
"""What is done with a column that the mapping does not name."""

ADDED = ";"
"""What HubSpot reads at the start of a multi-select value: add these options to those that are chosen."""

_LOGGED_COLUMNS = 20
"""Columns that are left out and logged, at most."""

_LISTS = frozenset({list, tuple, set, frozenset})

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
    :param blank: what no value means: leave the field alone, or clear it; for all fields, or field by field.
    :param others: what is done with a column that *columns* does not name: ``send`` it under its own name,
        ``ignore`` it, or ``fail``.
    :param named_by: column to the parameter that names it, where that is not ``columns``.
    :raises InvalidInput: when two columns become one field, or a type or a rule of *blank* is unknown.
    """

    columns: Mapping[str, str | None] = field(default_factory=dict)
    constants: Mapping[str, object] = field(default_factory=dict)
    null_values: frozenset[str] = frozenset()
    types: Mapping[str, Type] = field(default_factory=dict)
    blank: Blanks = "omit"
    others: OnNewColumn = "send"
    named_by: Mapping[str, str] = field(default_factory=dict)
    _left_out: set[str] = field(default_factory=set, init=False, repr=False, compare=False)
    """Columns that were left out so far, and were logged."""

    def __post_init__(self) -> None:
        check_blank(self.blank)
        if self.others not in get_args(OnNewColumn):
            raise InvalidInput("on_new_column", f"must be one of {', '.join(get_args(OnNewColumn))}")
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
        if self.others != "send" or not isinstance(self.blank, str):
            return True
        return bool(self.columns or self.constants or self.null_values or self.types)

    def fields(self, columns: Sequence[str]) -> list[str]:
        """Return the fields that rows with these columns get.

        :raises InvalidInput: when a column of the mapping is missing, there is one that it must name, or two
            columns become one field.
        """
        for column in self.columns:
            if column not in columns:
                parameter = self.named_by.get(column)
                if parameter is not None:
                    raise InvalidInput(parameter, f"there is no column {column!r} in the source")
                raise InvalidInput(f"columns.{column}", "there is no such column in the source")
        named = [name for name in (self._field(column) for column in columns) if name is not None]
        self._unique(named, "columns")
        return [*named, *(name for name in self.constants if name not in named)]

    def apply(self, rows: Iterator[Row]) -> Iterator[Row]:
        """Map the records of rows. ``raw`` keeps each row as it was read."""
        if not self:
            return rows
        by_value = self.others == "send" and isinstance(self.blank, str)
        if by_value and not (self.columns or self.constants or self.types):
            return map(self._without_null_values, rows)
        return map(self._mapped, rows)

    def _without_null_values(self, row: Row) -> Row:
        """Map a row where only the values that mean no value are left out."""
        if row.record is None:
            return row
        try:
            if self.null_values.isdisjoint(row.record.values()):
                return row
        except TypeError:
            # A value that cannot be hashed, such as a list.
            pass
        return self._mapped(row)

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
            if value is None and self._is_left_alone(name, given):
                continue
            if value is not None and value != "" and (kind := self.types.get(name)) is not None:
                try:
                    value = _TYPES[kind](value)
                    if value == ADDED:
                        # An empty list adds nothing.
                        continue
                except (ValueError, TypeError, AttributeError):
                    problem = f"field {name!r} should be {kind} and is {describe_type(given)}"
                    return replace(row, record=None, problem=problem, code="BAD_VALUE")
            record[name] = value
        record.update(self.constants)
        return replace(row, record=record)

    def _is_left_alone(self, name: str, given: object) -> bool:
        """Whether no value leaves a field alone. With one rule for all, the source left its nulls out."""
        if isinstance(self.blank, str):
            return self.blank == "omit" and given is not None
        return self.blank.get(name, "omit") == "omit"

    def _field(self, column: str) -> str | None:
        if self.others == "send" or column in self.columns:
            return self.columns.get(column, column)
        if self.others == "fail":
            raise InvalidInput(
                "on_new_column", f"the source has a column {column!r} that columns does not name"
            )
        if column not in self._left_out and len(self._left_out) < _LOGGED_COLUMNS:
            self._left_out.add(column)
            log.info("Column %r is left out: columns does not name it (on_new_column='ignore')", column)
        return None

    @staticmethod
    def _unique(names: Sequence[str], where: str) -> None:
        for name in names:
            if names.count(name) > 1:
                raise InvalidInput(where, f"two columns become field {name!r}")


def join_options(rows: Iterator[Row], types: Callable[[], Mapping[str, str]]) -> Iterator[Row]:
    """Join lists of options, in fields that the platform says hold several, as the type ``multiple`` does.

    A list in another field, or of other values, stays as it is, and rejects its record later.

    :param types: returns field to what its values are, as the platform says. Used when a row has a list.
    """

    @cache
    def fields() -> frozenset[str]:
        return frozenset(name for name, kind in types().items() if kind == "multiple")

    def joined(row: Row) -> Row:
        if row.record is None or _LISTS.isdisjoint(map(type, row.record.values())):
            return row
        record = dict(row.record)
        for name in fields() & record.keys():
            if type(record[name]) in _LISTS:
                with suppress(ValueError):
                    record[name] = _multiple(record[name])
        return replace(row, record=record)

    return map(joined, rows)


def check_blank(blank: object) -> None:
    """Check what no value means, for all fields or field by field.

    :raises InvalidInput: naming the field whose rule is unknown.
    """
    if isinstance(blank, Mapping):
        for name, rule in blank.items():
            if rule not in get_args(Blank):
                raise InvalidInput(f"blank.{name}", "must be omit or clear")
    elif blank not in get_args(Blank):
        raise InvalidInput("blank", "must be omit or clear, or a mapping of field to one of them")


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


def _multiple(value: object) -> str:
    """Join several options with semicolons. Text is a JSON array, or joined already."""
    if isinstance(value, str):
        text = value.strip()
        if not text.startswith("["):
            return text
        value = json.loads(text)
    if not isinstance(value, (list, tuple, set, frozenset)):
        raise TypeError
    options = [str(one).strip() for one in value if isinstance(one, (str, int)) and not isinstance(one, bool)]
    if len(options) < len(value) or any(not one or ";" in one for one in options):
        raise ValueError
    # A set has another order in every process.
    return ";".join(sorted(options) if isinstance(value, (set, frozenset)) else options)


def _multiple_add(value: object) -> str:
    return ADDED + _multiple(value).strip(";")


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
    "multiple": _multiple,
    "multiple_add": _multiple_add,
}
