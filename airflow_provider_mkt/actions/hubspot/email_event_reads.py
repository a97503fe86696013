"""Reads of the events of mails, for exports: which email campaigns are meant, and a row for each event."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from airflow_provider_mkt.actions.hubspot.send_reports import campaigns_of
from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.actions.reading import Reading, ReadRow, Span
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import InvalidInput, InvalidRequest, NotFound, PermissionDenied
from airflow_provider_mkt.client.hubspot.campaigns import campaign_assets
from airflow_provider_mkt.client.hubspot.campaigns.campaign_assets import CampaignAsset
from airflow_provider_mkt.client.hubspot.emails import email_campaigns, email_events, emails
from airflow_provider_mkt.client.hubspot.emails.email_campaigns import EmailCampaign
from airflow_provider_mkt.client.hubspot.emails.email_events import EmailEvent
from airflow_provider_mkt.client.hubspot.parameters import epoch_milliseconds, from_epoch_milliseconds
from airflow_provider_mkt.client.paging import with_next

COLUMNS: Mapping[str, str] = {
    "id": "",
    "created": "datetime",
    "type": "",
    "recipient": "",
    "emailId": "",
    "emailCampaignId": "",
    "appId": "",
    "appName": "",
    "portalId": "",
    "filteredEvent": "boolean",
    "subject": "",
    "response": "",
    "category": "",
    "status": "",
    "dropReason": "",
    "dropMessage": "",
    "url": "",
    "userAgent": "",
    "deviceType": "",
    "duration": "integer",
    "browser": "json",
    "location": "json",
    "sentBy": "json",
    "obsoletedBy": "json",
    "details": "json",
}
"""``details`` has what else an event has: HubSpot documents other fields by type, and adds some."""


class CampaignKey(NamedTuple):
    """The two numbers by which HubSpot filters events."""

    app_id: int
    campaign_id: int


@dataclass
class Selection:
    """Which events are read.

    :param campaigns: only those of these email campaigns; all when None.
    :param types: only those of these types; all when empty.
    :param unfiltered: without those that the account's filters mark.
    :param email_of: the email of each email campaign that is known, as text; None where there is none.
    """

    campaigns: Sequence[CampaignKey] | None
    types: Sequence[str] = ()
    unfiltered: bool = False
    email_of: dict[int, str | None] = field(default_factory=dict)


def select(
    email_ids: Sequence[object],
    email_campaign_ids: Sequence[object],
    campaign_guid: str | None,
    types: Sequence[str],
    *,
    unfiltered: bool,
) -> Procedure[Selection]:
    """Find the email campaigns that are meant. Two calls for each email, one for each campaign id.

    An email has one email campaign for each of its sends, and a variation of an A/B test its own.

    :param email_ids: marketing emails. One that was never sent has no events.
    :param email_campaign_ids: the ids that events have in ``emailCampaignId``.
    :param campaign_guid: a marketing campaign, which means all its marketing emails.
    :raises InvalidInput: naming what does not exist.
    """
    chosen = Selection(None, types, unfiltered)
    if not email_ids and not email_campaign_ids and campaign_guid is None:
        return chosen
    found: dict[int, CampaignKey] = {}
    wanted = [str(one) for one in email_ids]
    if campaign_guid is not None:
        wanted += yield from _emails_of(campaign_guid)
    for email_id in dict.fromkeys(wanted):
        for campaign in (yield from _campaigns_of(email_id)):
            found[campaign.id] = CampaignKey(campaign.appId, campaign.id)
            chosen.email_of[campaign.id] = email_id
    for campaign_id in email_campaign_ids:
        try:
            only: EmailCampaign = yield email_campaigns.get(str(campaign_id))
        except NotFound:
            raise InvalidInput(
                "email_campaign_ids", f"has {campaign_id}, which is no email campaign of the account"
            ) from None
        found[only.id] = CampaignKey(only.appId, only.id)
        _note(chosen, only)
    chosen.campaigns = list(found.values())
    return chosen


def event_readings(chosen: Selection, span: Span | None) -> list[Reading]:
    """Return what reads the events, the newest first: one reading for each email campaign and type.

    :param span: the range of their time; None for all that HubSpot has.
    """
    start, end = (None, None) if span is None else _first_and_last(span)
    if start is not None and end is not None and end < start:
        # Less than a millisecond, in which no event is.
        return []
    campaigns: Iterable[CampaignKey | None] = [None] if chosen.campaigns is None else chosen.campaigns
    kinds: Iterable[str | None] = chosen.types or [None]
    return [
        Reading(
            email_events.list(
                app_id=None if key is None else key.app_id,
                campaign_id=None if key is None else key.campaign_id,
                event_type=kind,
                start=start,
                end=end,
                exclude_filtered_events=chosen.unfiltered,
            ),
            functools.partial(_rows, chosen),
            key="id",
        )
        for key in campaigns
        for kind in kinds
    ]


def _rows(chosen: Selection, page: Sequence[EmailEvent]) -> Procedure[Sequence[ReadRow]]:
    rows = []
    for event in page:
        campaign_id = event.get("emailCampaignId")
        if campaign_id is not None and campaign_id not in chosen.email_of:
            yield from _find_email(chosen, campaign_id)
        email_id = None if campaign_id is None else chosen.email_of[campaign_id]
        mark = f"{event['created']} {event['id']}"
        rows.append(ReadRow(_values(event, email_id), from_epoch_milliseconds(event["created"]), mark))
    return rows


def _values(event: EmailEvent, email_id: str | None) -> dict[str, object]:
    details = {name: value for name, value in event.items() if name not in COLUMNS}
    values: dict[str, object] = {name: value for name, value in event.items() if name in COLUMNS}
    return {**values, "emailId": email_id, "details": details or None}


def _first_and_last(span: Span) -> tuple[datetime, datetime]:
    """Return the first and the last whole millisecond of a range, which HubSpot includes."""
    first, end = (epoch_milliseconds(time) + (time.microsecond % 1000 > 0) for time in span)
    return from_epoch_milliseconds(first), from_epoch_milliseconds(end - 1)


def _emails_of(campaign_guid: str) -> Procedure[list[str]]:
    page: Call[list[CampaignAsset]] | None = campaign_assets.list(campaign_guid, "MARKETING_EMAIL", limit=100)
    found: list[str] = []
    while page is not None:
        rows: list[CampaignAsset]
        try:
            rows, page = yield with_next(page)
        except NotFound:
            raise InvalidInput("campaign_guid", "is no campaign of the account") from None
        found += [str(one["id"]) for one in rows]
    return found


def _campaigns_of(email_id: str) -> Procedure[list[EmailCampaign]]:
    try:
        email: emails.Email = yield emails.get(email_id)
    except NotFound:
        raise InvalidInput("email_ids", f"has {email_id}, which is no email of the account") from None
    return (yield from campaigns_of(email))


def _find_email(chosen: Selection, campaign_id: int) -> Procedure[None]:
    """Find the email of a campaign, once. Mail of sales tools and of other apps has none."""
    try:
        campaign: EmailCampaign = yield email_campaigns.get(campaign_id)
    except (NotFound, InvalidRequest, PermissionDenied):
        chosen.email_of[campaign_id] = None
    else:
        _note(chosen, campaign)
        chosen.email_of.setdefault(campaign_id, None)


def _note(chosen: Selection, campaign: EmailCampaign) -> None:
    chosen.email_of[campaign.id] = None if campaign.contentId is None else str(campaign.contentId)
