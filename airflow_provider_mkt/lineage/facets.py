"""The lineage of a task for OpenLineage, made of its operator's targets, parameters and outcome.

Airflow asks in a child process of the task, for the operator object of the last leg: what an earlier leg knew
is gone after a deferral. No record value, mail address or query text is in it, because events leave Airflow.

OpenLineage is imported in the functions: it need not be installed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias

from airflow_provider_mkt.actions.targets import NAMES, REJECTS, RESULTS, SOURCE, Target, found
from airflow_provider_mkt.lineage.names import DatasetName, file_dataset, platform_datasets
from airflow_provider_mkt.version_compat import BaseHook

if TYPE_CHECKING:
    from airflow.providers.openlineage.extractors import OperatorLineage
    from openlineage.client.event_v2 import Dataset, InputDataset, OutputDataset
    from openlineage.client.facet_v2 import RunFacet

    from airflow_provider_mkt.hooks.base import MarketingHook

    Lineage: TypeAlias = OperatorLineage[Dataset, RunFacet]

_WRITTEN = (
    "written",
    "imported",
    "recorded",
    "added",
    "removed",
    "enrolled",
    "requested",
    "subscribed",
    "unsubscribed",
    "deleted",
    "mailed",
    "merged",
    "created",
    "rows",
)
"""Keys of outcomes that count what was written, the first one that an outcome has."""
_COUNTS = (
    "total",
    "written",
    "created",
    "updated",
    "new",
    "changed",
    "unchanged",
    "imported",
    "recorded",
    "skipped",
    "warned",
    "rejected",
    "unknown",
    "resumed",
    "suppressed",
    "duplicates",
    "rows",
    "added",
    "already_in",
    "removed",
    "not_in",
    "already_out",
    "not_found",
    "not_sent",
    "enrolled",
    "already_enrolled",
    "requested",
    "already_member",
    "subscribed",
    "already_subscribed",
    "unsubscribed",
    "already_unsubscribed",
    "deleted",
    "already_gone",
    "mailed",
    "mailed_before",
    "merged",
    "existing",
    "archived",
    "sent",
    "delivered",
    "bounced",
    "dropped",
)
"""Keys of outcomes that are counts, for the facet of the run."""
_OF_CHANGES = frozenset({"new", "changed", "leads"})
"""Keys of what the sensor of changed leads returns, which has no key ``outcome``."""
_COUNTED = frozenset(
    {
        "attendance",
        "lead",
        "leads",
        "list",
        "marketing_events",
        "object",
        "program_members",
        "sequence",
        "smart_campaign",
        "subscriptions",
        "workflow",
    }
)
"""Kinds whose data sets have rows, which outcomes count."""
_RECORDS = frozenset({"leads", "object", "attendance"})
"""Kinds whose data sets have the fields that the columns of a source become."""

_PLACEHOLDER = re.compile(r"""'(?:[^']|'')*'|"[^"]*"|%\(\w+\)s|%s|\?""")


class TracedTask(Protocol):
    """What operators and sensors have for their lineage, in each leg of a task."""

    targets: ClassVar[Sequence[Target]]
    outcome: Mapping[str, object] | None

    @property
    def linked_hook(self) -> MarketingHook: ...


def lineage_of(task: TracedTask, *, ended: bool = False) -> Lineage | None:
    """Return what a task reads and writes.

    :param ended: whether the account may be read where it is not known yet, with one call in one attempt.
    """
    if all(target.use == "none" for target in task.targets):
        return None
    from airflow.providers.openlineage.extractors import OperatorLineage

    return _Tracing(task, ended).lineage(OperatorLineage)


class _Tracing:
    """Builds the lineage of one task."""

    def __init__(self, task: TracedTask, ended: bool) -> None:
        self.task, self.hook = task, task.linked_hook
        if ended:
            with suppress(Exception):
                self.hook.ui_host()
        self.platform, self.account = self.hook.conn_type, self.hook.known_account_name()
        outcome = task.outcome or {}
        # The answer to a named call is not an outcome: its fields are the platform's.
        ours = isinstance(outcome.get("outcome"), str) or outcome.keys() >= _OF_CHANGES
        self.outcome = outcome if ours else {}

    def lineage(self, lineage_class: type[OperatorLineage[Any, Any]]) -> Lineage:
        inputs: dict[DatasetName, Target] = {}
        outputs: dict[DatasetName, Target] = {}
        for target, name in self._datasets():
            (inputs if target.use == "input" else outputs).setdefault(name, target)
        columns = self._columns(list(inputs))
        return lineage_class(
            inputs=[self._input(name, target) for name, target in inputs.items()],
            outputs=[self._output(name, target, columns) for name, target in outputs.items()],
            run_facets=self._run_facets(),
        )

    # -- which data sets -------------------------------------------------------------------------

    def _datasets(self) -> Iterator[tuple[Target, DatasetName]]:
        files = [one for one in self.task.targets if one.kind in (SOURCE, RESULTS, REJECTS)]
        others = [one for one in self.task.targets if one not in files and one.use != "none"]
        for target in files:
            for name in self._source(target) if target.kind == SOURCE else self._file(target):
                yield target, name
        if not self.account:
            return
        for target, ids in found(others, self._value, self.hook.job_specs):
            if target.platform in ("", self.platform):
                for name in platform_datasets(self.platform, self.account, target.kind, ids):
                    yield target, name

    def _value(self, target: Target) -> object:
        value = self.outcome.get(target.id_from)
        if value is not None or target.outcome_only:
            return value
        return getattr(self.task, target.id_from, None)

    def _file(self, target: Target) -> Iterator[DatasetName]:
        if target.use != "none" and (name := file_dataset(self._value(target))) is not None:
            yield name

    def _source(self, target: Target) -> Iterator[DatasetName]:
        if (name := file_dataset(getattr(self.task, target.id_from, None))) is not None:
            yield name
        elif (query := self._query()) is not None:
            yield from query.tables

    def _query(self) -> _Query | None:
        sql, conn_id = getattr(self.task, "sql", None), getattr(self.task, "sql_conn_id", None)
        if not isinstance(sql, str) or not isinstance(conn_id, str):
            return None
        return _query(sql, conn_id)

    # -- what is known of them -------------------------------------------------------------------

    def _input(self, name: DatasetName, target: Target) -> InputDataset:
        from openlineage.client.event_v2 import InputDataset
        from openlineage.client.facet_v2 import input_statistics_input_dataset as statistics

        key = "total" if target.kind == SOURCE else "rows"
        rows = _number(self.outcome.get(key))
        facets: dict[str, Any] = {}
        if rows is not None and self._alone(target):
            facets["inputStatistics"] = statistics.InputStatisticsInputDatasetFacet(rowCount=rows)
        return InputDataset(namespace=name.namespace, name=name.name, inputFacets=facets)

    def _output(
        self, name: DatasetName, target: Target, columns: Mapping[str, list[_Column]]
    ) -> OutputDataset:
        from openlineage.client.event_v2 import OutputDataset
        from openlineage.client.facet_v2 import output_statistics_output_dataset as statistics

        rows, size = self._rows_of(target, name), None
        if target.kind == RESULTS:
            size = _number(self.outcome.get("bytes"))
        facets: dict[str, Any] = {}
        if rows is not None:
            facets["outputStatistics"] = statistics.OutputStatisticsOutputDatasetFacet(
                rowCount=rows, size=size
            )
        has_fields = target.kind in _RECORDS or (target.kind == RESULTS and target.id_from == "output_path")
        return OutputDataset(
            namespace=name.namespace,
            name=name.name,
            facets=_column_facets(columns) if has_fields else {},
            outputFacets=facets,
        )

    def _rows_of(self, target: Target, name: DatasetName) -> int | None:
        if target.kind == REJECTS:
            return _number(self.outcome.get("rejected"))
        if target.kind == RESULTS:
            if target.id_from in ("outcomes", "warnings", "report"):
                return None
            new, changed = _number(self.outcome.get("new")), _number(self.outcome.get("changed"))
            if new is not None and changed is not None:
                return new + changed
        elif target.kind not in _COUNTED or name.name == NAMES[self.platform][target.kind].parent:
            return None
        numbers = (_number(self.outcome.get(key)) for key in _WRITTEN)
        return next((one for one in numbers if one is not None), None)

    def _alone(self, target: Target) -> bool:
        """Whether a count of rows is that of one data set: of a join of tables it is of none."""
        if target.kind != SOURCE or file_dataset(getattr(self.task, target.id_from, None)) is not None:
            return True
        query = self._query()
        return query is not None and len(query.tables) == 1

    def _columns(self, inputs: Sequence[DatasetName]) -> dict[str, list[_Column]]:
        """Return the fields that are written, each with the columns that it is made of, as far as known."""
        source = next(
            (one for one in self.task.targets if one.kind == SOURCE and one.id_from == "source"), None
        )
        if source is not None:
            return self._columns_of_source()
        exported = getattr(self.task, "column_headers", None) is not None or hasattr(
            self.task, "export_fields"
        )
        fields = _decoded(getattr(self.task, "fields", None)) if exported else None
        if not isinstance(fields, (list, tuple)) or not inputs:
            return {}
        headers = _decoded(getattr(self.task, "column_headers", None))
        names = headers if isinstance(headers, Mapping) else {}
        read = inputs[0]
        return {str(names.get(one, one)): [_Column(read, str(one))] for one in fields}

    def _columns_of_source(self) -> dict[str, list[_Column]]:
        given = _decoded(getattr(self.task, "columns", None))
        mapping = dict(given) if isinstance(given, Mapping) else {}
        row_key = getattr(self.task, "row_key", None)
        if isinstance(row_key, str) and row_key != getattr(self.task, "lookup_field", None):
            mapping.setdefault(row_key, None)
        seen = getattr(self.task, "source_columns", None) or ()
        if getattr(self.task, "on_new_column", "send") == "send":
            for column in seen:
                mapping.setdefault(column, column)
        constants = _decoded(getattr(self.task, "constants", None))
        fields: dict[str, list[_Column]] = {}
        path = file_dataset(getattr(self.task, "source", None))
        query = self._query() if path is None else None
        for column, field in mapping.items():
            if not isinstance(column, str) or not isinstance(field, str):
                continue
            origins = [] if query is None else query.origins.get(column, [])
            fields[field] = [_Column(path, column)] if path is not None else origins
        for name in constants if isinstance(constants, Mapping) else ():
            fields.setdefault(str(name), [])
        return fields

    def _run_facets(self) -> dict[str, RunFacet]:
        from airflow_provider_mkt.lineage._run_facet import MktSyncRunFacet

        counts = {key: one for key in _COUNTS if (one := _number(self.outcome.get(key))) is not None}
        if not counts:
            return {}
        reasons = self.outcome.get("reasons")
        mode = self.outcome.get("mode")
        calls = _number(self.outcome.get("calls"))
        rejects = file_dataset(self.outcome.get("rejects"))
        return {
            "mkt_sync": MktSyncRunFacet(
                platform=self.platform,
                account=self.account,
                mode=mode if isinstance(mode, str) else None,
                counts=counts,
                # Codes only: some outcomes have the platform's sentences here, which may name a person.
                reasons={
                    str(code): number
                    for code, count in (reasons.items() if isinstance(reasons, Mapping) else ())
                    if (number := _number(count)) is not None
                },
                calls=self.hook.calls if calls is None else calls,
                rejects=None if rejects is None else _uri(rejects),
            )
        }


class _Column:
    """A column of a data set."""

    def __init__(self, dataset: DatasetName, name: str) -> None:
        self.dataset, self.name = dataset, name


class _Query:
    """What a SQL statement reads.

    :param tables: the tables, named as the database's hook names them.
    :param origins: for each column of the result, the columns that it is made of.
    """

    def __init__(self, tables: list[DatasetName], origins: dict[str, list[_Column]]) -> None:
        self.tables, self.origins = tables, origins


def _query(sql: str, conn_id: str) -> _Query | None:
    """Parse a statement. None when the database's hook does not tell how its tables are named."""
    from airflow.providers.openlineage.sqlparser import SQLParser

    hook: Any = BaseHook.get_hook(conn_id)
    connection = BaseHook.get_connection(conn_id)
    database = getattr(hook, "get_openlineage_database_info", lambda connection: None)(connection)
    if database is None:
        return None
    schema = hook.get_openlineage_default_schema()
    parser = SQLParser(dialect=hook.get_openlineage_database_dialect(connection), default_schema=schema)
    parsed = parser.parse(parser.split_sql_string(_without_placeholders(sql)))
    if parsed is None:
        return None
    namespace = parser.create_namespace(database)

    def named(table: Any) -> DatasetName:
        parts = (table.database or database.database, table.schema or schema, table.name)
        name = ".".join(one for one in parts if one)
        return DatasetName(namespace, name.upper() if database.is_uppercase_names else name)

    origins = {
        one.descendant.name: [
            _Column(named(column.origin), column.name) for column in one.lineage if column.origin
        ]
        for one in parsed.column_lineage
    }
    return _Query([named(table) for table in parsed.in_tables], origins)


def _without_placeholders(sql: str) -> str:
    """Return a statement with NULL for each placeholder of a driver, which the parser does not know."""
    return _PLACEHOLDER.sub(lambda found: found[0] if found[0][0] in "'\"" else "NULL", sql)


def _column_facets(columns: Mapping[str, list[_Column]]) -> dict[str, Any]:
    from openlineage.client.facet_v2 import column_lineage_dataset, schema_dataset

    if not columns:
        return {}
    fields = {
        name: column_lineage_dataset.Fields(
            inputFields=[
                column_lineage_dataset.InputField(
                    namespace=origin.dataset.namespace,
                    name=origin.dataset.name,
                    field=origin.name,
                    transformations=[
                        column_lineage_dataset.Transformation(type="DIRECT", subtype="IDENTITY")
                    ],
                )
                for origin in origins
            ]
        )
        for name, origins in columns.items()
        if origins
    }
    facets: dict[str, Any] = {
        "schema": schema_dataset.SchemaDatasetFacet(
            fields=[schema_dataset.SchemaDatasetFacetFields(name=name) for name in columns]
        )
    }
    if fields:
        facets["columnLineage"] = column_lineage_dataset.ColumnLineageDatasetFacet(fields=fields)
    return facets


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _decoded(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return None


def _uri(name: DatasetName) -> str:
    return name.name if name.namespace == "file" else f"{name.namespace}/{name.name}"
