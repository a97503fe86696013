"""Lists of contacts and of other records, static and dynamic."""

from airflow_provider_mkt.client.hubspot.lists.lists import (
    FoundList,
    ProcessingType,
    Size,
    SizeHistory,
    batch_read,
    by_name,
    create,
    delete,
    get,
    list,
    rename,
    restore,
    search,
    size_history,
    update_filters,
)

__all__ = [
    "FoundList",
    "ProcessingType",
    "Size",
    "SizeHistory",
    "batch_read",
    "by_name",
    "create",
    "delete",
    "get",
    "list",
    "rename",
    "restore",
    "search",
    "size_history",
    "update_filters",
]
