"""Bulk import of custom objects from a file."""

from __future__ import annotations

from airflow_provider_mkt.client.call import Call, Replay, Route, path_params, query_pairs
from airflow_provider_mkt.client.marketo.bulk import (
    TRANSFER_TIMEOUT,
    FileFormat,
    content_of,
    download,
    upload,
)
from airflow_provider_mkt.client.marketo.custom_objects.custom_objects import ApiName
from airflow_provider_mkt.client.marketo.requests import ShortText
from airflow_provider_mkt.client.marketo.responses import only_row_as
from airflow_provider_mkt.client.marketo.rows import ObjectImport
from airflow_provider_mkt.client.parameters import NumericId, endpoint

_SCOPES = ("Read-Write Custom Object",)
_BATCH = "/customobjects/{apiName}/import/{batchId}"


@endpoint
def create_import(
    api_name: ApiName,
    content: bytes,
    *,
    filename: ShortText = "records.csv",
    file_format: FileFormat = "csv",
) -> Call[ObjectImport]:
    """Start a bulk import of custom objects: every row of the file is created or updated.

    Rows are found by the type's dedupe fields. An import cannot be looked up, and a second one would run
    beside the first. It is therefore retried only when Marketo certainly did not accept the file.

    :param api_name: API name of the type.
    :param content: the file, at most 9.5 MB; its first line contains API names of fields, exactly.
    :param filename: file name, for Marketo's log.
    :param file_format: ``csv`` (comma), ``tsv`` (tab) or ``ssv`` (semicolon).
    :returns: ``batchId``, ``status`` and ``objectApiName``.
    :raises InvalidInput: when the file is empty or too large.

    Source: ``POST /bulk/v1/customobjects/{apiName}/import.json``.
    """
    return Call(
        "bulk_objects.create_import",
        Route("POST", "bulk", "/customobjects/{apiName}/import.json", path_params(apiName=api_name)),
        only_row_as(ObjectImport),
        Replay.NEVER,
        TRANSFER_TIMEOUT,
        query=query_pairs(format=file_format),
        body=upload(content, filename),
        scopes=_SCOPES,
    )


@endpoint
def import_status(api_name: ApiName, batch_id: NumericId) -> Call[ObjectImport]:
    """Read the status of a bulk import. Poll it every 5-30 s; it is kept for 7 days.

    :param api_name: API name of the type.
    :param batch_id: from :func:`create_import`.
    :returns: ``status`` (Queued, Importing, Complete, Failed) and, as soon as available,
        ``numOfObjectsProcessed``, ``numOfRowsFailed``, ``numOfRowsWithWarning`` and ``message``.

    Source: ``GET /bulk/v1/customobjects/{apiName}/import/{batchId}/status.json``.
    """
    params = path_params(apiName=api_name, batchId=batch_id)
    return Call(
        "bulk_objects.import_status",
        Route("GET", "bulk", _BATCH + "/status.json", params),
        only_row_as(ObjectImport),
        Replay.SAFE,
        scopes=_SCOPES,
    )


@endpoint
def failures(api_name: ApiName, batch_id: NumericId) -> Call[bytes]:
    """Read the failed rows of a bulk import.

    :param api_name: API name of the type.
    :param batch_id: from :func:`create_import`.
    :returns: a file with the columns of the upload, and the reason as its last column.
    :raises NotFound: before the import has ended, where no row failed, and 7 days later.

    Source: ``GET /bulk/v1/customobjects/{apiName}/import/{batchId}/failures.json``.
    """
    params = path_params(apiName=api_name, batchId=batch_id)
    return download("bulk_objects.failures", _BATCH + "/failures.json", params, content_of, scopes=_SCOPES)


@endpoint
def warnings(api_name: ApiName, batch_id: NumericId) -> Call[bytes]:
    """Read the rows of a bulk import that were imported with a warning.

    :param api_name: API name of the type.
    :param batch_id: from :func:`create_import`.
    :returns: a file with the columns of the upload, and the reason as its last column.
    :raises NotFound: before the import has ended, where no row has a warning, and 7 days later.

    Source: ``GET /bulk/v1/customobjects/{apiName}/import/{batchId}/warnings.json``.
    """
    params = path_params(apiName=api_name, batchId=batch_id)
    return download("bulk_objects.warnings", _BATCH + "/warnings.json", params, content_of, scopes=_SCOPES)
