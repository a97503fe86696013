"""Parameter checks of the list calls."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airflow_provider_mkt.client.call import batch
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.redaction import describe_type

PROCESSING_TYPES = ("MANUAL", "DYNAMIC", "SNAPSHOT")


def record_id(call: str, field: str, value: int | str) -> str:
    """Check an id, of a list or a record, and turn it to text.

    :raises InvalidInput: when it is neither text nor a number.
    """
    if isinstance(value, bool) or not isinstance(value, (int, str)) or not str(value).strip():
        raise InvalidInput(field, f"must be an id, not {describe_type(value)}", call=call)
    return str(value).strip()


def record_ids(call: str, field: str, values: Sequence[int | str], *, at_most: int) -> list[str]:
    """Check ids, of which there must be some.

    :raises InvalidInput: when there are none or too many, or naming the one that is none.
    """
    checked = batch(call, field, values, at_most=at_most)
    return [record_id(call, f"{field}[{index}]", value) for index, value in enumerate(checked)]


def words(call: str, field: str, values: Sequence[str]) -> list[str]:
    """Check a list of words, which may be empty.

    :raises InvalidInput: when it is none.
    """
    if isinstance(values, (str, bytes)) or not isinstance(values, Sequence):
        raise InvalidInput(field, f"must be a list, not {describe_type(values)}", call=call)
    return [word(call, f"{field}[{index}]", value) for index, value in enumerate(values)]


def word(call: str, field: str, value: str) -> str:
    """Check that there is some text.

    :raises InvalidInput: when there is none.
    """
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(field, f"must be text, not {describe_type(value)}", call=call)
    return value


def mapping(call: str, field: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """Check that a value is a mapping.

    :raises InvalidInput: when it is none.
    """
    if not isinstance(value, Mapping):
        raise InvalidInput(field, f"must be a mapping, not {describe_type(value)}", call=call)
    return dict(value)


def processing_type(call: str, field: str, value: str) -> str:
    """Check how a list is filled.

    :raises InvalidInput: when it is no way there is.
    """
    if value not in PROCESSING_TYPES:
        known = ", ".join(PROCESSING_TYPES)
        raise InvalidInput(field, f"must be one of {known}, not {describe_type(value)}", call=call)
    return value
