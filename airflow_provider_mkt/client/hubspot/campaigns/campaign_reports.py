"""Reports on a campaign: contacts, sessions and revenue."""

from __future__ import annotations

from typing import Annotated, NotRequired, TypedDict, cast

from airflow_provider_mkt.client.call import Call, Envelope, Replay, Route, path_params, query_pairs
from airflow_provider_mkt.client.hubspot.parameters import Day, PageSize, day_range
from airflow_provider_mkt.client.paging import Cursor, after_cursor
from airflow_provider_mkt.client.parameters import endpoint, one_of

PAGE_MAX = 100
CONTACT_TYPES = ("contactFirstTouch", "contactLastTouch", "influencedContacts")
ATTRIBUTION_MODELS = (
    "LINEAR",
    "FIRST_INTERACTION",
    "LAST_INTERACTION",
    "FULL_PATH",
    "U_SHAPED",
    "W_SHAPED",
    "TIME_DECAY",
    "J_SHAPED",
    "INVERSE_J_SHAPED",
)
_READ = ("marketing.campaigns.read",)
_REVENUE = (
    "marketing.campaigns.revenue.read or marketing.campaigns.revenue.lite.read "
    "or marketing.campaigns.revenue.full.read",
)


class ContactReference(TypedDict):
    id: str


class CampaignMetrics(TypedDict):
    sessions: int
    newContactsFirstTouch: int
    newContactsLastTouch: int
    influencedContacts: int


class CampaignRevenue(TypedDict):
    """Revenue in the account's currency; fields that the token may not see are missing."""

    contactsNumber: NotRequired[int]
    dealsNumber: NotRequired[int]
    dealAmount: NotRequired[float]
    revenueAmount: NotRequired[float]
    currencyCode: NotRequired[str]


@endpoint
def contacts(
    campaign_guid: str,
    contact_type: Annotated[str, one_of(*CONTACT_TYPES)],
    *,
    start_date: Day | None = None,
    end_date: Day | None = None,
    limit: PageSize = PAGE_MAX,
    after: Cursor | None = None,
) -> Call[list[ContactReference]]:
    """List the ids of the contacts that a campaign created or influenced.

    :param campaign_guid: id of the campaign.
    :param contact_type: ``contactFirstTouch``, ``contactLastTouch`` or ``influencedContacts``.
    :param start_date: first day; 2006-01-01 when not given.
    :param end_date: last day; today when not given.
    :param limit: rows per page, 1-100.
    :param after: cursor of the page to begin with; the first page when not given.
    :returns: one page of ids; iterate the call for all pages.
    :raises NotFound: when the campaign does not exist.
    :raises InvalidInput: when *contact_type* is unknown, *limit* is out of range, or a day is not a date.

    Source: ``GET /marketing/{version}/campaigns/{campaignGuid}/reports/contacts/{contactType}``.
    """
    params = path_params(campaignGuid=campaign_guid, contactType=contact_type)
    return Call(
        "campaign_reports.contacts",
        Route("GET", "campaigns", "/{campaignGuid}/reports/contacts/{contactType}", params),
        _rows,
        Replay.SAFE,
        query=(*day_range(start_date, end_date), *query_pairs(after=after, limit=limit)),
        follow=after_cursor,
        scopes=_READ,
    )


@endpoint
def metrics(
    campaign_guid: str, *, start_date: Day | None = None, end_date: Day | None = None
) -> Call[CampaignMetrics]:
    """Read how many sessions and contacts a campaign generated.

    :param campaign_guid: id of the campaign.
    :param start_date: first day; 2006-01-01 when not given.
    :param end_date: last day; today when not given.
    :raises NotFound: when the campaign does not exist.
    :raises InvalidInput: when a day is not a date.

    Source: ``GET /marketing/{version}/campaigns/{campaignGuid}/reports/metrics``.
    """
    return Call(
        "campaign_reports.metrics",
        _report("metrics", campaign_guid),
        lambda envelope: cast("CampaignMetrics", envelope),
        Replay.SAFE,
        query=day_range(start_date, end_date),
        scopes=_READ,
    )


@endpoint
def revenue(
    campaign_guid: str,
    *,
    attribution_model: Annotated[str, one_of(*ATTRIBUTION_MODELS)] = "LINEAR",
    start_date: Day | None = None,
    end_date: Day | None = None,
) -> Call[CampaignRevenue]:
    """Read the revenue that is attributed to a campaign.

    :param campaign_guid: id of the campaign.
    :param attribution_model: attribution model, e.g. ``LINEAR``.
    :param start_date: first day; 2006-01-01 when not given.
    :param end_date: last day; today when not given.
    :raises PermissionDenied: when none of the separate revenue scopes is granted.
    :raises NotFound: when the campaign does not exist.
    :raises InvalidInput: when *attribution_model* is unknown, or a day is not a date.

    Source: ``GET /marketing/{version}/campaigns/{campaignGuid}/reports/revenue``.
    """
    return Call(
        "campaign_reports.revenue",
        _report("revenue", campaign_guid),
        lambda envelope: cast("CampaignRevenue", envelope),
        Replay.SAFE,
        query=(*query_pairs(attributionModel=attribution_model), *day_range(start_date, end_date)),
        scopes=_REVENUE,
    )


def _report(report: str, campaign_guid: str) -> Route:
    params = path_params(campaignGuid=campaign_guid)
    return Route("GET", "campaigns", f"/{{campaignGuid}}/reports/{report}", params)


def _rows(envelope: Envelope) -> list[ContactReference]:
    return cast("list[ContactReference]", envelope["results"])
