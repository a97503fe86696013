"""Custom objects: their types and their records."""

from airflow_provider_mkt.client.marketo.custom_objects.custom_objects import (
    Action,
    DedupeBy,
    delete,
    describe,
    list,
    list_by_keys,
    list_types,
    sync,
)

__all__ = [
    "Action",
    "DedupeBy",
    "delete",
    "describe",
    "list",
    "list_by_keys",
    "list_types",
    "sync",
]
