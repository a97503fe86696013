"""Email events: what happened to each mail, in HubSpot's email analytics (v1).

They are the only place where HubSpot says who was not mailed, and why. These calls have no dated path: each
profile calls them where they are. HubSpot ends their support with that of v1, in September 2027, and has
announced nothing that replaces them.
"""

from __future__ import annotations

import builtins
from datetime import datetime
from typing import Annotated, NotRequired, TypedDict, cast

from airflow_provider_mkt.client.call import Call, Envelope, Replay, Route, path_params, query_pairs
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.parameters import EmailAddress, epoch_milliseconds, time_range
from airflow_provider_mkt.client.paging import Cursor, query_offset
from airflow_provider_mkt.client.parameters import NumericId, Text, UtcTime, between, endpoint, one_of

TYPES = (
    "SENT",
    "PROCESSED",
    "DROPPED",
    "DEFERRED",
    "DELIVERED",
    "BOUNCE",
    "OPEN",
    "CLICK",
    "PRINT",
    "FORWARD",
    "SPAMREPORT",
    "STATUSCHANGE",
    "SUPPRESSED",
    "UNBOUNCE",
)
PAGE_MAX = 1000
"""HubSpot documents no maximum; public clients ask for as many."""
_SCOPES = ("content",)


class EventReference(TypedDict):
    """The two parts of an event's key."""

    id: str
    created: int


class EmailEvent(TypedDict):
    """One event. Some types have more fields than these. ``created`` is in milliseconds since the epoch."""

    id: str
    created: int
    type: str
    recipient: NotRequired[str]
    appId: NotRequired[int]
    appName: NotRequired[str]
    portalId: NotRequired[int]
    emailCampaignId: NotRequired[int]
    sentBy: NotRequired[EventReference]
    """The SENT event of the same mail."""
    obsoletedBy: NotRequired[EventReference]
    """The event that makes this one void: a mail that is SENT and then DROPPED counts as dropped."""
    dropReason: NotRequired[str]
    category: NotRequired[str]
    response: NotRequired[str]
    filteredEvent: NotRequired[bool]


@endpoint
def list(
    *,
    app_id: NumericId | None = None,
    campaign_id: NumericId | None = None,
    event_type: Annotated[str, one_of(*TYPES)] | None = None,
    recipient: EmailAddress | None = None,
    start: UtcTime | None = None,
    end: UtcTime | None = None,
    exclude_filtered_events: bool = False,
    limit: Annotated[int, between(1, PAGE_MAX)] = PAGE_MAX,
    offset: Cursor | None = None,
) -> Call[builtins.list[EmailEvent]]:
    """List the events of mails, the newest first.

    Events can come late. Read a time span again that ended a short time ago.

    :param app_id: only events of this app.
    :param campaign_id: only events of this email campaign; needs *app_id*.
    :param event_type: only events of this type.
    :param recipient: only events of this address.
    :param start: only events from this time on (timezone-aware).
    :param end: only events up to this time (timezone-aware).
    :param exclude_filtered_events: whether to leave out what the account's filters mark, such as opens by
        bots.
    :param limit: rows per page, 1-1000.
    :param offset: cursor of the page to begin with, from a call with the same filters.
    :returns: one page; iterate the call for all pages.
    :raises InvalidInput: when *campaign_id* is given without *app_id*, *event_type* is unknown, the end is
        before the start, or *limit* is out of range.

    Source: ``GET /email/public/v1/events``.
    """
    if campaign_id is not None and app_id is None:
        raise InvalidInput("app_id", "is missing: campaign_id needs it")
    time_range(start, end)
    return Call(
        "email_events.list",
        Route("GET", "email_analytics", "/events"),
        _events,
        Replay.SAFE,
        query=query_pairs(
            appId=app_id,
            campaignId=campaign_id,
            eventType=event_type,
            recipient=recipient,
            startTimestamp=_milliseconds(start),
            endTimestamp=_milliseconds(end),
            excludeFilteredEvents=exclude_filtered_events or None,
            limit=limit,
            offset=offset,
        ),
        follow=query_offset,
        scopes=_SCOPES,
    )


@endpoint
def get(created: Annotated[int, between(0, 2**53)], event_id: Text) -> Call[EmailEvent]:
    """Read one event by the two parts of its key.

    :param created: when it happened, in milliseconds since the epoch.
    :param event_id: its id.
    :raises NotFound: when it does not exist.

    Source: ``GET /email/public/v1/events/{created}/{event_id}``.
    """
    return Call(
        "email_events.get",
        Route(
            "GET",
            "email_analytics",
            "/events/{created}/{event_id}",
            path_params(created=created, event_id=event_id),
        ),
        lambda envelope: cast("EmailEvent", envelope),
        Replay.SAFE,
        scopes=_SCOPES,
    )


def _milliseconds(time: datetime | None) -> int | None:
    return None if time is None else epoch_milliseconds(time)


def _events(envelope: Envelope) -> builtins.list[EmailEvent]:
    return cast("builtins.list[EmailEvent]", envelope["events"])
