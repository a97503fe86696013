"""Contacts."""

from airflow_provider_mkt.client.hubspot.contacts.contacts import (
    BATCH_MAX,
    HISTORY_MAX,
    PAGE_MAX,
    Contact,
    archive,
    archive_batch,
    batch_read,
    create,
    create_batch,
    gdpr_delete,
    get,
    list,
    update,
    update_batch,
    upsert_batch,
)

__all__ = [
    "BATCH_MAX",
    "HISTORY_MAX",
    "PAGE_MAX",
    "Contact",
    "archive",
    "archive_batch",
    "batch_read",
    "create",
    "create_batch",
    "gdpr_delete",
    "get",
    "list",
    "update",
    "update_batch",
    "upsert_batch",
]
