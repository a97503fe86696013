"""Activities of leads."""

from airflow_provider_mkt.client.marketo.activities.activities import (
    DELETE_LEAD,
    LEADS_MAX,
    NEW_LEAD,
    REQUEST_CAMPAIGN,
    TYPES_MAX,
    add_custom,
    deleted_leads,
    lead_changes,
    paging_token,
    read,
    types,
)

__all__ = [
    "DELETE_LEAD",
    "LEADS_MAX",
    "NEW_LEAD",
    "REQUEST_CAMPAIGN",
    "TYPES_MAX",
    "add_custom",
    "deleted_leads",
    "lead_changes",
    "paging_token",
    "read",
    "types",
]
