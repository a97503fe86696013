"""Bulk import of program members from a file."""

from __future__ import annotations

from airflow_provider_mkt.client.call import Call, Replay, Route, path_params, query_pairs
from airflow_provider_mkt.client.marketo.bulk import (
    TRANSFER_TIMEOUT,
    FileFormat,
    content_of,
    download,
    upload,
)
from airflow_provider_mkt.client.marketo.requests import WRITE_LEAD, ShortText
from airflow_provider_mkt.client.marketo.responses import only_row_as
from airflow_provider_mkt.client.marketo.rows import BulkImport
from airflow_provider_mkt.client.parameters import NumericId, endpoint


@endpoint
def create_import(
    program_id: NumericId,
    content: bytes,
    *,
    status_name: ShortText,
    filename: ShortText = "members.csv",
    file_format: FileFormat = "csv",
) -> Call[BulkImport]:
    """Start a bulk import of program members.

    Every row creates or updates a lead and sets its program status.

    A second import runs in parallel with the first, and two concurrent upserts of a new email address create
    two leads. It is therefore retried only when Marketo certainly did not accept the file.

    :param program_id: id of the program.
    :param content: the file, at most 9.5 MB; its first line contains REST names of lead fields and program
        member fields, including ``email``.
    :param status_name: a status of the program's channel; members never go back to an earlier status.
    :param filename: file name, for Marketo's log.
    :param file_format: ``csv`` (comma), ``tsv`` (tab) or ``ssv`` (semicolon).
    :returns: ``batchId``, ``importId`` and ``status``.
    :raises InvalidInput: when the file is empty or too large.

    Source: ``POST /bulk/v1/program/{programId}/members/import.json``.
    """
    return Call(
        "bulk_members.create_import",
        Route("POST", "bulk", "/program/{programId}/members/import.json", path_params(programId=program_id)),
        only_row_as(BulkImport),
        Replay.NEVER,
        TRANSFER_TIMEOUT,
        # Adobe's contract has upper case here and lower case for leads.
        query=query_pairs(format=file_format.upper(), programMemberStatus=status_name),
        body=upload(content, filename),
        scopes=WRITE_LEAD,
    )


@endpoint
def import_status(batch_id: NumericId) -> Call[BulkImport]:
    """Read the status of a bulk import. Poll it every 5-30 s; it is kept for 7 days.

    :param batch_id: from :func:`create_import`.
    :returns: ``status`` (Queued, Importing, Complete, Failed) and, as soon as available,
        ``numOfLeadsProcessed``,
        ``numOfRowsFailed``, ``numOfRowsWithWarning`` and ``message``.

    Source: ``GET /bulk/v1/program/members/import/{batchId}/status.json``.
    """
    route = Route(
        "GET", "bulk", "/program/members/import/{batchId}/status.json", path_params(batchId=batch_id)
    )
    return Call("bulk_members.import_status", route, only_row_as(BulkImport), Replay.SAFE, scopes=WRITE_LEAD)


@endpoint
def failures(batch_id: NumericId) -> Call[bytes]:
    """Read the failed rows of a bulk import.

    Marketo does not document the response without failures: read ``numOfRowsFailed`` first.

    :param batch_id: from :func:`create_import`.
    :returns: a file with the delimiter and the columns of the upload, and the column ``Import Failure
        Reason``.
    :raises NotFound: before the import has ended, and 7 days later.

    Source: ``GET /bulk/v1/program/members/import/{batchId}/failures.json``.
    """
    tail = "/program/members/import/{batchId}/failures.json"
    return download(
        "bulk_members.failures", tail, path_params(batchId=batch_id), content_of, scopes=WRITE_LEAD
    )


@endpoint
def warnings(batch_id: NumericId) -> Call[bytes]:
    """Read the rows of a bulk import that were imported with a warning.

    Marketo does not document the response without warnings: read ``numOfRowsWithWarning`` first.

    :param batch_id: from :func:`create_import`.
    :returns: a file with the delimiter and the columns of the upload, and the column ``Import Warning
        Reason``.
    :raises NotFound: before the import has ended, and 7 days later.

    Source: ``GET /bulk/v1/program/members/import/{batchId}/warnings.json``.
    """
    tail = "/program/members/import/{batchId}/warnings.json"
    return download(
        "bulk_members.warnings", tail, path_params(batchId=batch_id), content_of, scopes=WRITE_LEAD
    )
