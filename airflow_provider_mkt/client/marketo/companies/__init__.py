"""Companies, which hold the company fields of their leads."""

from airflow_provider_mkt.client.marketo.companies.companies import (
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
