"""Where the leads of an operator come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.providers.common.compat.sdk import BaseHook, ObjectStoragePath

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.redaction import describe_type
from airflow_provider_mkt.operators._base import as_list, as_mapping, optional_str
from airflow_provider_mkt.operators._cancellation import CancellableOperator
from airflow_provider_mkt.operators._files import as_path, open_for_reading
from airflow_provider_mkt.operators._parameters import HeldCallable, hold_callable

if TYPE_CHECKING:
    from airflow_provider_mkt.actions.ports import LeadWriter
    from airflow_provider_mkt.sync.files import Format
    from airflow_provider_mkt.sync.mapping import FieldMapping, Type
    from airflow_provider_mkt.sync.rows import Blank, Row


class LeadSource:
    """Rows, and how many there will be, as far as that can be told from those done."""

    def __init__(self, rows: Iterator[Row], expected: Callable[[int], int | None]) -> None:
        self._rows = rows
        self.expected = expected

    def __iter__(self) -> Iterator[Row]:
        return self._rows


class LeadSourceOperator(CancellableOperator):
    """Base of the operators that read leads from a list, a file or a database.

    Exactly one of ``leads``, ``source`` and ``sql`` is given.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type decides the platform.
    :param leads: mappings of field to value: a list, or a callable without arguments that returns any
        iterable of them.
    :param source: a file on any object storage Airflow reaches: CSV (UTF-8, with a header), JSON Lines
        or Parquet; CSV and JSON Lines also compressed by gzip or zstd (``.gz``, ``.zst``). The rejects file
        of an earlier run is one too.
    :param source_format: ``csv``, ``jsonl`` or ``parquet``; told by the file's ending when not given.
    :param sql: a statement that returns rows, streamed by a cursor on the server.
    :param sql_conn_id: the database: any Airflow connection with a SQL hook.
    :param sql_parameters: values for the statement's placeholders, in the style of the database's driver.
    :param columns: column to field, for columns that are not named like their field. One that is mapped
        to None is left out.
    :param constants: fields that every lead gets, whatever its row says.
    :param null_values: texts that mean no value, such as ``NULL``.
    :param types: field to ``text``, ``integer``, ``number``, ``boolean``, ``date`` or ``datetime``; a value
        that cannot be of its type rejects its lead.
    :param blank: what no value means (an empty CSV value, NULL of a database or a Parquet file, one of
        ``null_values``): ``omit`` leaves the field alone, ``clear`` empties it.
    """

    source_fields: ClassVar[tuple[str, ...]] = (
        "conn_id",
        "leads",
        "source",
        "source_format",
        "sql",
        "sql_parameters",
        "columns",
        "constants",
    )
    template_fields: Sequence[str] = source_fields
    template_ext: Sequence[str] = (".sql",)
    template_fields_renderers = {"sql": "sql", "columns": "json", "constants": "json"}  # noqa: RUF012 - Airflow's own

    def __init__(
        self,
        *,
        conn_id: str,
        leads: Sequence[Mapping[str, Any]] | Callable[[], Iterable[Mapping[str, Any]]] | str | None = None,
        source: str | None = None,
        source_format: Format | None = None,
        sql: str | None = None,
        sql_conn_id: str | None = None,
        sql_parameters: Mapping[str, Any] | Sequence[Any] | None = None,
        columns: Mapping[str, str | None] | str | None = None,
        constants: Mapping[str, Any] | str | None = None,
        null_values: Sequence[str] = (),
        types: Mapping[str, Type] | None = None,
        blank: Blank = "omit",
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.leads = hold_callable(leads)
        self.source = source
        self.source_format = source_format
        self.sql = sql
        self.sql_conn_id = sql_conn_id
        self.sql_parameters = sql_parameters
        self.columns = columns
        self.constants = constants
        self.null_values = null_values
        self.types = types
        self.blank = blank

    def check_source(self) -> FieldMapping:
        """Check what can be checked before anything is opened.

        :raises InvalidInput: naming the parameter.
        """
        from airflow_provider_mkt.sync.mapping import FieldMapping

        given = [
            name
            for name, value in (
                ("leads", self.leads),
                ("source", as_path("source", self.source)),
                ("sql", optional_str("sql", self.sql)),
            )
            if value is not None
        ]
        if len(given) != 1:
            raise InvalidInput("leads", "give exactly one of leads, source and sql")
        if given == ["sql"] and not self.sql_conn_id:
            raise InvalidInput("sql_conn_id", "is missing: the connection of the database")
        if self.blank not in ("omit", "clear"):
            raise InvalidInput("blank", "must be omit or clear")
        return FieldMapping(
            columns=as_mapping("columns", self.columns or {}),
            constants=as_mapping("constants", self.constants or {}),
            null_values=frozenset(as_list("null_values", self.null_values)),
            types=as_mapping("types", self.types or {}),
            blank=self.blank,
        )

    def open_source(
        self, stack: ExitStack, writer: LeadWriter, lookup_field: str, known_fields: frozenset[str] | None
    ) -> LeadSource:
        """The rows, mapped to the platform's fields.

        :param stack: closes what is opened here.
        :raises InvalidInput: when there is no such file, or a column is no field of a lead.
        """
        mapping = self.check_source()
        if self.leads is not None:
            source = self._of_leads()
        elif (path := as_path("source", self.source)) is not None:
            source = self._of_file(stack, path, mapping, writer, lookup_field, known_fields)
        else:
            source = self._of_query()
        return LeadSource(mapping.apply(iter(source)), source.expected)

    def _of_leads(self) -> LeadSource:
        from airflow_provider_mkt.sync import rows

        given = (
            self.leads.function() if isinstance(self.leads, HeldCallable) else as_list("leads", self.leads)
        )
        if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Iterable):
            raise InvalidInput(
                "leads", f"the callable must return an iterable of mappings, not {describe_type(given)}"
            )
        total = len(given) if isinstance(given, Sequence) else None
        return LeadSource(rows.of_iterable(given), lambda done: total)

    def _of_file(
        self,
        stack: ExitStack,
        where: str,
        mapping: FieldMapping,
        writer: LeadWriter,
        lookup_field: str,
        known_fields: frozenset[str] | None,
    ) -> LeadSource:
        from airflow_provider_mkt.sync.files import FileSource, kind_of

        path = ObjectStoragePath(where)
        kind = kind_of(path.name, optional_str("source_format", self.source_format))
        try:
            size = path.stat().st_size
            file = stack.enter_context(
                FileSource(lambda: open_for_reading(path), size, kind, blank=self.blank)
            )
            columns = file.columns()
        except FileNotFoundError:
            raise InvalidInput("source", f"there is no file {path}") from None
        if columns is not None:
            _check_columns(mapping.fields(columns), writer, lookup_field, known_fields)
        return LeadSource(file.rows(), file.expected)

    def _of_query(self) -> LeadSource:
        from airflow_provider_mkt.sync.queries import of_query

        hook = BaseHook.get_hook(self.sql_conn_id or "")
        if not hasattr(hook, "get_sqlalchemy_engine"):
            raise InvalidInput("sql_conn_id", f"connection {self.sql_conn_id!r} is of no SQL database")
        rows = of_query(
            hook.get_sqlalchemy_engine(),
            optional_str("sql", self.sql) or "",
            self.sql_parameters,
            blank=self.blank,
        )
        return LeadSource(rows, lambda done: None)


def _check_columns(
    columns: Sequence[str], writer: LeadWriter, lookup_field: str, known_fields: frozenset[str] | None
) -> None:
    unknown = [name for name in columns if known_fields is not None and name not in known_fields]
    if unknown:
        raise InvalidInput("source", f"column {unknown[0]!r} is no field of a lead; nothing was sent")
    if columns and writer.repeatable and lookup_field not in columns:
        raise InvalidInput("source", f"has no column {lookup_field!r}, the key; nothing was sent")
