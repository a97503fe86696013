"""The check of email addresses."""

from __future__ import annotations

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.parameters import errors_name
from airflow_provider_mkt.client.redaction import describe_type


def email_address(field: str, value: object) -> str:
    """Check that a value has the form of an email address, without a display name.

    :raises InvalidInput: when it is not an email address; the error does not contain the value.
    """
    local, at, domain = value.strip().rpartition("@") if isinstance(value, str) else ("", "", "")
    if not isinstance(value, str) or not (local and at and domain) or len(value.split()) != 1:
        raise InvalidInput(field, f"must be an email address, not {describe_type(value)}")
    return value.strip()


def address(call: str, field: str, value: object) -> str:
    """Check an email address, outside an endpoint: see :func:`email_address`.

    :param call: name of the call for the error; can be empty.
    :raises InvalidInput: when it is not an email address.
    """
    with errors_name(call):
        return email_address(field, value)
