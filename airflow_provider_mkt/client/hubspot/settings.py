"""Settings of a HubSpot account, read from a connection."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from airflow_provider_mkt.client.transport.platform import stripped_secret

DEFAULT_HOST = "https://api.hubapi.com"


class HubSpotAccount(BaseModel):
    """Settings of one HubSpot account.

    :param base_url: URL of the API.
    :param access_token: service key, private-app token or static project-app token.
    :param client_id: client id of an OAuth app; with ``client_secret`` and ``refresh_token``, instead of
        ``access_token``.
    :param api_version: path profile: ``v3`` (v3 and v4 paths) or ``2026-03`` (dated paths).
    :param calls_per_10_seconds: maximum number of calls per 10 seconds; the account's full limit, as its
        responses state it, when not given.
    :param max_concurrency: maximum number of concurrent calls. HubSpot has no limit; one call every 53 ms
        that takes 5 s needs 95.
    :param daily_reserve: API calls per day to leave for other software; long-running work pauses before it
        uses them and resumes after the quota reset.
    :param legacy_calls: allow the two calls of the discontinued Leads and Nurturing APIs, which send the
        access token in the URL.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    base_url: str = DEFAULT_HOST
    access_token: SecretStr | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None
    refresh_token: SecretStr | None = None
    api_version: Literal["v3", "2026-03"] = "v3"
    calls_per_10_seconds: int | None = Field(default=None, ge=1, le=10_000)
    max_concurrency: int = Field(default=100, ge=1, le=500)
    daily_reserve: int = Field(default=100, ge=0)
    legacy_calls: bool = False

    @field_validator("access_token", "client_secret", "refresh_token")
    @classmethod
    def _strip_secret(cls, secret: SecretStr | None) -> SecretStr | None:
        return None if secret is None else stripped_secret(secret)

    @model_validator(mode="after")
    def _one_kind_of_credentials(self) -> HubSpotAccount:
        oauth = (self.client_id, self.client_secret, self.refresh_token)
        if self.access_token is not None:
            if self.refresh_token is not None:
                msg = "give either an access token or an OAuth client with a refresh token, not both"
                raise ValueError(msg)
        elif not all(oauth):
            msg = (
                "no credentials: put the access token into Password, or the OAuth client id into Login, "
                "its secret into Password and the refresh token into 'refresh_token'"
            )
            raise ValueError(msg)
        return self
