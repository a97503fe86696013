"""Opportunities, and the roles that leads have in them."""

from airflow_provider_mkt.client.marketo.opportunities.opportunities import (
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
