"""Forms and their submissions."""

from airflow_provider_mkt.client.hubspot.forms.forms import (
    PAGE_MAX,
    archive,
    create,
    get,
    list,
    replace,
    update,
)

__all__ = ["PAGE_MAX", "archive", "create", "get", "list", "replace", "update"]
