"""Sales persons, who own leads, companies and opportunities."""

from airflow_provider_mkt.client.marketo.sales_persons.sales_persons import (
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
