"""Bulk import of leads from a file."""

from __future__ import annotations

from typing import Any, Literal, get_args

from airflow_provider_mkt.api.call import (
    Call,
    FileBody,
    Replay,
    Route,
    numeric_id,
    path_params,
    query_pairs,
)
from airflow_provider_mkt.api.errors import InvalidInput
from airflow_provider_mkt.api.marketo.answers import the_one
from airflow_provider_mkt.api.redact import shape

FILE_MAX = 9_500_000
"""Bytes of one file; the platform's own limit is below 10 MB for the whole request."""

FileFormat = Literal["csv", "tsv", "ssv"]
_SCOPES = ("Read-Write Lead",)


def create_import(
    content: bytes,
    *,
    filename: str = "leads.csv",
    file_format: FileFormat = "csv",
    lookup_field: str = "email",
    list_id: int | None = None,
    partition_name: str | None = None,
) -> Call[dict[str, Any]]:
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
    if file_format not in get_args(FileFormat):
        raise InvalidInput("file_format", f"must be one of {', '.join(get_args(FileFormat))}", call=name)
    if not isinstance(content, bytes):
        raise InvalidInput("content", f"must be bytes, not {shape(content)}", call=name)
    if not content.strip():
        raise InvalidInput("content", "is empty: nothing to import", call=name)
    if len(content) > FILE_MAX:
        raise InvalidInput("content", f"is {len(content):,} bytes; at most {FILE_MAX:,}", call=name)
    return Call(
        name,
        Route("POST", "bulk", "/leads.json"),
        the_one,
        Replay.NEVER,
        timeout=300,
        query=query_pairs(
            format=file_format, lookupField=lookup_field, listId=list_id, partitionName=partition_name
        ),
        body=FileBody("file", filename, content, "text/csv"),
        scopes=_SCOPES,
    )


def import_status(batch_id: int | str) -> Call[dict[str, Any]]:
    """Read how far a bulk import is. Worth asking every 5-30 s; forgotten after 7 days.

    :param batch_id: from :func:`create_import`.
    :returns: ``status`` (Queued, Importing, Complete, Failed) and, once there, ``numOfLeadsProcessed``,
        ``numOfRowsFailed``, ``numOfRowsWithWarning`` and ``message``.

    Source: ``GET /bulk/v1/leads/batch/{batchId}.json``.
    """
    name = "bulk_leads.import_status"
    return Call(
        name,
        Route(
            "GET",
            "bulk",
            "/leads/batch/{batchId}.json",
            path_params(name, batchId=numeric_id(name, "batch_id", batch_id)),
        ),
        the_one,
        Replay.SAFE,
        scopes=_SCOPES,
    )
