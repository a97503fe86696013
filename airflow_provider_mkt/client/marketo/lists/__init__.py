"""Static lists and their members, in the lead database API."""

from airflow_provider_mkt.client.marketo.lists.lists import (
    add,
    are_members,
    get,
    leads,
    list,
    remove,
)

__all__ = [
    "add",
    "are_members",
    "get",
    "leads",
    "list",
    "remove",
]
