"""Bulk import of program members from a file."""

from __future__ import annotations

from airflow_provider_mkt.client.call import Call, Replay, Route, query_pairs
from airflow_provider_mkt.client.marketo.bulk import (
    TRANSFER_TIMEOUT,
    FileFormat,
    batch_place,
    content_of,
    download,
    upload,
)
from airflow_provider_mkt.client.marketo.requests import WRITE_LEAD, place, text
from airflow_provider_mkt.client.marketo.responses import one_as
from airflow_provider_mkt.client.marketo.rows import BulkImport


def create_import(
    program_id: int | str,
    content: bytes,
    *,
    status_name: str,
    filename: str = "members.csv",
    file_format: FileFormat = "csv",
) -> Call[BulkImport]:
    """Start a bulk import of program members: every row an upsert of a lead, put at one status of a program.

    A second start runs in parallel with the first, and two upserts of one new address at once make two
    leads; so it is repeated only when the platform surely did not take the file.

    :param program_id: the program.
    :param content: the file; its first line names REST fields of leads and of program members, ``email``
        among them. At most 9.5 MB.
    :param status_name: a status of the program's channel; nobody is moved back to it.
    :param filename: for the platform's log.
    :param file_format: ``csv`` (comma), ``tsv`` (tab) or ``ssv`` (semicolon).
    :returns: ``batchId``, ``importId`` and ``status``.
    :raises InvalidInput: when the file is empty or too large.

    Source: ``POST /bulk/v1/program/{programId}/members/import.json``.
    """
    name = "bulk_members.create_import"
    body = upload(name, content, text(name, "filename", filename), file_format)
    return Call(
        name,
        Route(
            "POST",
            "bulk",
            "/program/{programId}/members/import.json",
            place(name, "program_id", program_id, "programId"),
        ),
        one_as(BulkImport),
        Replay.NEVER,
        TRANSFER_TIMEOUT,
        # Upper case here, lower case for leads: so the two contracts have it.
        query=query_pairs(
            format=file_format.upper(), programMemberStatus=text(name, "status_name", status_name)
        ),
        body=body,
        scopes=WRITE_LEAD,
    )


def import_status(batch_id: int | str) -> Call[BulkImport]:
    """Read how far a bulk import is. Worth asking every 5-30 s; forgotten after 7 days.

    :param batch_id: from :func:`create_import`.
    :returns: ``status`` (Queued, Importing, Complete, Failed) and, once there, ``numOfLeadsProcessed``,
        ``numOfRowsFailed``, ``numOfRowsWithWarning`` and ``message``.

    Source: ``GET /bulk/v1/program/members/import/{batchId}/status.json``.
    """
    name = "bulk_members.import_status"
    route = Route("GET", "bulk", "/program/members/import/{batchId}/status.json", batch_place(name, batch_id))
    return Call(name, route, one_as(BulkImport), Replay.SAFE, scopes=WRITE_LEAD)


def failures(batch_id: int | str) -> Call[bytes]:
    """Read the rows of a bulk import that failed. What comes when none did is not documented: read
    ``numOfRowsFailed`` first.

    :param batch_id: from :func:`create_import`.
    :returns: a file with the delimiter of the upload: its columns, and ``Import Failure Reason``.
    :raises NotFound: while the import has not ended, and 7 days later.

    Source: ``GET /bulk/v1/program/members/import/{batchId}/failures.json``.
    """
    name = "bulk_members.failures"
    tail = "/program/members/import/{batchId}/failures.json"
    return download(name, tail, batch_place(name, batch_id), content_of, scopes=WRITE_LEAD)


def warnings(batch_id: int | str) -> Call[bytes]:
    """Read the rows of a bulk import that were imported with a warning. What comes when none were is not
    documented: read ``numOfRowsWithWarning`` first.

    :param batch_id: from :func:`create_import`.
    :returns: a file with the delimiter of the upload: its columns, and ``Import Warning Reason``.
    :raises NotFound: while the import has not ended, and 7 days later.

    Source: ``GET /bulk/v1/program/members/import/{batchId}/warnings.json``.
    """
    name = "bulk_members.warnings"
    tail = "/program/members/import/{batchId}/warnings.json"
    return download(name, tail, batch_place(name, batch_id), content_of, scopes=WRITE_LEAD)
