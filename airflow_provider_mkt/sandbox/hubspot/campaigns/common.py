"""What the campaign endpoints share."""

from __future__ import annotations

from datetime import date
from typing import Any

from airflow_provider_mkt.sandbox.hubspot.bodies import property_map
from airflow_provider_mkt.sandbox.hubspot.campaigns.properties import problems_of
from airflow_provider_mkt.sandbox.hubspot.campaigns.store import Campaign
from airflow_provider_mkt.sandbox.hubspot.errors import bad_properties, invalid, not_found
from airflow_provider_mkt.sandbox.hubspot.world import HubSpotRequest

READ = ("marketing.campaigns.read",)
WRITE = ("marketing.campaigns.write",)


def find(request: HubSpotRequest) -> Campaign:
    """The campaign of the path; 404 if there is none."""
    guid = request.path["campaignGuid"]
    campaign = request.world.campaigns.get(guid)
    if campaign is None:
        msg = f"Campaign {guid} not found"
        raise not_found(msg)
    return campaign


def valid(properties: Any, built: str, *, creating: bool) -> dict[str, str]:
    """The properties of one input; raises what is wrong with them."""
    values = property_map(properties, built)
    problems = problems_of(values, creating=creating)
    if problems:
        raise bad_properties(problems)
    return values


def with_metrics(request: HubSpotRequest) -> bool:
    """Whether asset metrics are asked for, which takes both dates."""
    dates = [request.query.get(name) for name in ("startDate", "endDate")]
    for text in dates:
        try:
            if text is not None:
                date.fromisoformat(text)
        except ValueError as error:
            msg = f"{text!r} is not a date of the form YYYY-MM-DD"
            raise invalid(msg) from error
    return None not in dates


def asset_views(campaign: Campaign, kind: str, *, metrics: bool) -> list[dict[str, Any]]:
    views: list[dict[str, Any]] = []
    for asset_id, name in campaign.assets.get(kind, {}).items():
        view: dict[str, Any] = {"id": asset_id, "name": name}
        views.append(view | {"metrics": {}} if metrics else view)
    return views


def with_assets(campaign: Campaign, names: list[str], *, metrics: bool) -> dict[str, Any]:
    """The campaign with a first page of each kind of asset."""
    pages = {
        kind: {"results": asset_views(campaign, kind, metrics=metrics)}
        for kind, ids in campaign.assets.items()
        if ids
    }
    return campaign.view(names) | {"assets": pages}
