"""The assets of a campaign: its emails, forms, pages, lists and so on."""

from __future__ import annotations

import builtins
import logging
import re
from typing import Annotated, NotRequired, TypedDict, cast

from airflow_provider_mkt.client.call import Call, Envelope, Replay, Route, path_params, query_pairs
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.batch import nothing
from airflow_provider_mkt.client.hubspot.parameters import Day, PageSize, day_range
from airflow_provider_mkt.client.paging import Cursor, after_cursor
from airflow_provider_mkt.client.parameters import Check, endpoint
from airflow_provider_mkt.client.redaction import describe_type

PAGE_MAX = 100
_READ = ("marketing.campaigns.read",)
_WRITE = ("marketing.campaigns.write",)
_CODE = re.compile(r"[A-Z][A-Z0-9_]*")

KNOWN_TYPES = frozenset(
    (
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
    )
)
"""Known asset types. HubSpot keeps adding types, so an unknown one is sent with a warning."""

log = logging.getLogger(__name__)


def _asset_type(field: str, value: object) -> str:
    if not isinstance(value, str) or not _CODE.fullmatch(value):
        problem = f"must be a code in capitals such as MARKETING_EMAIL, not {describe_type(value)}"
        raise InvalidInput(field, problem)
    if value not in KNOWN_TYPES:
        log.warning("Unknown asset type %s; sending it as given", value)
    return value


AssetType = Annotated[str, Check(_asset_type)]


class CampaignAsset(TypedDict):
    id: str
    name: NotRequired[str]
    metrics: NotRequired[dict[str, float]]


@endpoint
def list(
    campaign_guid: str,
    asset_type: AssetType,
    *,
    start_date: Day | None = None,
    end_date: Day | None = None,
    limit: PageSize | None = None,
    after: Cursor | None = None,
) -> Call[builtins.list[CampaignAsset]]:
    """List a campaign's assets of one type.

    :param campaign_guid: id of the campaign.
    :param asset_type: code of the type, e.g. ``MARKETING_EMAIL``, ``FORM`` or ``OBJECT_LIST``.
    :param start_date: first day of the assets' metrics, which are returned only when both days are given.
    :param end_date: last day of the metrics.
    :param limit: rows per page, 1-100; HubSpot's default of 10 when not given.
    :param after: cursor of the page to begin with; the first page when not given.
    :returns: one page of assets; iterate the call for all pages.
    :raises NotFound: when the campaign does not exist.
    :raises InvalidInput: when *asset_type* is not a type code, or only one of the two days is given.

    Source: ``GET /marketing/{version}/campaigns/{campaignGuid}/assets/{assetType}``.
    """
    params = path_params(campaignGuid=campaign_guid, assetType=asset_type)
    return Call(
        "campaign_assets.list",
        Route("GET", "campaigns", "/{campaignGuid}/assets/{assetType}", params),
        _rows,
        Replay.SAFE,
        query=(*query_pairs(after=after, limit=limit), *day_range(start_date, end_date, for_metrics=True)),
        follow=after_cursor,
        scopes=_READ,
    )


@endpoint
def add(campaign_guid: str, asset_type: AssetType, asset_id: str) -> Call[None]:
    """Add an asset to a campaign. Adding it twice changes nothing.

    :param campaign_guid: id of the campaign.
    :param asset_type: code of the asset's type. HubSpot does not document which types can be added; forms,
        lists and external URLs can.
    :param asset_id: id of the asset.
    :raises NotFound: when the campaign or the asset does not exist.
    :raises InvalidRequest: when assets of this type cannot be added to campaigns.

    Source: ``PUT /marketing/{version}/campaigns/{campaignGuid}/assets/{assetType}/{assetId}``.
    """
    return _write("PUT", "campaign_assets.add", campaign_guid, asset_type, asset_id)


@endpoint
def remove(campaign_guid: str, asset_type: AssetType, asset_id: str) -> Call[None]:
    """Remove an asset from a campaign. The asset itself is kept.

    :param campaign_guid: id of the campaign.
    :param asset_type: code of the asset's type.
    :param asset_id: id of the asset.
    :raises NotFound: when the campaign does not exist.

    Source: ``DELETE /marketing/{version}/campaigns/{campaignGuid}/assets/{assetType}/{assetId}``.
    """
    return _write("DELETE", "campaign_assets.remove", campaign_guid, asset_type, asset_id)


def _write(method: str, call: str, campaign_guid: str, asset_type: AssetType, asset_id: str) -> Call[None]:
    params = path_params(campaignGuid=campaign_guid, assetType=asset_type, assetId=asset_id)
    return Call(
        call,
        Route(method, "campaigns", "/{campaignGuid}/assets/{assetType}/{assetId}", params),
        nothing,
        Replay.SAFE,
        scopes=_WRITE,
    )


def _rows(envelope: Envelope) -> builtins.list[CampaignAsset]:
    return cast("builtins.list[CampaignAsset]", envelope["results"])
