"""Settings of a Marketo Engage instance, read from a connection."""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from airflow_provider_mkt.client.transport.platform import base_url, stripped_secret

_MUNCHKIN_ID = re.compile(r"\d{3}-\w{3}-\d{3}")


class MarketoAccount(BaseModel):
    """Settings of one Marketo instance.

    :param base_url: URL of the instance, without ``/rest``.
    :param client_id: client id of the custom service (LaunchPoint).
    :param client_secret: client secret of the custom service.
    :param calls_per_20_seconds: number of calls per 20 seconds to use; 100 unless the contract allows more.
    :param max_concurrency: number of concurrent calls to use; 10 unless the contract allows more.
    :param daily_quota: API calls per day according to the contract; no endpoint returns it.
    :param daily_reserve: API calls per day to leave for other software; long-running work pauses before it
        uses them and resumes after the quota reset.
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
    """Return the base URL of an instance, from its Munchkin id or the endpoint on the admin page.

    >>> instance_url("123-ABC-456")
    'https://123-ABC-456.mktorest.com'

    :raises InvalidInput: when *host* is neither.
    """
    text = host.strip()
    if _MUNCHKIN_ID.fullmatch(text):
        text = f"{text}.mktorest.com"
    url = base_url(text, port=port, scheme=scheme)
    # The admin page shows the URL with /rest or /identity, but bulk and identity paths are not below /rest.
    return re.sub(r"/(rest|identity)$", "", url)
