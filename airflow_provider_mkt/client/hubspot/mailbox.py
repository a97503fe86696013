"""Checks of email addresses."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.redaction import describe_type


def address(call: str, field: str, value: str) -> str:
    """Check that a value has the form of an email address, without a display name.

    :raises InvalidInput: when it is not an email address; the error does not contain the value.
    """
    local, at, domain = value.strip().rpartition("@") if isinstance(value, str) else ("", "", "")
    if not (local and at and domain) or any(character.isspace() for character in value.strip()):
        raise InvalidInput(field, f"must be an email address, not {describe_type(value)}", call=call)
    return value.strip()


def addresses(call: str, field: str, values: Sequence[str]) -> list[str]:
    """Check a list of email addresses, which can be empty.

    :raises InvalidInput: naming the invalid entry.
    """
    if isinstance(values, (str, bytes)) or not isinstance(values, Sequence):
        raise InvalidInput(
            field, f"must be a list of email addresses, not {describe_type(values)}", call=call
        )
    return [address(call, f"{field}[{index}]", value) for index, value in enumerate(values)]
