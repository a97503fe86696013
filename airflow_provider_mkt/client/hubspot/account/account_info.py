"""Account details and API usage."""

from __future__ import annotations

from typing import NotRequired, TypedDict, cast

from airflow_provider_mkt.client.call import Call, Envelope, Replay, Route
from airflow_provider_mkt.client.parameters import endpoint


class AccountDetails(TypedDict):
    portalId: int
    accountType: str
    timeZone: str
    companyCurrency: str
    uiDomain: str
    dataHostingLocation: str
    additionalCurrencies: list[str]
    utcOffset: str
    utcOffsetMilliseconds: int


class ApiUsage(TypedDict):
    name: str
    currentUsage: int
    usageLimit: int
    fetchStatus: str
    collectedAt: NotRequired[str]
    resetsAt: NotRequired[str]


@endpoint
def details() -> Call[AccountDetails]:
    """Read which account the token belongs to.

    :returns: the account's id, type, time zone and hosting location.

    Source: ``GET /account-info/{version}/details``.
    """
    return Call(
        "account_info.details",
        Route("GET", "account", "/details"),
        lambda envelope: cast("AccountDetails", envelope),
        Replay.SAFE,
        scopes=("oauth",),
    )


@endpoint
def daily_usage() -> Call[list[ApiUsage]]:
    """Read how many of today's API calls the account's private apps have used in total.

    :returns: one row per counter; ignore rows whose ``fetchStatus`` is neither SUCCESS nor CACHED.

    Source: ``GET /account-info/{version}/api-usage/daily/private-apps``.
    """
    return Call(
        "account_info.daily_usage",
        Route("GET", "account", "/api-usage/daily/private-apps"),
        _rows,
        Replay.SAFE,
        scopes=("oauth",),
    )


def _rows(envelope: Envelope) -> list[ApiUsage]:
    return cast("list[ApiUsage]", envelope["results"])
