"""Campaigns: the containers that HubSpot reports marketing work under."""

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
