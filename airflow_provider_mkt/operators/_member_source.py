"""Reads the leads of an operator from its ``leads`` or from a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from airflow.sdk import ObjectStoragePath

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.redaction import describe_type
from airflow_provider_mkt.operators._files import open_for_reading
from airflow_provider_mkt.operators._parameters import HeldCallable, as_list

if TYPE_CHECKING:
    from airflow_provider_mkt.sync.rows import Row

_TEXT_SUFFIXES = (".txt", "")
_ID_COLUMNS = ("id", "lead", "lead_id", "contact_id", "email")
"""Columns that are searched for ids when no column is given, in this order."""

Leads: TypeAlias = Sequence[str | int] | Callable[[], Iterable[str | int]] | str
"""Ids of leads: a list, JSON text of a list, or a callable that returns an iterable."""
ParseId: TypeAlias = Callable[[str, object], str]
"""Validates the id in a field, given the field's name and its value."""


def leads_from_value(leads: Leads | HeldCallable | None, parse_id: ParseId) -> Iterator[str]:
    """Read leads from a list, from JSON text of a list, or from a callable.

    :raises InvalidInput: naming the entry that is not a lead.
    """
    given: object = leads.function() if isinstance(leads, HeldCallable) else as_list("leads", leads)
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable):
        raise InvalidInput("leads", f"the callable must return an iterable, not {describe_type(given)}")
    for index, lead in enumerate(given):
        if lead is None or lead == "":
            raise InvalidInput(f"leads[{index}]", f"is not a lead: {describe_type(lead)}")
        yield parse_id(f"leads[{index}]", lead)


def leads_from_file(url: str, column: str | None, parse_id: ParseId) -> Iterator[str]:
    """Read leads from a file, row by row.

    :param column: the column with the ids; None for the usual ones.
    :raises InvalidInput: when there is no such file or column, or naming the line without a lead.
    """
    path = ObjectStoragePath(url)
    try:
        if path.suffix.lower() in _TEXT_SUFFIXES:
            yield from _from_text(path, parse_id)
        else:
            yield from _from_table(path, column, parse_id)
    except FileNotFoundError:
        raise InvalidInput("leads_path", f"there is no file {path}") from None


def _from_text(path: ObjectStoragePath, parse_id: ParseId) -> Iterator[str]:
    with open_for_reading(path) as file:
        for number, line in enumerate(file, start=1):
            if text := line.decode("utf-8-sig", "replace").strip():
                yield parse_id(f"leads_path: line {number}", text)


def _from_table(path: ObjectStoragePath, column: str | None, parse_id: ParseId) -> Iterator[str]:
    from airflow_provider_mkt.sync.files import FileSource, kind_of

    with FileSource(lambda: open_for_reading(path), path.stat().st_size, kind_of(path.name)) as file:
        columns = _id_columns(column, file.columns())
        for row in file.rows():
            if row.record is None:
                raise InvalidInput("leads_path", f"line {row.number} cannot be read: {row.problem}")
            if column is not None or not _rejected_by_sync(row.record):
                yield parse_id(f"leads_path: line {row.number}", _id_of(row, row.record, columns))


def _id_columns(column: str | None, columns: Sequence[str] | None) -> Sequence[str]:
    """Return the columns to search for ids.

    :param columns: the file's columns; None for JSON Lines, where each line has its own.
    """
    if columns is None:
        return _ID_COLUMNS if column is None else (column,)
    if column is None:
        only = columns[0] if len(columns) == 1 else None
        column = next((name for name in _ID_COLUMNS if name in columns), only)
    if column is None or column not in columns:
        raise InvalidInput("leads_column", "is missing, or is not a column of the file")
    return (column,)


def _rejected_by_sync(record: Mapping[str, object]) -> bool:
    """Whether a row of a sync's outcomes file is of a lead that was not written, and so has no id."""
    return (
        "row" in record and "outcome" in record and (record["outcome"] == "rejected" or not record.get("id"))
    )


def _id_of(row: Row, record: Mapping[str, object], columns: Sequence[str]) -> object:
    for name in columns:
        if record.get(name) not in (None, ""):
            return record[name]
    raise InvalidInput("leads_path", f"line {row.number} has no {' or '.join(columns)}")
