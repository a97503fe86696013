"""Bulk extracts of leads, activities and program members: jobs that write a file.

A job is created, enqueued, and downloaded when it is complete. All kinds share one queue of 10 jobs, two of
which run at a time, and 500 MB a day. A job can be seen only by the API user who created it.
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
"""The columns of activities when none are asked for."""


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
    """Create a job that extracts leads, by exactly one filter. It does nothing until it is enqueued.

    :param fields: REST names of the columns.
    :param created_between: first and last moment, both included, at most 31 days apart.
    :param updated_between: the same, by the last change of any field. Not every subscription has it.
    :param static_list_id: members of a static list at the time the job starts.
    :param static_list_name: the same by name.
    :param smart_list_id: members of a smart list at the time the job starts. Not every subscription has it.
    :param smart_list_name: the same by name.
    :param file_format: ``csv`` (comma), ``tsv`` (tab) or ``ssv`` (semicolon).
    :param column_headers: headers of columns by field; REST names otherwise.
    :returns: the job, ``Created``.
    :raises InvalidInput: unless there is exactly one filter.

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
        raise InvalidInput("filter", f"must be exactly one of the filters, not {told}", call=name)
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
    """Create a job that extracts activities. It does nothing until it is enqueued.

    :param created_between: first and last moment, both included, at most 31 days apart.
    :param activity_type_ids: types to extract, all otherwise; not 37, which only the feed of deleted
        leads has.
    :param primary_attribute_value_ids: up to 50 ids of assets the activities are about; needs types that are
        about the same kind of asset.
    :param primary_attribute_values: up to 50 names of them, as ``Program.Asset``; instead of ids.
    :param fields: columns; otherwise all but ``actionResult``.
    :param file_format: ``csv`` (comma), ``tsv`` (tab) or ``ssv`` (semicolon).
    :param column_headers: headers of columns by field; REST names otherwise.
    :returns: the job, ``Created``.

    Source: ``POST /bulk/v1/activities/export/create.json``.
    """
    name = "bulk_extracts.create_activities"
    given: dict[str, Any] = {"createdAt": between(name, "created_between", created_between)}
    if activity_type_ids:
        given["activityTypeIds"] = ids(name, "activity_type_ids", activity_type_ids, at_most=TYPES_MAX)
        if DELETED_LEADS in given["activityTypeIds"]:
            raise InvalidInput("activity_type_ids", f"cannot have {DELETED_LEADS}", call=name)
    if primary_attribute_value_ids and primary_attribute_values:
        raise InvalidInput("primary_attribute_values", "are instead of their ids", call=name)
    if (primary_attribute_value_ids or primary_attribute_values) and not activity_type_ids:
        raise InvalidInput("activity_type_ids", "is needed with primary attributes", call=name)
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
    """Create a job that extracts program members. It does nothing until it is enqueued. Filters narrow each
    other.

    :param fields: REST names of the columns, of program members and of leads.
    :param program_id: one program.
    :param program_ids: or up to 10; the file then has ``programId`` as its first column.
    :param is_exhausted: whether they have had all content.
    :param nurture_cadence: as the instance stores it: ``norm`` or ``paus``; the platform's own pages
        differ on the words, so it is sent as given.
    :param status_names: statuses of the programs' channel, any of them.
    :param updated_between: first and last moment, both included, at most 31 days apart. Not every
        subscription has it.
    :param file_format: ``csv`` (comma), ``tsv`` (tab) or ``ssv`` (semicolon).
    :param column_headers: headers of columns by field; REST names otherwise.
    :returns: the job, ``Created``.
    :raises InvalidInput: unless there is one program, or a list of them.

    Source: ``POST /bulk/v1/program/members/export/create.json``.
    """
    name = "bulk_extracts.create_program_members"
    chosen = names(name, "fields", fields)
    if (program_id is None) == (not program_ids):
        raise InvalidInput("program_id", "is needed, or program_ids instead of it", call=name)
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
    # The platform's examples head standard columns by display names here, unlike elsewhere.
    headers = {**{field: field for field in chosen}, **mapping(name, "column_headers", column_headers)}
    return create(name, "program_members", given, chosen, file_format, headers)


def enqueue(kind: Kind, export_id: str) -> Call[Export]:
    """Put a job into the queue. That it is in there already is no error.

    :param kind: ``leads``, ``activities`` or ``program_members``.
    :param export_id: from one of the calls that create a job.
    :returns: the job, ``Queued``; no more than that when it was in the queue before.
    :raises RateLimited: when the queue stays full.
    :raises QuotaExhausted: when the day's 500 MB are used up.

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
    """Read how far a job is. Changes at most every 60 s; kept for 30 days after the job's end.

    :param kind: ``leads``, ``activities`` or ``program_members``.
    :param export_id: from one of the calls that create a job.
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
    :param export_id: from one of the calls that create a job.
    :returns: the job, if the platform tells it.

    Source: ``POST /bulk/v1/{leads|activities|program/members}/export/{exportId}/cancel.json``.
    """

    def read(envelope: Envelope) -> Export | None:
        return one_as(Export)(envelope) if first(envelope) else None

    name = "bulk_extracts.cancel"
    route = _route("POST", name, kind, export_id, "cancel")
    return Call(name, route, read, Replay.SAFE, scopes=SCOPES[kind])


def list_jobs(kind: Kind, *, statuses: Sequence[str] = (), batch_size: int = 300) -> Call[list[Export]]:
    """Page through one's own jobs of the past 7 days.

    :param kind: ``leads``, ``activities`` or ``program_members``.
    :param statuses: any of ``Created``, ``Queued``, ``Processing``, ``Canceled``, ``Completed``, ``Failed``.
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
    """Read the file of a completed job, or a part of it. Kept for 7 days; without records, it holds headers.

    :param kind: ``leads``, ``activities`` or ``program_members``.
    :param export_id: from one of the calls that create a job.
    :param first: first byte, from 0.
    :param last: last byte, included; None for all that follow.
    :returns: the bytes and where they belong.
    :raises NotFound: when the job is not complete, or its file has expired.

    Source: ``GET /bulk/v1/{leads|activities|program/members}/export/{exportId}/file.json``.
    """
    name = "bulk_extracts.file"
    wanted = byte_range(name, first, last)
    route = _route("GET", name, kind, export_id, "file")
    return download(name, route.tail, route.params, part_of(first, last), scopes=SCOPES[kind], headers=wanted)


def _route(method: str, call: str, kind: str, export_id: str, step: str) -> Route:
    tail = f"{kind_of(call, kind)}/{{exportId}}/{step}.json"
    return Route(method, "bulk", tail, path_params(call, exportId=export_id))
