"""Reads of the reports of campaigns, for exports: their figures, contacts and assets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import cast

from airflow_provider_mkt.actions.jobs import chunked
from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.actions.reading import Reading, ReadRow, Span, only_page
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import InvalidInput, NotFound
from airflow_provider_mkt.client.hubspot.batch import BatchResult
from airflow_provider_mkt.client.hubspot.campaigns import campaign_assets, campaign_reports, campaigns
from airflow_provider_mkt.client.hubspot.campaigns.campaign_assets import CampaignAsset
from airflow_provider_mkt.client.hubspot.campaigns.campaign_reports import (
    CONTACT_TYPES,
    CampaignMetrics,
    CampaignRevenue,
    ContactReference,
)
from airflow_provider_mkt.client.hubspot.campaigns.campaigns import Campaign
from airflow_provider_mkt.client.paging import with_next

CONTACT, ASSET = "contact", "asset"
NAME = "hs_name"

_FIRST: Mapping[str, str] = {
    "campaignId": "",
    "campaignName": "",
    "createdAt": "datetime",
    "updatedAt": "datetime",
}
_DAYS: Mapping[str, str] = {"startDate": "date", "endDate": "date"}
_METRICS: Mapping[str, str] = {
    "sessions": "integer",
    "newContactsFirstTouch": "integer",
    "newContactsLastTouch": "integer",
    "influencedContacts": "integer",
}
_REVENUE: Mapping[str, str] = {
    "attributionModel": "",
    "contactsNumber": "integer",
    "dealsNumber": "integer",
    "dealAmount": "float",
    "revenueAmount": "float",
    "currencyCode": "",
}
_CONTACTS: Mapping[str, str] = {"contactType": "", "contactId": ""}
_KEY = ("contactType", "contactId", "assetType", "assetId")
_ASSETS: Mapping[str, str] = {"assetType": "", "assetId": "", "assetName": "", "metrics": "json"}


@dataclass(frozen=True)
class CampaignReport:
    """What is read of each campaign.

    :param breakdown: ``campaign`` for one row, ``contact`` for one per contact and type, or ``asset`` for one
        per asset.
    :param properties: properties of the campaign that get a column each.
    :param model: the attribution model of the revenue; None for no revenue.
    """

    breakdown: str
    properties: Sequence[str] = ()
    model: str | None = None

    def columns(self) -> dict[str, str]:
        """Return the columns of the file with their types.

        :raises InvalidInput: when a property has the name of another column.
        """
        revenue = _REVENUE if self.model is not None else {}
        own = {CONTACT: _CONTACTS, ASSET: _ASSETS}.get(self.breakdown, {**_METRICS, **revenue})
        for name in self.properties:
            if name in {**_FIRST, **_DAYS, **own}:
                raise InvalidInput("properties", f"has {name}, which is the name of another column")
        return {**_FIRST, **dict.fromkeys(self.properties, ""), **_DAYS, **own}

    def readings(self, campaign_ids: Sequence[str], span: Span | None) -> list[Reading]:
        """Return what reads the reports: of some campaigns, or of all in the order in which they were made.

        :param campaign_ids: campaigns that exist; all when empty.
        :param span: whole days (UTC); None for all until today.
        """
        days = Days() if span is None else Days(span.start.date(), (span.end - timedelta(days=1)).date())
        names = [*dict.fromkeys((NAME, *self.properties))]

        def rows(page: Sequence[Campaign]) -> Procedure[Sequence[ReadRow]]:
            return self._rows(page, days)

        def rows_of_batch(page: Sequence[BatchResult]) -> Procedure[Sequence[ReadRow]]:
            found = {one.id.lower(): cast("Campaign", one.model_dump()) for one in page[0].results}
            wanted = [one.lower() for one in campaign_ids]
            return self._rows([found[one] for one in wanted if one in found], days)

        if campaign_ids:
            return [
                Reading(only_page(campaigns.batch_read(chunk, properties=names)), rows_of_batch)
                for chunk in chunked(campaign_ids, campaigns.BATCH_MAX)
            ]
        return [Reading(campaigns.list(properties=names, sort="createdAt"), rows, key="id")]

    def _rows(self, page: Sequence[Campaign], days: Days) -> Procedure[Sequence[ReadRow]]:
        found: list[ReadRow] = []
        for campaign in page:
            held = campaign["properties"]
            values: dict[str, object] = {
                "campaignId": campaign["id"],
                "campaignName": held.get(NAME),
                "createdAt": campaign.get("createdAt"),
                "updatedAt": campaign.get("updatedAt"),
                **{name: held.get(name) for name in self.properties},
                "startDate": days.first and str(days.first),
                "endDate": days.last and str(days.last),
            }
            try:
                found += yield from self._rows_of(campaign["id"], values, days)
            except NotFound:
                # It was deleted meanwhile.
                continue
        return found

    def _rows_of(self, guid: str, values: Mapping[str, object], days: Days) -> Procedure[list[ReadRow]]:
        if self.breakdown == CONTACT:
            own = yield from _contacts(guid, days)
        elif self.breakdown == ASSET:
            own = yield from _assets(guid, days)
        else:
            own = [(yield from self._figures(guid, days))]
        return [
            ReadRow({**values, **one}, mark=" ".join([guid, *(str(one.get(name)) for name in _KEY)]))
            for one in own
        ]

    def _figures(self, guid: str, days: Days) -> Procedure[dict[str, object]]:
        metrics: CampaignMetrics = yield campaign_reports.metrics(
            guid, start_date=days.first, end_date=days.last
        )
        figures: dict[str, object] = {name: metrics.get(name) for name in _METRICS}
        if self.model is not None:
            revenue: CampaignRevenue = yield campaign_reports.revenue(
                guid, attribution_model=self.model, start_date=days.first, end_date=days.last
            )
            figures |= {name: revenue.get(name) for name in _REVENUE} | {"attributionModel": self.model}
        return figures


@dataclass(frozen=True)
class Days:
    """A range of days; None where it is open.

    :param first: its first day.
    :param last: its last day.
    """

    first: date | None = None
    last: date | None = None


def check_campaigns(campaign_ids: Sequence[str]) -> Procedure[None]:
    """Check that campaigns exist. One call for 50 of them.

    :raises InvalidInput: naming one that does not.
    """
    for chunk in chunked(campaign_ids, campaigns.BATCH_MAX):
        found: BatchResult = yield campaigns.batch_read(chunk)
        known = {one.id.lower() for one in found.results}
        for one in chunk:
            if one.lower() not in known:
                raise InvalidInput("campaign_ids", f"has {one}, which is no campaign of the account")


def _contacts(guid: str, days: Days) -> Procedure[list[dict[str, object]]]:
    rows: list[dict[str, object]] = []
    for kind in CONTACT_TYPES:
        page: Call[list[ContactReference]] | None = campaign_reports.contacts(
            guid, kind, start_date=days.first, end_date=days.last
        )
        while page is not None:
            found: list[ContactReference]
            found, page = yield with_next(page)
            rows += [{"contactType": kind, "contactId": one["id"]} for one in found]
    return rows


def _assets(guid: str, days: Days) -> Procedure[list[dict[str, object]]]:
    campaign: Campaign = yield campaigns.get(guid)
    rows: list[dict[str, object]] = []
    for kind in campaign.get("assets") or {}:
        page: Call[list[CampaignAsset]] | None = campaign_assets.list(
            guid, kind, limit=campaign_assets.PAGE_MAX, start_date=days.first, end_date=days.last
        )
        while page is not None:
            found: list[CampaignAsset]
            found, page = yield with_next(page)
            rows += [
                {
                    "assetType": kind,
                    "assetId": one["id"],
                    "assetName": one.get("name"),
                    "metrics": one.get("metrics"),
                }
                for one in found
            ]
    return rows
