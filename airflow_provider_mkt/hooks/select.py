"""The hook of a connection, by the connection's type."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseHook

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.hooks.base import MarketingHook, async_connection

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Connection


def hook_for(conn_id: str) -> MarketingHook:
    """The hook of a connection to either platform.

    :raises InvalidInput: when the connection has another type, or does not describe an account.
    """
    connection = BaseHook.get_connection(conn_id)
    return _resolved(conn_id, connection, connection.extra_dejson)


async def ahook_for(conn_id: str) -> MarketingHook:
    """The hook of a connection to either platform, looked up without blocking the event loop."""
    connection, extra = await async_connection(conn_id)
    return _resolved(conn_id, connection, extra)


def _resolved(conn_id: str, connection: Connection, extra: Mapping[str, Any]) -> MarketingHook:
    hook: MarketingHook
    match connection.conn_type:
        case "hubspot":
            from airflow_provider_mkt.hooks.hubspot import HubSpotHook

            hook = HubSpotHook(conn_id)
        case "marketo":
            from airflow_provider_mkt.hooks.marketo import MarketoHook

            hook = MarketoHook(conn_id)
        case other:
            raise InvalidInput(
                "conn_id", f"connection {conn_id!r} is of type {other!r}; needed is hubspot or marketo"
            )
    hook.describe(connection, extra)
    return hook
