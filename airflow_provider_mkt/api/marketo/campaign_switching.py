"""Switching trigger campaigns on and off."""

from __future__ import annotations

from typing import Any

from airflow_provider_mkt.api.call import Call
from airflow_provider_mkt.api.errors import NotFound
from airflow_provider_mkt.api.flow import Flow, Memory
from airflow_provider_mkt.api.marketo import campaigns
from airflow_provider_mkt.api.marketo.answers import found
from airflow_provider_mkt.api.marketo.rows import SmartCampaign
from airflow_provider_mkt.api.once import Made, once


def smart_campaign(campaign_id: int | str) -> Flow[SmartCampaign]:
    """Read a smart campaign.

    :raises NotFound: when there is none.
    """
    campaign = yield from found(campaigns.get(campaign_id))
    if campaign is None:
        raise NotFound(f"there is no smart campaign {campaign_id}", platform="marketo", call="campaigns.get")
    return campaign


def switch(campaign_id: int | str, memory: Memory, *, on: bool) -> Flow[bool]:
    """Switch a trigger campaign on or off. One that is so already is left alone.

    :param campaign_id: the campaign.
    :param memory: what the task's earlier tries did.
    :returns: whether this task switched it.
    :raises NotFound: when there is no such campaign.
    :raises InvalidRequest: when it cannot be switched on: a batch campaign, or one without trigger or flow.
    """

    def find() -> Flow[SmartCampaign | None]:
        campaign = yield from smart_campaign(campaign_id)
        return campaign if bool(campaign.get("isActive")) is on else None

    call: Call[Any] = campaigns.activate(campaign_id) if on else campaigns.deactivate(campaign_id)
    made: Made[Any] = yield from once(f"{call.name} {campaign_id}", memory, call, find)
    return made.new
