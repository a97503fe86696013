"""Sensors for Marketo only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_mkt.actions.targets import Target
from airflow_provider_mkt.client.call import numeric_id
from airflow_provider_mkt.operators._parameters import as_list, optional_str, required_str
from airflow_provider_mkt.sensors._arguments import as_count, as_ids, time_or_run_start
from airflow_provider_mkt.sensors._condition import ConditionSensor
from airflow_provider_mkt.version_compat import conf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime, timedelta

    from airflow.sdk import Context

    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.operators._parse_checks import ParseCheck


class ProgramMemberSensor(ConditionSensor):
    """Wait until leads have reached a status of a Marketo program, or are in a stream of it.

    A later status of the program's channel counts too, so that a lead that moves on between two polls is not
    missed. A lead that was there once during the wait counts from then on.

    :param conn_id: a connection of type ``marketo``.
    :param program_id: the program.
    :param lead_ids: ids of the leads, at most 3,000. An empty list ends the wait immediately.
    :param status_name: a status of the program's channel.
    :param stream: the name of a stream of an engagement program.
    :param deferrable: wait in the triggerer instead of in a worker.
    :param poke_interval: seconds between two polls. Default: the interval of the condition.
    :param max_poll_failure_time: how long polls may go on failing before the sensor fails, in seconds.
    :returns: ``leads`` and ``missing``.
    :raises AirflowFailException: when there is no such program or status, or polls cannot work.
    :raises AirflowSensorTimeout: after ``timeout`` seconds.

    Source: ``GET /rest/v1/programs/{programId}/members.json``; once for a status
    ``GET /rest/asset/v1/program/{id}.json`` and ``GET /rest/asset/v1/channel/byName.json``.
    """

    targets = (Target("program", "program_id"),)

    condition = "member_status"
    template_fields: Sequence[str] = ("conn_id", "program_id", "lead_ids", "status_name", "stream")

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {"lead_ids": as_ids}

    def __init__(
        self,
        *,
        conn_id: str,
        program_id: str | int,
        lead_ids: Sequence[str | int] | str,
        status_name: str | None = None,
        stream: str | None = None,
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
        self.program_id = program_id
        self.lead_ids = lead_ids
        self.status_name = status_name
        self.stream = stream

    def arguments(self, context: Context, hook: MarketingHook) -> Mapping[str, object]:
        return {
            "program_id": required_str("program_id", self.program_id),
            "lead_ids": as_ids("lead_ids", self.lead_ids),
            "status_name": optional_str("status_name", self.status_name),
            "stream": optional_str("stream", self.stream),
        }


def _ids_or_any(name: str, value: object) -> list[str] | None:
    """Return ids of leads, or None for any lead."""
    return None if value is None or value == "None" else as_ids(name, value)


class LeadActivitySensor(ConditionSensor):
    """Wait until Marketo's activity log shows an activity of each lead, or enough activities.

    A requested campaign shows with ``activity_type_ids=[47]`` and the campaign as ``about_id``. Rows that are
    logged late are found too.

    :param conn_id: a connection of type ``marketo``.
    :param activity_type_ids: 1-10 types, e.g. 47 (campaign requested), 6 (email sent), 2 (form filled out).
    :param lead_ids: leads, each of which must have one such activity; at most 3,000. Those of any lead count
        when not given; an empty list ends the wait immediately.
    :param about_id: only activities about this campaign, email, form, list ...: the activity's primary
        attribute.
    :param since: from when they count; from the DAG run's start when not given.
    :param count: the number to reach, where no leads are given.
    :param deferrable: wait in the triggerer instead of in a worker.
    :param poke_interval: seconds between two polls. Default: the interval of the condition.
    :param max_poll_failure_time: how long polls may go on failing before the sensor fails, in seconds.
    :returns: ``leads`` and ``missing``; or ``activities``, their number, and ``lead_ids``, at most 100 leads.
    :raises AirflowFailException: when polls cannot work.
    :raises AirflowSensorTimeout: after ``timeout`` seconds.

    Source: ``GET /rest/v1/activities/pagingtoken.json`` and ``GET /rest/v1/activities.json``.
    """

    condition = "activity_seen"
    template_fields: Sequence[str] = (
        "conn_id",
        "activity_type_ids",
        "lead_ids",
        "about_id",
        "since",
        "count",
    )

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {"count": as_count, "lead_ids": _ids_or_any}

    def __init__(
        self,
        *,
        conn_id: str,
        activity_type_ids: Sequence[int | str] | str,
        lead_ids: Sequence[str | int] | str | None = None,
        about_id: str | int | None = None,
        since: datetime | str | None = None,
        count: int | str = 1,
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
        self.activity_type_ids = activity_type_ids
        self.lead_ids = lead_ids
        self.about_id = about_id
        self.since = since
        self.count = count

    def arguments(self, context: Context, hook: MarketingHook) -> Mapping[str, object]:
        types = as_list("activity_type_ids", self.activity_type_ids)
        return {
            "activity_type_ids": [
                numeric_id("", f"activity_type_ids[{index}]", one) for index, one in enumerate(types)
            ],
            "lead_ids": _ids_or_any("lead_ids", self.lead_ids),
            "about_id": optional_str("about_id", self.about_id),
            "since": time_or_run_start(context, "since", self.since).isoformat(),
            "count": as_count("count", self.count),
        }


class SmartCampaignSensor(ConditionSensor):
    """Wait until a Marketo smart campaign has a status.

    It fails when the campaign is Invalid, unless that is one of the wanted statuses. An unknown status keeps
    it waiting, with a warning.

    :param conn_id: a connection of type ``marketo``.
    :param campaign_id: the smart campaign.
    :param statuses: ``Active``, ``Inactive``, ``Requested``, ``Single Run``, ``Recurring Run``,
        ``Never Run`` or ``Invalid``: any of them ends the wait.
    :param deferrable: wait in the triggerer instead of in a worker.
    :param poke_interval: seconds between two polls. Default: the interval of the condition.
    :param max_poll_failure_time: how long polls may go on failing before the sensor fails, in seconds.
    :returns: ``status``.
    :raises AirflowFailException: when there is no such campaign, it is Invalid, or polls cannot work.
    :raises AirflowSensorTimeout: after ``timeout`` seconds.

    Source: ``GET /rest/asset/v1/smartCampaign/{id}.json``.
    """

    targets = (Target("smart_campaign", "campaign_id"),)

    condition = "campaign_status"
    template_fields: Sequence[str] = ("conn_id", "campaign_id", "statuses")

    def __init__(
        self,
        *,
        conn_id: str,
        campaign_id: str | int,
        statuses: Sequence[str] | str = ("Active",),
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
        self.campaign_id = campaign_id
        self.statuses = statuses

    def arguments(self, context: Context, hook: MarketingHook) -> Mapping[str, object]:
        return {
            "campaign_id": required_str("campaign_id", self.campaign_id),
            "statuses": as_list("statuses", self.statuses),
        }
