"""Operators for HubSpot marketing events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

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
from airflow_provider_mkt.operators._cancellation import CancellableOperator
from airflow_provider_mkt.operators._lead_source import LeadSource
from airflow_provider_mkt.operators._lead_writing import WRITING_FIELDS, LeadWriting, WriteOptions

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from airflow.providers.common.compat.sdk import Context

    from airflow_provider_mkt.client.hubspot.events._fields import MarketingEvent
    from airflow_provider_mkt.operators._lead_source import Leads
    from airflow_provider_mkt.sync.files import Format
    from airflow_provider_mkt.sync.mapping import Type
    from airflow_provider_mkt.sync.results import AttendanceOutcome, SyncOutcome
    from airflow_provider_mkt.sync.rows import Blank


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

    def work(self, context: Context) -> dict[str, Any]:
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


class RecordAttendanceOperator(CancellableOperator):
    """Record who registered for, attended or called off a HubSpot marketing event.

    Contacts stream from a list, a file or a database, 100 to a call. One that cannot be recorded goes to the
    rejects file with its own input and the reason; the others are recorded.

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
    :param leads: mappings of field to value: a list, JSON text of one, or a callable without arguments that
        returns any iterable of them. Give exactly one of ``leads``, ``source`` and ``sql``.
    :param source: a file on any object storage that Airflow supports: CSV (UTF-8, with a header), JSON Lines
        or Parquet; CSV and JSON Lines also compressed by gzip or zstd (``.gz``, ``.zst``). The rejects file
        of an earlier run is one too.
    :param source_format: ``csv``, ``jsonl`` or ``parquet``; by default the file's ending decides.
    :param sql: a statement that returns rows, streamed by a cursor on the server.
    :param sql_conn_id: the database: any Airflow connection with a SQL hook.
    :param sql_parameters: values for the statement's placeholders, in the style of the database's driver.
    :param columns: column to field, for columns that are not named like their field. A column that is mapped
        to None is left out.
    :param constants: fields that every row gets.
    :param null_values: texts that mean no value, such as ``NULL``.
    :param types: field to ``text``, ``integer``, ``number``, ``boolean``, ``date`` or ``datetime``; a value
        that cannot be converted rejects its lead.
    :param blank: what no value means (an empty CSV value, NULL of a database or a Parquet file, one of
        ``null_values``): ``omit`` leaves the field alone, ``clear`` empties it.
    :param lookup_field: ``email`` or ``contact_id``: the field that identifies a contact.
    :param max_rejected: how many rejected records are allowed: a number, a share (0.05 or ``"5%"``), or None
        for any. Above it the task fails without retry, after everything else was sent.
    :param rejects_path: where rejected records are written as JSON Lines; by default a file on this machine.
        There is no file when none is rejected.
    :param outcomes_path: where the outcome of every record is written as JSON Lines, with the platform's
        lead id; by default nowhere.
    :param max_concurrency: calls in flight at most; by default as many as the connection allows.
    :param fail_fast: stop as soon as more leads are rejected than allowed, and leave the rest unsent. A
        share is judged from the thousandth lead on.
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
        *WRITING_FIELDS,
        "state",
        "external_event_id",
        "external_account_id",
        "object_id",
    )
    template_ext: Sequence[str] = (".sql",)
    template_fields_renderers = {"sql": "sql", "columns": "json", "constants": "json"}  # noqa: RUF012 - Airflow's own

    def __init__(
        self,
        *,
        conn_id: str,
        state: str,
        external_event_id: str | None = None,
        external_account_id: str | None = None,
        object_id: str | int | None = None,
        leads: Leads | None = None,
        source: str | None = None,
        source_format: Format | None = None,
        sql: str | None = None,
        sql_conn_id: str | None = None,
        sql_parameters: Mapping[str, Any] | Sequence[Any] | None = None,
        columns: Mapping[str, str | None] | str | None = None,
        constants: Mapping[str, Any] | str | None = None,
        null_values: Sequence[str] = (),
        types: Mapping[str, Type] | None = None,
        blank: Blank = "omit",
        lookup_field: str = "email",
        max_rejected: int | float | str | None = 0,
        rejects_path: str | None = None,
        outcomes_path: str | None = None,
        max_concurrency: int | None = None,
        fail_fast: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.leads = leads
        self.source = source
        self.source_format = source_format
        self.sql = sql
        self.sql_conn_id = sql_conn_id
        self.sql_parameters = sql_parameters
        self.columns = columns
        self.constants = constants
        self.null_values = null_values
        self.types = types
        self.blank = blank
        self.lookup_field = lookup_field
        self.max_rejected = max_rejected
        self.rejects_path = rejects_path
        self.outcomes_path = outcomes_path
        self.max_concurrency = max_concurrency
        self.fail_fast = fail_fast
        self.state = state
        self.external_event_id = external_event_id
        self.external_account_id = external_account_id
        self.object_id = object_id

    def work(self, context: Context) -> AttendanceOutcome:
        from airflow_provider_mkt.actions.hubspot.events import AttendanceWriter

        options, source = WriteOptions(self), LeadSource(self)
        hook = self.hook_on("hubspot")
        writer = AttendanceWriter(
            state=required_str("state", self.state),
            lookup_field=required_str("lookup_field", self.lookup_field),
            external_event_id=optional_str("external_event_id", self.external_event_id),
            external_account_id=optional_str("external_account_id", self.external_account_id),
            object_id=optional_str("object_id", self.object_id),
        )
        return LeadWriting(self, context, hook, writer, options).run(source, _attendance_outcome)


def _attendance_outcome(outcome: SyncOutcome) -> AttendanceOutcome:
    counts = {name: value for name, value in outcome.items() if name not in ("created", "updated")}
    recorded = {**counts, "outcome": "event_attendance", "recorded": outcome["updated"]}
    return cast("AttendanceOutcome", recorded)


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

    def work(self, context: Context) -> dict[str, Any]:
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

    def work(self, context: Context) -> dict[str, Any]:
        from airflow_provider_mkt.client.hubspot.events import marketing_events

        start, end = as_time("started_at", self.started_at), as_time("ended_at", self.ended_at)
        if start is None or end is None:
            raise InvalidInput("started_at" if start is None else "ended_at", "is missing")
        if end < start:
            raise InvalidInput("ended_at", "is before started_at")
        with self.hook_on("hubspot") as hook:
            event = hook.run(marketing_events.complete(*self._key(), start=start, end=end))
        return self._told("marketing_event_completed", event)
