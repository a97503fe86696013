"""Records of custom objects."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from typing import Annotated

from airflow_provider_mkt.client.call import Call, comma_joined, path_params, query_pairs
from airflow_provider_mkt.client.marketo import record_calls
from airflow_provider_mkt.client.marketo.record_calls import Action as Action
from airflow_provider_mkt.client.marketo.record_calls import DedupeBy as DedupeBy
from airflow_provider_mkt.client.marketo.requests import BatchSize, ShortText, read
from airflow_provider_mkt.client.marketo.responses import RowResult, only_row_as, rows_as
from airflow_provider_mkt.client.marketo.rows import ObjectRecord, ObjectType
from airflow_provider_mkt.client.paging import Cursor
from airflow_provider_mkt.client.parameters import Check, Names, endpoint, path_segment

ApiName = Annotated[ShortText, Check(path_segment)]
ID_FIELD = "marketoGUID"
_READ = ("Read-Only Custom Object",)


def _kind(api_name: str) -> record_calls.RecordType:
    return record_calls.RecordType(
        "custom_objects",
        "records",
        "/customobjects/{apiName}",
        ID_FIELD,
        (),
        "Custom Object",
        path_params(apiName=api_name),
        sync_timeout=120.0,
    )


@endpoint
def list_types(*, names: Names = ()) -> Call[builtins.list[ObjectType]]:
    """List the custom object types.

    :param names: API names of the types to return; all when empty.
    :returns: as :func:`describe`, of each.

    Source: ``GET /rest/v1/customobjects.json``.
    """
    return read(
        "custom_objects.list_types",
        "/customobjects.json",
        rows_as(ObjectType),
        query=query_pairs(names=comma_joined(names)),
        scopes=_READ,
    )


@endpoint
def describe(api_name: ApiName) -> Call[ObjectType]:
    """Read the schema of a custom object type.

    :param api_name: API name of the type.
    :returns: ``fields``, ``idField``, ``dedupeFields``, ``searchableFields`` and ``relationships``: which
        fields link to leads, companies or other custom objects.

    Source: ``GET /rest/v1/customobjects/{apiName}/describe.json``.
    """
    return read(
        "custom_objects.describe",
        "/customobjects/{apiName}/describe.json",
        only_row_as(ObjectType),
        params=path_params(apiName=api_name),
        scopes=_READ,
    )


@endpoint
def list(
    api_name: ApiName,
    filter_type: ShortText,
    filter_values: Sequence[str | int],
    *,
    fields: Names = (),
    batch_size: BatchSize = 300,
    next_page_token: Cursor | None = None,
) -> Call[builtins.list[ObjectRecord]]:
    """List the records whose field has one of the given values.

    :param api_name: API name of the type.
    :param filter_type: a searchable field, ``idField``, or ``dedupeFields`` where the key is one field.
    :param filter_values: 1-300 values without commas.
    :param fields: names of the fields to return; Marketo's default fields when empty.
    :param batch_size: rows per page, 1-300.
    :param next_page_token: token of the page to begin with; the first page when not given.

    Source: ``GET /rest/v1/customobjects/{apiName}.json``.
    """
    kind = _kind(api_name)
    return record_calls.list(
        kind, ObjectRecord, filter_type, filter_values, fields, batch_size, next_page_token
    )


@endpoint
def list_by_keys(
    api_name: ApiName, keys: Sequence[Mapping[str, object]], *, fields: Names = ()
) -> Call[builtins.list[ObjectRecord]]:
    """List the records with some keys.

    :param api_name: API name of the type.
    :param keys: 1-300 mappings of every dedupe field to its value; each names one record at most.
    :param fields: names of the fields to return; Marketo's default fields when empty.

    Source: ``POST /rest/v1/customobjects/{apiName}.json?_method=GET``.
    """
    return record_calls.list_by_keys(_kind(api_name), ObjectRecord, keys, fields)


@endpoint
def sync(
    api_name: ApiName,
    records: Sequence[Mapping[str, object]],
    *,
    action: Action = "createOrUpdate",
    dedupe_by: DedupeBy = "dedupeFields",
) -> Call[builtins.list[RowResult]]:
    """Create or update up to 300 records.

    :param api_name: API name of the type.
    :param records: 1-300 mappings of field names to values; at most 1 MB in total. Each needs the type's
        dedupe fields, or ``marketoGUID`` if *dedupe_by* is ``idField``. None clears a field.
    :param action: ``createOrUpdate``, ``createOnly`` or ``updateOnly``.
    :param dedupe_by: ``dedupeFields``, or ``idField`` with ``updateOnly``.
    :returns: one row per record, in the order of *records*. A record whose key the request has twice is
        skipped with code 1036, one whose lead does not exist with 1004.

    Source: ``POST /rest/v1/customobjects/{apiName}.json``.
    """
    return record_calls.sync(_kind(api_name), records, action, dedupe_by)


@endpoint
def delete(
    api_name: ApiName, records: Sequence[Mapping[str, object]], *, delete_by: DedupeBy = "dedupeFields"
) -> Call[builtins.list[RowResult]]:
    """Delete up to 300 records.

    :param api_name: API name of the type.
    :param records: 1-300 mappings of the type's dedupe fields, or of ``marketoGUID`` if *delete_by* is
        ``idField``.
    :param delete_by: ``dedupeFields`` or ``idField``.
    :returns: one row per record, in the order of *records*.

    Source: ``POST /rest/v1/customobjects/{apiName}/delete.json``.
    """
    return record_calls.delete(_kind(api_name), records, delete_by)
