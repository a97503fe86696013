"""Settings of a Marketo Engage instance, as a connection holds them."""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from airflow_provider_mkt.client.transport.address import base_url, stripped_secret

_MUNCHKIN_ID = re.compile(r"\d{3}-\w{3}-\d{3}")


class MarketoAccount(BaseModel):
    """How to reach one Marketo instance.

    :param base_url: the instance's host, without ``/rest``.
    :param client_id: of the custom service (LaunchPoint).
    :param client_secret: of the custom service.
    :param calls_per_20_seconds: how much of the instance's limit to use; 100 unless the contract says more.
    :param max_concurrency: how many of the instance's concurrent calls to use; 10 unless it says more.
    :param daily_quota: calls per day the contract gives; no endpoint tells it.
    :param daily_reserve: calls of the day that are left to other software; long work stops before them and
        goes on after the reset.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    base_url: str
    client_id: str = Field(min_length=1)
    client_secret: SecretStr = Field(min_length=1)
    calls_per_20_seconds: int = Field(default=100, ge=1, le=100_000)
    max_concurrency: int = Field(default=10, ge=1, le=500)
    daily_quota: int = Field(default=50_000, ge=1)
    daily_reserve: int = Field(default=100, ge=0)

    @field_validator("client_secret")
    @classmethod
    def _strip_secret(cls, secret: SecretStr) -> SecretStr:
        return stripped_secret(secret)


def instance_url(host: str, *, port: int | None = None, scheme: str | None = None) -> str:
    """The base URL of an instance from its munchkin id or from the endpoint the admin page shows.

    >>> instance_url("123-ABC-456")
    'https://123-ABC-456.mktorest.com'

    :raises InvalidInput: when it is neither.
    """
    text = host.strip()
    if _MUNCHKIN_ID.fullmatch(text):
        text = f"{text}.mktorest.com"
    url = base_url(text, port=port, scheme=scheme)
    # Admins paste what the page shows; bulk and identity paths are not below /rest.
    return re.sub(r"/(rest|identity)$", "", url)
