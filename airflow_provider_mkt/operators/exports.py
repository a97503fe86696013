"""Operators that export leads, activities and program members from Marketo to files."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, ClassVar, cast

from airflow_provider_mkt.actions.targets import RESULTS, Target
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators._export_files import WINDOW
from airflow_provider_mkt.operators._exporting import ExportOperator
from airflow_provider_mkt.operators._files import as_path
from airflow_provider_mkt.operators._parameters import (
    as_seconds,
    as_time,
    is_missing,
    optional_id,
    optional_ids,
    optional_list,
    optional_names,
    optional_str,
    to_bool,
)
from airflow_provider_mkt.operators._parse_checks import one_of
from airflow_provider_mkt.version_compat import conf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from airflow.sdk import Context

    from airflow_provider_mkt.actions.procedure import Procedure
    from airflow_provider_mkt.client.call import Call
    from airflow_provider_mkt.client.marketo.exports._parameters import Between, Export
    from airflow_provider_mkt.client.marketo.exports.bulk_extracts import Cadence
    from airflow_provider_mkt.operators._late_rows import Exported, RowColumns
    from airflow_provider_mkt.operators._parse_checks import Arguments, ParseCheck
    from airflow_provider_mkt.operators._tables import Columns
    from airflow_provider_mkt.operators.outcomes import ExportOutcome

DATE_FILTERS = ("createdAt", "updatedAt")
_LIST_FILTERS = ("start", "static_list_id", "static_list_name", "smart_list_id", "smart_list_name")
_MAIL_TYPES = {"6", "7", "8", "27"}
"""Send Email, Email Delivered, Email Bounced and Email Bounced Soft."""
_LATE, _MAIL_LATE = dt.timedelta(hours=2), dt.timedelta(hours=24)
"""How long after its date an activity may be logged, and one about mail. No limit is documented."""


_NO_IDS_PATH = "is missing: overlap needs a file that keeps ids between runs"
_ONE_FILE = f"has {WINDOW}, but overlap needs one file for the range"


def check_one_filter(arguments: Arguments) -> None:
    """Check that there is a range of time or a list, and nothing else.

    :raises InvalidInput: naming what is given.
    """
    filters = [name for name in _LIST_FILTERS if arguments.given(name)]
    if arguments.given("since"):
        filters = ["since", *(name for name in filters if name != "start")]
    if len(filters) > 1 or all(map(arguments.missing, (*_LIST_FILTERS, "since"))):
        raise InvalidInput("filter", f"must be exactly one filter, not {', '.join(filters) or 'none'}")


class ExportLeadsOperator(ExportOperator):
    """Export leads of Marketo to a file, by exactly one filter: a range of time or a list.

    A lead counts at its last change when the job of a window runs. So with ``updatedAt``, a lead that
    changes while the windows are exported may be in two of them, with different values, and a lead that
    changes after ``end`` is in the range that follows.

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
    :param fields: REST names of the columns.
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
    :param date_filter: the time of a lead that the range is about: ``createdAt``, or ``updatedAt`` for the
        last change of any field, which not every subscription has.
    :param static_list_id: instead of a range: members of a static list when the job starts.
    :param static_list_name: the same by name.
    :param smart_list_id: members of a smart list when the job starts. Not every subscription has it.
    :param smart_list_name: the same by name.
    :param file_format: of a table: ``csv`` (comma), ``tsv`` (tab) or ``ssv`` (semicolon). Empty values are
        the text ``null``, as the platform writes them.
    :param column_headers: headers of columns by field; REST names when not given.
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

    Source: ``POST /bulk/v1/leads/export/create.json``,
    ``POST /bulk/v1/leads/export/{exportId}/enqueue.json``,
    ``GET /bulk/v1/leads/export/{exportId}/status.json`` and
    ``GET /bulk/v1/leads/export/{exportId}/file.json``.
    """

    kind = "leads"
    targets = (
        Target("list", "static_list_id", "input"),
        Target("leads", "", "input"),
        Target(RESULTS, "output_path", "output"),
    )

    template_fields: Sequence[str] = (
        *ExportOperator.export_fields,
        "date_filter",
        "static_list_id",
        "static_list_name",
        "smart_list_id",
        "smart_list_name",
    )

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {"date_filter": one_of(*DATE_FILTERS)}

    def __init__(
        self,
        *,
        conn_id: str,
        output_path: str,
        fields: Sequence[str] | str,
        start: datetime | str | None = None,
        end: datetime | str | None = None,
        since: str | None = None,
        variable: str | None = None,
        if_exists: str = "replace",
        date_filter: str = "createdAt",
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
        self.date_filter = date_filter
        self.static_list_id = static_list_id
        self.static_list_name = static_list_name
        self.smart_list_id = smart_list_id
        self.smart_list_name = smart_list_name

    def check_arguments(self, arguments: Arguments) -> None:
        super().check_arguments(arguments)
        check_one_filter(arguments)

    def create(self, span: Between | None, columns: Columns) -> Call[Export]:
        from airflow_provider_mkt.client.marketo.exports import bulk_extracts

        date_filter = optional_str("date_filter", self.date_filter)
        if date_filter not in DATE_FILTERS:
            raise InvalidInput("date_filter", f"must be one of {', '.join(DATE_FILTERS)}")
        return bulk_extracts.create_leads(
            columns.fields,
            created_between=span if date_filter == "createdAt" else None,
            updated_between=span if date_filter == "updatedAt" else None,
            static_list_id=optional_str("static_list_id", self.static_list_id),
            static_list_name=optional_str("static_list_name", self.static_list_name),
            smart_list_id=optional_str("smart_list_id", self.smart_list_id),
            smart_list_name=optional_str("smart_list_name", self.smart_list_name),
            file_format=columns.file_format,
            column_headers=columns.headers,
        )

    def row_columns(self) -> RowColumns:
        from airflow_provider_mkt.operators._late_rows import RowColumns

        date = optional_str("date_filter", self.date_filter) or ""
        return RowColumns(["id", date], date)

    def rows_of_watermark(self) -> str:
        return f"leads by {self.date_filter}"

    def column_types(self) -> Procedure[Mapping[str, str]]:
        from airflow_provider_mkt.actions.marketo.exports import lead_types

        return lead_types()


class ExportActivitiesOperator(ExportOperator):
    """Export activities of Marketo to a file: what leads did, and what was done to them.

    The column ``attributes`` is a JSON object by display name. ``marketoGUID`` identifies an activity.

    Activities are logged after their date, sends and deliveries up to a day after it. The platform documents
    no limit. An activity that is logged after its range was exported is not in the file, and neither in that
    of the next range, unless ``lag`` or ``overlap`` is given. With ``lag`` the export waits after the end of
    its range. With ``overlap`` it also reads a stretch before its range, and writes what earlier exports have
    not written. So each activity that is logged within ``lag`` plus ``overlap`` is in one file, once. Without
    either, a range that ends less than 2 hours before its export (24 hours, where mail is among the types) is
    warned about.

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
    :param fields: REST names of the columns; when not given ``marketoGUID``, ``leadId``,
        ``activityDate``, ``activityTypeId``, ``campaignId``, ``primaryAttributeValueId``,
        ``primaryAttributeValue`` and ``attributes``. ``actionResult`` is written on request only.
    :param start: the first second of the range: an aware datetime or ISO 8601 text with offset.
    :param end: the first second after the range. Consecutive ranges share no second. That holds for the data
        intervals of DAG runs with a ``CronDataIntervalTimetable``, but not with the plain cron schedule of
        Airflow 3, whose intervals are empty.
    :param since: ``last`` to begin where the run before this one ended. Then *start* is where the first run
        begins, and *end* is the moment when a run begins, unless it is given.
    :param variable: name of the Airflow Variable that keeps where that was; made of the ids of DAG and task
        when not given.
    :param if_exists: what becomes of a file that exists: ``replace``, or ``fail``. A file that an earlier try
        of the task wrote is replaced in any case.
    :param lag: seconds after ``end`` before which no job is created. The task waits for that.
    :param overlap: seconds before ``start`` that are read too, for activities that are logged late. Needs
        ``ids_path``, and one output file. With ``since="last"`` it needs no file, and is 2 hours when not
        given, or 24 where mail is among the types. The first export that uses the file reads its own range
        only.
    :param ids_path: a file on any object storage that keeps the ids of the last exported activities from
        run to run. It is of one series of ranges, whose runs do not overlap in time. The newest range can be
        exported again; an older one then has the rows of its own range only.
    :param activity_type_ids: activity types to export; all when not given. Not 37 (deleted leads), which
        no bulk export has.
    :param primary_attribute_value_ids: up to 50 ids of assets that the activities are about; needs types
        that are about the same kind of asset.
    :param primary_attribute_values: instead of ids: up to 50 names, as ``Program.Asset``.
    :param file_format: of a table: ``csv`` (comma), ``tsv`` (tab) or ``ssv`` (semicolon). Empty values are
        the text ``null``, as the platform writes them.
    :param column_headers: headers of columns by field; REST names when not given.
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

    Source: ``POST /bulk/v1/activities/export/create.json``, and the calls that enqueue a job, get its status
    and read its file.
    """

    kind = "activities"
    targets = (
        Target("activities", "", "input"),
        Target(RESULTS, "output_path", "output"),
    )

    template_fields: Sequence[str] = (
        *ExportOperator.export_fields,
        "lag",
        "overlap",
        "ids_path",
        "activity_type_ids",
        "primary_attribute_value_ids",
        "primary_attribute_values",
    )

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {
        "activity_type_ids": optional_ids,
        "primary_attribute_value_ids": optional_ids,
        "primary_attribute_values": optional_names,
    }

    def __init__(
        self,
        *,
        conn_id: str,
        output_path: str,
        fields: Sequence[str] | str | None = None,
        start: datetime | str | None = None,
        end: datetime | str | None = None,
        since: str | None = None,
        variable: str | None = None,
        if_exists: str = "replace",
        lag: float | str = 0.0,
        overlap: float | str = 0.0,
        ids_path: str | None = None,
        activity_type_ids: Sequence[str | int] | str | None = None,
        primary_attribute_value_ids: Sequence[str | int] | str | None = None,
        primary_attribute_values: Sequence[str] | str | None = None,
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
        self.lag = lag
        self.overlap = overlap
        self.ids_path = ids_path
        self.activity_type_ids = activity_type_ids
        self.primary_attribute_value_ids = primary_attribute_value_ids
        self.primary_attribute_values = primary_attribute_values

    def check_arguments(self, arguments: Arguments) -> None:
        super().check_arguments(arguments)
        if arguments.missing("start") and arguments.missing("since"):
            raise InvalidInput("start", "is missing: activities are exported by a range of time")
        if arguments.given("since") and arguments.given("ids_path"):
            raise InvalidInput("ids_path", "is not used with since='last': the watermark keeps the ids")
        overlapping = arguments.given("overlap") and as_seconds("overlap", self.overlap) > 0
        if overlapping and arguments.missing("since"):
            if arguments.missing("ids_path"):
                raise InvalidInput("ids_path", _NO_IDS_PATH)
            if arguments.given("output_path") and WINDOW in str(self.output_path):
                raise InvalidInput("output_path", _ONE_FILE)

    def create(self, span: Between | None, columns: Columns) -> Call[Export]:
        from airflow_provider_mkt.client.marketo.exports import bulk_extracts

        if span is None:
            raise InvalidInput("start", "is missing: activities are exported by a range of time")
        return bulk_extracts.create_activities(
            span,
            activity_type_ids=optional_list("activity_type_ids", self.activity_type_ids),
            primary_attribute_value_ids=optional_list(
                "primary_attribute_value_ids", self.primary_attribute_value_ids
            ),
            primary_attribute_values=optional_list("primary_attribute_values", self.primary_attribute_values),
            fields=columns.fields,
            file_format=columns.file_format,
            column_headers=columns.headers,
        )

    def row_columns(self) -> RowColumns:
        from airflow_provider_mkt.operators._late_rows import RowColumns

        return RowColumns(["marketoGUID"], "activityDate")

    def overlap_of_rows(self) -> dt.timedelta:
        given = as_seconds("overlap", self.overlap)
        return dt.timedelta(seconds=given) if given else self._latest()

    def _latest(self) -> dt.timedelta:
        """Return how long after its date an activity of the types may be logged."""
        types = set(map(str, optional_list("activity_type_ids", self.activity_type_ids)))
        return _MAIL_LATE if not types or types & _MAIL_TYPES else _LATE

    def exported(self, path: str) -> Exported | None:
        from airflow_provider_mkt.operators._late_rows import ExportedIds

        overlap, ids_path = as_seconds("overlap", self.overlap), as_path("ids_path", self.ids_path)
        if not overlap or optional_str("since", self.since) is not None:
            return None
        start, end = as_time("start", self.start), as_time("end", self.end)
        if start is None or end is None:
            raise InvalidInput("start" if start is None else "end", "is missing: overlap is about a range")
        if ids_path is None:
            raise InvalidInput("ids_path", _NO_IDS_PATH)
        if WINDOW in path:
            raise InvalidInput("output_path", _ONE_FILE)
        return ExportedIds(ids_path, dt.timedelta(seconds=overlap), start, end)

    def wait_for_rows(self) -> None:
        lag, end = as_seconds("lag", self.lag), as_time("end", self.end)
        if not lag or end is None:
            return
        now, due = dt.datetime.now(dt.UTC), end.astimezone(dt.UTC) + dt.timedelta(seconds=lag)
        if due > now:
            if self.deferrable:
                self.defer_until(due, "Activities of the range may still be logged")
            self.log.info("Waiting until %s for activities that are logged late", due.isoformat())
            self.sleep((due - now).total_seconds())

    def check_end(self, end: datetime) -> None:
        lag, overlap = as_seconds("lag", self.lag), as_seconds("overlap", self.overlap)
        if not lag:
            super().check_end(end)
        late = self._latest()
        if lag + overlap < late.total_seconds() and end > dt.datetime.now(dt.UTC) - late:
            self.log.warning(
                "Activities of the last %.0f hours before the end may be logged later. Then they are in no "
                "file; lag or overlap finds them",
                late.total_seconds() / 3600,
            )

    def check_filters(self) -> Procedure[None]:
        from airflow_provider_mkt.actions.marketo.exports import check_activity_types

        return check_activity_types(optional_list("activity_type_ids", self.activity_type_ids))

    def columns_of_file(self, columns: Columns) -> Sequence[str]:
        from airflow_provider_mkt.client.marketo.exports.bulk_extracts import ACTIVITY_FIELDS

        return columns.fields or ACTIVITY_FIELDS

    def column_types(self) -> Procedure[Mapping[str, str]]:
        from airflow_provider_mkt.actions.marketo.exports import activity_types

        return activity_types()


class ExportProgramMembersOperator(ExportOperator):
    """Export members of Marketo programs to a file. Only members that match all filters are exported.

    A range of time is about the last change of a membership; without one, all members are exported. A
    membership that changes after ``end`` is in the range that follows.

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
    :param fields: REST names of the columns, of program members and of leads.
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
    :param program_id: one program.
    :param program_ids: instead: up to 10 programs; the file then has ``programId`` as its first column.
    :param is_exhausted: whether members have received all content.
    :param nurture_cadence: ``norm`` or ``pause``; ``normal``, ``paused`` and ``paus`` are documented too. It
        is sent as given, because the documents disagree on the values. A file without rows is warned about.
    :param status_names: statuses of the programs' channel; members with any of them.
    :param file_format: of a table: ``csv`` (comma), ``tsv`` (tab) or ``ssv`` (semicolon). Empty values are
        the text ``null``, as the platform writes them.
    :param column_headers: headers of columns by field; REST names when not given.
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

    Source: ``POST /bulk/v1/program/members/export/create.json``, and the calls that enqueue a job, get its
    status and read its file.
    """

    kind = "program_members"
    targets = (
        Target("program_members", "program_id", "input"),
        Target("program_members", "program_ids", "input"),
        Target(RESULTS, "output_path", "output"),
    )

    template_fields: Sequence[str] = (
        *ExportOperator.export_fields,
        "program_id",
        "program_ids",
        "is_exhausted",
        "nurture_cadence",
        "status_names",
    )

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {
        "is_exhausted": lambda name, value: None if is_missing(value) else to_bool(name, value),
        "program_id": optional_id,
        "program_ids": optional_ids,
        "status_names": optional_names,
    }

    def __init__(
        self,
        *,
        conn_id: str,
        output_path: str,
        fields: Sequence[str] | str,
        start: datetime | str | None = None,
        end: datetime | str | None = None,
        since: str | None = None,
        variable: str | None = None,
        if_exists: str = "replace",
        program_id: str | int | None = None,
        program_ids: Sequence[str | int] | str | None = None,
        is_exhausted: bool | str | None = None,
        nurture_cadence: str | None = None,
        status_names: Sequence[str] | str | None = None,
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
        self.program_id = program_id
        self.program_ids = program_ids
        self.is_exhausted = is_exhausted
        self.nurture_cadence = nurture_cadence
        self.status_names = status_names

    def create(self, span: Between | None, columns: Columns) -> Call[Export]:
        from airflow_provider_mkt.client.marketo.exports import bulk_extracts

        exhausted = self.is_exhausted
        return bulk_extracts.create_program_members(
            columns.fields,
            program_id=optional_str("program_id", self.program_id),
            program_ids=optional_list("program_ids", self.program_ids),
            is_exhausted=None if is_missing(exhausted) else to_bool("is_exhausted", exhausted),
            nurture_cadence=cast(
                "Cadence | None", optional_str("nurture_cadence", self.nurture_cadence) or None
            ),
            status_names=optional_list("status_names", self.status_names),
            updated_between=span,
            file_format=columns.file_format,
            column_headers=columns.headers,
        )

    def run_action(self, context: Context) -> ExportOutcome:
        outcome = super().run_action(context)
        if outcome["rows"] == 0 and not is_missing(self.nurture_cadence):
            self.log.warning(
                "No member matches. The documents disagree on the values of nurture_cadence: try others too"
            )
        return outcome

    def columns_of_file(self, columns: Columns) -> Sequence[str]:
        by_program = optional_list("program_ids", self.program_ids)
        return ["programId", *columns.fields] if by_program else columns.fields

    def row_columns(self) -> RowColumns:
        from airflow_provider_mkt.operators._late_rows import RowColumns

        by_program = optional_list("program_ids", self.program_ids)
        ids = ["leadId", "updatedAt"]
        return RowColumns(["programId", *ids] if by_program else ids, "updatedAt")

    def column_types(self) -> Procedure[Mapping[str, str]]:
        from airflow_provider_mkt.actions.marketo.exports import member_types

        return member_types()
