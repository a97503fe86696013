"""How many of the day's calls are left on HubSpot."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.client.hubspot.account import account_info
from airflow_provider_mkt.client.quota import DayQuota

_NEXT_READ = timedelta(hours=1)


def today() -> Procedure[DayQuota | None]:
    """Read how many calls of the day are left; None where the account does not report it. One call."""
    rows: list[account_info.ApiUsage] = yield account_info.daily_usage()
    usage = next((row for row in rows if row["fetchStatus"] in ("SUCCESS", "CACHED")), None)
    if usage is None:
        return None
    left = max(0, usage["usageLimit"] - usage["currentUsage"])
    return DayQuota(left, usage["usageLimit"], _moment(usage.get("resetsAt")))


def _moment(text: str | None) -> datetime:
    # The day ends at midnight in the account's own time zone; where the end is not reported, try in an hour.
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return datetime.now(UTC) + _NEXT_READ
    return moment.astimezone(UTC) if moment.tzinfo else datetime.now(UTC) + _NEXT_READ
