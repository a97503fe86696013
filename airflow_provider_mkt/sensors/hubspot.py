"""Sensors for HubSpot only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_mkt.actions.targets import Target
from airflow_provider_mkt.operators._parameters import optional_str, required_str
from airflow_provider_mkt.sensors._arguments import as_count
from airflow_provider_mkt.sensors._condition import ConditionSensor
from airflow_provider_mkt.version_compat import conf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import timedelta

    from airflow.sdk import Context

    from airflow_provider_mkt.hooks.base import MarketingHook
    from airflow_provider_mkt.operators._parse_checks import ParseCheck


class ListProcessedSensor(ConditionSensor):
    """Wait until the filters of a HubSpot list have found its members.

    An unknown status keeps it waiting, with a warning.

    :param conn_id: a connection of type ``hubspot``.
    :param list_id: a list that was just created, or whose filters were just changed.
    :param deferrable: wait in the triggerer instead of in a worker.
    :param poke_interval: seconds between two polls. Default: the interval of the condition.
    :param max_poll_failure_time: how long polls may go on failing before the sensor fails, in seconds.
    :returns: ``status`` and ``size``.
    :raises AirflowFailException: when there is no such list, or polls cannot work.
    :raises AirflowSensorTimeout: after ``timeout`` seconds.

    Source: ``GET /crm/{version}/lists/{listId}``.
    """

    targets = (Target("list", "list_id"),)

    condition = "list_processed"
    template_fields: Sequence[str] = ("conn_id", "list_id")

    def __init__(
        self,
        *,
        conn_id: str,
        list_id: str | int,
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

    def arguments(self, context: Context, hook: MarketingHook) -> Mapping[str, object]:
        return {"list_id": required_str("list_id", self.list_id)}


class EventAttendanceSensor(ConditionSensor):
    """Wait until enough people have registered for a HubSpot marketing event, attended it ...

    :param conn_id: a connection of type ``hubspot``.
    :param attendance: ``registered``, ``attended``, ``cancelled`` or ``no_show``, which HubSpot computes
        after the event.
    :param count: the number to reach.
    :param object_id: the event's object id.
    :param external_event_id: instead of it: the event's id in its source system, for an event that this app
        created.
    :param external_account_id: with it: the account in the source system.
    :param deferrable: wait in the triggerer instead of in a worker.
    :param poke_interval: seconds between two polls. Default: the interval of the condition.
    :param max_poll_failure_time: how long polls may go on failing before the sensor fails, in seconds.
    :returns: the number of each attendance.
    :raises AirflowFailException: when there is no such event, or polls cannot work.
    :raises AirflowSensorTimeout: after ``timeout`` seconds.

    Source: ``GET /marketing/{version}/marketing-events/participations/{marketingEventId}``,
    ``GET /marketing/{version}/marketing-events/participations/{externalAccountId}/{externalEventId}``.
    """

    targets = (Target("marketing_event", "object_id"),)

    condition = "event_attendance"
    template_fields: Sequence[str] = (
        "conn_id",
        "attendance",
        "count",
        "object_id",
        "external_event_id",
        "external_account_id",
    )

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {"count": as_count, "attendance": required_str}

    def __init__(
        self,
        *,
        conn_id: str,
        attendance: str = "registered",
        count: int | str = 1,
        object_id: str | int | None = None,
        external_event_id: str | None = None,
        external_account_id: str | None = None,
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
        self.attendance = attendance
        self.count = count
        self.object_id = object_id
        self.external_event_id = external_event_id
        self.external_account_id = external_account_id

    def arguments(self, context: Context, hook: MarketingHook) -> Mapping[str, object]:
        return {
            "attendance": required_str("attendance", self.attendance),
            "count": as_count("count", self.count),
            "object_id": optional_str("object_id", self.object_id),
            "external_event_id": optional_str("external_event_id", self.external_event_id),
            "external_account_id": optional_str("external_account_id", self.external_account_id),
        }


class MarketingEventSensor(ConditionSensor):
    """Wait until a HubSpot marketing event can be found by its external id, minutes after its creation.

    :param conn_id: a connection of type ``hubspot``.
    :param external_event_id: the event's id in its source system.
    :param external_account_id: the account in the source system; any when not given.
    :param deferrable: wait in the triggerer instead of in a worker.
    :param poke_interval: seconds between two polls. Default: the interval of the condition.
    :param max_poll_failure_time: how long polls may go on failing before the sensor fails, in seconds.
    :returns: ``object_ids``.
    :raises AirflowFailException: when polls cannot work.
    :raises AirflowSensorTimeout: after ``timeout`` seconds.

    Source: ``GET /marketing/{version}/marketing-events/{externalEventId}/identifiers``.
    """

    targets = (Target("marketing_event", "object_ids", outcome_only=True),)
    condition = "event_found"
    template_fields: Sequence[str] = ("conn_id", "external_event_id", "external_account_id")

    def __init__(
        self,
        *,
        conn_id: str,
        external_event_id: str,
        external_account_id: str | None = None,
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
        self.external_event_id = external_event_id
        self.external_account_id = external_account_id

    def arguments(self, context: Context, hook: MarketingHook) -> Mapping[str, object]:
        return {
            "external_event_id": required_str("external_event_id", self.external_event_id),
            "external_account_id": optional_str("external_account_id", self.external_account_id),
        }


class SequenceEnrollmentSensor(ConditionSensor):
    """Wait until a contact is enrolled in a HubSpot sequence.

    HubSpot returns the same for a contact in no sequence and for one that does not exist, so the sensor waits
    for either.

    :param conn_id: a connection of type ``hubspot``.
    :param contact_id: the contact's record id.
    :param sequence_id: the sequence; any when not given. A contact is in one at a time.
    :param deferrable: wait in the triggerer instead of in a worker.
    :param poke_interval: seconds between two polls. Default: the interval of the condition.
    :param max_poll_failure_time: how long polls may go on failing before the sensor fails, in seconds.
    :returns: ``sequence_id`` and ``enrolled_at``.
    :raises AirflowFailException: when polls cannot work.
    :raises AirflowSensorTimeout: after ``timeout`` seconds.

    Source: ``GET /automation/{version}/sequences/enrollments/contact/{contactId}``.
    """

    targets = (
        Target("lead", "contact_id"),
        Target("sequence", "sequence_id"),
    )

    condition = "in_sequence"
    template_fields: Sequence[str] = ("conn_id", "contact_id", "sequence_id")

    def __init__(
        self,
        *,
        conn_id: str,
        contact_id: str | int,
        sequence_id: str | int | None = None,
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
        self.contact_id = contact_id
        self.sequence_id = sequence_id

    def arguments(self, context: Context, hook: MarketingHook) -> Mapping[str, object]:
        return {
            "contact_id": required_str("contact_id", self.contact_id),
            "sequence_id": optional_str("sequence_id", self.sequence_id),
        }
