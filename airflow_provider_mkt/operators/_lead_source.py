"""The source of an operator's leads: a list, a file or a database query."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol, TypeAlias

from airflow.providers.common.compat.sdk import BaseHook, ObjectStoragePath

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.redaction import describe_type
from airflow_provider_mkt.operators._files import as_path, open_for_reading
from airflow_provider_mkt.operators._parameters import HeldCallable, as_list, as_mapping, optional_str
from airflow_provider_mkt.sync.rows import LeadRows, of_iterable, of_query

if TYPE_CHECKING:
    from airflow_provider_mkt.sync.files import Format
    from airflow_provider_mkt.sync.mapping import FieldMapping, Type
    from airflow_provider_mkt.sync.rows import Blank, Row

Leads: TypeAlias = "Sequence[Mapping[str, object]] | Callable[[], Iterable[Mapping[str, object]]] | str"
"""Mappings of field to value, JSON text of them, or a callable that returns any iterable of them."""

SOURCE_FIELDS = (
    "conn_id",
    "leads",
    "source",
    "source_format",
    "sql",
    "sql_parameters",
    "columns",
    "constants",
)
"""Template fields of the operators that read leads."""


class Source(Protocol):
    """Leads that can be opened."""

    def open(self, stack: ExitStack, key: str | None, known_fields: frozenset[str] | None) -> LeadRows:
        """Open the rows from the first.

        :param stack: closes what is opened here.
        :param key: the field that every row needs; None when there is no such field.
        :param known_fields: fields that exist; None when that is unknown.
        :raises InvalidInput: when there is no such file, or a column is not a field of a lead.
        """


class SourceParameters(Protocol):
    """The parameters of an operator that say where its leads come from."""

    leads: Leads | HeldCallable | None
    source: str | None
    source_format: Format | None
    sql: str | None
    sql_conn_id: str | None
    sql_parameters: Mapping[str, object] | Sequence[object] | None
    columns: Mapping[str, str | None] | str | None
    constants: Mapping[str, object] | str | None
    null_values: Sequence[str]
    types: Mapping[str, Type] | None
    blank: Blank


class LeadSource:
    """Reads the leads of a task.

    :param given: the operator.
    :raises InvalidInput: naming the parameter that is wrong.
    """

    def __init__(self, given: SourceParameters) -> None:
        self._leads = given.leads
        self.path = as_path("source", given.source) if given.source is not None else None
        self._sql = optional_str("sql", given.sql) if given.sql is not None else None
        if (self._leads is None) + (self.path is None) + (self._sql is None) != 2:
            raise InvalidInput("leads", "give exactly one of leads, source and sql")
        if self._sql is not None and not given.sql_conn_id:
            raise InvalidInput("sql_conn_id", "is missing: the connection of the database")
        if given.blank not in ("omit", "clear"):
            raise InvalidInput("blank", "must be omit or clear")
        self._format = given.source_format
        self._sql_conn_id, self._sql_parameters = given.sql_conn_id, given.sql_parameters
        self._blank = given.blank
        self._mapping: FieldMapping | None = None
        if given.columns or given.constants or given.null_values or given.types:
            from airflow_provider_mkt.sync.mapping import FieldMapping

            self._mapping = FieldMapping(
                columns=as_mapping("columns", given.columns or {}),
                constants=as_mapping("constants", given.constants or {}),
                null_values=frozenset(as_list("null_values", given.null_values)),
                types=as_mapping("types", given.types or {}),
                blank=given.blank,
            )

    def open(self, stack: ExitStack, key: str | None, known_fields: frozenset[str] | None) -> LeadRows:
        if self._leads is not None:
            opened = self._of_leads(self._leads)
        elif self.path is not None:
            opened = self._of_file(stack, self.path, key, known_fields)
        else:
            opened = self._of_query(self._sql or "")
        if self._mapping is None:
            return opened
        return LeadRows(self._mapping.apply(opened.rows), opened.expected)

    def _of_leads(self, leads: Leads | HeldCallable) -> LeadRows:
        given = leads.function() if isinstance(leads, HeldCallable) else as_list("leads", leads)
        if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable):
            raise InvalidInput(
                "leads", f"the callable must return an iterable of mappings, not {describe_type(given)}"
            )
        total = len(given) if isinstance(given, Sequence) else None
        return LeadRows(of_iterable(given), lambda done: total)

    def _of_file(
        self, stack: ExitStack, name: str, key: str | None, known_fields: frozenset[str] | None
    ) -> LeadRows:
        from airflow_provider_mkt.sync.files import FileSource, kind_of
        from airflow_provider_mkt.sync.mapping import FieldMapping

        path = ObjectStoragePath(name)
        kind = kind_of(path.name, optional_str("source_format", self._format))
        try:
            size = path.stat().st_size
            file = stack.enter_context(
                FileSource(lambda: open_for_reading(path), size, kind, blank=self._blank)
            )
            columns = file.columns()
        except FileNotFoundError:
            raise InvalidInput("source", f"there is no file {path}") from None
        if columns is not None:
            _check_columns((self._mapping or FieldMapping()).fields(columns), key, known_fields)
        return LeadRows(file.rows(), file.expected)

    def _of_query(self, sql: str) -> LeadRows:
        hook = BaseHook.get_hook(self._sql_conn_id or "")
        if not hasattr(hook, "get_sqlalchemy_engine"):
            raise InvalidInput("sql_conn_id", f"connection {self._sql_conn_id!r} is not a SQL connection")
        rows = of_query(hook.get_sqlalchemy_engine(), sql, self._sql_parameters, blank=self._blank)
        return LeadRows(rows, lambda done: None)


def _check_columns(columns: Sequence[str], key: str | None, known_fields: frozenset[str] | None) -> None:
    unknown = [name for name in columns if known_fields is not None and name not in known_fields]
    if unknown:
        raise InvalidInput("source", f"column {unknown[0]!r} is not a field of a lead; nothing was sent")
    if columns and key is not None and key not in columns:
        raise InvalidInput("source", f"has no column {key!r}, the key; nothing was sent")


class ImportFile:
    """A file of leads that is read more than once.

    :param path: the file.
    :param file_format: its format, where its name does not show it.
    :param mapping: from its columns to the platform's fields.
    :raises InvalidInput: when there is no such file, or its format is unknown.
    """

    def __init__(self, path: str, file_format: str | None, mapping: FieldMapping) -> None:
        from airflow_provider_mkt.sync.files import kind_of

        self._path = ObjectStoragePath(path)
        self._kind = kind_of(self._path.name, file_format)
        self._mapping = mapping
        try:
            self._size = self._path.stat().st_size
        except FileNotFoundError:
            raise InvalidInput("source", f"there is no file {path}") from None

    def rows(self, stack: ExitStack) -> Iterator[Row]:
        """Open its rows from the first, with the platform's fields."""
        from airflow_provider_mkt.sync.files import FileSource

        file = FileSource(lambda: open_for_reading(self._path), self._size, self._kind, blank="clear")
        return self._mapping.apply(stack.enter_context(file).rows())

    def columns(self, known_fields: frozenset[str] | None, key_column: str) -> list[str]:
        """Return the platform's fields that it has, in order.

        :raises InvalidInput: when one of them is unknown, the key is not among them, or two columns become
            one field.
        """
        from airflow_provider_mkt.sync.files import FileSource

        with FileSource(lambda: open_for_reading(self._path), self._size, self._kind) as file:
            given = file.columns()
        if given is None:
            return self._fields_of_rows(known_fields, key_column)
        columns = self._mapping.fields(given) if given else [key_column]
        _check_columns(columns, key_column, known_fields)
        return columns

    def _fields_of_rows(self, known_fields: frozenset[str] | None, key_column: str) -> list[str]:
        """The fields of all rows together, where each has its own."""
        fields = {key_column: None}
        with ExitStack() as stack:
            for row in self.rows(stack):
                fields.update(dict.fromkeys(row.record or ()))
        return [name for name in fields if known_fields is None or name in known_fields]
