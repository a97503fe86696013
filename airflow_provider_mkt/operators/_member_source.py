"""Where the people of an operator come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import ObjectStoragePath

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.redaction import describe_type
from airflow_provider_mkt.operators._base import as_list
from airflow_provider_mkt.operators._files import open_for_reading
from airflow_provider_mkt.operators._parameters import HeldCallable

if TYPE_CHECKING:
    from airflow_provider_mkt.sync.rows import Row

_PLAIN = (".txt", "")
_USUAL = ("id", "lead", "lead_id", "contact_id", "email")
"""Columns that name people, where no column is given."""

Check = Callable[[str, Any], str]


def of_given(leads: Any, check: Check) -> Iterator[str]:
    """People of a list, of JSON text of one, or of a callable that returns any iterable.

    :raises InvalidInput: naming the entry that is nobody.
    """
    given = leads.function() if isinstance(leads, HeldCallable) else as_list("leads", leads)
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable):
        raise InvalidInput("leads", f"the callable must return an iterable, not {describe_type(given)}")
    for index, lead in enumerate(given):
        if lead is None or lead == "":
            raise InvalidInput(f"leads[{index}]", f"is no lead: {describe_type(lead)}")
        yield check(f"leads[{index}]", lead)


def of_file(where: str, column: str | None, check: Check) -> Iterator[str]:
    """People of a file, read as they are asked for.

    :param column: the column that names them.
    :raises InvalidInput: naming the line that names nobody.
    """
    path = ObjectStoragePath(where)
    try:
        if path.suffix.lower() in _PLAIN:
            yield from _of_lines(path, check)
        else:
            yield from _of_rows(path, column, check)
    except FileNotFoundError:
        raise InvalidInput("leads_path", f"there is no file {path}") from None


def _of_lines(path: ObjectStoragePath, check: Check) -> Iterator[str]:
    with open_for_reading(path) as file:
        for number, line in enumerate(file, start=1):
            if text := line.decode("utf-8-sig", "replace").strip():
                yield check(f"leads_path: line {number}", text)


def _of_rows(path: ObjectStoragePath, column: str | None, check: Check) -> Iterator[str]:
    from airflow_provider_mkt.sync.files import FileSource, kind_of

    with FileSource(lambda: open_for_reading(path), path.stat().st_size, kind_of(path.name)) as file:
        names = _names(column, file.columns())
        for row in file.rows():
            if row.record is None:
                raise InvalidInput("leads_path", f"line {row.number} cannot be read: {row.problem}")
            if column is not None or not _left_out(row.record):
                yield check(f"leads_path: line {row.number}", _named(row, row.record, names))


def _names(column: str | None, columns: Sequence[str] | None) -> Sequence[str]:
    """The columns that may name somebody; which it is, a line of JSON tells for itself."""
    if columns is None:
        return _USUAL if column is None else (column,)
    if column is None:
        column = next((name for name in _USUAL if name in columns), columns[0] if len(columns) == 1 else None)
    if column is None or column not in columns:
        raise InvalidInput("leads_column", "is missing, or no column of the file")
    return (column,)


def _left_out(record: Mapping[str, Any]) -> bool:
    """Whether a line is of a lead that a sync could not write, and so has no id."""
    return (
        "row" in record and "outcome" in record and (record["outcome"] == "rejected" or not record.get("id"))
    )


def _named(row: Row, record: Mapping[str, Any], names: Sequence[str]) -> Any:
    for name in names:
        if record.get(name) not in (None, ""):
            return record[name]
    raise InvalidInput("leads_path", f"line {row.number} has no {' or '.join(names)}")
