"""Named accounts of target account management."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence

from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.marketo import record_calls
from airflow_provider_mkt.client.marketo.record_calls import Action as Action
from airflow_provider_mkt.client.marketo.record_calls import DedupeBy as DedupeBy
from airflow_provider_mkt.client.marketo.requests import BatchSize, ShortText
from airflow_provider_mkt.client.marketo.responses import RowResult
from airflow_provider_mkt.client.marketo.rows import Description, ObjectRecord
from airflow_provider_mkt.client.paging import Cursor
from airflow_provider_mkt.client.parameters import Names, endpoint

_KIND = record_calls.RecordType(
    "named_accounts",
    "named_accounts",
    "/namedaccounts",
    "marketoGUID",
    ("name",),
    "Named Account",
)


@endpoint
def describe() -> Call[Description]:
    """Read the schema of named accounts.

    :returns: ``fields``, ``dedupeFields``, ``searchableFields`` ...

    Source: ``GET /rest/v1/namedaccounts/describe.json``.
    """
    return record_calls.describe(_KIND)


@endpoint
def list(
    filter_type: ShortText,
    filter_values: Sequence[str | int],
    *,
    fields: Names = (),
    batch_size: BatchSize = 300,
    next_page_token: Cursor | None = None,
) -> Call[builtins.list[ObjectRecord]]:
    """List the named accounts whose field has one of the given values.

    :param filter_type: ``name``, ``marketoGUID`` or another searchable field.
    :param filter_values: 1-300 values without commas.
    :param fields: names of the fields to return; Marketo's default fields when empty.
    :param batch_size: rows per page, 1-300.
    :param next_page_token: token of the page to begin with; the first page when not given.

    Source: ``GET /rest/v1/namedaccounts.json``.
    """
    return record_calls.list(
        _KIND, ObjectRecord, filter_type, filter_values, fields, batch_size, next_page_token
    )


@endpoint
def sync(
    named_accounts: Sequence[Mapping[str, object]],
    *,
    action: Action = "createOrUpdate",
    dedupe_by: DedupeBy = "dedupeFields",
) -> Call[builtins.list[RowResult]]:
    """Create or update up to 300 named accounts.

    :param named_accounts: 1-300 mappings of REST field names to values; at most 1 MB in total. Each needs
        ``name``, or ``marketoGUID`` if *dedupe_by* is ``idField``, which no two of them share.
    :param action: ``createOrUpdate``, ``createOnly`` or ``updateOnly``.
    :param dedupe_by: ``dedupeFields``, or ``idField`` with ``updateOnly``.
    :returns: one row per named account, in the order of *named_accounts*.
    :raises InvalidRequest: when named accounts are synchronized from a CRM (code 1018).

    Source: ``POST /rest/v1/namedaccounts.json``.
    """
    return record_calls.sync(_KIND, named_accounts, action, dedupe_by)


@endpoint
def delete(
    named_accounts: Sequence[Mapping[str, object]], *, delete_by: DedupeBy = "dedupeFields"
) -> Call[builtins.list[RowResult]]:
    """Delete up to 300 named accounts.

    :param named_accounts: 1-300 mappings of ``name``, or of ``marketoGUID`` if *delete_by* is ``idField``.
    :param delete_by: ``dedupeFields`` or ``idField``.
    :returns: one row per named account, in the order of *named_accounts*.
    :raises InvalidRequest: when named accounts are synchronized from a CRM (code 1018).

    Source: ``POST /rest/v1/namedaccounts/delete.json``.
    """
    return record_calls.delete(_KIND, named_accounts, delete_by)
