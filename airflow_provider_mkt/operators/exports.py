"""Operators that export leads, activities and program members from Marketo to files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import conf

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators._exporting import ExportOperator
from airflow_provider_mkt.operators._parameters import is_missing, optional_list, optional_str, to_bool

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from airflow_provider_mkt.client.call import Call
    from airflow_provider_mkt.client.marketo.exports._parameters import Between, Export
    from airflow_provider_mkt.operators._tables import Columns

DATE_FILTERS = ("createdAt", "updatedAt")


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
        them for 7 days. A file without rows has the header only.
    :param fields: REST names of the columns.
    :param start: the first second of the range: an aware datetime or ISO 8601 text with offset.
    :param end: the first second after the range. Consecutive ranges share no record and miss none. That
        holds for the data intervals of DAG runs with a ``CronDataIntervalTimetable``, but not with the plain
        cron schedule of Airflow 3, whose intervals are empty.
    :param date_filter: the time of a lead that the range is about: ``createdAt``, or ``updatedAt`` for the
        last change of any field, which not every subscription has.
    :param static_list_id: instead of a range: members of a static list when the job starts.
    :param static_list_name: the same by name.
    :param smart_list_id: members of a smart list when the job starts. Not every subscription has it.
    :param smart_list_name: the same by name.
    :param file_format: ``csv`` (comma), ``tsv`` (tab) or ``ssv`` (semicolon). Empty values are the text
        ``null``, as the platform writes them.
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
    template_fields: Sequence[str] = (
        *ExportOperator.export_fields,
        "date_filter",
        "static_list_id",
        "static_list_name",
        "smart_list_id",
        "smart_list_name",
    )

    def __init__(
        self,
        *,
        conn_id: str,
        output_path: str,
        fields: Sequence[str] | str,
        start: datetime | str | None = None,
        end: datetime | str | None = None,
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


class ExportActivitiesOperator(ExportOperator):
    """Export activities of Marketo to a file: what leads did, and what was done to them.

    The column ``attributes`` is a JSON object by display name. ``marketoGUID`` identifies an activity. Some
    activities, such as sends, are logged some time after their date, so a range that ends an hour or two
    before its export misses none.

    A range of any length is cut into windows of at most 31 days, each with one job. A retry, on any worker,
    continues the jobs of the earlier try. Downloads are checked against the platform's size and SHA-256, and
    the output appears when it is complete.

    :param conn_id: a connection of type ``marketo``.
    :param output_path: the file to write, on any object storage: one table with one header line, in the
        order of time. With ``{window}`` in it, one file per window, named by its start, such as
        ``20250101T000000Z``. More than 3 GB need that, because the platform writes 500 MB a day and keeps
        them for 7 days. A file without rows has the header only.
    :param fields: REST names of the columns; when not given ``marketoGUID``, ``leadId``,
        ``activityDate``, ``activityTypeId``, ``campaignId``, ``primaryAttributeValueId``,
        ``primaryAttributeValue`` and ``attributes``. ``actionResult`` is written on request only.
    :param start: the first second of the range: an aware datetime or ISO 8601 text with offset.
    :param end: the first second after the range. Consecutive ranges share no record and miss none. That
        holds for the data intervals of DAG runs with a ``CronDataIntervalTimetable``, but not with the plain
        cron schedule of Airflow 3, whose intervals are empty.
    :param activity_type_ids: activity types to export; all when not given. Not 37 (deleted leads), which
        no bulk export has.
    :param primary_attribute_value_ids: up to 50 ids of assets that the activities are about; needs types
        that are about the same kind of asset.
    :param primary_attribute_values: instead of ids: up to 50 names, as ``Program.Asset``.
    :param file_format: ``csv`` (comma), ``tsv`` (tab) or ``ssv`` (semicolon). Empty values are the text
        ``null``, as the platform writes them.
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
    template_fields: Sequence[str] = (
        *ExportOperator.export_fields,
        "activity_type_ids",
        "primary_attribute_value_ids",
        "primary_attribute_values",
    )

    def __init__(
        self,
        *,
        conn_id: str,
        output_path: str,
        fields: Sequence[str] | str | None = None,
        start: datetime | str | None = None,
        end: datetime | str | None = None,
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
            file_format=file_format,
            column_headers=column_headers,
            deferrable=deferrable,
            poll_interval=poll_interval,
            wait_timeout=wait_timeout,
            max_poll_failure_time=max_poll_failure_time,
            cancel_on_kill=cancel_on_kill,
            **kwargs,
        )
        self.activity_type_ids = activity_type_ids
        self.primary_attribute_value_ids = primary_attribute_value_ids
        self.primary_attribute_values = primary_attribute_values

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

    def columns_of_file(self, columns: Columns) -> Sequence[str]:
        from airflow_provider_mkt.client.marketo.exports.bulk_extracts import ACTIVITY_FIELDS

        return columns.fields or ACTIVITY_FIELDS


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
        them for 7 days. A file without rows has the header only.
    :param fields: REST names of the columns, of program members and of leads.
    :param start: the first second of the range: an aware datetime or ISO 8601 text with offset.
    :param end: the first second after the range. Consecutive ranges share no record and miss none. That
        holds for the data intervals of DAG runs with a ``CronDataIntervalTimetable``, but not with the plain
        cron schedule of Airflow 3, whose intervals are empty.
    :param program_id: one program.
    :param program_ids: instead: up to 10 programs; the file then has ``programId`` as its first column.
    :param is_exhausted: whether members have received all content.
    :param nurture_cadence: as the instance stores it: ``norm`` or ``paus``. The platform's own pages
        disagree on the values, so it is sent as given.
    :param status_names: statuses of the programs' channel; members with any of them.
    :param file_format: ``csv`` (comma), ``tsv`` (tab) or ``ssv`` (semicolon). Empty values are the text
        ``null``, as the platform writes them.
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
    template_fields: Sequence[str] = (
        *ExportOperator.export_fields,
        "program_id",
        "program_ids",
        "is_exhausted",
        "nurture_cadence",
        "status_names",
    )

    def __init__(
        self,
        *,
        conn_id: str,
        output_path: str,
        fields: Sequence[str] | str,
        start: datetime | str | None = None,
        end: datetime | str | None = None,
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
            nurture_cadence=optional_str("nurture_cadence", self.nurture_cadence),
            status_names=optional_list("status_names", self.status_names),
            updated_between=span,
            file_format=columns.file_format,
            column_headers=columns.headers,
        )

    def columns_of_file(self, columns: Columns) -> Sequence[str]:
        by_program = optional_list("program_ids", self.program_ids)
        return ["programId", *columns.fields] if by_program else columns.fields
