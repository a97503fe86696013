"""The source of an operator's leads: a list, a file or a database query."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, cast

from airflow.sdk import ObjectStoragePath

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.redaction import describe_type
from airflow_provider_mkt.operators._files import as_path, open_for_reading
from airflow_provider_mkt.operators._parameters import HeldCallable, as_list, as_mapping, optional_str
from airflow_provider_mkt.sync.rows import LeadRows, of_iterable, of_query
from airflow_provider_mkt.version_compat import AirflowException, BaseHook

if TYPE_CHECKING:
    from airflow_provider_mkt.actions.leads import KnownFields
    from airflow_provider_mkt.operators._parse_checks import Arguments
    from airflow_provider_mkt.sync.files import Format
    from airflow_provider_mkt.sync.mapping import FieldMapping, OnNewColumn, Type
    from airflow_provider_mkt.sync.rows import Blank, Blanks, Row

Leads: TypeAlias = Sequence[Mapping[str, object]] | Callable[[], Iterable[Mapping[str, object]]] | str
"""Mappings of field to value, JSON text of them, or a callable that returns any iterable of them."""

SOURCE_FIELDS = (
    "conn_id",
    "leads",
    "source",
    "source_format",
    "sql",
    "sql_conn_id",
    "sql_parameters",
    "columns",
    "constants",
)
"""Template fields of the operators that read leads."""


class Source(Protocol):
    """Leads that can be opened."""

    def open(self, stack: ExitStack, key: str | None, known_fields: KnownFields) -> LeadRows:
        """Open the rows from the first.

        :param stack: closes what is opened here.
        :param key: the field that every row needs; None when there is no such field.
        :param known_fields: which fields can be written.
        :raises InvalidInput: when there is no such file, or a column is not a field that can be written.
        """


class RepeatableSource(Source, Protocol):
    """Leads that can be opened, perhaps several times."""

    @property
    def repeatable(self) -> bool:
        """Whether they can be opened several times."""


class SourceParameters(Protocol):
    """The parameters of an operator that say where its leads come from."""

    source: str | None
    source_format: Format | None
    sql: str | None
    sql_conn_id: str | None
    sql_parameters: Mapping[str, object] | Sequence[object] | None
    columns: Mapping[str, str | None] | str | None
    constants: Mapping[str, object] | str | None
    null_values: Sequence[str]
    types: Mapping[str, Type] | None
    blank: Blanks
    source_columns: Sequence[str] | None


def check_types(types: Mapping[str, Type] | None, platform: str) -> None:
    """Check that a platform has the types.

    :raises InvalidInput: naming the field whose type it does not have.
    """
    for name, kind in (types or {}).items():
        if kind == "multiple_add" and platform != "hubspot":
            raise InvalidInput(f"types.{name}", "only HubSpot can add to the options that are chosen")


def with_options_joined(rows: Iterator[Row], known_fields: KnownFields) -> Iterator[Row]:
    """Return rows whose lists of options are text, in fields that hold several."""
    if not known_fields.partial and "multiple" not in known_fields.types.values():
        return rows
    from airflow_provider_mkt.sync.mapping import join_options

    return join_options(rows, known_fields.all_types)


def check_source(arguments: Arguments, records: str = "leads") -> None:
    """Check what is known when the DAG file is parsed of where leads come from.

    :param records: the parameter that holds leads that are given.
    :raises InvalidInput: naming the parameter that is wrong.
    """
    arguments.one_of(records, "source", "sql", problem=f"give exactly one of {records}, source and sql")
    if arguments.given("sql") and arguments.missing("sql_conn_id"):
        raise InvalidInput("sql_conn_id", "is missing: the connection of the database")
    source = arguments["source"]
    if arguments.given("source") and arguments.known("source_format"):
        from airflow_provider_mkt.sync.files import kind_of

        kind_of(PurePath(str(source)).name, optional_str("source_format", arguments["source_format"]))
    mapped = ("columns", "constants", "types", "blank")
    if all(map(arguments.known, mapped)) and any(map(arguments.given, mapped)):
        from airflow_provider_mkt.sync.mapping import FieldMapping

        FieldMapping(
            columns=as_mapping("columns", arguments["columns"] or {}),
            constants=as_mapping("constants", arguments["constants"] or {}),
            types=as_mapping("types", arguments["types"] or {}),
            blank=cast("Blanks", arguments["blank"]),
        )


class LeadSource:
    """Reads the leads of a task.

    :param given: the operator.
    :param row_key: the column that identifies a row in the source; None where the key of its lead does.
    :param lookup_field: the field that every row needs; None when there is no such field.
    :param beside: columns that are no fields unless a mapping says so.
    :param records: the name of the parameter that holds leads that are given, for errors too.
    :param on_new_column: what is done with a column that the mapping does not name.
    :raises InvalidInput: naming the parameter that is wrong.
    """

    def __init__(
        self,
        given: SourceParameters,
        *,
        row_key: str | None = None,
        lookup_field: str | None = None,
        beside: Sequence[str] = (),
        records: str = "leads",
        on_new_column: OnNewColumn = "send",
    ) -> None:
        self._given, self._records = given, records
        self._leads: Leads | HeldCallable | None = getattr(given, records)
        self.path = as_path("source", given.source) if given.source is not None else None
        self._sql = optional_str("sql", given.sql) if given.sql is not None else None
        if (self._leads is None) + (self.path is None) + (self._sql is None) != 2:
            raise InvalidInput(records, f"give exactly one of {records}, source and sql")
        if self._sql is not None and not given.sql_conn_id:
            raise InvalidInput("sql_conn_id", "is missing: the connection of the database")
        blank = given.blank
        if blank not in ("omit", "clear"):
            from airflow_provider_mkt.sync.mapping import check_blank

            check_blank(blank)
        self._format = given.source_format
        self._sql_conn_id, self._sql_parameters = given.sql_conn_id, given.sql_parameters
        # Where fields differ, the mapping leaves out those that no value leaves alone.
        self._blank: Blank = blank if isinstance(blank, str) else "clear"
        self._mapping: FieldMapping | None = None
        columns = as_mapping("columns", given.columns or {})
        self.row_key = optional_str("row_key", row_key)
        if self.row_key is not None and self.row_key != lookup_field:
            # It identifies the row in the source, and is no field unless a mapping says so.
            columns.setdefault(self.row_key, None)
        for name in beside:
            columns.setdefault(name, None)
        named_by = dict.fromkeys(beside, "associate")
        if self.row_key is not None:
            named_by[self.row_key] = "row_key"
        named_by = {name: by for name, by in named_by.items() if name not in (given.columns or {})}
        if on_new_column != "send" and lookup_field is not None and lookup_field not in columns.values():
            columns[lookup_field] = lookup_field
        by_field = on_new_column != "send" or isinstance(blank, Mapping)
        if columns or given.constants or given.null_values or given.types or by_field:
            from airflow_provider_mkt.sync.mapping import FieldMapping

            self._mapping = FieldMapping(
                columns=columns,
                constants=as_mapping("constants", given.constants or {}),
                null_values=frozenset(as_list("null_values", given.null_values)),
                types=as_mapping("types", given.types or {}),
                blank=blank,
                others=on_new_column,
                named_by=named_by,
            )

    @property
    def repeatable(self) -> bool:
        """Whether it can be read several times, as a file can."""
        return self.path is not None

    def key_column(self, field: str) -> str:
        """Return the column that becomes a field."""
        columns = self._mapping.columns if self._mapping is not None else {}
        return next((column for column, name in columns.items() if name == field), field)

    def open(self, stack: ExitStack, key: str | None, known_fields: KnownFields) -> LeadRows:
        if self._leads is not None:
            opened = self._of_leads(self._leads)
        elif self.path is not None:
            opened = self._of_file(stack, self.path, key, known_fields)
        else:
            opened = self._of_query(self._sql or "", key, known_fields)
        rows = opened.rows if self._mapping is None else self._mapping.apply(opened.rows)
        return LeadRows(with_options_joined(rows, known_fields), opened.expected)

    def _of_leads(self, leads: Leads | HeldCallable) -> LeadRows:
        given = leads.function() if isinstance(leads, HeldCallable) else as_list(self._records, leads)
        if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable):
            raise InvalidInput(
                self._records, f"the callable must return an iterable of mappings, not {describe_type(given)}"
            )
        total = len(given) if isinstance(given, Sequence) else None
        return LeadRows(of_iterable(given, blank=self._blank), lambda done: total)

    def _of_file(self, stack: ExitStack, name: str, key: str | None, known_fields: KnownFields) -> LeadRows:
        from airflow_provider_mkt.sync.files import FileSource, kind_of

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
            self._check_columns(columns, key, known_fields)
        return LeadRows(file.rows(), file.expected)

    def _of_query(self, sql: str, key: str | None, known_fields: KnownFields) -> LeadRows:
        connection = BaseHook.get_connection(self._sql_conn_id or "")
        try:
            hook: Any = connection.get_hook()  # type: ignore[no-untyped-call]
        except AirflowException as error:
            problem = f"connection {self._sql_conn_id!r} is of type {connection.conn_type!r}"
            raise InvalidInput(
                "sql_conn_id", f"{problem}, and no provider that is installed has a hook for it"
            ) from error
        if not hasattr(hook, "get_sqlalchemy_engine"):
            raise InvalidInput("sql_conn_id", f"connection {self._sql_conn_id!r} is not a SQL connection")
        rows = of_query(
            hook.get_sqlalchemy_engine(),
            sql,
            self._sql_parameters,
            blank=self._blank,
            check_columns=lambda columns: self._check_columns(columns, key, known_fields),
        )
        return LeadRows(rows, lambda done: None)

    def _check_columns(self, columns: Sequence[str], key: str | None, known_fields: KnownFields) -> None:
        """Check the columns of a source whose rows have all of them."""
        from airflow_provider_mkt.sync.mapping import FieldMapping

        self._given.source_columns = list(columns)
        mapping = self._mapping or FieldMapping()
        fields = mapping.fields(columns)
        keys = () if key is None else (key,)
        _check_columns(fields, keys, known_fields, of="a lead" if self._records == "leads" else "the object")
        for name in () if isinstance(mapping.blank, str) else mapping.blank:
            if name not in fields:
                raise InvalidInput(f"blank.{name}", "there is no such field in the source; nothing was sent")


def _check_columns(
    columns: Sequence[str], keys: Sequence[str], known_fields: KnownFields, *, of: str = "a lead"
) -> None:
    from airflow_provider_mkt.actions.leads import similar_to

    for name in columns:
        problem = known_fields.problem(name)
        if problem is not None and problem.code == "UNKNOWN_FIELD":
            hint = similar_to(name, known_fields.names or ())
            raise InvalidInput("source", f"column {name!r} is not a field of {of}{hint}; nothing was sent")
        if problem is not None:
            what = f"column {name!r} is a read-only field; map it to None in columns to leave it out"
            raise InvalidInput("source", f"{what}; nothing was sent")
    for key in keys if columns else ():
        if key not in columns:
            raise InvalidInput("source", f"has no column {key!r}, the key; nothing was sent")
    if columns and (missing := known_fields.missing(columns)) is not None:
        what = known_fields.required[missing]
        raise InvalidInput("source", f"has no column {missing!r}, {what}; nothing was sent")


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

    def columns(self, known_fields: KnownFields, key_columns: Sequence[str]) -> list[str]:
        """Return the platform's fields that it has, in order.

        :raises InvalidInput: when one of them cannot be written, the key is not among them, or two columns
            become one field.
        """
        from airflow_provider_mkt.sync.files import FileSource

        with FileSource(lambda: open_for_reading(self._path), self._size, self._kind) as file:
            given = file.columns()
        if given is None:
            return self._fields_of_rows(known_fields, key_columns)
        columns = self._mapping.fields(given) if given else [*key_columns]
        _check_columns(columns, key_columns, known_fields)
        return columns

    def _fields_of_rows(self, known_fields: KnownFields, key_columns: Sequence[str]) -> list[str]:
        """The fields of all rows together, where each has its own."""
        fields = dict.fromkeys(key_columns)
        with ExitStack() as stack:
            for row in self.rows(stack):
                fields.update(dict.fromkeys(row.record or ()))
        return [name for name in fields if known_fields.problem(name) is None]
