"""The sensor that waits for the daily quota of calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_provider_mkt.sensors._arguments import as_count
from airflow_provider_mkt.sensors._condition import ConditionSensor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.hooks.base import MarketingHook


class QuotaSensor(ConditionSensor):
    """Wait until enough of the account's calls of the day are left.

    :param need: calls that must be left.
    :returns: ``left`` and ``limit``. On Marketo the limit is the connection's ``daily_quota``.
    :raises AirflowFailException: when a whole day has fewer, or polls cannot work.
    :raises AirflowSensorTimeout: after ``timeout`` seconds.

    Source: HubSpot ``GET /account-info/{version}/api-usage/daily/private-apps``; Marketo
    ``GET /rest/v1/stats/usage.json``.
    """

    condition = "quota_left"
    template_fields: Sequence[str] = ("conn_id", "need")

    def __init__(self, *, need: int | str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.need = need

    def arguments(self, context: Context, hook: MarketingHook) -> Mapping[str, Any]:
        return {"need": as_count("need", self.need)}
