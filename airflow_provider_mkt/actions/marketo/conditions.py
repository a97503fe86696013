"""What can be waited for on Marketo beside its background work."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from airflow_provider_mkt.actions.conditions import ConditionSpec, ConditionState, State, enough_left, one_of
from airflow_provider_mkt.actions.marketo import account as todays_quota
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


def quota_left(daily_quota: int, state: State, *, need: int) -> Procedure[ConditionState]:
    """Whether enough of the day's calls are left. One call.

    :param daily_quota: the calls of a day, which no endpoint tells.
    """
    return (yield from enough_left(todays_quota.today(daily_quota), need))


def campaign_status(state: State, *, campaign_id: str, statuses: Sequence[str]) -> Procedure[ConditionState]:
    """Whether a smart campaign has one of the wanted statuses. One call."""
    wanted = [one_of(f"statuses[{index}]", one, CAMPAIGN_STATUSES) for index, one in enumerate(statuses)]
    campaign = yield from find_or_none(campaigns.get(campaign_id))
    if campaign is None:
        return ConditionState(False, failed=f"there is no smart campaign {campaign_id}")
    raw_status = str(campaign.get("status") or "")
    done = raw_status in wanted
    failed = f"smart campaign {campaign_id} is Invalid" if raw_status == "Invalid" and not done else ""
    odd = (
        ""
        if raw_status in CAMPAIGN_STATUSES
        else f"the status {raw_status!r} of smart campaign {campaign_id}"
    )
    return ConditionState(done, {"status": raw_status}, failed, odd)


def specs(daily_quota: int) -> tuple[ConditionSpec, ...]:
    """The conditions of an instance.

    :param daily_quota: its calls of a day.
    """
    return (
        ConditionSpec("email_activity", email_activity, poke_interval=300),
        ConditionSpec("leads_visible", leads_visible, poke_interval=60),
        ConditionSpec("leads_matching", leads_matching, poke_interval=60),
        ConditionSpec("leads_changed", leads_changed, poke_interval=300),
        ConditionSpec("in_list", in_list, poke_interval=60),
        ConditionSpec("quota_left", partial(quota_left, daily_quota), poke_interval=300),
        ConditionSpec("member_status", member_status, poke_interval=60),
        ConditionSpec("activity_seen", activity_seen, poke_interval=60),
        ConditionSpec("campaign_status", campaign_status, poke_interval=60),
    )
