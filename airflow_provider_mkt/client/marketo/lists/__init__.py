"""Static lists and who is in them, as the lead database knows them."""

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
