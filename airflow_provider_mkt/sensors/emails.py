"""The sensor that waits for activity of an email."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_mkt.actions.targets import Target
from airflow_provider_mkt.operators._parameters import required_str
from airflow_provider_mkt.sensors._arguments import as_count, time_or_run_start
from airflow_provider_mkt.sensors._condition import ConditionSensor
from airflow_provider_mkt.version_compat import conf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from airflow.sdk import Context

    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.operators._parse_checks import ParseCheck


class EmailActivitySensor(ConditionSensor):
    """Wait until enough mails of an email were sent, delivered, opened ...

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type selects the platform.
    :param email_id: the email.
    :param activity: ``sent``, ``delivered``, ``opened``, ``clicked``, ``bounced`` (Marketo: hard bounces) or
        ``unsubscribed``.
    :param count: the number to reach.
    :param since: Marketo: from when activities count; from the DAG run's start when not given. HubSpot
        counts from the first mail on.
    :param deferrable: wait in the triggerer instead of in a worker.
    :param poke_interval: seconds between two polls. Default: the interval of the condition.
    :param max_poll_failure_time: how long polls may go on failing before the sensor fails, in seconds.
    :returns: the activity with its number.
    :raises AirflowFailException: when there is no such email on HubSpot, or polls cannot work.
    :raises AirflowSensorTimeout: after ``timeout`` seconds.

    Source: HubSpot ``GET /marketing/{version}/emails/{emailId}`` with its statistics; Marketo
    ``GET /rest/v1/activities.json``.
    """

    targets = (Target("email", "email_id"),)

    condition = "email_activity"
    template_fields: Sequence[str] = ("conn_id", "email_id", "activity", "count", "since")

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {"count": as_count, "activity": required_str}

    def __init__(
        self,
        *,
        conn_id: str,
        email_id: str | int,
        activity: str = "sent",
        count: int | str = 1,
        since: datetime | str | None = None,
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
        self.email_id = email_id
        self.activity = activity
        self.count = count
        self.since = since

    def arguments(self, context: Context, hook: MarketingHook) -> Mapping[str, object]:
        since = self.since
        if since is not None or hook.conn_type == "marketo":
            since = time_or_run_start(context, "since", since).isoformat()
        return {
            "email_id": required_str("email_id", self.email_id),
            "activity": required_str("activity", self.activity),
            "count": as_count("count", self.count),
            "since": since,
        }
