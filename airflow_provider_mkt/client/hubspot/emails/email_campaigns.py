"""Email campaigns: the sends of marketing emails in HubSpot's email analytics (v1).

Such a campaign is not a marketing campaign. An email names its own in ``primaryEmailCampaignId`` and
``allEmailCampaignIds``. These calls have no dated path: each profile calls them where they are. HubSpot ends
their support with that of v1, in September 2027, and has announced nothing that replaces them.
"""

from __future__ import annotations

import builtins
from typing import Annotated, TypedDict, cast

from pydantic import BaseModel, ConfigDict

from airflow_provider_mkt.client.call import Call, Envelope, Replay, Route, path_params, query_pairs
from airflow_provider_mkt.client.paging import Cursor, query_offset
from airflow_provider_mkt.client.parameters import NumericId, between, endpoint

PAGE_MAX = 1000
"""HubSpot documents no maximum; public clients ask for as many."""
_SCOPES = ("content",)


class EmailCampaignRow(TypedDict):
    """An email campaign in a list. ``lastUpdatedTime`` is in milliseconds since the epoch."""

    id: int
    appId: int
    appName: str
    lastUpdatedTime: int


class EmailCampaign(BaseModel):
    """How far the sends of an email are. Times are milliseconds since the epoch; other fields are kept.

    HubSpot documents no values of ``processingState``.

    :param contentId: id of the email.
    :param numIncluded: how many people were selected.
    :param numQueued: how many mails were to be sent.
    :param lastProcessingFinishedAt: when the last send was processed; None while it is.
    :param counters: numbers of mails by name, e.g. ``sent``, ``delivered``, ``dropped`` and ``bounce``.
    """

    model_config = ConfigDict(extra="allow")

    id: int
    appId: int
    contentId: int | None = None
    name: str | None = None
    subject: str | None = None
    processingState: str | None = None
    scheduledAt: int | None = None
    lastProcessingStartedAt: int | None = None
    lastProcessingFinishedAt: int | None = None
    lastProcessingStateChangeAt: int | None = None
    numIncluded: int | None = None
    numQueued: int | None = None
    counters: dict[str, int] = {}


@endpoint
def list(
    *, limit: Annotated[int, between(1, PAGE_MAX)] = PAGE_MAX, offset: Cursor | None = None
) -> Call[builtins.list[EmailCampaignRow]]:
    """List the email campaigns of recent activity, the most recently updated first.

    :param limit: rows per page, 1-1000.
    :param offset: cursor of the page to begin with; the first page when not given.
    :returns: one page; iterate the call for all pages.
    :raises InvalidInput: when *limit* is out of range.

    Source: ``GET /email/public/v1/campaigns``.
    """
    return Call(
        "email_campaigns.list",
        Route("GET", "email_analytics", "/campaigns"),
        _rows,
        Replay.SAFE,
        query=query_pairs(limit=limit, offset=offset),
        follow=query_offset,
        scopes=_SCOPES,
    )


@endpoint
def list_by_id(
    *, limit: Annotated[int, between(1, PAGE_MAX)] = PAGE_MAX, offset: Cursor | None = None
) -> Call[builtins.list[EmailCampaignRow]]:
    """List all email campaigns, ordered by id.

    :param limit: rows per page, 1-1000.
    :param offset: cursor of the page to begin with; the first page when not given.
    :returns: one page; iterate the call for all pages.
    :raises InvalidInput: when *limit* is out of range.

    Source: ``GET /email/public/v1/campaigns/by-id``.
    """
    return Call(
        "email_campaigns.list_by_id",
        Route("GET", "email_analytics", "/campaigns/by-id"),
        _rows,
        Replay.SAFE,
        query=query_pairs(limit=limit, offset=offset),
        follow=query_offset,
        scopes=_SCOPES,
    )


@endpoint
def get(campaign_id: NumericId, *, app_id: NumericId | None = None) -> Call[EmailCampaign]:
    """Read an email campaign: whether its mails are sent, and how many of each outcome there are.

    :param campaign_id: one of the email's ``allEmailCampaignIds``.
    :param app_id: id of the app that sends, as :func:`list` returns it.
    :raises NotFound: when it does not exist, or no mail was sent or scheduled.

    Source: ``GET /email/public/v1/campaigns/{campaign_id}``.
    """
    return Call(
        "email_campaigns.get",
        Route("GET", "email_analytics", "/campaigns/{campaign_id}", path_params(campaign_id=campaign_id)),
        EmailCampaign.model_validate,
        Replay.SAFE,
        query=query_pairs(appId=app_id),
        scopes=_SCOPES,
    )


def _rows(envelope: Envelope) -> builtins.list[EmailCampaignRow]:
    return cast("builtins.list[EmailCampaignRow]", envelope["campaigns"])
