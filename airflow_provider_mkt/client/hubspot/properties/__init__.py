"""Properties: what can be stored in the records of an object type."""

from airflow_provider_mkt.client.hubspot.properties.properties import (
    BATCH_MAX,
    SENSITIVITIES,
    Property,
    archive,
    batch_archive,
    batch_create,
    batch_read,
    create,
    get,
    list,
    update,
)

__all__ = [
    "BATCH_MAX",
    "SENSITIVITIES",
    "Property",
    "archive",
    "batch_archive",
    "batch_create",
    "batch_read",
    "create",
    "get",
    "list",
    "update",
]
