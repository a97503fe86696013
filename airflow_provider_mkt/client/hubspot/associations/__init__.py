"""Associations between records."""

from airflow_provider_mkt.client.hubspot.associations.associations import (
    ARCHIVE_MAX,
    CREATE_MAX,
    READ_MAX,
    AssociatedRecord,
    AssociationResult,
    AssociationType,
    batch_archive,
    batch_archive_labels,
    batch_create,
    batch_create_default,
    batch_read,
    list,
)

__all__ = [
    "ARCHIVE_MAX",
    "CREATE_MAX",
    "READ_MAX",
    "AssociatedRecord",
    "AssociationResult",
    "AssociationType",
    "batch_archive",
    "batch_archive_labels",
    "batch_create",
    "batch_create_default",
    "batch_read",
    "list",
]
