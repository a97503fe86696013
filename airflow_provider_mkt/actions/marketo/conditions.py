"""Conditions that can be waited for on Marketo."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from airflow_provider_mkt.actions.jobs import (
    JobSpec,
    PollCache,
    PollResult,
    condition,
    enough_left,
    impossible,
    met_when,
    one_of,
)
from airflow_provider_mkt.actions.marketo import account as todays_quota
from airflow_provider_mkt.actions.marketo import batch_reads
from airflow_provider_mkt.actions.marketo.activities import activity_seen, email_activity
from airflow_provider_mkt.actions.marketo.leads import (
    in_list,
    leads_changed,
    leads_matching,
    leads_visible,
    member_status,
)
from airflow_provider_mkt.actions.marketo.lookup import find_or_none
from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.client.marketo.smart_campaigns import campaigns

CAMPAIGN_STATUSES = (
    "Inactive",
    "Single Run",
    "Invalid",
    "Recurring Run",
    "Active",
    "Requested",
    "Never Run",
)


def quota_left(daily_quota: int, cache: PollCache, *, need: int) -> Procedure[PollResult]:
    """Poll whether enough of the day's calls are left. One call.

    :param daily_quota: the calls of a day, which no endpoint returns.
    """
    return (yield from enough_left(todays_quota.today(daily_quota), need))


def campaign_status(cache: PollCache, *, campaign_id: str, statuses: Sequence[str]) -> Procedure[PollResult]:
    """Poll whether a smart campaign has one of the wanted statuses. One call."""
    wanted = [one_of(f"statuses[{index}]", one, CAMPAIGN_STATUSES) for index, one in enumerate(statuses)]
    campaign = yield from find_or_none(campaigns.get(campaign_id))
    if campaign is None:
        return impossible(f"there is no smart campaign {campaign_id}")
    raw_status = str(campaign.get("status") or "")
    details = {"status": raw_status}
    if raw_status == "Invalid" and raw_status not in wanted:
        return impossible(f"smart campaign {campaign_id} is Invalid", details)
    if raw_status not in CAMPAIGN_STATUSES:
        return PollResult(raw_status, details)
    return met_when(raw_status in wanted, details)


def specs(daily_quota: int) -> tuple[JobSpec, ...]:
    """Return the conditions of an instance.

    :param daily_quota: its calls of a day.
    """
    return (
        condition("marketo", "email_activity", email_activity, poke_interval=300),
        condition("marketo", "leads_visible", leads_visible, poke_interval=60),
        condition("marketo", "leads_matching", leads_matching, poke_interval=60),
        condition("marketo", "leads_changed", leads_changed, poke_interval=300),
        condition("marketo", "in_list", in_list, poke_interval=60),
        condition("marketo", "quota_left", partial(quota_left, daily_quota), poke_interval=300),
        condition("marketo", "member_status", member_status, poke_interval=60),
        condition("marketo", "activity_seen", activity_seen, poke_interval=60),
        condition(
            "marketo",
            "campaign_status",
            campaign_status,
            poke_interval=60,
            batch_reads=(batch_reads.SMART_CAMPAIGNS,),
        ),
    )
