"""Create, get, update and delete a campaign, and list campaigns."""

from __future__ import annotations

from starlette.responses import Response

from airflow_provider_mkt.sandbox.hubspot.campaigns import PREFIXES
from airflow_provider_mkt.sandbox.hubspot.campaigns.date_ranges import metric_days
from airflow_provider_mkt.sandbox.hubspot.campaigns.requests import READ, WRITE, find, valid, with_assets
from airflow_provider_mkt.sandbox.hubspot.campaigns.store import Campaign
from airflow_provider_mkt.sandbox.hubspot.errors import invalid
from airflow_provider_mkt.sandbox.hubspot.paging import page
from airflow_provider_mkt.sandbox.hubspot.requests import check_object, int_param, read_object
from airflow_provider_mkt.sandbox.hubspot.settings import PROFESSIONAL
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest, HubSpotRoutes
from airflow_provider_mkt.sandbox.server.responses import JSONResponse

routes = HubSpotRoutes(*PREFIXES, product=PROFESSIONAL)


@routes.handle("GET", "", scopes=READ)
async def list_campaigns(request: HubSpotRequest) -> Response:
    limit = int_param(request.query_params.get("limit"), "limit", 50, 1, 100)
    search_text = (request.query_params.get("name") or "").lower()
    sort = request.query_params.get("sort") or "hs_name"
    order = sort.removeprefix("-")
    if order not in ("hs_name", "createdAt", "updatedAt"):
        msg = f"sort must be hs_name, createdAt or updatedAt, not {order!r}"
        raise invalid(msg)
    await request.simulate_latency()
    found = [one for one in request.state.campaigns.all() if search_text in one.name.lower()]

    def key(campaign: Campaign) -> tuple[float, str, str]:
        moment = {"createdAt": campaign.created, "updatedAt": campaign.updated}.get(order, 0.0)
        return moment, campaign.name.lower() if order == "hs_name" else "", campaign.id

    found.sort(key=key, reverse=sort.startswith("-"))
    items, paging = page(found, request.query_params.get("after"), limit)
    names = request.list_param("properties")
    return JSONResponse({"total": len(found), "results": [one.view(names) for one in items], **paging})


@routes.handle("POST", "", scopes=WRITE)
async def create_campaign(request: HubSpotRequest) -> Response:
    body = await read_object(request, "PublicCampaignInput", ["properties"])
    check_object(body, "PublicCampaignInput", known=["properties"])
    values = valid(body["properties"], "PublicCampaignInput", creating=True)
    await request.simulate_latency()
    return JSONResponse(request.state.campaigns.create(values).view(list(values)), 201)


@routes.handle("GET", "/{campaignGuid}", scopes=READ)
async def get_campaign(request: HubSpotRequest) -> Response:
    days = metric_days(request)
    await request.simulate_latency()
    return JSONResponse(with_assets(request, find(request), request.list_param("properties"), days))


@routes.handle("PATCH", "/{campaignGuid}", scopes=WRITE)
async def update_campaign(request: HubSpotRequest) -> Response:
    body = await read_object(request, "PublicCampaignInput", ["properties"])
    check_object(body, "PublicCampaignInput", known=["properties"])
    values = valid(body["properties"], "PublicCampaignInput", creating=False)
    await request.simulate_latency()
    campaign = find(request)
    request.state.campaigns.update(campaign, values)
    return JSONResponse(campaign.view(list(values)))


@routes.handle("DELETE", "/{campaignGuid}", scopes=WRITE)
async def delete_campaign(request: HubSpotRequest) -> Response:
    """Delete a campaign. 204 for an unknown id as well, as documented."""
    await request.simulate_latency()
    request.state.campaigns.remove(request.path_params["campaignGuid"])
    return Response(status_code=204)
