"""Bulk extracts of leads, activities and program members: jobs that write a file.

Create a job, enqueue it, and download its file when it is completed. All kinds share a queue of 10 jobs, of
which two run at a time, and 500 MB per day. Only the API user who created a job can read it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_mkt.client.call import (
    Call,
    Envelope,
    Replay,
    Route,
    comma_list,
    numeric_id,
    path_params,
    query_pairs,
)
from airflow_provider_mkt.client.errors import Conflict, InvalidInput
from airflow_provider_mkt.client.marketo.bulk import FileFormat, FilePart, download, part_of
from airflow_provider_mkt.client.marketo.exports._parameters import (
    SCOPES,
    Between,
    Export,
    Kind,
    between,
    byte_range,
    create,
    kind_of,
    mapping,
    names,
)
from airflow_provider_mkt.client.marketo.requests import between as within
from airflow_provider_mkt.client.marketo.requests import ids, one_of, text
from airflow_provider_mkt.client.marketo.responses import first, one_as, rows_as
from airflow_provider_mkt.client.paging import position_token
from airflow_provider_mkt.client.redaction import describe_type

STATUSES = ("Created", "Queued", "Processing", "Canceled", "Completed", "Failed")
PROGRAMS_MAX = 10
VALUES_MAX = 50
TYPES_MAX = 10_000
DELETED_LEADS = 37
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


def create_leads(
    fields: Sequence[str],
    *,
    created_between: Between | None = None,
    updated_between: Between | None = None,
    static_list_id: int | str | None = None,
    static_list_name: str | None = None,
    smart_list_id: int | str | None = None,
    smart_list_name: str | None = None,
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
    name = "bulk_extracts.create_leads"
    chosen = names(name, "fields", fields)
    given: dict[str, Any] = {}
    if created_between is not None:
        given["createdAt"] = between(name, "created_between", created_between)
    if updated_between is not None:
        given["updatedAt"] = between(name, "updated_between", updated_between)
    if static_list_id is not None:
        given["staticListId"] = numeric_id(name, "static_list_id", static_list_id)
    if static_list_name is not None:
        given["staticListName"] = text(name, "static_list_name", static_list_name)
    if smart_list_id is not None:
        given["smartListId"] = numeric_id(name, "smart_list_id", smart_list_id)
    if smart_list_name is not None:
        given["smartListName"] = text(name, "smart_list_name", smart_list_name)
    if len(given) != 1:
        told = ", ".join(given) or "none"
        raise InvalidInput("filter", f"must be exactly one filter, not {told}", call=name)
    return create(name, "leads", given, chosen, file_format, column_headers)


def create_activities(
    created_between: Between,
    *,
    activity_type_ids: Sequence[int | str] = (),
    primary_attribute_value_ids: Sequence[int | str] = (),
    primary_attribute_values: Sequence[str] = (),
    fields: Sequence[str] = (),
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
    name = "bulk_extracts.create_activities"
    given: dict[str, Any] = {"createdAt": between(name, "created_between", created_between)}
    if activity_type_ids:
        given["activityTypeIds"] = ids(name, "activity_type_ids", activity_type_ids, at_most=TYPES_MAX)
        if DELETED_LEADS in given["activityTypeIds"]:
            raise InvalidInput("activity_type_ids", f"cannot have {DELETED_LEADS}", call=name)
    if primary_attribute_value_ids and primary_attribute_values:
        raise InvalidInput(
            "primary_attribute_values", "cannot be combined with primary_attribute_value_ids", call=name
        )
    if (primary_attribute_value_ids or primary_attribute_values) and not activity_type_ids:
        raise InvalidInput("activity_type_ids", "is required with primary attributes", call=name)
    if primary_attribute_value_ids:
        given["primaryAttributeValueIds"] = ids(
            name, "primary_attribute_value_ids", primary_attribute_value_ids, at_most=VALUES_MAX
        )
    if primary_attribute_values:
        given["primaryAttributeValues"] = names(
            name, "primary_attribute_values", primary_attribute_values, at_most=VALUES_MAX
        )
    chosen = names(name, "fields", fields) if fields else []
    return create(name, "activities", given, chosen, file_format, column_headers)


def create_program_members(
    fields: Sequence[str],
    *,
    program_id: int | str | None = None,
    program_ids: Sequence[int | str] = (),
    is_exhausted: bool | None = None,
    nurture_cadence: str | None = None,
    status_names: Sequence[str] = (),
    updated_between: Between | None = None,
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
    :param nurture_cadence: cadence as the instance stores it, ``norm`` or ``paus``. Adobe's pages disagree on
        the values, so it is sent as given.
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
    name = "bulk_extracts.create_program_members"
    chosen = names(name, "fields", fields)
    if (program_id is None) == (not program_ids):
        raise InvalidInput("program_id", "is required, or program_ids instead of it", call=name)
    given: dict[str, Any] = {}
    if program_id is not None:
        given["programId"] = numeric_id(name, "program_id", program_id)
    else:
        given["programIds"] = ids(name, "program_ids", program_ids, at_most=PROGRAMS_MAX)
    if is_exhausted is not None:
        if not isinstance(is_exhausted, bool):
            raise InvalidInput(
                "is_exhausted", f"must be true or false, not {describe_type(is_exhausted)}", call=name
            )
        given["isExhausted"] = is_exhausted
    if nurture_cadence is not None:
        given["nurtureCadence"] = text(name, "nurture_cadence", nurture_cadence)
    if status_names:
        given["statusNames"] = names(name, "status_names", status_names)
    if updated_between is not None:
        given["updatedAt"] = between(name, "updated_between", updated_between)
    # In Adobe's examples of this export, unlike others, standard columns have display names as headers.
    headers = {**{field: field for field in chosen}, **mapping(name, "column_headers", column_headers)}
    return create(name, "program_members", given, chosen, file_format, headers)


def enqueue(kind: Kind, export_id: str) -> Call[Export]:
    """Enqueue a job. It is not an error if the job is already in the queue.

    :param kind: ``leads``, ``activities`` or ``program_members``.
    :param export_id: ``exportId`` of the job.
    :returns: the job; only ``exportId`` and status ``Queued`` when it was already in the queue.
    :raises RateLimited: when the queue stays full.
    :raises QuotaExhausted: when the daily 500 MB are used up.

    Source: ``POST /bulk/v1/{leads|activities|program/members}/export/{exportId}/enqueue.json``.
    """

    def read(envelope: Envelope) -> Export:
        if not envelope:
            return Export(exportId=str(export_id), status="Queued")
        return one_as(Export)(envelope)

    name = "bulk_extracts.enqueue"
    route = _route("POST", name, kind, export_id, "enqueue")
    return Call(name, route, read, Replay.SAFE, scopes=SCOPES[kind], ok_errors=Conflict)


def status(kind: Kind, export_id: str) -> Call[Export]:
    """Read the status of a job. It changes at most every 60 s and is kept for 30 days after the job's end.

    :param kind: ``leads``, ``activities`` or ``program_members``.
    :param export_id: ``exportId`` of the job.
    :returns: the job; ``numberOfRecords``, ``fileSize`` and ``fileChecksum`` (``sha256:`` and hex) once
        ``Completed``, ``errorMsg`` once ``Failed``.

    Source: ``GET /bulk/v1/{leads|activities|program/members}/export/{exportId}/status.json``.
    """
    name = "bulk_extracts.status"
    route = _route("GET", name, kind, export_id, "status")
    return Call(name, route, one_as(Export), Replay.SAFE, scopes=SCOPES[kind])


def cancel(kind: Kind, export_id: str) -> Call[Export | None]:
    """Cancel a job that has not ended.

    :param kind: ``leads``, ``activities`` or ``program_members``.
    :param export_id: ``exportId`` of the job.
    :returns: the job, or None when Marketo does not return it.

    Source: ``POST /bulk/v1/{leads|activities|program/members}/export/{exportId}/cancel.json``.
    """

    def read(envelope: Envelope) -> Export | None:
        return one_as(Export)(envelope) if first(envelope) else None

    name = "bulk_extracts.cancel"
    route = _route("POST", name, kind, export_id, "cancel")
    return Call(name, route, read, Replay.SAFE, scopes=SCOPES[kind])


def list_jobs(kind: Kind, *, statuses: Sequence[str] = (), batch_size: int = 300) -> Call[list[Export]]:
    """List the API user's jobs of the last 7 days.

    :param kind: ``leads``, ``activities`` or ``program_members``.
    :param statuses: only jobs with one of these statuses: ``Created``, ``Queued``, ``Processing``,
        ``Canceled``, ``Completed``, ``Failed``.
    :param batch_size: rows per page, 1-300.

    Source: ``GET /bulk/v1/{leads|activities|program/members}/export.json``.
    """
    name = "bulk_extracts.list_jobs"
    listed = comma_list(name, "statuses", statuses)
    for index, one in enumerate(statuses):
        one_of(name, f"statuses[{index}]", one, STATUSES)
    return Call(
        name,
        Route("GET", "bulk", f"{kind_of(name, kind)}.json"),
        rows_as(Export),
        Replay.SAFE,
        query=query_pairs(status=listed, batchSize=within(name, "batch_size", batch_size, 1, 300)),
        follow=position_token,
        scopes=SCOPES[kind],
    )


def file(kind: Kind, export_id: str, *, first: int = 0, last: int | None = None) -> Call[FilePart]:
    """Read the file of a completed job, or a part of it.

    Files are kept for 7 days. Without records, the file contains only headers.

    :param kind: ``leads``, ``activities`` or ``program_members``.
    :param export_id: ``exportId`` of the job.
    :param first: offset of the first byte, from 0.
    :param last: offset of the last byte, inclusive; None for the rest of the file.
    :returns: the bytes and their position in the file.
    :raises NotFound: when the job is not completed, or its file has expired.

    Source: ``GET /bulk/v1/{leads|activities|program/members}/export/{exportId}/file.json``.
    """
    name = "bulk_extracts.file"
    wanted = byte_range(name, first, last)
    route = _route("GET", name, kind, export_id, "file")
    return download(name, route.tail, route.params, part_of(first, last), scopes=SCOPES[kind], headers=wanted)


def _route(method: str, call: str, kind: str, export_id: str, step: str) -> Route:
    tail = f"{kind_of(call, kind)}/{{exportId}}/{step}.json"
    return Route(method, "bulk", tail, path_params(call, exportId=export_id))
