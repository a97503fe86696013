"""Operators that export HubSpot's records, and the members of its lists, to files."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_mkt.actions.targets import RESULTS, Target
from airflow_provider_mkt.client.errors import InvalidInput, PermissionDenied, RateLimited
from airflow_provider_mkt.client.wording import counted
from airflow_provider_mkt.hooks.state import clear_count
from airflow_provider_mkt.operators._export_job import METHODS, write_by_job
from airflow_provider_mkt.operators._parameters import optional_names, optional_str, required_str, to_bool
from airflow_provider_mkt.operators._parse_checks import one_of
from airflow_provider_mkt.operators._read_export import ReadExportOperator
from airflow_provider_mkt.version_compat import conf

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from airflow.sdk import Context

    from airflow_provider_mkt.actions.hubspot.exports import ExportJob, RecordExport
    from airflow_provider_mkt.actions.hubspot.object_reads import RecordColumns
    from airflow_provider_mkt.actions.procedure import Procedure
    from airflow_provider_mkt.actions.reading import ColumnTypes, Reading, Span
    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.operators._existing_files import OutputFiles
    from airflow_provider_mkt.operators._output_formats import OutputFormat
    from airflow_provider_mkt.operators._parse_checks import Arguments, ParseCheck
    from airflow_provider_mkt.operators.outcomes import ExportedFile, ExportOutcome
    from airflow_provider_mkt.state.task_state import TaskState

_NOT_BY_JOB = "cannot be had from an export job; use method='list' or 'auto'"


class ExportObjectsOperator(ReadExportOperator):
    """Export HubSpot's records to a file: contacts, companies, deals, tickets or custom objects.

    Without a range of time all records are exported, as they are at that moment. With one, those whose last
    change is in it; one that changes again while the export runs is in the range that follows.

    There are two ways. Records are listed page by page, 100 in a call, or HubSpot writes a file in an export
    job, which takes few calls and is one of 30 that an account starts in 24 hours. HubSpot runs one job at a
    time. A job is recorded before it is started, and a retry, on any worker, continues the job of the earlier
    try. One whose answer was lost cannot be found again, so the next try starts another one, three at most.
    The address of the job's file is read immediately before the download, and is in no log and no XCom.

    :param conn_id: a connection of type ``hubspot``.
    :param output_path: the file to write, on any object storage, in the format that its ending says.
    :param object_type: ``contacts``, ``companies``, ``deals``, ``tickets``, or a custom object such as
        ``2-123``.
    :param properties: properties to export; all that the account has when not given.
    :param properties_with_history: properties whose history is exported too, as JSON in the column
        ``<name>_history``. HubSpot keeps the last 20 or so values.
    :param associations: types of records, such as ``companies``: each has a column, such as
        ``associated_companies``, with the associated records as JSON: their ids, and the types and labels of
        the associations. They are read when the records are, 1,000 records in a call for each type.
    :param include_deleted: also the records that were deleted or merged.
    :param start: the first moment of the range: an aware datetime or ISO 8601 text with offset.
    :param end: the first moment after the range.
    :param since: ``last`` to begin where the run before this one ended, and to leave out what earlier runs
        have exported. The first run begins at *start*, or exports all there is. *end* is the moment when a
        run begins, unless it is given.
    :param variable: name of the Airflow Variable that keeps where that was; made of the ids of DAG and task
        when not given.
    :param overlap: seconds before the newest row of earlier runs that are read again with *since*, for rows
        that the platform shows late; 900 when not given.
    :param if_exists: what becomes of a file that exists: ``replace``, or ``fail``.
    :param method: ``list`` for pages, ``job`` for an export job, or ``auto``: a job from 200,000 records on,
        which one search counts. Jobs have neither history nor deleted records, and do not know *since*. Where
        HubSpot does not start one, ``auto`` lists.
    :param deferrable: wait for a job in the triggerer instead of in a worker.
    :param poll_interval: seconds between two polls of a job; 30 when not given.
    :param wait_timeout: seconds to wait for a job.
    :param max_poll_failure_time: seconds for which polls may keep failing.
    :returns: :class:`.ExportOutcome`. ``export_ids`` are those of jobs.
    :raises AirflowFailException: when the platform rejects the export, or a job was canceled or failed.

    Source: ``GET /crm/{version}/objects/{objectType}``, ``POST /crm/{version}/exports/export/async``,
    ``GET /crm/{version}/exports/export/{exportId}``,
    ``GET /crm/{version}/exports/export/async/tasks/{taskId}/status`` and
    ``POST /crm/{version}/associations/{fromObjectType}/{toObjectType}/batch/read``.
    """

    kind = "objects"
    platform = "hubspot"
    targets = (Target(RESULTS, "output_path", "output"),)
    template_fields: Sequence[str] = (
        *ReadExportOperator.read_fields,
        "object_type",
        "properties",
        "properties_with_history",
        "associations",
        "include_deleted",
        "method",
    )

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {
        "properties": optional_names,
        "properties_with_history": optional_names,
        "associations": optional_names,
        "include_deleted": to_bool,
        "method": one_of(*METHODS),
    }

    _columns: RecordColumns | None = None
    _context: Context | None = None
    _bound: MarketingHook | None = None
    """The hook of this run."""

    def __init__(
        self,
        *,
        conn_id: str,
        output_path: str,
        object_type: str = "contacts",
        properties: Sequence[str] | str | None = None,
        properties_with_history: Sequence[str] | str | None = None,
        associations: Sequence[str] | str | None = None,
        include_deleted: bool | str = False,
        start: datetime | str | None = None,
        end: datetime | str | None = None,
        since: str | None = None,
        variable: str | None = None,
        overlap: float | str | None = None,
        if_exists: str = "replace",
        method: str = "auto",
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: float | None = None,
        wait_timeout: float = 24 * 3600,
        max_poll_failure_time: float = 600.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            conn_id=conn_id,
            output_path=output_path,
            start=start,
            end=end,
            if_exists=if_exists,
            **kwargs,
        )
        self.since = since
        self.variable = variable
        self.overlap = overlap
        self.object_type = object_type
        self.properties = properties
        self.properties_with_history = properties_with_history
        self.associations = associations
        self.include_deleted = include_deleted
        self.method = method
        self.deferrable = deferrable
        self.poll_interval = poll_interval
        self.wait_timeout = wait_timeout
        self.max_poll_failure_time = max_poll_failure_time

    def check_arguments(self, arguments: Arguments) -> None:
        super().check_arguments(arguments)
        if arguments.given("method") and arguments["method"] == "job":
            for name in ("properties_with_history", "include_deleted", "since"):
                if arguments.given(name) and arguments[name]:
                    raise InvalidInput(name, _NOT_BY_JOB)

    def run_action(self, context: Context) -> ExportOutcome:
        self._context = context
        return super().run_action(context)

    def rows_of_watermark(self) -> str:
        from airflow_provider_mkt.client.hubspot.objects._types import plural

        return plural(required_str("object_type", self.object_type))

    def columns(self) -> Procedure[ColumnTypes]:
        self._columns = yield from self._record_columns()
        return self._columns.table()

    def readings(self, span: Span | None) -> Procedure[Sequence[Reading]]:
        from airflow_provider_mkt.actions.hubspot.object_reads import record_readings

        columns = self._columns or (yield from self._record_columns())
        return record_readings(required_str("object_type", self.object_type), columns, span)

    def write(
        self,
        hook: MarketingHook,
        task_state: TaskState,
        files: OutputFiles,
        span: Span | None,
        path: str,
        output: OutputFormat,
        types: ColumnTypes,
    ) -> ExportedFile:
        """Export the records of a file by a job, or read them by pages."""
        self._bound = hook
        chosen = self._job(hook, task_state, span)
        if chosen is not None:
            records, job = chosen
            try:
                return write_by_job(self, hook, records, job, files, path, output, types)
            except (PermissionDenied, RateLimited) as refused:
                if self.method == "job" or job.job is not None:
                    raise
                self.log.warning("No export job can be started, so the records are listed: %s", refused)
        return super().write(hook, task_state, files, span, path, output, types)

    def write_file(
        self,
        rows: Callable[[], Iterable[Mapping[str, object]]],
        count: int,
        files: OutputFiles,
        path: str,
        output: OutputFormat,
        types: ColumnTypes,
    ) -> ExportedFile:
        """Write rows to a file, with what each record is associated with."""
        others = optional_names("associations", self.associations)
        if not others or self._bound is None:
            return super().write_file(rows, count, files, path, output, types)
        from airflow_provider_mkt.operators._associated_rows import AssociatedRows

        object_type = required_str("object_type", self.object_type)
        with closing(AssociatedRows(self._bound, rows, object_type, others)) as associated:
            return super().write_file(associated, count, files, path, output, types)

    def _job(
        self, hook: MarketingHook, task_state: TaskState, span: Span | None
    ) -> tuple[RecordExport, ExportJob] | None:
        """Return what a job exports, and the job; None where the records are listed."""
        from airflow_provider_mkt.actions.hubspot import exports

        if self.method not in METHODS:
            raise InvalidInput("method", f"must be one of {', '.join(METHODS)}")
        columns = self._columns
        if self.method == "list" or columns is None or self._context is None:
            return None
        unfit = {
            "properties_with_history": columns.history,
            "include_deleted": columns.deleted,
            # What a job writes cannot be compared with what earlier runs have exported.
            "since": optional_str("since", self.since),
        }
        if given := [name for name, value in unfit.items() if value]:
            if self.method == "job":
                raise InvalidInput(given[0], _NOT_BY_JOB)
            return None
        object_type, ti = required_str("object_type", self.object_type), self._context["ti"]
        try:
            records = hook.follow(
                exports.record_export(f"{ti.dag_id}.{ti.task_id}", object_type, columns.names, span)
            )
        except InvalidInput:
            if self.method == "job":
                raise
            return None
        job = exports.ExportJob(records.start, task_state, self.log.info, clear_count(self._context))
        if self.method == "auto" and job.job is None:
            count = hook.follow(exports.count_records(object_type, span))
            if count < exports.JOB_FROM:
                return None
            self.log.info("Exporting %s by a job", counted(count, "record"))
        return records, job

    def _record_columns(self) -> Procedure[RecordColumns]:
        from airflow_provider_mkt.actions.hubspot.object_reads import record_columns

        return record_columns(
            required_str("object_type", self.object_type),
            optional_names("properties", self.properties),
            optional_names("properties_with_history", self.properties_with_history),
            deleted=to_bool("include_deleted", self.include_deleted),
            associations=optional_names("associations", self.associations),
        )
