"""Marketing emails."""

from airflow_provider_mkt.client.hubspot.emails.emails import (
    PAGE_MAX,
    archive,
    clone,
    create,
    get,
    get_draft,
    list,
    publish,
    reset_draft,
    unpublish,
    update,
    update_draft,
)

__all__ = [
    "PAGE_MAX",
    "archive",
    "clone",
    "create",
    "get",
    "get_draft",
    "list",
    "publish",
    "reset_draft",
    "unpublish",
    "update",
    "update_draft",
]
