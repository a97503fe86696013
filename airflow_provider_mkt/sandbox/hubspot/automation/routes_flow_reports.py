"""The emails that flows send, and the enrolments of a flow over time."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.automation.routes_flows import SCOPES, find_flow
from airflow_provider_mkt.sandbox.hubspot.automation.store import Workflow
from airflow_provider_mkt.sandbox.hubspot.errors import invalid
from airflow_provider_mkt.sandbox.hubspot.paging import page_both_ways
from airflow_provider_mkt.sandbox.hubspot.requests import int_param
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.json_types import JsonObject
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

_SEND_EMAIL = "0-4"
"""Type of the action that sends a marketing email."""
_BUCKETS = ("DAY", "WEEK", "MONTH")
_DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
_LATEST = 253_402_300_799_000

routes = HubSpotRoutes("/automation/v4/flows")


@routes.handle("GET", "/email-campaigns", scopes=SCOPES)
async def email_campaigns(request: HubSpotRequest) -> Response:
    """List the emails of flows. The default of `limit` is not documented; it is that of the list of flows."""
    query = request.query_params
    limit = int_param(query.get("limit"), "limit", 100, 1, 100)
    wanted = query.getlist("flowId")
    await request.simulate_latency()
    rows = [
        {"flowId": one.flow_id, "emailContentId": email, "emailCampaignId": email}
        for one in request.state.automation.workflows.values()
        if not wanted or one.flow_id in wanted
        for email in _emails_of(one)
    ]
    found, paging = page_both_ways(rows, query.get("after"), query.get("before"), limit)
    return JSONResponse({"results": list(found), **paging})


@routes.handle("GET", "/performance/{flowId}", scopes=SCOPES)
async def performance(request: HubSpotRequest) -> Response:
    """Count the enrolments of a flow per day, week or month. The fields of a row are not documented."""
    query = request.query_params
    bucket = _word(query.get("bucketType"), "bucketType", _BUCKETS)
    first_day = _DAYS.index(_word(query.get("firstDay"), "firstDay", _DAYS))
    start = int_param(query.get("start"), "start", 0, 0, _LATEST) / 1000
    end = int_param(query.get("end"), "end", _LATEST, 0, _LATEST) / 1000
    await request.simulate_latency()
    flow = find_flow(request)
    counts = Counter(
        _begin_of(enrolment.at, bucket, first_day)
        for enrolment in request.state.automation.in_workflows
        if enrolment.where == flow.flow_id and start <= enrolment.at <= end
    )
    rows: list[JsonObject] = [
        {"timestamp": int(moment.timestamp() * 1000), "count": count}
        for moment, count in sorted(counts.items())
    ]
    return JSONResponse({"results": rows})


def _emails_of(one: Workflow) -> list[str]:
    actions = one.definition.get("actions")
    return [
        str(action["fields"]["content_id"])
        for action in (actions if isinstance(actions, list) else [])
        if isinstance(action, dict)
        and action.get("actionTypeId") == _SEND_EMAIL
        and isinstance(action.get("fields"), dict)
        and action["fields"].get("content_id") is not None
    ]


def _word(text: str | None, name: str, known: tuple[str, ...]) -> str:
    if text is not None and text not in known:
        msg = f"{name} must be one of {', '.join(known)}"
        raise invalid(msg)
    return text or known[0]


def _begin_of(moment: float, bucket: str, first_day: int) -> datetime:
    day = datetime.fromtimestamp(moment, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if bucket == "MONTH":
        return day.replace(day=1)
    return day - timedelta(days=(day.weekday() - first_day) % 7) if bucket == "WEEK" else day
