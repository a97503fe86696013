"""Campaign properties and checks of their values."""

from __future__ import annotations

from datetime import date

from airflow_provider_mkt.sandbox.hubspot.campaigns.currencies import CURRENCIES

STATUSES = ("planned", "in_progress", "active", "paused", "completed")
WRITABLE = frozenset(
    [
        "hs_name",
        "hs_start_date",
        "hs_end_date",
        "hs_notes",
        "hs_audience",
        "hs_currency_code",
        "hs_campaign_status",
        "hs_utm",
        "hs_owner",
        "hs_goal",
        "hs_color_hex",
    ]
)
READ_ONLY = frozenset(
    [
        "hs_object_id",
        "hs_created_by_user_id",
        "hs_createdate",
        "hs_lastmodifieddate",
        "hs_budget_items_sum_amount",
        "hs_spend_items_sum_amount",
    ]
)

Problem = tuple[str, str, str]


def problems_of(values: dict[str, str], *, creating: bool) -> list[Problem]:
    """Return all errors in the properties of a campaign."""
    found: list[Problem] = []
    if (creating or "hs_name" in values) and not values.get("hs_name", "").strip():
        found.append(("hs_name", "REQUIRED_FIELD", "hs_name is required"))
    for name, value in values.items():
        if name in READ_ONLY:
            found.append((name, "READ_ONLY_VALUE", f'"{name}" is a read only property'))
        elif name not in WRITABLE:
            found.append((name, "PROPERTY_DOESNT_EXIST", f'Property "{name}" does not exist'))
        elif name == "hs_campaign_status" and value and value not in STATUSES:
            allowed = ", ".join(STATUSES)
            found.append((name, "INVALID_OPTION", f"{value} was not one of the allowed options: [{allowed}]"))
        elif name == "hs_currency_code" and value and value not in CURRENCIES:
            found.append((name, "INVALID_OPTION", f"{value} is not a currency code of ISO 4217"))
        elif name in ("hs_start_date", "hs_end_date") and value and not _is_date(value):
            found.append((name, "INVALID_DATE", f"{value} is not a date of the form YYYY-MM-DD"))
    return found


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
