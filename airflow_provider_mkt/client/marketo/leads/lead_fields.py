"""The schema of leads: standard and custom fields."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from typing import Annotated

from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.marketo import schema_calls as field_calls
from airflow_provider_mkt.client.marketo.requests import BatchSize, ShortText
from airflow_provider_mkt.client.marketo.responses import RowResult
from airflow_provider_mkt.client.marketo.rows import LeadField
from airflow_provider_mkt.client.paging import Cursor
from airflow_provider_mkt.client.parameters import Check, endpoint, path_segment

CREATE_MAX = 100
FieldName = Annotated[ShortText, Check(path_segment)]
_TAIL = "/leads/schema/fields"


@endpoint
def get(field_name: FieldName) -> Call[LeadField]:
    """Read a lead field.

    :param field_name: REST name of the field.
    :raises InvalidRequest: when the field does not exist (code 1006).

    Source: ``GET /rest/v1/leads/schema/fields/{fieldApiName}.json``.
    """
    return field_calls.get("lead_fields.get", _TAIL, field_name)


@endpoint
def list(
    *, batch_size: BatchSize = 300, next_page_token: Cursor | None = None
) -> Call[builtins.list[LeadField]]:
    """List all lead fields.

    :param batch_size: rows per page, 1-300.
    :param next_page_token: token of the page to begin with; the first page when not given.

    Source: ``GET /rest/v1/leads/schema/fields.json``.
    """
    return field_calls.list("lead_fields.list", _TAIL, batch_size, next_page_token)


@endpoint
def create(fields: Sequence[Mapping[str, object]]) -> Call[builtins.list[RowResult]]:
    """Create custom lead fields.

    They cannot be deleted, and an instance can have 100 custom fields created by API.

    :param fields: 1-100 mappings: ``name`` (a letter, then letters, digits and ``_``), ``displayName`` and
        ``dataType`` are required; ``description``, ``isHidden``, ``isHtmlEncodingInEmail`` and
        ``isSensitive`` are optional.
    :returns: one row per field, in the same order.
    :raises InvalidRequest: when a field already exists (code 1017); then none is created.

    Source: ``POST /rest/v1/leads/schema/fields.json``.
    """
    return field_calls.create("lead_fields.create", _TAIL, fields, CREATE_MAX)


@endpoint
def update(field_name: FieldName, changes: Mapping[str, object]) -> Call[RowResult]:
    """Update a lead field.

    :param field_name: REST name of the field.
    :param changes: ``description``, ``isHtmlEncodingInEmail`` and ``isSensitive``; for custom fields also
        ``displayName``, and ``isHidden`` for those created by API.

    Source: ``POST /rest/v1/leads/schema/fields/{fieldApiName}.json``.
    """
    return field_calls.update("lead_fields.update", _TAIL, field_name, changes)
