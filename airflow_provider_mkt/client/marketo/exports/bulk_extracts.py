"""Bulk extracts of leads, activities, program members and custom objects: jobs that write a file.

Create a job, enqueue it, and download its file when it is completed. All kinds share a queue of 10 jobs, of
which two run at a time, and 500 MB per day. Only the API user who created a job can read it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Literal

from airflow_provider_mkt.client.call import (
    Call,
    Envelope,
    Json,
    Replay,
    Route,
    comma_joined,
    query_pairs,
)
from airflow_provider_mkt.client.errors import Conflict, InvalidInput
from airflow_provider_mkt.client.marketo.bulk import FileFormat, FilePart, download, part_of
from airflow_provider_mkt.client.marketo.custom_objects.custom_objects import ApiName
from airflow_provider_mkt.client.marketo.exports._parameters import (
    SCOPES,
    ByteOffset,
    Columns,
    ColumnsOrDefault,
    Export,
    Kind,
    Period,
    byte_range,
    create,
    one_filter,
    period_filter,
    route,
    unique_texts,
)
from airflow_provider_mkt.client.marketo.requests import BatchSize, ShortText
from airflow_provider_mkt.client.marketo.responses import first_row, only_row_as, rows_as
from airflow_provider_mkt.client.paging import Cursor, position_token
from airflow_provider_mkt.client.parameters import Check, NumericId, endpoint, items_or_empty, mapping

Status = Literal["Created", "Queued", "Processing", "Canceled", "Completed", "Failed"]
Cadence = Literal["pause", "norm", "paused", "normal", "paus"]
PROGRAMS_MAX = 10
VALUES_MAX = 50
TYPES_MAX = 10_000
DELETED_LEADS = 37
AttributeValues = Annotated[Sequence[str], Check(partial(unique_texts, at_most=VALUES_MAX, at_least=0))]
ACTIVITY_FIELDS = (
    "marketoGUID",
    "leadId",
    "activityDate",
    "activityTypeId",
    "campaignId",
    "primaryAttributeValueId",
    "primaryAttributeValue",
    "attributes",
)
"""The columns of an activity export when no fields are given."""


@endpoint
def create_leads(
    fields: Columns,
    *,
    created_between: Period | None = None,
    updated_between: Period | None = None,
    static_list_id: NumericId | None = None,
    static_list_name: ShortText | None = None,
    smart_list_id: NumericId | None = None,
    smart_list_name: ShortText | None = None,
    file_format: FileFormat = "csv",
    column_headers: Mapping[str, str] | None = None,
) -> Call[Export]:
    """Create a job that exports leads, by exactly one filter. The job starts only when it is enqueued.

    :param fields: REST names of the columns.
    :param created_between: creation time: start and end (timezone-aware, inclusive), at most 31 days apart.
    :param updated_between: time of the last update, in the same form. Not every subscription supports it.
    :param static_list_id: id of a static list: exports its members at the time the job starts.
    :param static_list_name: name of a static list, instead of its id.
    :param smart_list_id: id of a smart list: exports its members at the time the job starts. Not every
        subscription supports it.
    :param smart_list_name: name of a smart list, instead of its id.
    :param file_format: ``csv`` (comma), ``tsv`` (tab) or ``ssv`` (semicolon).
    :param column_headers: column headers by field; REST names when not given.
    :returns: the job, with status ``Created``.
    :raises InvalidInput: when not exactly one filter is given.

    Source: ``POST /bulk/v1/leads/export/create.json``.
    """
    filters: dict[str, Json] = {
        "createdAt": None if created_between is None else period_filter(created_between),
        "updatedAt": None if updated_between is None else period_filter(updated_between),
        "staticListId": static_list_id,
        "staticListName": static_list_name,
        "smartListId": smart_list_id,
        "smartListName": smart_list_name,
    }
    return create(
        "bulk_extracts.create_leads", "leads", one_filter(filters), fields, file_format, column_headers
    )


@endpoint
def create_activities(
    created_between: Period,
    *,
    activity_type_ids: Annotated[Sequence[NumericId], items_or_empty(TYPES_MAX)] = (),
    primary_attribute_value_ids: Annotated[Sequence[NumericId], items_or_empty(VALUES_MAX)] = (),
    primary_attribute_values: AttributeValues = (),
    fields: ColumnsOrDefault = (),
    file_format: FileFormat = "csv",
    column_headers: Mapping[str, str] | None = None,
) -> Call[Export]:
    """Create a job that exports activities. The job starts only when it is enqueued.

    :param created_between: creation time: start and end (timezone-aware, inclusive), at most 31 days apart.
    :param activity_type_ids: only these activity types; all types when empty. 37 (deleted leads) is not
        supported: use ``activities.deleted_leads``.
    :param primary_attribute_value_ids: only activities about these assets, at most 50 ids; needs activity
        types with the same type of asset.
    :param primary_attribute_values: only activities about these assets, at most 50 names such as
        ``Program.Asset``; instead of ids.
    :param fields: columns; all except ``actionResult`` when empty.
    :param file_format: ``csv`` (comma), ``tsv`` (tab) or ``ssv`` (semicolon).
    :param column_headers: column headers by field; REST names when not given.
    :returns: the job, with status ``Created``.

    Source: ``POST /bulk/v1/activities/export/create.json``.
    """
    if DELETED_LEADS in activity_type_ids:
        raise InvalidInput("activity_type_ids", f"cannot contain {DELETED_LEADS}")
    if primary_attribute_value_ids and primary_attribute_values:
        raise InvalidInput("primary_attribute_values", "cannot be combined with primary_attribute_value_ids")
    if (primary_attribute_value_ids or primary_attribute_values) and not activity_type_ids:
        raise InvalidInput("activity_type_ids", "is required with primary attributes")
    filters: dict[str, Json] = {"createdAt": period_filter(created_between)}
    if activity_type_ids:
        filters["activityTypeIds"] = activity_type_ids
    if primary_attribute_value_ids:
        filters["primaryAttributeValueIds"] = primary_attribute_value_ids
    if primary_attribute_values:
        filters["primaryAttributeValues"] = primary_attribute_values
    return create(
        "bulk_extracts.create_activities", "activities", filters, fields, file_format, column_headers
    )


@endpoint
def create_program_members(
    fields: Columns,
    *,
    program_id: NumericId | None = None,
    program_ids: Annotated[Sequence[NumericId], items_or_empty(PROGRAMS_MAX)] = (),
    is_exhausted: bool | None = None,
    nurture_cadence: Cadence | None = None,
    status_names: ColumnsOrDefault = (),
    updated_between: Period | None = None,
    file_format: FileFormat = "csv",
    column_headers: Mapping[str, str] | None = None,
) -> Call[Export]:
    """Create a job that exports program members.

    The job starts only when it is enqueued. Filters are combined with AND.

    :param fields: REST names of the columns, of program members and of leads.
    :param program_id: id of one program.
    :param program_ids: ids of up to 10 programs, instead of *program_id*; the file then has ``programId`` as
        its first column.
    :param is_exhausted: only members who have, or have not, received all content.
    :param nurture_cadence: ``pause`` or ``norm``, as the guide has it; ``paused`` or ``normal``, as the
        schema has it; or ``paus``, for which the four characters of the field have room. It is sent as given,
        because the documents disagree. A word that an instance does not know may match nobody.
    :param status_names: only members with one of these program statuses.
    :param updated_between: creation time: start and end (timezone-aware, inclusive), at most 31 days apart.
        Not every
        subscription has it.
    :param file_format: ``csv`` (comma), ``tsv`` (tab) or ``ssv`` (semicolon).
    :param column_headers: column headers by field; REST names when not given.
    :returns: the job, with status ``Created``.
    :raises InvalidInput: when neither or both of *program_id* and *program_ids* are given.

    Source: ``POST /bulk/v1/program/members/export/create.json``.
    """
    if (program_id is None) == (not program_ids):
        raise InvalidInput("program_id", "is required, or program_ids instead of it")
    filters: dict[str, Json] = (
        {"programIds": program_ids} if program_id is None else {"programId": program_id}
    )
    if is_exhausted is not None:
        filters["isExhausted"] = is_exhausted
    if nurture_cadence is not None:
        filters["nurtureCadence"] = nurture_cadence
    if status_names:
        filters["statusNames"] = status_names
    if updated_between is not None:
        filters["updatedAt"] = period_filter(updated_between)
    # In Adobe's examples of this export, unlike others, standard columns have display names as headers.
    headers = {field: field for field in fields}
    if column_headers is not None:
        mapping("column_headers", column_headers)
        headers |= column_headers
    return create(
        "bulk_extracts.create_program_members", "program_members", filters, fields, file_format, headers
    )


@endpoint
def create_custom_objects(
    api_name: ApiName,
    fields: Columns,
    *,
    updated_between: Period | None = None,
    static_list_id: NumericId | None = None,
    static_list_name: ShortText | None = None,
    smart_list_id: NumericId | None = None,
    smart_list_name: ShortText | None = None,
    file_format: FileFormat = "csv",
    column_headers: Mapping[str, str] | None = None,
) -> Call[Export]:
    """Create a job that exports records of a custom object, by exactly one filter.

    The job starts only when it is enqueued. Only objects that link to leads or companies themselves can be
    exported, and none that the CRM made. A list is one of leads: the records that link to them are exported.

    :param api_name: API name of the type.
    :param fields: API names of the columns.
    :param updated_between: time of the last update: start and end (timezone-aware, inclusive), at most 31
        days apart.
    :param static_list_id: id of a static list, for its members at the time the job starts.
    :param static_list_name: name of a static list, instead of its id.
    :param smart_list_id: id of a smart list, for its members at the time the job starts. Not every
        subscription supports it.
    :param smart_list_name: name of a smart list, instead of its id.
    :param file_format: ``csv`` (comma), ``tsv`` (tab) or ``ssv`` (semicolon).
    :param column_headers: column headers by field; API names when not given.
    :returns: the job, with status ``Created``.
    :raises InvalidInput: when not exactly one filter is given.

    Source: ``POST /bulk/v1/customobjects/{apiName}/export/create.json``.
    """
    filters: dict[str, Json] = {
        "updatedAt": None if updated_between is None else period_filter(updated_between),
        "staticListId": static_list_id,
        "staticListName": static_list_name,
        "smartListId": smart_list_id,
        "smartListName": smart_list_name,
    }
    return create(
        "bulk_extracts.create_custom_objects",
        "custom_objects",
        one_filter(filters),
        fields,
        file_format,
        column_headers,
        api_name,
    )


@endpoint
def enqueue(kind: Kind, export_id: str, *, api_name: ApiName | None = None) -> Call[Export]:
    """Enqueue a job. It is not an error if the job is already in the queue.

    :param kind: ``leads``, ``activities``, ``program_members`` or ``custom_objects``.
    :param export_id: ``exportId`` of the job.
    :param api_name: API name of the type, with ``custom_objects`` only.
    :returns: the job; only ``exportId`` and status ``Queued`` when it was already in the queue.
    :raises RateLimited: when the queue stays full.
    :raises QuotaExhausted: when the daily 500 MB are used up.

    Source: ``POST /bulk/v1/{leads|activities|program/members}/export/{exportId}/enqueue.json``, or with
    ``customobjects/{apiName}`` in its place.
    """

    def read(envelope: Envelope) -> Export:
        if not envelope:
            return Export(exportId=str(export_id), status="Queued")
        return only_row_as(Export)(envelope)

    path = _job("POST", kind, export_id, "enqueue", api_name)
    return Call("bulk_extracts.enqueue", path, read, Replay.SAFE, scopes=SCOPES[kind], ok_errors=Conflict)


@endpoint
def status(kind: Kind, export_id: str, *, api_name: ApiName | None = None) -> Call[Export]:
    """Read the status of a job. It changes at most every 60 s and is kept for 30 days after the job's end.

    :param kind: ``leads``, ``activities``, ``program_members`` or ``custom_objects``.
    :param export_id: ``exportId`` of the job.
    :param api_name: API name of the type, with ``custom_objects`` only.
    :returns: the job; ``numberOfRecords``, ``fileSize`` and ``fileChecksum`` (``sha256:`` and hex) once
        ``Completed``, ``errorMsg`` once ``Failed``.

    Source: ``GET /bulk/v1/{leads|activities|program/members}/export/{exportId}/status.json``, or with
    ``customobjects/{apiName}`` in its place.
    """
    path = _job("GET", kind, export_id, "status", api_name)
    return Call("bulk_extracts.status", path, only_row_as(Export), Replay.SAFE, scopes=SCOPES[kind])


@endpoint
def cancel(kind: Kind, export_id: str, *, api_name: ApiName | None = None) -> Call[Export | None]:
    """Cancel a job that has not ended.

    :param kind: ``leads``, ``activities``, ``program_members`` or ``custom_objects``.
    :param export_id: ``exportId`` of the job.
    :param api_name: API name of the type, with ``custom_objects`` only.
    :returns: the job, or None when Marketo does not return it.

    Source: ``POST /bulk/v1/{leads|activities|program/members}/export/{exportId}/cancel.json``, or with
    ``customobjects/{apiName}`` in its place.
    """

    def read(envelope: Envelope) -> Export | None:
        return only_row_as(Export)(envelope) if first_row(envelope) else None

    path = _job("POST", kind, export_id, "cancel", api_name)
    return Call("bulk_extracts.cancel", path, read, Replay.SAFE, scopes=SCOPES[kind])


@endpoint
def list_jobs(
    kind: Kind,
    *,
    api_name: ApiName | None = None,
    statuses: Sequence[Status] = (),
    batch_size: BatchSize = 300,
    next_page_token: Cursor | None = None,
) -> Call[list[Export]]:
    """List the API user's jobs of the last 7 days.

    :param kind: ``leads``, ``activities``, ``program_members`` or ``custom_objects``.
    :param api_name: API name of the type, with ``custom_objects`` only.
    :param statuses: only jobs with one of these statuses: ``Created``, ``Queued``, ``Processing``,
        ``Canceled``, ``Completed``, ``Failed``.
    :param batch_size: rows per page, 1-300.
    :param next_page_token: token of the page to begin with; the first page when not given.

    Source: ``GET /bulk/v1/{leads|activities|program/members}/export.json``, or with
    ``customobjects/{apiName}`` in its place.
    """
    return Call(
        "bulk_extracts.list_jobs",
        route("GET", kind, ".json", api_name=api_name),
        rows_as(Export),
        Replay.SAFE,
        query=query_pairs(nextPageToken=next_page_token, status=comma_joined(statuses), batchSize=batch_size),
        follow=position_token,
        scopes=SCOPES[kind],
    )


@endpoint
def file(
    kind: Kind,
    export_id: str,
    *,
    first: ByteOffset = 0,
    last: ByteOffset | None = None,
    api_name: ApiName | None = None,
) -> Call[FilePart]:
    """Read the file of a completed job, or a part of it.

    Files are kept for 7 days. Without records, the file contains only headers.

    :param kind: ``leads``, ``activities``, ``program_members`` or ``custom_objects``.
    :param export_id: ``exportId`` of the job.
    :param api_name: API name of the type, with ``custom_objects`` only.
    :param first: offset of the first byte, from 0.
    :param last: offset of the last byte, inclusive; None for the rest of the file.
    :returns: the bytes and their position in the file.
    :raises NotFound: when the job is not completed, or its file has expired.

    Source: ``GET /bulk/v1/{leads|activities|program/members}/export/{exportId}/file.json``, or with
    ``customobjects/{apiName}`` in its place.
    """
    headers = byte_range(first, last)
    path = _job("GET", kind, export_id, "file", api_name)
    return download(
        "bulk_extracts.file",
        path.tail,
        path.params,
        part_of(first, last),
        scopes=SCOPES[kind],
        headers=headers,
    )


def _job(method: str, kind: Kind, export_id: str, step: str, api_name: str | None) -> Route:
    return route(method, kind, f"/{{exportId}}/{step}.json", api_name=api_name, export_id=export_id)
