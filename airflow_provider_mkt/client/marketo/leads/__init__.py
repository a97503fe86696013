"""Leads."""

from airflow_provider_mkt.client.marketo.leads.leads import (
    BATCH_MAX,
    BODY_MAX,
    MERGE_MAX,
    Action,
    Lead,
    associate,
    delete,
    describe,
    describe2,
    get,
    list,
    merge,
    sync,
)

__all__ = [
    "BATCH_MAX",
    "BODY_MAX",
    "MERGE_MAX",
    "Action",
    "Lead",
    "associate",
    "delete",
    "describe",
    "describe2",
    "get",
    "list",
    "merge",
    "sync",
]
