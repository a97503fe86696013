"""The schema of opportunitys (read only)."""

from __future__ import annotations

import builtins
from typing import Annotated

from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.marketo import schema_calls as field_calls
from airflow_provider_mkt.client.marketo.requests import BatchSize, ShortText
from airflow_provider_mkt.client.marketo.rows import LeadField
from airflow_provider_mkt.client.paging import Cursor
from airflow_provider_mkt.client.parameters import Check, endpoint, path_segment

FieldName = Annotated[ShortText, Check(path_segment)]
_TAIL = "/opportunities/schema/fields"


@endpoint
def get(field_name: FieldName) -> Call[LeadField]:
    """Read an opportunity field.

    :param field_name: REST name of the field.
    :raises InvalidRequest: when the field does not exist (code 1006).

    Source: ``GET /rest/v1/opportunities/schema/fields/{fieldApiName}.json``.
    """
    return field_calls.get("opportunity_fields.get", _TAIL, field_name)


@endpoint
def list(
    *, batch_size: BatchSize = 300, next_page_token: Cursor | None = None
) -> Call[builtins.list[LeadField]]:
    """List all opportunity fields.

    :param batch_size: rows per page, 1-300.
    :param next_page_token: token of the page to begin with; the first page when not given.

    Source: ``GET /rest/v1/opportunities/schema/fields.json``.
    """
    return field_calls.list("opportunity_fields.list", _TAIL, batch_size, next_page_token)
