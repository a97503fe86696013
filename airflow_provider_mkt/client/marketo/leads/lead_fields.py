"""The schema of leads: which fields there are, and custom ones."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.marketo import schema_calls as field_calls
from airflow_provider_mkt.client.marketo.responses import RowResult
from airflow_provider_mkt.client.marketo.rows import LeadField

CREATE_MAX = 100
_TAIL = "/leads/schema/fields"


def get(field_name: str) -> Call[LeadField]:
    """Read one lead field.

    :param field_name: its REST name.
    :raises InvalidRequest: when there is none (code 1006).

    Source: ``GET /rest/v1/leads/schema/fields/{fieldApiName}.json``.
    """
    return field_calls.get("lead_fields.get", _TAIL, field_name)


def list(*, batch_size: int = 300) -> Call[builtins.list[LeadField]]:
    """Page through all lead fields.

    :param batch_size: rows per page, 1-300.

    Source: ``GET /rest/v1/leads/schema/fields.json``.
    """
    return field_calls.browse("lead_fields.list", _TAIL, batch_size)


def create(fields: Sequence[Mapping[str, Any]]) -> Call[builtins.list[RowResult]]:
    """Create custom lead fields. They can never be deleted, and an instance takes 100 of them from the API.

    :param fields: 1-100 of them: ``name`` (a letter, then letters, digits and ``_``), ``displayName`` and
        ``dataType`` are needed; ``description``, ``isHidden``, ``isHtmlEncodingInEmail`` and
        ``isSensitive`` may be given.
    :returns: one row per field, in their order.
    :raises InvalidRequest: when one exists (code 1017); none is made then.

    Source: ``POST /rest/v1/leads/schema/fields.json``.
    """
    return field_calls.create("lead_fields.create", _TAIL, fields, CREATE_MAX)


def update(field_name: str, changes: Mapping[str, Any]) -> Call[RowResult]:
    """Change a lead field.

    :param field_name: its REST name.
    :param changes: ``description``, ``isHtmlEncodingInEmail`` and ``isSensitive``; for custom fields also
        ``displayName``, and ``isHidden`` for those made by the API.

    Source: ``POST /rest/v1/leads/schema/fields/{fieldApiName}.json``.
    """
    return field_calls.update("lead_fields.update", _TAIL, field_name, changes)
