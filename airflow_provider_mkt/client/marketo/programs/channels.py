"""Channels, which define the program statuses and their order."""

from __future__ import annotations

import builtins

from airflow_provider_mkt.client.call import Call, query_pairs
from airflow_provider_mkt.client.marketo.requests import asset, asset_pages, text
from airflow_provider_mkt.client.marketo.responses import first_as, rows_as
from airflow_provider_mkt.client.marketo.rows import Channel


def list(*, page_size: int = 200) -> Call[builtins.list[Channel]]:
    """List channels.

    :param page_size: rows per page, 1-200.

    Source: ``GET /rest/asset/v1/channels.json``.
    """
    return asset_pages("channels.list", "/channels.json", rows_as(Channel), page_size=page_size)


def by_name(channel_name: str) -> Call[Channel | None]:
    """Read a channel by name.

    :returns: the channel, or None when it does not exist.

    Source: ``GET /rest/asset/v1/channel/byName.json``.
    """
    name = "channels.by_name"
    query = query_pairs(name=text(name, "channel_name", channel_name))
    return asset(name, "/channel/byName.json", first_as(Channel), query=query)
