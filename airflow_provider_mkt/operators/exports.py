"""Operators that export what Marketo knows of people to files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators._base import optional_str, to_bool
from airflow_provider_mkt.operators._exporting import ExportOperator
from airflow_provider_mkt.operators._tables import Columns, listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_provider_mkt.client.call import Call
    from airflow_provider_mkt.client.marketo.exports._parameters import Between, Export

DATE_FILTERS = ("createdAt", "updatedAt")


class ExportLeadsOperator(ExportOperator):
    """Export leads of Marketo to a file, by exactly one filter: a range of time or a list.

    A lead counts at its last change when the job of a window runs. So with ``updatedAt``, one that changes
    while the windows are exported may be in two of them, with different values, and one that changes
    after ``end`` is in the range that follows.

    :param conn_id: a connection of type ``marketo``.
    :param fields: REST names of the columns.
    :param date_filter: which time of a lead ``start`` and ``end`` are about: ``createdAt``, or
        ``updatedAt`` for the last change of any field, which not every subscription has.
    :param static_list_id: instead of a range: members of a static list when the job starts.
    :param static_list_name: the same by name.
    :param smart_list_id: members of a smart list when the job starts. Not every subscription has it.
    :param smart_list_name: the same by name.

    Source: ``POST /bulk/v1/leads/export/create.json``,
    ``POST /bulk/v1/leads/export/{exportId}/enqueue.json``,
    ``GET /bulk/v1/leads/export/{exportId}/status.json`` and
    ``GET /bulk/v1/leads/export/{exportId}/file.json``.
    """

    kind = "leads"
    template_fields: Sequence[str] = (
        *ExportOperator.template_fields,
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
        fields: Sequence[str] | str,
        date_filter: str = "createdAt",
        static_list_id: str | int | None = None,
        static_list_name: str | None = None,
        smart_list_id: str | int | None = None,
        smart_list_name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, fields=fields, **kwargs)
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
    """Export activities of Marketo to a file: what people did, and what was done to them.

    The column ``attributes`` is a JSON object by display name. ``marketoGUID`` tells one activity from
    another. Some, such as sends, are logged a while after their date, so a range that ends an hour or two
    before its export misses none.

    :param conn_id: a connection of type ``marketo``.
    :param fields: columns; otherwise ``marketoGUID``, ``leadId``, ``activityDate``, ``activityTypeId``,
        ``campaignId``, ``primaryAttributeValueId``, ``primaryAttributeValue`` and ``attributes``.
        ``actionResult`` is there on request.
    :param activity_type_ids: types to export, all otherwise; not 37, which only the feed of deleted
        leads has.
    :param primary_attribute_value_ids: up to 50 ids of assets the activities are about; needs types that
        are about the same kind of asset.
    :param primary_attribute_values: up to 50 names of them, as ``Program.Asset``; instead of ids.

    Source: ``POST /bulk/v1/activities/export/create.json``, and beside it the calls that enqueue a job,
    tell its status and read its file.
    """

    kind = "activities"
    template_fields: Sequence[str] = (
        *ExportOperator.template_fields,
        "activity_type_ids",
        "primary_attribute_value_ids",
        "primary_attribute_values",
    )

    def __init__(
        self,
        *,
        conn_id: str,
        activity_type_ids: Sequence[str | int] | str | None = None,
        primary_attribute_value_ids: Sequence[str | int] | str | None = None,
        primary_attribute_values: Sequence[str] | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.activity_type_ids = activity_type_ids
        self.primary_attribute_value_ids = primary_attribute_value_ids
        self.primary_attribute_values = primary_attribute_values

    def create(self, span: Between | None, columns: Columns) -> Call[Export]:
        from airflow_provider_mkt.client.marketo.exports import bulk_extracts

        if span is None:
            raise InvalidInput("start", "is missing: activities are exported by a range of time")
        return bulk_extracts.create_activities(
            span,
            activity_type_ids=listed("activity_type_ids", self.activity_type_ids),
            primary_attribute_value_ids=listed(
                "primary_attribute_value_ids", self.primary_attribute_value_ids
            ),
            primary_attribute_values=listed("primary_attribute_values", self.primary_attribute_values),
            fields=columns.fields,
            file_format=columns.file_format,
            column_headers=columns.headers,
        )

    def columns_of_file(self, columns: Columns) -> Sequence[str]:
        from airflow_provider_mkt.client.marketo.exports.bulk_extracts import ACTIVITY_FIELDS

        return columns.fields or ACTIVITY_FIELDS


class ExportProgramMembersOperator(ExportOperator):
    """Export members of Marketo programs to a file. Filters narrow each other.

    A range of time is about when a membership last changed; without one, all members are exported. One
    that changes after ``end`` is in the range that follows.

    :param conn_id: a connection of type ``marketo``.
    :param fields: REST names of the columns, of program members and of leads.
    :param program_id: one program.
    :param program_ids: or up to 10; the file then has ``programId`` as its first column.
    :param is_exhausted: whether they have had all content.
    :param nurture_cadence: as the instance stores it: ``norm`` or ``paus``; the platform's own pages
        differ on the words, so it is sent as given.
    :param status_names: statuses of the programs' channel, any of them.

    Source: ``POST /bulk/v1/program/members/export/create.json``, and beside it the calls that enqueue a job,
    tell its status and read its file.
    """

    kind = "program_members"
    template_fields: Sequence[str] = (
        *ExportOperator.template_fields,
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
        fields: Sequence[str] | str,
        program_id: str | int | None = None,
        program_ids: Sequence[str | int] | str | None = None,
        is_exhausted: bool | str | None = None,
        nurture_cadence: str | None = None,
        status_names: Sequence[str] | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, fields=fields, **kwargs)
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
            program_ids=listed("program_ids", self.program_ids),
            is_exhausted=None if exhausted in (None, "", "None") else to_bool("is_exhausted", exhausted),
            nurture_cadence=optional_str("nurture_cadence", self.nurture_cadence),
            status_names=listed("status_names", self.status_names),
            updated_between=span,
            file_format=columns.file_format,
            column_headers=columns.headers,
        )

    def columns_of_file(self, columns: Columns) -> Sequence[str]:
        return ["programId", *columns.fields] if listed("program_ids", self.program_ids) else columns.fields
