"""Bulk import of leads from a file."""

from __future__ import annotations

from airflow_provider_mkt.client.call import Call, Replay, Route, numeric_id, query_pairs
from airflow_provider_mkt.client.marketo.bulk import (
    FILE_MAX,
    TRANSFER_TIMEOUT,
    FileFormat,
    batch_place,
    content_of,
    download,
    upload,
)
from airflow_provider_mkt.client.marketo.requests import WRITE_LEAD, maybe_text, text
from airflow_provider_mkt.client.marketo.responses import one_as
from airflow_provider_mkt.client.marketo.rows import BulkImport

__all__ = ["FILE_MAX", "FileFormat", "create_import", "failures", "import_status", "warnings"]


def create_import(
    content: bytes,
    *,
    filename: str = "leads.csv",
    file_format: FileFormat = "csv",
    lookup_field: str = "email",
    list_id: int | None = None,
    partition_name: str | None = None,
) -> Call[BulkImport]:
    """Start a bulk import of leads: every row of the file is created or updated.

    A second import runs in parallel with the first, and two concurrent upserts of a new key create two leads.
    It is therefore retried only when Marketo certainly did not accept the file.

    :param content: the file, at most 9.5 MB; its first line contains REST field names.
    :param filename: file name, for Marketo's log.
    :param file_format: ``csv`` (comma), ``tsv`` (tab) or ``ssv`` (semicolon).
    :param lookup_field: the key column.
    :param list_id: id of a static list to add the leads to.
    :param partition_name: lead partition for new leads.
    :returns: ``batchId``, ``importId`` and ``status``.
    :raises InvalidInput: when the file is empty or too large.

    Source: ``POST /bulk/v1/leads.json``.
    """
    name = "bulk_leads.create_import"
    body = upload(name, content, text(name, "filename", filename), file_format)
    return Call(
        name,
        Route("POST", "bulk", "/leads.json"),
        one_as(BulkImport),
        Replay.NEVER,
        TRANSFER_TIMEOUT,
        query=query_pairs(
            format=file_format,
            lookupField=text(name, "lookup_field", lookup_field),
            listId=None if list_id is None else numeric_id(name, "list_id", list_id),
            partitionName=maybe_text(name, "partition_name", partition_name),
        ),
        body=body,
        scopes=WRITE_LEAD,
    )


def import_status(batch_id: int | str) -> Call[BulkImport]:
    """Read the status of a bulk import. Poll it every 5-30 s; it is kept for 7 days.

    :param batch_id: from :func:`create_import`.
    :returns: ``status`` (Queued, Importing, Complete, Failed) and, as soon as available,
        ``numOfLeadsProcessed``,
        ``numOfRowsFailed``, ``numOfRowsWithWarning`` and ``message``.

    Source: ``GET /bulk/v1/leads/batch/{batchId}.json``.
    """
    name = "bulk_leads.import_status"
    route = Route("GET", "bulk", "/leads/batch/{batchId}.json", batch_place(name, batch_id))
    return Call(name, route, one_as(BulkImport), Replay.SAFE, scopes=WRITE_LEAD)


def failures(batch_id: int | str) -> Call[bytes]:
    """Read the failed rows of a bulk import.

    Marketo does not document the response without failures: read ``numOfRowsFailed`` first.

    :param batch_id: from :func:`create_import`.
    :returns: a file with the delimiter and the columns of the upload, and the column ``Import Failure
        Reason``.
    :raises NotFound: before the import has ended, and 7 days later.

    Source: ``GET /bulk/v1/leads/batch/{batchId}/failures.json``.
    """
    name = "bulk_leads.failures"
    place = batch_place(name, batch_id)
    return download(name, "/leads/batch/{batchId}/failures.json", place, content_of, scopes=WRITE_LEAD)


def warnings(batch_id: int | str) -> Call[bytes]:
    """Read the rows of a bulk import that were imported with a warning.

    Marketo does not document the response without warnings: read ``numOfRowsWithWarning`` first.

    :param batch_id: from :func:`create_import`.
    :returns: a file with the delimiter and the columns of the upload, and the column ``Import Warning
        Reason``.
    :raises NotFound: before the import has ended, and 7 days later.

    Source: ``GET /bulk/v1/leads/batch/{batchId}/warnings.json``.
    """
    name = "bulk_leads.warnings"
    place = batch_place(name, batch_id)
    return download(name, "/leads/batch/{batchId}/warnings.json", place, content_of, scopes=WRITE_LEAD)
