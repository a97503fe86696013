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
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes, HubSpotState
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
    """Associate an asset, which must exist: in the account, or by the settings."""
    kind, asset_id = _kind(request), request.path_params["assetId"]
    await request.simulate_latency()
    campaign, name = find(request), _name_of(request.state, kind, asset_id)
    if name is None:
        raise not_found(f"{kind} {asset_id} not found")
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


def _name_of(state: HubSpotState, kind: str, asset_id: str) -> str | None:
    """Return the name of an asset, or None if there is no such asset."""
    if kind in KINDS:
        email = state.emails.get(asset_id)
        return None if email is None else email.name
    if kind == "MARKETING_EVENT":
        event = state.events.get(asset_id)
        return None if event is None else event.name
    if kind == "OBJECT_LIST":
        found = state.lists.get(asset_id)
        return None if found is None else found.name
    if kind == "SEQUENCE":
        sequence = state.automation.sequences.get(asset_id)
        return None if sequence is None else sequence.name
    if kind == "AUTOMATION_PLATFORM_FLOW":
        flow = state.automation.workflows.get(asset_id)
        return None if flow is None else flow.name
    given = state.settings.assets.get(kind, ())
    return state.campaigns.other_assets.get(kind, {}).get(asset_id, asset_id if asset_id in given else None)


def _kind(request: HubSpotRequest) -> str:
    kind: str = request.path_params["assetType"]
    if kind not in ASSET_TYPES:
        msg = f"Invalid asset type: {kind}"
        raise invalid(msg)
    return kind
