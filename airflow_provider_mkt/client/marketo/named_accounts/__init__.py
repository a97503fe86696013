"""Named accounts and lists of them."""

from airflow_provider_mkt.client.marketo.named_accounts.named_accounts import (
    Action,
    DedupeBy,
    delete,
    describe,
    list,
    sync,
)

__all__ = [
    "Action",
    "DedupeBy",
    "delete",
    "describe",
    "list",
    "sync",
]
