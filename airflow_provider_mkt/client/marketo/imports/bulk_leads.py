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
    """Start a bulk import: an upsert of every row of a file.

    A second start runs in parallel with the first, and two upserts of one new key at once make two
    leads; so it is repeated only when the platform surely did not take the file.

    :param content: the file; its first line names REST fields. At most 9.5 MB.
    :param filename: for the platform's log.
    :param file_format: ``csv`` (comma), ``tsv`` (tab) or ``ssv`` (semicolon).
    :param lookup_field: the key column.
    :param list_id: a static list the leads are added to.
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
    """Read how far a bulk import is. Worth asking every 5-30 s; forgotten after 7 days.

    :param batch_id: from :func:`create_import`.
    :returns: ``status`` (Queued, Importing, Complete, Failed) and, once there, ``numOfLeadsProcessed``,
        ``numOfRowsFailed``, ``numOfRowsWithWarning`` and ``message``.

    Source: ``GET /bulk/v1/leads/batch/{batchId}.json``.
    """
    name = "bulk_leads.import_status"
    route = Route("GET", "bulk", "/leads/batch/{batchId}.json", batch_place(name, batch_id))
    return Call(name, route, one_as(BulkImport), Replay.SAFE, scopes=WRITE_LEAD)


def failures(batch_id: int | str) -> Call[bytes]:
    """Read the rows of a bulk import that failed. What comes when none did is not documented: read
    ``numOfRowsFailed`` first.

    :param batch_id: from :func:`create_import`.
    :returns: a file with the delimiter of the upload: its columns, and ``Import Failure Reason``.
    :raises NotFound: while the import has not ended, and 7 days later.

    Source: ``GET /bulk/v1/leads/batch/{batchId}/failures.json``.
    """
    name = "bulk_leads.failures"
    place = batch_place(name, batch_id)
    return download(name, "/leads/batch/{batchId}/failures.json", place, content_of, scopes=WRITE_LEAD)


def warnings(batch_id: int | str) -> Call[bytes]:
    """Read the rows of a bulk import that were imported with a warning. What comes when none were is not
    documented: read ``numOfRowsWithWarning`` first.

    :param batch_id: from :func:`create_import`.
    :returns: a file with the delimiter of the upload: its columns, and ``Import Warning Reason``.
    :raises NotFound: while the import has not ended, and 7 days later.

    Source: ``GET /bulk/v1/leads/batch/{batchId}/warnings.json``.
    """
    name = "bulk_leads.warnings"
    place = batch_place(name, batch_id)
    return download(name, "/leads/batch/{batchId}/warnings.json", place, content_of, scopes=WRITE_LEAD)
