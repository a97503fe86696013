"""Assets associated with a campaign."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.campaigns import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.campaigns.date_ranges import metric_days
from airflow_provider_mkt.sandbox.hubspot.campaigns.requests import READ, WRITE, asset_views, find
from airflow_provider_mkt.sandbox.hubspot.emails.campaign_assets import KINDS
from airflow_provider_mkt.sandbox.hubspot.errors import invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.paging import page
from airflow_provider_mkt.sandbox.hubspot.requests import int_param
from airflow_provider_mkt.sandbox.hubspot.settings import PROFESSIONAL
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

ASSET_TYPES = frozenset(
    [
        "AD_CAMPAIGN",
        "AUTOMATION_PLATFORM_FLOW",
        "BLOG_POST",
        "CALL",
        "CASE_STUDY",
        "CTA",
        "EMAIL",
        "EXTERNAL_WEB_URL",
        "FEEDBACK_SURVEY",
        "FILE_MANAGER_FILE",
        "FORM",
        "KNOWLEDGE_ARTICLE",
        "LANDING_PAGE",
        "MARKETING_EMAIL",
        "MARKETING_EVENT",
        "MARKETING_SMS",
        "MEDIA",
        "MEETING_EVENT",
        "OBJECT_LIST",
        "PLAYBOOK",
        "PODCAST_EPISODE",
        "SALES_DOCUMENT",
        "SEQUENCE",
        "SITE_PAGE",
        "SOCIAL_BROADCAST",
        "WEB_INTERACTIVE",
    ]
)

routes = HubSpotRoutes(*PREFIXES, product=PROFESSIONAL)


@routes.handle("GET", "/{campaignGuid}/assets/{assetType}", scopes=READ)
async def list_assets(request: HubSpotRequest) -> Response:
    kind, days = _kind(request), metric_days(request)
    limit = int_param(request.query_params.get("limit"), "limit", 10, 1, 100)
    await request.simulate_latency()
    views = asset_views(request, find(request), kind, days)
    items, paging = page(views, request.query_params.get("after"), limit)
    return JSONResponse({"results": items, **paging})


@routes.handle("PUT", "/{campaignGuid}/assets/{assetType}/{assetId}", scopes=WRITE)
async def add_asset(request: HubSpotRequest) -> Response:
    """Associate an asset. Emails, lists and events must exist; other types are not checked."""
    kind, asset_id = _kind(request), request.path_params["assetId"]
    await request.simulate_latency()
    campaign, name = find(request), f"{kind} {asset_id}"
    if kind in KINDS:
        email = request.state.emails.get(asset_id)
        if email is None:
            raise not_found(f"Email {asset_id} not found")
        name = str(email.live.get("name", name))
    elif kind == "OBJECT_LIST" and asset_id not in request.state.lists:
        raise not_found(f"List {asset_id} not found")
    elif kind == "MARKETING_EVENT":
        event = request.state.events.get(asset_id)
        if event is None:
            raise not_found(f"Marketing event {asset_id} not found")
        name = event.name
    campaign.assets.setdefault(kind, {})[asset_id] = name
    return Response(status_code=204)


@routes.handle("DELETE", "/{campaignGuid}/assets/{assetType}/{assetId}", scopes=WRITE)
async def remove_asset(request: HubSpotRequest) -> Response:
    kind, asset_id = _kind(request), request.path_params["assetId"]
    await request.simulate_latency()
    campaign = find(request)
    campaign.assets.get(kind, {}).pop(asset_id, None)
    email = request.state.emails.get(asset_id) if kind in KINDS else None
    if email is not None and str(email.live.get("campaign") or "").lower() == campaign.id:
        request.state.emails.leave_campaign(email)
    return Response(status_code=204)


def _kind(request: HubSpotRequest) -> str:
    kind: str = request.path_params["assetType"]
    if kind not in ASSET_TYPES:
        msg = f"Invalid asset type: {kind}"
        raise invalid(msg)
    return kind
