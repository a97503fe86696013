"""How many of the day's calls are left on Marketo."""

from __future__ import annotations

from datetime import UTC, datetime

from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.client.marketo.account import usage
from airflow_provider_mkt.client.marketo.platform import next_quota_reset
from airflow_provider_mkt.client.marketo.rows import Usage
from airflow_provider_mkt.client.quota import DayQuota


def today(daily_quota: int) -> Procedure[DayQuota]:
    """Read how many calls of the day are left. One call.

    :param daily_quota: the calls of a day, which no endpoint returns.
    """
    row: Usage | None = yield usage.today()
    left = max(0, daily_quota - int(row["total"] if row else 0))
    return DayQuota(left, daily_quota, next_quota_reset(datetime.now(UTC)))
