"""Types of parameters that the list calls share."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.parameters import Check
from airflow_provider_mkt.client.redaction import describe_type


def record_id(field: str, value: object) -> str:
    """Convert the id of a list or a record to text.

    :raises InvalidInput: when it is neither text nor a number, or blank.
    """
    if isinstance(value, bool) or not isinstance(value, (int, str)) or not str(value).strip():
        raise InvalidInput(field, f"must be an id, not {describe_type(value)}")
    return str(value).strip()


RecordId: TypeAlias = Annotated[int | str, Check(record_id)]
"""The id of a list or a record, as a number or text. Endpoints get text."""
