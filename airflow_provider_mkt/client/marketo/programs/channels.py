"""Channels, which define the program statuses and their order."""

from __future__ import annotations

import builtins

from airflow_provider_mkt.client.call import Call, query_pairs
from airflow_provider_mkt.client.marketo.requests import Offset, PageSize, ShortText, asset, asset_pages
from airflow_provider_mkt.client.marketo.responses import first_row_as, rows_as
from airflow_provider_mkt.client.marketo.rows import Channel
from airflow_provider_mkt.client.parameters import endpoint


@endpoint
def list(*, page_size: PageSize = 200, offset: Offset = 0) -> Call[builtins.list[Channel]]:
    """List channels.

    :param page_size: rows per page, 1-200.
    :param offset: rows to skip.

    Source: ``GET /rest/asset/v1/channels.json``.
    """
    return asset_pages(
        "channels.list", "/channels.json", rows_as(Channel), page_size=page_size, offset=offset
    )


@endpoint
def by_name(channel_name: ShortText) -> Call[Channel | None]:
    """Read a channel by name.

    :param channel_name: the exact name.
    :returns: the channel, or None when it does not exist.

    Source: ``GET /rest/asset/v1/channel/byName.json``.
    """
    query = query_pairs(name=channel_name)
    return asset("channels.by_name", "/channel/byName.json", first_row_as(Channel), query=query)
