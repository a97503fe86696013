"""The schema of companies (read only)."""

from __future__ import annotations

import builtins

from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.marketo import schema_calls as field_calls
from airflow_provider_mkt.client.marketo.rows import LeadField

_TAIL = "/companies/schema/fields"


def get(field_name: str) -> Call[LeadField]:
    """Read a company field.

    :param field_name: REST name of the field.
    :raises InvalidRequest: when the field does not exist (code 1006).

    Source: ``GET /rest/v1/companies/schema/fields/{fieldApiName}.json``.
    """
    return field_calls.get("company_fields.get", _TAIL, field_name)


def list(*, batch_size: int = 300) -> Call[builtins.list[LeadField]]:
    """List all company fields.

    :param batch_size: rows per page, 1-300.

    Source: ``GET /rest/v1/companies/schema/fields.json``.
    """
    return field_calls.browse("company_fields.list", _TAIL, batch_size)
