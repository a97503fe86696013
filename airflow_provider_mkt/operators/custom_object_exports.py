"""The operator that exports custom objects of Marketo to a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_mkt.actions.targets import RESULTS, Target
from airflow_provider_mkt.operators._exporting import ExportOperator
from airflow_provider_mkt.operators._parameters import optional_str, required_str
from airflow_provider_mkt.operators.exports import check_one_filter
from airflow_provider_mkt.version_compat import conf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from airflow_provider_mkt.actions.procedure import Procedure
    from airflow_provider_mkt.client.call import Call
    from airflow_provider_mkt.client.marketo.exports._parameters import Between, Export
    from airflow_provider_mkt.operators._late_rows import RowColumns
    from airflow_provider_mkt.operators._parse_checks import Arguments, ParseCheck
    from airflow_provider_mkt.operators._tables import Columns


class ExportCustomObjectsOperator(ExportOperator):
    """Export records of a custom object of Marketo to a file, by exactly one filter: a range or a list.

    Only objects that link to leads or companies themselves can be exported: not those that link to other
    custom objects, and none that the CRM made. Marketo keeps no trace of deleted records, so none is in a
    file. A range of time is about the last change of a record: one that changes after ``end`` is in the range
    that follows.

    A range of any length is cut into windows of at most 31 days, each with one job. A retry, on any worker,
    continues the jobs of the earlier try. Downloads are checked against the platform's size and SHA-256, and
    the output appears when it is complete.

    :param conn_id: a connection of type ``marketo``.
    :param output_path: the file to write, on any object storage: one table with one header line, in the
        order of time. With ``{window}`` in it, one file per window, named by its start, such as
        ``20250101T000000Z``. More than 3 GB need that, because the platform writes 500 MB a day and keeps
        them for 7 days. A file without rows has the header only. Its ending says the format: ``.csv``,
        ``.tsv``, ``.ssv`` or ``.txt`` for a table, ``.jsonl``, or ``.parquet``, the last two with types and
        nulls; ``.gz`` or ``.zst`` after it compresses the file. Parquet and ``.zst`` need the extra
        ``files``. Other endings are refused.
    :param api_name: API name of the type, such as ``machine_c``.
    :param fields: API names of the columns. ``marketoGUID`` identifies a record.
    :param start: the first second of the range: an aware datetime or ISO 8601 text with offset.
    :param end: the first second after the range. Consecutive ranges share no record and miss none. That
        holds for the data intervals of DAG runs with a ``CronDataIntervalTimetable``, but not with the plain
        cron schedule of Airflow 3, whose intervals are empty.
    :param since: ``last`` to begin where the run before this one ended. Then *start* is where the first run
        begins, and *end* is the moment when a run begins, unless it is given.
    :param variable: name of the Airflow Variable that keeps where that was; made of the ids of DAG and task
        when not given.
    :param if_exists: what becomes of a file that exists: ``replace``, or ``fail``. A file that an earlier try
        of the task wrote is replaced in any case.
    :param static_list_id: instead of a range: records of the members of a static list when the job starts.
    :param static_list_name: the same by name.
    :param smart_list_id: records of the members of a smart list when the job starts. Not every subscription
        has it.
    :param smart_list_name: the same by name.
    :param file_format: of a table: ``csv`` (comma), ``tsv`` (tab) or ``ssv`` (semicolon). Empty values are
        the text ``null``, as the platform writes them.
    :param column_headers: headers of columns by field; API names when not given.
    :param deferrable: wait in the triggerer instead of in a worker.
    :param poll_interval: seconds between polls; 60 when not given, because the platform updates a job's
        status once a minute.
    :param wait_timeout: seconds to wait without progress of any job.
    :param max_poll_failure_time: seconds for which polls may keep failing.
    :param cancel_on_kill: cancel the jobs that are not complete when the task is killed, by a user or with
        its worker; the next try creates them again.
    :returns: :class:`.ExportOutcome`: ``kind``, ``output_path``, ``rows``, ``bytes``, ``sha256``,
        ``windows`` (count), ``export_ids`` and ``seconds`` since the first try started. With one file per
        window, ``files`` has path, rows, bytes and SHA-256 of each, and ``sha256`` is None.
    :raises AirflowFailException: when the platform rejects the export, or the jobs of a window fail
        repeatedly.

    Source: ``POST /bulk/v1/customobjects/{apiName}/export/create.json``, and the calls that enqueue a
    job, get its status and read its file.
    """

    kind = "custom_objects"
    targets = (
        Target("object", "api_name", "input", "marketo"),
        Target("list", "static_list_id", "input"),
        Target(RESULTS, "output_path", "output"),
    )

    template_fields: Sequence[str] = (
        *ExportOperator.export_fields,
        "api_name",
        "static_list_id",
        "static_list_name",
        "smart_list_id",
        "smart_list_name",
    )

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {"api_name": required_str}

    def __init__(
        self,
        *,
        conn_id: str,
        output_path: str,
        api_name: str,
        fields: Sequence[str] | str,
        start: datetime | str | None = None,
        end: datetime | str | None = None,
        since: str | None = None,
        variable: str | None = None,
        if_exists: str = "replace",
        static_list_id: str | int | None = None,
        static_list_name: str | None = None,
        smart_list_id: str | int | None = None,
        smart_list_name: str | None = None,
        file_format: str = "csv",
        column_headers: Mapping[str, str] | str | None = None,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poll_interval: float | None = None,
        wait_timeout: float = 24 * 3600,
        max_poll_failure_time: float = 600.0,
        cancel_on_kill: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            conn_id=conn_id,
            output_path=output_path,
            fields=fields,
            start=start,
            end=end,
            since=since,
            variable=variable,
            if_exists=if_exists,
            file_format=file_format,
            column_headers=column_headers,
            deferrable=deferrable,
            poll_interval=poll_interval,
            wait_timeout=wait_timeout,
            max_poll_failure_time=max_poll_failure_time,
            cancel_on_kill=cancel_on_kill,
            **kwargs,
        )
        self.api_name = api_name
        self.static_list_id = static_list_id
        self.static_list_name = static_list_name
        self.smart_list_id = smart_list_id
        self.smart_list_name = smart_list_name

    def check_arguments(self, arguments: Arguments) -> None:
        super().check_arguments(arguments)
        check_one_filter(arguments)

    def create(self, span: Between | None, columns: Columns) -> Call[Export]:
        from airflow_provider_mkt.client.marketo.exports import bulk_extracts

        return bulk_extracts.create_custom_objects(
            self.object_type(),
            columns.fields,
            updated_between=span,
            static_list_id=optional_str("static_list_id", self.static_list_id),
            static_list_name=optional_str("static_list_name", self.static_list_name),
            smart_list_id=optional_str("smart_list_id", self.smart_list_id),
            smart_list_name=optional_str("smart_list_name", self.smart_list_name),
            file_format=columns.file_format,
            column_headers=columns.headers,
        )

    def object_type(self) -> str:
        return required_str("api_name", self.api_name)

    def row_columns(self) -> RowColumns:
        from airflow_provider_mkt.operators._late_rows import RowColumns

        return RowColumns(["marketoGUID", "updatedAt"], "updatedAt")

    def rows_of_watermark(self) -> str:
        return f"custom objects {self.object_type()}"

    def column_types(self) -> Procedure[Mapping[str, str]]:
        from airflow_provider_mkt.actions.marketo.exports import object_types

        return object_types(self.object_type())
