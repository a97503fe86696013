"""Bulk import of leads from a file."""

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
    content: bytes,
    *,
    filename: ShortText = "leads.csv",
    file_format: FileFormat = "csv",
    lookup_field: ShortText | None = "email",
    list_id: NumericId | None = None,
    partition_name: ShortText | None = None,
) -> Call[BulkImport]:
    """Start a bulk import of leads: every row of the file is created or updated.

    A second import runs in parallel with the first, and two concurrent upserts of a new key create two leads.
    It is therefore retried only when Marketo certainly did not accept the file.

    :param content: the file, at most 9.5 MB; its first line contains REST field names.
    :param filename: file name, for Marketo's log.
    :param file_format: ``csv`` (comma), ``tsv`` (tab) or ``ssv`` (semicolon).
    :param lookup_field: the key column. None sends none, so that the instance's own duplicate rule applies
        where it has one.
    :param list_id: id of a static list to add the leads to.
    :param partition_name: lead partition for new leads.
    :returns: ``batchId``, ``importId`` and ``status``.
    :raises InvalidInput: when the file is empty or too large.

    Source: ``POST /bulk/v1/leads.json``.
    """
    return Call(
        "bulk_leads.create_import",
        Route("POST", "bulk", "/leads.json"),
        only_row_as(BulkImport),
        Replay.NEVER,
        TRANSFER_TIMEOUT,
        query=query_pairs(
            format=file_format, lookupField=lookup_field, listId=list_id, partitionName=partition_name
        ),
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

    Source: ``GET /bulk/v1/leads/batch/{batchId}.json``.
    """
    route = Route("GET", "bulk", "/leads/batch/{batchId}.json", path_params(batchId=batch_id))
    return Call("bulk_leads.import_status", route, only_row_as(BulkImport), Replay.SAFE, scopes=WRITE_LEAD)


@endpoint
def failures(batch_id: NumericId) -> Call[bytes]:
    """Read the failed rows of a bulk import.

    Marketo does not document the response without failures: read ``numOfRowsFailed`` first.

    :param batch_id: from :func:`create_import`.
    :returns: a file with the delimiter and the columns of the upload, and the column ``Import Failure
        Reason``.
    :raises NotFound: before the import has ended, and 7 days later.

    Source: ``GET /bulk/v1/leads/batch/{batchId}/failures.json``.
    """
    return download(
        "bulk_leads.failures",
        "/leads/batch/{batchId}/failures.json",
        path_params(batchId=batch_id),
        content_of,
        scopes=WRITE_LEAD,
    )


@endpoint
def warnings(batch_id: NumericId) -> Call[bytes]:
    """Read the rows of a bulk import that were imported with a warning.

    Marketo does not document the response without warnings: read ``numOfRowsWithWarning`` first.

    :param batch_id: from :func:`create_import`.
    :returns: a file with the delimiter and the columns of the upload, and the column ``Import Warning
        Reason``.
    :raises NotFound: before the import has ended, and 7 days later.

    Source: ``GET /bulk/v1/leads/batch/{batchId}/warnings.json``.
    """
    return download(
        "bulk_leads.warnings",
        "/leads/batch/{batchId}/warnings.json",
        path_params(batchId=batch_id),
        content_of,
        scopes=WRITE_LEAD,
    )
