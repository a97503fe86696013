"""Checks of mail addresses."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.redaction import describe_type


def address(call: str, field: str, value: str) -> str:
    """Check that a value is a bare mail address, as far as that can be told without sending to it.

    :raises InvalidInput: when it is none, without repeating it.
    """
    local, at, domain = value.strip().rpartition("@") if isinstance(value, str) else ("", "", "")
    if not (local and at and domain) or any(character.isspace() for character in value.strip()):
        raise InvalidInput(field, f"must be a mail address, not {describe_type(value)}", call=call)
    return value.strip()


def addresses(call: str, field: str, values: Sequence[str]) -> list[str]:
    """Check a list of mail addresses; it may be empty.

    :raises InvalidInput: naming the entry that is none.
    """
    if isinstance(values, (str, bytes)) or not isinstance(values, Sequence):
        raise InvalidInput(field, f"must be a list of mail addresses, not {describe_type(values)}", call=call)
    return [address(call, f"{field}[{index}]", value) for index, value in enumerate(values)]
