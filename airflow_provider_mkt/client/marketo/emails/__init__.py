"""Email assets."""

from airflow_provider_mkt.client.marketo.emails.emails import (
    PREHEADER_MAX,
    Version,
    approve_draft,
    by_name,
    clone,
    create,
    delete,
    discard_draft,
    get,
    list,
    send_sample,
    unapprove,
    update,
    update_headers,
)

__all__ = [
    "PREHEADER_MAX",
    "Version",
    "approve_draft",
    "by_name",
    "clone",
    "create",
    "delete",
    "discard_draft",
    "get",
    "list",
    "send_sample",
    "unapprove",
    "update",
    "update_headers",
]
