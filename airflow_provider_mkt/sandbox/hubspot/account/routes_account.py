"""Account information and API usage."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.hubspot.times import iso
from airflow_provider_mkt.sandbox.hubspot.versions import dated
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

_UNLIMITED = 1_000_000

routes = HubSpotRoutes("/account-info/v3", *dated("/account-info/{v}"))


@routes.handle("GET", "/details", scopes=("oauth",))
async def account_details(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    offset = request.clock.now().astimezone(ZoneInfo(seed.TIME_ZONE)).utcoffset() or timedelta()
    minutes = int(offset.total_seconds() // 60)
    return JSONResponse(
        {
            "portalId": seed.PORTAL_ID,
            "accountType": "STANDARD",
            "timeZone": seed.TIME_ZONE,
            "companyCurrency": "USD",
            "additionalCurrencies": [],
            "utcOffset": f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}",
            "utcOffsetMilliseconds": minutes * 60_000,
            "uiDomain": "app.hubspot.com",
            "dataHostingLocation": "na1",
        }
    )


@routes.handle("GET", "/api-usage/daily/private-apps", scopes=("oauth",))
async def daily_usage(request: HubSpotRequest) -> Response:
    await request.simulate_latency()
    now, daily = request.clock.time(), request.state.limits.daily
    daily.roll(now)
    return JSONResponse(
        {
            "results": [
                {
                    "name": "private-apps-api-calls-daily",
                    "usageLimit": _UNLIMITED if daily.limit is None else daily.limit,
                    "currentUsage": daily.used,
                    "collectedAt": iso(now),
                    "fetchStatus": "SUCCESS",
                    "resetsAt": iso(daily.resets_at(now).timestamp()),
                }
            ]
        }
    )
