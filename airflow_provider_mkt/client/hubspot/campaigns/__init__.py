"""Campaigns: groups of marketing assets that HubSpot reports on together."""

from airflow_provider_mkt.client.hubspot.campaigns.campaigns import (
    BATCH_MAX,
    PAGE_MAX,
    SORTS,
    BusinessUnit,
    Campaign,
    archive_batch,
    batch_read,
    create,
    create_batch,
    delete,
    get,
    list,
    update,
    update_batch,
)

__all__ = [
    "BATCH_MAX",
    "PAGE_MAX",
    "SORTS",
    "BusinessUnit",
    "Campaign",
    "archive_batch",
    "batch_read",
    "create",
    "create_batch",
    "delete",
    "get",
    "list",
    "update",
    "update_batch",
]
