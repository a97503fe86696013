"""The roles that leads have in opportunities."""

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
    "opportunity_roles",
    "roles",
    "/opportunities/roles",
    "marketoGUID",
    ("externalOpportunityId", "leadId", "role"),
    "Opportunity",
)


@endpoint
def describe() -> Call[Description]:
    """Read the schema of opportunity roles.

    :returns: ``fields``, ``dedupeFields``, ``searchableFields`` ...

    Source: ``GET /rest/v1/opportunities/roles/describe.json``.
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
    """List the opportunity roles whose field has one of the given values.

    :param filter_type: ``externalOpportunityId``, ``leadId`` or ``marketoGUID``.
    :param filter_values: 1-300 values without commas.
    :param fields: names of the fields to return; Marketo's default fields when empty.
    :param batch_size: rows per page, 1-300.
    :param next_page_token: token of the page to begin with; the first page when not given.

    Source: ``GET /rest/v1/opportunities/roles.json``.
    """
    return record_calls.list(
        _KIND, ObjectRecord, filter_type, filter_values, fields, batch_size, next_page_token
    )


@endpoint
def list_by_keys(
    keys: Sequence[Mapping[str, object]], *, fields: Names = ()
) -> Call[builtins.list[ObjectRecord]]:
    """List the opportunity roles with some keys.

    :param keys: 1-300 mappings of ``externalOpportunityId``, ``leadId``, ``role``; each names one role at
        most.
    :param fields: names of the fields to return; Marketo's default fields when empty.

    Source: ``POST /rest/v1/opportunities/roles.json?_method=GET``.
    """
    return record_calls.list_by_keys(_KIND, ObjectRecord, keys, fields)


@endpoint
def sync(
    roles: Sequence[Mapping[str, object]],
    *,
    action: Action = "createOrUpdate",
    dedupe_by: DedupeBy = "dedupeFields",
) -> Call[builtins.list[RowResult]]:
    """Create or update up to 300 opportunity roles.

    :param roles: 1-300 mappings of REST field names to values; at most 1 MB in total. Each needs
        ``externalOpportunityId``, ``leadId`` and ``role``, or ``marketoGUID`` if *dedupe_by* is
        ``idField``, which no two of them share.
    :param action: ``createOrUpdate``, ``createOnly`` or ``updateOnly``.
    :param dedupe_by: ``dedupeFields``, or ``idField`` with ``updateOnly``.
    :returns: one row per role, in the order of *roles*.
    :raises InvalidRequest: when opportunity roles are synchronized from a CRM (code 1018).

    Source: ``POST /rest/v1/opportunities/roles.json``.
    """
    return record_calls.sync(_KIND, roles, action, dedupe_by)


@endpoint
def delete(
    roles: Sequence[Mapping[str, object]], *, delete_by: DedupeBy = "dedupeFields"
) -> Call[builtins.list[RowResult]]:
    """Delete up to 300 opportunity roles.

    :param roles: 1-300 mappings of ``externalOpportunityId``, ``leadId`` and ``role``, or of
        ``marketoGUID`` if *delete_by* is ``idField``.
    :param delete_by: ``dedupeFields`` or ``idField``.
    :returns: one row per role, in the order of *roles*.
    :raises InvalidRequest: when opportunity roles are synchronized from a CRM (code 1018).

    Source: ``POST /rest/v1/opportunities/roles/delete.json``.
    """
    return record_calls.delete(_KIND, roles, delete_by)
