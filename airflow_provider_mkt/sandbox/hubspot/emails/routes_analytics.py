"""Email analytics of v1: the sends of emails as campaigns, and the events of their mails.

They have no dated path, whatever the client's version, and HubSpot ends their support with that of v1.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.emails.events import (
    FILTERED_OPEN,
    HAPPENING,
    OPEN,
    TYPES,
    Key,
    lane_of,
    newest_first,
    parse_id,
)
from airflow_provider_mkt.sandbox.hubspot.emails.models import Email, Send
from airflow_provider_mkt.sandbox.hubspot.errors import invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.requests import bool_param, int_param
from airflow_provider_mkt.sandbox.hubspot.seed import EMAIL_APP_ID, EMAIL_APP_NAME
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

SCOPES = ("content",)
PAGE_MAX = 1000
"""Not documented; public clients ask for as many."""
_LATEST = 10**15
_COUNTERS = {
    "sent": "sent",
    "processed": "processed",
    "delivered": "delivered",
    "dropped": "dropped",
    "mta_dropped": "mta_dropped",
    "deferred": "deferred",
    "bounce": "bounce",
    "open": "open",
    "click": "click",
    "unsubscribed": "unsubscribed",
    "statuschange": "unsubscribed",
    "spamreport": "spamreport",
}
_NEVER_HERE = ("forward", "print", "reply", "suppressed")

routes = HubSpotRoutes("/email/public/v1")


@routes.handle("GET", "/campaigns", scopes=SCOPES)
async def recent_campaigns(request: HubSpotRequest) -> Response:
    """Return campaigns, the most recently updated first."""
    return await _list(request, by_id=False)


@routes.handle("GET", "/campaigns/by-id", scopes=SCOPES)
async def campaigns_by_id(request: HubSpotRequest) -> Response:
    return await _list(request, by_id=True)


@routes.handle("GET", "/campaigns/{campaignId}", scopes=SCOPES)
async def get_campaign(request: HubSpotRequest) -> Response:
    campaign_id, app = request.path_params["campaignId"], _app(request)
    await request.simulate_latency()
    email = _sent_emails(request).get(campaign_id)
    if email is None or app not in (None, str(EMAIL_APP_ID)):
        msg = f"Campaign {campaign_id} not found"
        raise not_found(msg)
    return JSONResponse(_campaign(request, email))


@routes.handle("GET", "/events", scopes=SCOPES)
async def list_events(request: HubSpotRequest) -> Response:
    """Return events, the newest first."""
    query, app = request.query_params, _app(request)
    campaign, kind, recipient = query.get("campaignId"), query.get("eventType"), query.get("recipient")
    if campaign is not None and app is None:
        raise invalid("campaignId needs an appId")
    if kind is not None and kind not in TYPES:
        msg = f"eventType must be one of {', '.join(TYPES)}"
        raise invalid(msg)
    unfiltered = bool_param(query.get("excludeFilteredEvents"), "excludeFilteredEvents")
    start = int_param(query.get("startTimestamp"), "startTimestamp", 0, 0, _LATEST)
    end = int_param(query.get("endTimestamp"), "endTimestamp", _LATEST, 0, _LATEST)
    limit = int_param(query.get("limit"), "limit", 100, 1, PAGE_MAX)
    filters = [app, campaign, kind, recipient, start, end, unfiltered]
    before = _key(query.get("offset"), filters)
    await request.simulate_latency()
    moment = _events_until(request)
    lanes = [
        lane_of(email, mailing, one, moment)
        for email, mailing in request.state.emails.mailings
        if campaign in (None, email.campaign_id) and app in (None, str(EMAIL_APP_ID))
        for one in HAPPENING
        if kind in (None, OPEN if one == FILTERED_OPEN else one) and not (unfiltered and one == FILTERED_OPEN)
    ]
    wanted = None if recipient is None else recipient.strip().lower()
    found = newest_first(lanes, before=before, start=start, end=end, recipient=wanted, limit=limit + 1)
    page, more = found[:limit], len(found) > limit
    offset = _offset(page[-1][0], filters) if page else query.get("offset", "")
    return JSONResponse({"hasMore": more, "offset": offset, "events": [view for _, view in page]})


@routes.handle("GET", "/events/{created}/{id}", scopes=SCOPES)
async def get_event(request: HubSpotRequest) -> Response:
    created, event_id = request.path_params["created"], request.path_params["id"]
    await request.simulate_latency()
    named, moment = parse_id(event_id), _events_until(request)
    if named is not None:
        number, kind, index = named
        for email, mailing in request.state.emails.mailings:
            lane = lane_of(email, mailing, kind, moment)
            if mailing.number == number and index < lane.count and str(lane.key(index)[0]) == created:
                return JSONResponse(lane.view(index))
    msg = f"Event {event_id} not found"
    raise not_found(msg)


def _events_until(request: HubSpotRequest) -> float:
    settings = request.state.settings
    return request.clock.time() - max(settings.figures_lag, settings.commit_lag)


async def _list(request: HubSpotRequest, *, by_id: bool) -> Response:
    limit = int_param(request.query_params.get("limit"), "limit", 10, 1, PAGE_MAX)
    start = _place(request.query_params.get("offset"))
    await request.simulate_latency()
    every = [*_sent_emails(request).values()]
    every.sort(key=lambda one: int(one.id))
    if not by_id:
        every.sort(key=lambda one: _updated(request, one), reverse=True)
    page, end = every[start : start + limit], start + limit
    more = end < len(every)
    rows = [
        {
            "id": int(one.campaign_id),
            "appId": EMAIL_APP_ID,
            "appName": EMAIL_APP_NAME,
            "lastUpdatedTime": _updated(request, one),
        }
        for one in page
    ]
    offset = base64.b64encode(str(end if more else start + len(page)).encode()).decode()
    return JSONResponse({"hasMore": more, "offset": offset, "campaigns": rows})


def _sent_emails(request: HubSpotRequest) -> dict[str, Email]:
    """Return the emails that have a send, by their campaign id. A send that waits for its time is one."""
    every = request.state.emails.all()
    return {one.campaign_id: one for one in every if one.current() is not None}


def _campaign(request: HubSpotRequest, email: Email) -> JsonObject:
    now, settings = request.clock.time(), request.state.settings
    sends = [send for send in email.sends if not send.cancelled]
    send = sends[-1]
    counts = [one.counts(now - settings.figures_lag) for one in sends]
    mailings = [one.mailing for one in sends if one.mailing is not None]
    view: JsonObject = {
        "id": int(email.campaign_id),
        "appId": EMAIL_APP_ID,
        "appName": EMAIL_APP_NAME,
        "contentId": int(email.id),
        "name": email.name,
        "subject": email.live.get("subject", ""),
        "type": "BATCH_EMAIL",
        "subType": "AB_EMAIL" if email.role else "BATCH",
        "numIncluded": sum(one.selected for one in mailings),
        "numQueued": sum(len(one.mailed) for one in mailings),
        "processingState": _processing_state(send, now, request),
        "lastProcessingStateChangeAt": _updated(request, email),
        "counters": {
            **{name: sum(one[of] for one in counts) for name, of in _COUNTERS.items()},
            **dict.fromkeys(_NEVER_HERE, 0),
        },
    }
    # Processed are those that the provider took, among them those that it dropped.
    view["counters"]["processed"] = view["counters"]["sent"] + view["counters"]["mta_dropped"]
    if send.scheduled:
        view["scheduledAt"] = _milliseconds(send.due)
    if send.begun(now):
        view["lastProcessingStartedAt"] = _milliseconds(send.due)
    if now >= send.done_at(settings):
        view["lastProcessingFinishedAt"] = _milliseconds(send.done_at(settings))
    return view


def _processing_state(send: Send, now: float, request: HubSpotRequest) -> str:
    # The documentation names the field, and none of its values.
    if not send.begun(now):
        return "SCHEDULED"
    if now < send.done_at(request.state.settings):
        return "PROCESSING"
    return "ERROR" if send.failed else "DONE"


def _updated(request: HubSpotRequest, email: Email) -> int:
    """Return when the state of its last send changed."""
    now, send = request.clock.time(), email.current()
    assert send is not None  # noqa: S101
    moments = (send.requested, send.due, send.done_at(request.state.settings))
    return _milliseconds(max(moment for moment in moments if moment <= now))


def _milliseconds(moment: float) -> int:
    return int(moment * 1000)


def _app(request: HubSpotRequest) -> str | None:
    text = request.query_params.get("appId")
    return None if text is None else str(int_param(text, "appId", 0, 0, _LATEST))


def _place(offset: str | None) -> int:
    if not offset:
        return 0
    try:
        return max(0, int(base64.b64decode(offset, validate=True)))
    except (binascii.Error, ValueError):
        raise _bad_offset() from None


def _offset(key: Key, filters: Sequence[object]) -> str:
    return base64.b64encode(json.dumps([key, filters]).encode()).decode()


def _key(offset: str | None, filters: Sequence[object]) -> Key | None:
    """Return the key of an offset, which is for the same filters only."""
    if not offset:
        return None
    try:
        key, before = json.loads(base64.b64decode(offset, validate=True))
        milliseconds, number, kind, index = map(int, key)
    except (binascii.Error, ValueError, TypeError):
        raise _bad_offset() from None
    if before != [*filters]:
        raise invalid("offset is that of a request with other filters")
    return milliseconds, number, kind, index


def _bad_offset() -> Exception:
    return invalid("offset is none of this list")
