"""Sales persons, who own leads, companies and opportunities."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence

from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.marketo import record_calls
from airflow_provider_mkt.client.marketo.record_calls import Action as Action
from airflow_provider_mkt.client.marketo.record_calls import DedupeBy as DedupeBy
from airflow_provider_mkt.client.marketo.requests import BatchSize, ShortText
from airflow_provider_mkt.client.marketo.responses import RowResult
from airflow_provider_mkt.client.marketo.rows import Description, SalesPerson
from airflow_provider_mkt.client.paging import Cursor
from airflow_provider_mkt.client.parameters import Names, endpoint

_KIND = record_calls.RecordType(
    "sales_persons",
    "sales_persons",
    "/salespersons",
    "id",
    ("externalSalesPersonId",),
    "Sales Person",
)


@endpoint
def describe() -> Call[Description]:
    """Read the schema of sales persons.

    :returns: ``fields``, ``dedupeFields``, ``searchableFields`` ...

    Source: ``GET /rest/v1/salespersons/describe.json``.
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
) -> Call[builtins.list[SalesPerson]]:
    """List the sales persons whose field has one of the given values.

    :param filter_type: ``id``, ``externalSalesPersonId`` or ``email``.
    :param filter_values: 1-300 values without commas.
    :param fields: names of the fields to return; Marketo's default fields when empty.
    :param batch_size: rows per page, 1-300.
    :param next_page_token: token of the page to begin with; the first page when not given.

    Source: ``GET /rest/v1/salespersons.json``.
    """
    return record_calls.list(
        _KIND, SalesPerson, filter_type, filter_values, fields, batch_size, next_page_token
    )


@endpoint
def sync(
    sales_persons: Sequence[Mapping[str, object]],
    *,
    action: Action = "createOrUpdate",
    dedupe_by: DedupeBy = "dedupeFields",
) -> Call[builtins.list[RowResult]]:
    """Create or update up to 300 sales persons.

    :param sales_persons: 1-300 mappings of REST field names to values; at most 1 MB in total. Each needs
        ``externalSalesPersonId``, or ``id`` if *dedupe_by* is ``idField``, which no two of them share.
    :param action: ``createOrUpdate``, ``createOnly`` or ``updateOnly``.
    :param dedupe_by: ``dedupeFields``, or ``idField`` with ``updateOnly``.
    :returns: one row per sales person, in the order of *sales_persons*.
    :raises InvalidRequest: when sales persons are synchronized from a CRM (code 1018).

    Source: ``POST /rest/v1/salespersons.json``.
    """
    return record_calls.sync(_KIND, sales_persons, action, dedupe_by)


@endpoint
def delete(
    sales_persons: Sequence[Mapping[str, object]], *, delete_by: DedupeBy = "dedupeFields"
) -> Call[builtins.list[RowResult]]:
    """Delete up to 300 sales persons. One who owns leads is skipped.

    :param sales_persons: 1-300 mappings of ``externalSalesPersonId``, or of ``id`` if *delete_by* is
        ``idField``.
    :param delete_by: ``dedupeFields`` or ``idField``.
    :returns: one row per sales person, in the order of *sales_persons*.
    :raises InvalidRequest: when sales persons are synchronized from a CRM (code 1018).

    Source: ``POST /rest/v1/salespersons/delete.json``.
    """
    return record_calls.delete(_KIND, sales_persons, delete_by)
