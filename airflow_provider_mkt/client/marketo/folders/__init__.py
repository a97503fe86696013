"""Folders and their contents."""

from airflow_provider_mkt.client.marketo.folders.folders import (
    DESCRIPTION_MAX,
    by_name,
    content,
    create,
    delete,
    get,
    list,
    update,
)

__all__ = [
    "DESCRIPTION_MAX",
    "by_name",
    "content",
    "create",
    "delete",
    "get",
    "list",
    "update",
]
