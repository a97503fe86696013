"""Scopes, and reading campaigns and their properties from requests."""

from __future__ import annotations

from airflow_provider_mkt.sandbox.hubspot.campaigns.date_ranges import Days
from airflow_provider_mkt.sandbox.hubspot.campaigns.property_definitions import problems_of
from airflow_provider_mkt.sandbox.hubspot.campaigns.store import Campaign
from airflow_provider_mkt.sandbox.hubspot.emails.campaign_assets import KINDS, MARKETING_EMAIL, emails_of
from airflow_provider_mkt.sandbox.hubspot.emails.counters import figures
from airflow_provider_mkt.sandbox.hubspot.emails.models import Email
from airflow_provider_mkt.sandbox.hubspot.errors import bad_properties, not_found
from airflow_provider_mkt.sandbox.hubspot.paging import page
from airflow_provider_mkt.sandbox.hubspot.requests import property_map
from airflow_provider_mkt.sandbox.hubspot.state import HubSpotRequest
from airflow_provider_mkt.sandbox.server.json_types import JsonObject

READ = ("marketing.campaigns.read",)
WRITE = ("marketing.campaigns.write",)
FIRST_PAGE = 10


def find(request: HubSpotRequest) -> Campaign:
    """Return the campaign of the path.

    :raises HubSpotError: 404.
    """
    guid = request.path_params["campaignGuid"]
    campaign = request.state.campaigns.get(guid)
    if campaign is None:
        msg = f"Campaign {guid} not found"
        raise not_found(msg)
    return campaign


def valid(properties: object, schema: str, *, creating: bool) -> dict[str, str]:
    """Return the properties of one input.

    :raises HubSpotError: 400.
    """
    values = property_map(properties, schema)
    problems = problems_of(values, creating=creating)
    if problems:
        raise bad_properties(problems)
    return values


def asset_views(
    request: HubSpotRequest, campaign: Campaign, kind: str, days: Days | None
) -> list[JsonObject]:
    """Return a campaign's assets of one type, with metrics of these days."""
    state = request.state
    names = dict(campaign.assets.get(kind, {}))
    if kind == MARKETING_EMAIL:
        # An email can also name its campaign itself.
        names |= {
            one.id: one.name for one in emails_of(state, campaign) if not _is_filed_otherwise(campaign, one)
        }
    views: list[JsonObject] = []
    for asset_id, name in names.items():
        email = state.emails.get(asset_id) if kind in KINDS else None
        view: JsonObject = {"id": asset_id, "name": name if email is None else email.name}
        views.append(view if days is None else view | {"metrics": _metrics(request, email, days)})
    return views


def with_assets(
    request: HubSpotRequest, campaign: Campaign, names: list[str], days: Days | None
) -> JsonObject:
    """Return the campaign with a first page of each type of asset it has."""
    pages: JsonObject = {}
    for kind in sorted({*campaign.assets, MARKETING_EMAIL}):
        first, paging = page(asset_views(request, campaign, kind, days), None, FIRST_PAGE)
        if first:
            pages[kind] = {"results": first, **paging}
    return campaign.view(names) | {"assets": pages}


def _is_filed_otherwise(campaign: Campaign, email: Email) -> bool:
    others = (kind for kind in KINDS if kind != MARKETING_EMAIL)
    return email.archived_at is not None or any(email.id in campaign.assets.get(kind, {}) for kind in others)


def _metrics(request: HubSpotRequest, email: Email | None, days: Days) -> dict[str, int]:
    """Return the metrics of an asset. Only emails have any; the keys per type are not documented."""
    if email is None:
        return {}
    sends = [send for send in email.sends if days.hold(send.due)]
    counters = figures(sends, request.clock.time(), request.state.settings)["counters"]
    return {name: counters.get(name, 0) for name in ("sent", "delivered", "open", "click")}
