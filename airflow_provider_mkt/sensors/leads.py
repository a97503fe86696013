"""Sensors that wait for leads: that they can be found, and that they are in a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_mkt.actions.targets import Target
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators._parameters import as_mapping, required_str
from airflow_provider_mkt.sensors._arguments import as_count, as_ids
from airflow_provider_mkt.sensors._condition import ConditionSensor
from airflow_provider_mkt.version_compat import conf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from airflow.sdk import Context

    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.operators._parse_checks import ParseCheck


class LeadsVisibleSensor(ConditionSensor):
    """Wait until leads can be found with given values.

    HubSpot's search index is behind the writes, and so are rules that change leads on both platforms. A lead
    that had the values once during the wait counts from then on.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type selects the platform.
    :param lead_ids: record ids of the leads, at most 3,000. An empty list ends the wait immediately.
    :param having: fields and the values that each lead must have.
    :param deferrable: wait in the triggerer instead of in a worker.
    :param poke_interval: seconds between two polls. Default: the interval of the condition.
    :param max_poll_failure_time: how long polls may go on failing before the sensor fails, in seconds.
    :returns: ``leads`` and ``missing``.
    :raises AirflowFailException: when the platform has no such field, or polls cannot work.
    :raises AirflowSensorTimeout: after ``timeout`` seconds.

    Source: HubSpot ``POST /crm/{version}/objects/contacts/search``; Marketo ``GET /rest/v1/leads.json``.
    """

    targets = (Target("lead", "lead_ids"),)

    condition = "leads_visible"
    template_fields: Sequence[str] = ("conn_id", "lead_ids", "having")

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {"lead_ids": as_ids}

    def __init__(
        self,
        *,
        conn_id: str,
        lead_ids: Sequence[str | int] | str,
        having: Mapping[str, str | int] | str | None = None,
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
        self.lead_ids = lead_ids
        self.having = having

    def arguments(self, context: Context, hook: MarketingHook) -> Mapping[str, object]:
        having = {} if self.having is None else as_mapping("having", self.having)
        return {
            "lead_ids": as_ids("lead_ids", self.lead_ids),
            "having": {str(name): required_str(f"having.{name}", value) for name, value in having.items()},
        }


class LeadsMatchingSensor(ConditionSensor):
    """Wait until enough leads with a value in a field can be found, such as the leads of an import.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type selects the platform.
    :param field: a field that leads can be searched by.
    :param value: the value. Not a mail address where the sensor is deferrable: arguments are stored with the
        trigger.
    :param count: the number of leads to reach; on Marketo at most 1,000.
    :param deferrable: wait in the triggerer instead of in a worker.
    :param poke_interval: seconds between two polls. Default: the interval of the condition.
    :param max_poll_failure_time: how long polls may go on failing before the sensor fails, in seconds.
    :returns: ``leads``, their number, and ``ids`` of the first 100; on Marketo none when more than 1,000
        match.
    :raises AirflowFailException: when the platform has no such field, or polls cannot work.
    :raises AirflowSensorTimeout: after ``timeout`` seconds.

    Source: HubSpot ``POST /crm/{version}/objects/contacts/search``; Marketo ``GET /rest/v1/leads.json``.
    """

    condition = "leads_matching"
    template_fields: Sequence[str] = ("conn_id", "field", "value", "count")

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {"count": as_count}

    def __init__(
        self,
        *,
        conn_id: str,
        field: str,
        value: str | int,
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
        self.field = field
        self.value = value
        self.count = count

    def arguments(self, context: Context, hook: MarketingHook) -> Mapping[str, object]:
        return {
            "field": required_str("field", self.field),
            "value": required_str("value", self.value),
            "count": as_count("count", self.count),
        }


class ListMembershipSensor(ConditionSensor):
    """Wait until leads are in a list.

    A lead that was in it once during the wait counts from then on. The sensor also waits for a lead that does
    not exist.

    :param conn_id: a connection of type ``hubspot`` or ``marketo``; its type selects the platform.
    :param list_id: the list; on Marketo a static one.
    :param lead_ids: record ids of the leads, at most 3,000. An empty list ends the wait immediately.
    :param deferrable: wait in the triggerer instead of in a worker.
    :param poke_interval: seconds between two polls. Default: the interval of the condition.
    :param max_poll_failure_time: how long polls may go on failing before the sensor fails, in seconds.
    :returns: ``leads`` and ``missing``.
    :raises AirflowFailException: when Marketo has no such list, or polls cannot work.
    :raises AirflowSensorTimeout: after ``timeout`` seconds.

    Source: HubSpot ``POST /crm/{version}/lists/records/memberships/batch/read``; Marketo
    ``GET /rest/v1/lists/{listId}/leads/ismember.json``.
    """

    targets = (Target("list", "list_id"),)

    condition = "in_list"
    template_fields: Sequence[str] = ("conn_id", "list_id", "lead_ids")

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {"lead_ids": as_ids}

    def __init__(
        self,
        *,
        conn_id: str,
        list_id: str | int,
        lead_ids: Sequence[str | int] | str,
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
        self.list_id = list_id
        self.lead_ids = lead_ids

    def arguments(self, context: Context, hook: MarketingHook) -> Mapping[str, object]:
        list_id = required_str("list_id", self.list_id)
        if not list_id.isdecimal():
            raise InvalidInput("list_id", "must be a whole number")
        return {"list_id": list_id, "lead_ids": as_ids("lead_ids", self.lead_ids)}
