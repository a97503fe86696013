"""Statistics of emails: totals, and histograms by interval."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot import times
from airflow_provider_mkt.sandbox.hubspot.emails import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.emails.counters import figures
from airflow_provider_mkt.sandbox.hubspot.emails.models import Email, Send
from airflow_provider_mkt.sandbox.hubspot.emails.requests import READ
from airflow_provider_mkt.sandbox.hubspot.errors import invalid
from airflow_provider_mkt.sandbox.hubspot.requests import is_dated
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

_FIXED = {"SECOND": 1, "MINUTE": 60, "QUARTER_HOUR": 900, "HOUR": 3600}
_MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
INTERVALS = (*_FIXED, "DAY", "WEEK", *_MONTHS)
_MAX_INTERVALS = 10_000
_DIGITS = 18
_FAR_OFF = 2e11
"""The last year from which intervals can be added."""

routes = HubSpotRoutes(*PREFIXES)


@dataclass(frozen=True, slots=True)
class _Selection:
    """The sends that a request selects."""

    start: float | None
    end: float
    emails: frozenset[str]

    @classmethod
    def of(cls, request: HubSpotRequest) -> _Selection:
        # HubSpot's client for the dated paths joins ids by commas, its older client repeats the parameter.
        ids = (
            request.list_param("emailIds") if is_dated(request) else request.query_params.getlist("emailIds")
        )
        for text in ids:
            if not text.isascii() or not text.isdigit() or len(text) > _DIGITS:
                msg = f"emailIds must be whole numbers, not {text!r}"
                raise invalid(msg)
        start, end = _moment(request, "startTimestamp"), _moment(request, "endTimestamp")
        end = request.clock.time() if end is None else end
        if start is not None and start > end:
            msg = "startTimestamp must not be after endTimestamp"
            raise invalid(msg)
        return cls(start, end, frozenset(str(int(text)) for text in ids))

    def sends(self, request: HubSpotRequest) -> list[tuple[Email, Send]]:
        """Return the sends that began in the time span, ordered by time, without failed ones."""
        return [
            (email, send)
            for email, send in request.state.emails.sends()
            if (not self.emails or email.id in self.emails)
            and not send.failed
            and (self.start is None or self.start <= _shown_time(send))
            and _shown_time(send) <= self.end
        ]


@routes.handle("GET", "/statistics/list", scopes=READ)
async def totals(request: HubSpotRequest) -> Response:
    """Return totals. On older paths the response is empty when there are no sends."""
    requested = _Selection.of(request)
    await request.simulate_latency()
    found = requested.sends(request)
    by_campaign: dict[str, list[Send]] = {}
    for email, send in found:
        by_campaign.setdefault(email.campaign_id, []).append(send)
    if not found and not is_dated(request):
        return JSONResponse({})
    return JSONResponse(
        {
            "aggregate": _figures(request, [send for _, send in found]),
            "campaignAggregations": {
                name: _figures(request, sends) for name, sends in sorted(by_campaign.items())
            },
            "emails": sorted({int(email.id) for email, _ in found}),
        }
    )


@routes.handle("GET", "/statistics/histogram", scopes=READ)
async def histogram(request: HubSpotRequest) -> Response:
    """Return all intervals of the time span, clipped to it; by default from the first send."""
    # The default interval is not documented; days are assumed.
    kind = request.query_params.get("interval", "DAY")
    if kind not in INTERVALS:
        msg = f"interval must be one of {', '.join(INTERVALS)}"
        raise invalid(msg)
    requested = _Selection.of(request)
    await request.simulate_latency()
    found = requested.sends(request)
    start = requested.start if requested.start is not None else (_shown_time(found[0][1]) if found else None)
    rows: list[JsonObject] = []
    at = 0
    for begin, end in [] if start is None else _intervals(kind, start, requested.end):
        inside: list[Send] = []
        while at < len(found) and (_shown_time(found[at][1]) < end or end >= requested.end):
            inside.append(found[at][1])
            at += 1
        interval = {"start": times.iso(begin), "end": times.iso(end)}
        rows.append({"interval": interval, "aggregations": _figures(request, inside)})
    return JSONResponse({"total": len(rows), "results": rows})


def _figures(request: HubSpotRequest, sends: list[Send]) -> JsonObject:
    return figures(sends, request.clock.time(), request.state.settings)


def _shown_time(send: Send) -> float:
    # Responses have milliseconds; a time span that ends at such a value must include it.
    return int(send.due * 1000) / 1000


def _moment(request: HubSpotRequest, name: str) -> float | None:
    text = request.query_params.get(name)
    moment = None if text is None else times.parse(text)
    if text is not None and (moment is None or not 0 <= moment < _FAR_OFF):
        msg = f"{name} is no time: {text!r}"
        raise invalid(msg)
    return moment


def _intervals(kind: str, start: float, end: float) -> Iterator[tuple[float, float]]:
    """Return calendar intervals in UTC; HubSpot's time zone is not documented."""
    edge = _begin(kind, datetime.fromtimestamp(start, UTC))
    for _ in range(_MAX_INTERVALS):
        following = _next(kind, edge)
        yield max(start, edge.timestamp()), min(end, following.timestamp())
        if following.timestamp() >= end:
            return
        edge = following
    msg = f"More than {_MAX_INTERVALS} intervals; choose a longer interval or a shorter span"
    raise invalid(msg)


def _begin(kind: str, moment: datetime) -> datetime:
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if kind in _FIXED:
        seconds = (moment - day) // timedelta(seconds=_FIXED[kind]) * _FIXED[kind]
        return day + timedelta(seconds=seconds)
    if kind == "WEEK":
        return day - timedelta(days=day.weekday())
    if kind in _MONTHS:
        months = (day.month - 1) // _MONTHS[kind] * _MONTHS[kind]
        return day.replace(month=months + 1, day=1)
    return day


def _next(kind: str, edge: datetime) -> datetime:
    if kind in _MONTHS:
        years, month = divmod(edge.month - 1 + _MONTHS[kind], 12)
        return edge.replace(year=edge.year + years, month=month + 1)
    if kind in _FIXED:
        return edge + timedelta(seconds=_FIXED[kind])
    return edge + timedelta(days=7 if kind == "WEEK" else 1)
