"""The sensor that waits for the daily quota of calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_mkt.sensors._arguments import as_count
from airflow_provider_mkt.sensors._condition import ConditionSensor
from airflow_provider_mkt.version_compat import conf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from airflow.sdk import Context

    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.operators._parse_checks import ParseCheck


class QuotaSensor(ConditionSensor):
    """Wait until enough of the account's calls of the day are left.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type selects the platform.
    :param need: calls that must be left.
    :param deferrable: wait in the triggerer instead of in a worker.
    :param poke_interval: seconds between two polls. Default: the interval of the condition.
    :param max_poll_failure_time: how long polls may go on failing before the sensor fails, in seconds.
    :returns: ``left`` and ``limit``. On Marketo the limit is the connection's ``daily_quota``.
    :raises AirflowFailException: when a whole day has fewer, or polls cannot work.
    :raises AirflowSensorTimeout: after ``timeout`` seconds.

    Source: HubSpot ``GET /account-info/{version}/api-usage/daily/private-apps``; Marketo
    ``GET /rest/v1/stats/usage.json``.
    """

    condition = "quota_left"
    template_fields: Sequence[str] = ("conn_id", "need")

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {"need": as_count}

    def __init__(
        self,
        *,
        conn_id: str,
        need: int | str,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        poke_interval: timedelta | float | None = None,
        max_poll_failure_time: float = 600.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            conn_id=conn_id,
            deferrable=deferrable,
            poke_interval=poke_interval,
            max_poll_failure_time=max_poll_failure_time,
            **kwargs,
        )
        self.need = need

    def arguments(self, context: Context, hook: MarketingHook) -> Mapping[str, object]:
        return {"need": as_count("need", self.need)}
