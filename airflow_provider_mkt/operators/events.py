"""Operators for HubSpot marketing events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowFailException

from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.redaction import describe_type
from airflow_provider_mkt.operators._base import (
    MarketingOperator,
    as_list,
    as_mapping,
    as_time,
    optional_str,
    required_str,
)
from airflow_provider_mkt.operators._lead_writing import LeadWritingOperator

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.actions.ports import LeadWriter
    from airflow_provider_mkt.client.hubspot.events._fields import MarketingEvent
    from airflow_provider_mkt.sync.report import SyncOutcome


class UpsertMarketingEventsOperator(MarketingOperator):
    """Create or update HubSpot marketing events, each by its ids in the system it comes from.

    Running it again changes nothing more. What becomes of each event is told, 100 at a time.

    :param conn_id: a connection of type ``hubspot``. Events belong to the app whose token it holds.
    :param events: one mapping each: ``external_event_id``, ``external_account_id``, ``name`` and
        ``organizer``, and ``event_type``, ``description``, ``url``, ``start``, ``end`` (ISO 8601 with
        offset), ``cancelled``, ``completed`` and ``custom_properties``.
    :param event_defaults: fields given to every event that does not have them.
    :returns: ``total``, ``written`` and ``rejected``: counts, and ``reasons`` by
        ``external_account_id/external_event_id``.
    :raises AirflowFailException: on a wrong field, before anything is sent, or when the platform refused
        some; the others are written first.

    Source: ``POST /marketing/{version}/marketing-events/events/upsert``.
    """

    template_fields: Sequence[str] = ("conn_id", "events", "event_defaults")
    template_fields_renderers = {"events": "json", "event_defaults": "json"}  # noqa: RUF012 - Airflow's own

    def __init__(
        self,
        *,
        conn_id: str,
        events: Sequence[Mapping[str, Any]] | str,
        event_defaults: Mapping[str, Any] | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.events = events
        self.event_defaults = event_defaults

    def run_action(self, context: Context) -> dict[str, Any]:
        from airflow_provider_mkt.actions.hubspot import events as event_actions

        defaults = as_mapping("event_defaults", self.event_defaults or {})
        events: list[dict[str, Any]] = []
        for place, event in enumerate(as_list("events", self.events)):
            if not isinstance(event, Mapping):
                raise InvalidInput(f"events[{place}]", f"must be a mapping, not {describe_type(event)}")
            events.append({**defaults, **event})
        with self.hook_on("hubspot") as hook:
            done = hook.follow(event_actions.upsert_all(events))
        outcome = {
            "outcome": "marketing_events",
            "platform": hook.conn_type,
            "total": len(events),
            "written": len(done.written),
            "rejected": len(done.rejected),
            "reasons": done.rejected,
        }
        self.log.info("%(total)d events: %(written)d written, %(rejected)d rejected", outcome)
        if done.rejected:
            context["ti"].xcom_push(key="return_value", value=outcome)
            reasons = "; ".join(f"{name}: {reason}" for name, reason in list(done.rejected.items())[:5])
            msg = f"{len(done.rejected)} of {len(events)} events were refused: {reasons}"
            raise AirflowFailException(msg)
        return outcome


class RecordAttendanceOperator(LeadWritingOperator):
    """Record who registered for, attended or called off a HubSpot marketing event.

    Contacts stream from a list, a file or a database (``leads``, ``source``, ``sql`` and what goes with them:
    see :class:`.LeadSourceOperator`), 100 to a call. One that cannot be recorded goes to the rejects file
    with its own input and the reason; the others are recorded.

    A row has ``email`` or ``contact_id``, and ``interaction_at``, when it happened: ISO 8601 text with
    offset, or milliseconds since 1970. Recording the same contact, state and time again adds nothing, so
    take that time from the system the event comes from; ``constants`` gives all rows the same. Further
    fields: ``properties`` (text to text), for ``attend`` ``joined_at`` and ``left_at``, and by email, for an
    event of this app, ``contact_properties``, which only a contact that is made gets.

    :param conn_id: a connection of type ``hubspot``.
    :param state: ``register``, ``attend`` or ``cancel``.
    :param external_event_id: the event's id in the system it comes from, for an event of the app whose
        token the connection holds. Contacts that do not exist are made there, by email.
    :param external_account_id: the account there.
    :param object_id: instead of both: the event's object id, whichever app made it. No contacts are made.
    :param lookup_field: ``email`` or ``contact_id``: what rows name a contact by.
    :returns: ``total``, ``recorded``, ``skipped``, ``rejected``, ``resumed`` (done by earlier tries),
        ``reasons`` (code to count), ``rejects``, ``outcomes``, ``calls`` and ``seconds``.
    :raises AirflowFailException: when there is no such event, more rows were rejected than allowed, or a
        column is none of those fields.

    Source: ``POST /marketing/{version}/marketing-events/attendance/{externalEventId}/{subscriberState}/create``,
    ``POST /marketing/{version}/marketing-events/attendance/{externalEventId}/{subscriberState}/email-create``,
    ``POST /marketing/{version}/marketing-events/{objectId}/attendance/{subscriberState}/create`` and
    ``POST /marketing/{version}/marketing-events/{objectId}/attendance/{subscriberState}/email-create``.
    """  # noqa: E501

    template_fields: Sequence[str] = (
        *LeadWritingOperator.writing_fields,
        "state",
        "external_event_id",
        "external_account_id",
        "object_id",
    )

    def __init__(
        self,
        *,
        conn_id: str,
        state: str,
        external_event_id: str | None = None,
        external_account_id: str | None = None,
        object_id: str | int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.state = state
        self.external_event_id = external_event_id
        self.external_account_id = external_account_id
        self.object_id = object_id

    def writer(self) -> LeadWriter:
        from airflow_provider_mkt.actions.hubspot.events import AttendanceWriter

        self.hook_on("hubspot")
        return AttendanceWriter(
            state=required_str("state", self.state),
            lookup_field=required_str("lookup_field", self.lookup_field),
            external_event_id=optional_str("external_event_id", self.external_event_id),
            external_account_id=optional_str("external_account_id", self.external_account_id),
            object_id=optional_str("object_id", self.object_id),
        )

    def result_of(self, outcome: SyncOutcome) -> Mapping[str, Any]:
        told = {name: value for name, value in outcome.items() if name not in ("created", "updated")}
        return {**told, "outcome": "event_attendance", "recorded": outcome["updated"]}


class _OneEventOperator(MarketingOperator):
    """Base of the operators that change one event of the app whose token the connection holds.

    :param conn_id: a connection of type ``hubspot``.
    :param external_event_id: the event's id in the system it comes from.
    :param external_account_id: the account there.
    """

    template_fields: Sequence[str] = ("conn_id", "external_event_id", "external_account_id")

    def __init__(
        self, *, conn_id: str, external_event_id: str, external_account_id: str, **kwargs: Any
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.external_event_id = external_event_id
        self.external_account_id = external_account_id

    def _key(self) -> tuple[str, str]:
        event_id = required_str("external_event_id", self.external_event_id)
        return event_id, required_str("external_account_id", self.external_account_id)

    def _told(self, outcome: str, event: MarketingEvent) -> dict[str, Any]:
        event_id, account_id = self._key()
        self.log.info("Event %s/%s: %s", account_id, event_id, outcome)
        return {
            "outcome": outcome,
            "platform": "hubspot",
            "external_event_id": event_id,
            "external_account_id": account_id,
            "object_id": event.get("objectId"),
        }


class CancelMarketingEventOperator(_OneEventOperator):
    """Mark a HubSpot marketing event as called off. Doing so again changes nothing.

    :param conn_id: a connection of type ``hubspot``.
    :param external_event_id: the event's id in the system it comes from.
    :param external_account_id: the account there.
    :returns: the event's ids.
    :raises AirflowFailException: when there is no such event, or another app made it.

    Source: ``POST /marketing/{version}/marketing-events/events/{externalEventId}/cancel``.
    """

    def run_action(self, context: Context) -> dict[str, Any]:
        from airflow_provider_mkt.client.hubspot.events import marketing_events

        with self.hook_on("hubspot") as hook:
            event = hook.run(marketing_events.cancel(*self._key()))
        return self._told("marketing_event_cancelled", event)


class CompleteMarketingEventOperator(_OneEventOperator):
    """Mark a HubSpot marketing event as over. Doing so again changes nothing.

    HubSpot then works out how long everybody attended, so let it follow the last
    :class:`RecordAttendanceOperator`.

    :param conn_id: a connection of type ``hubspot``.
    :param external_event_id: the event's id in the system it comes from.
    :param external_account_id: the account there.
    :param started_at: when it really began: an aware datetime or ISO 8601 text with offset.
    :param ended_at: when it really ended.
    :returns: the event's ids.
    :raises AirflowFailException: when there is no such event, another app made it, or it would end before
        it began.

    Source: ``POST /marketing/{version}/marketing-events/events/{externalEventId}/complete``.
    """

    template_fields: Sequence[str] = (*_OneEventOperator.template_fields, "started_at", "ended_at")

    def __init__(
        self,
        *,
        conn_id: str,
        external_event_id: str,
        external_account_id: str,
        started_at: datetime | str,
        ended_at: datetime | str,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            conn_id=conn_id,
            external_event_id=external_event_id,
            external_account_id=external_account_id,
            **kwargs,
        )
        self.started_at = started_at
        self.ended_at = ended_at

    def run_action(self, context: Context) -> dict[str, Any]:
        from airflow_provider_mkt.client.hubspot.events import marketing_events

        start, end = as_time("started_at", self.started_at), as_time("ended_at", self.ended_at)
        if start is None or end is None:
            raise InvalidInput("started_at" if start is None else "ended_at", "is missing")
        if end < start:
            raise InvalidInput("ended_at", "is before started_at")
        with self.hook_on("hubspot") as hook:
            event = hook.run(marketing_events.complete(*self._key(), start=start, end=end))
        return self._told("marketing_event_completed", event)
