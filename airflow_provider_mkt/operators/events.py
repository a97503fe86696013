"""Operators for HubSpot marketing events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from airflow_provider_mkt.actions.targets import RESULT_FILES, SOURCE, Target
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.wording import part_of
from airflow_provider_mkt.operators._base import CancellableOperator, MarketingOperator, fail_if_rejected
from airflow_provider_mkt.operators._lead_source import LeadSource, check_source
from airflow_provider_mkt.operators._lead_writing import WRITING_FIELDS, LeadWriting, WriteOptions
from airflow_provider_mkt.operators._parameters import (
    as_mapping,
    as_mappings,
    as_time,
    hold_callable,
    optional_str,
    required_str,
)
from airflow_provider_mkt.operators._parse_checks import one_of
from airflow_provider_mkt.sync.rows import NULL_VALUES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from airflow.sdk import Context

    from airflow_provider_mkt.client.hubspot.events._fields import MarketingEvent
    from airflow_provider_mkt.operators._parse_checks import Arguments, ParseCheck
    from airflow_provider_mkt.operators.outcomes import MarketingEventOutcome, MarketingEventsOutcome
    from airflow_provider_mkt.sync.files import Format
    from airflow_provider_mkt.sync.mapping import Type
    from airflow_provider_mkt.sync.results import AttendanceOutcome, SyncOutcome
    from airflow_provider_mkt.sync.rows import Blanks


class UpsertMarketingEventsOperator(MarketingOperator):
    """Create or update HubSpot marketing events, each by its ids in the external system.

    Running the task again changes nothing more. Events are sent in batches of 100, and the outcome of each
    one is reported.

    :param conn_id: a connection of type ``hubspot``. Events belong to the app whose token it holds.
    :param events: one mapping each: ``external_event_id``, ``external_account_id``, ``name`` and
        ``organizer`` are required; ``event_type``, ``description``, ``url``, ``start``, ``end`` (ISO 8601
        with offset), ``cancelled``, ``completed`` and ``custom_properties`` are optional.
    :param event_defaults: fields for every event that does not have them.
    :returns: :class:`.MarketingEventsOutcome`: ``total``, ``written`` and ``rejected`` (counts), and
        ``reasons`` by ``external_account_id/external_event_id``.
    :raises AirflowFailException: on a wrong field, before anything is sent, or when the platform rejects some
        events; the others are written first.

    Source: ``POST /marketing/{version}/marketing-events/events/upsert``.
    """

    targets = (Target("marketing_events", "", "output"),)

    template_fields: Sequence[str] = ("conn_id", "events", "event_defaults")
    template_fields_renderers = {"events": "json", "event_defaults": "json"}  # noqa: RUF012 - Airflow's own

    def __init__(
        self,
        *,
        conn_id: str,
        events: Sequence[Mapping[str, object]] | str,
        event_defaults: Mapping[str, object] | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.events = events
        self.event_defaults = event_defaults

    def run_action(self, context: Context) -> MarketingEventsOutcome:
        from airflow_provider_mkt.actions.hubspot import events as event_actions

        defaults = as_mapping("event_defaults", self.event_defaults or {})
        events = as_mappings("events", self.events, defaults)
        with self.hook_on("hubspot") as hook:
            result = hook.follow(event_actions.upsert_all(events))
        outcome: MarketingEventsOutcome = {
            "outcome": "marketing_events",
            "platform": hook.conn_type,
            "total": len(events),
            "written": len(result.written),
            "rejected": len(result.rejected),
            "reasons": result.rejected,
        }
        self.log.info(
            "Wrote %s, %d rejected",
            part_of(len(result.written), len(events), "marketing event"),
            len(result.rejected),
        )
        fail_if_rejected(context, outcome, result.rejected, len(events), "event")
        return outcome


class RecordAttendanceOperator(CancellableOperator):
    """Record who registered for, attended or cancelled a HubSpot marketing event.

    Contacts are read from a list, a file or a database, and sent in batches of 100. A row that cannot be
    recorded is written to the rejects file with its input and the reason; the others are recorded. A retry
    does not send again what is known to be recorded.

    A row has ``email`` or ``contact_id``, and ``interaction_at``, when it happened: ISO 8601 text with
    offset, or milliseconds since 1970. Recording the same contact, state and time again adds nothing, so
    take that time from the external system; ``constants`` gives all rows the same time. Further fields:
    ``properties`` (text to text); for ``attend`` also ``joined_at`` and ``left_at``; by email, for an event
    of this app, also ``contact_properties``, which are written only to contacts that are created.

    Exactly one of ``leads``, ``source`` and ``sql`` is given.

    :param conn_id: a connection of type ``hubspot``.
    :param state: ``register``, ``attend`` or ``cancel``.
    :param external_event_id: the event's id in the external system, for an event of the app whose token the
        connection holds. Contacts that do not exist are created, by email.
    :param external_account_id: the account in the external system.
    :param object_id: instead of both: the event's object id, for an event of any app. No contacts are
        created.
    :param leads: the rows: a list of mappings of field to value, or a callable without arguments that
        returns any iterable of them.
    :param source: a file on any object storage: CSV (UTF-8, with a header), JSON Lines or Parquet; CSV and
        JSON Lines also compressed by gzip or zstd (``.gz``, ``.zst``). The rejects file of an earlier run
        can be given.
    :param source_format: ``csv``, ``jsonl`` or ``parquet``; by the file's ending when not given.
    :param sql: a statement that returns rows, read with a server-side cursor.
    :param sql_conn_id: the database: any Airflow connection with a SQL hook.
    :param sql_parameters: values for the statement's placeholders, in the style of the database's driver.
    :param columns: column to field, for columns that are not named like their field. A column that is mapped
        to None is left out.
    :param constants: fields with the same value in every row.
    :param null_values: texts that mean no value; by default ``null``, as Marketo's exports write it.
    :param types: field to ``text``, ``integer``, ``number``, ``boolean``, ``date`` or ``datetime``; a value
        that is not of its type rejects its row.
    :param blank: what no value means: an empty CSV value, None, JSON's null, NULL of a database or a Parquet
        file, or one of ``null_values``. ``omit`` leaves the field out, ``clear`` sends it empty. Field to rule, where
        fields differ; the others are left out.
    :param lookup_field: ``email`` or ``contact_id``: the field that identifies a contact.
    :param max_rejected: how many rejected rows are accepted: a number, a share (0.05 or ``"5%"``), or None
        for any number. Above it the task fails without retry, after all other rows were sent.
    :param rejects_path: a JSON Lines file for rejected rows; by default a file below ``[mkt] results_path``, or
        on this machine. There is no file when there are none.
    :param outcomes_path: a JSON Lines file for the outcome of every row, with the contact's id; none when
        not given.
    :param max_concurrency: calls in flight at most; as many as the connection allows when not given.
    :param fail_fast: stop as soon as more rows are rejected than accepted. A share counts from the
        thousandth row on.
    :returns: ``total``, ``recorded``, ``skipped``, ``rejected``, ``resumed`` (done by earlier tries),
        ``reasons`` (code to count), ``rejects``, ``outcomes``, ``calls`` and ``seconds``.
    :raises AirflowFailException: when there is no such event, more rows are rejected than accepted, or a
        column is not one of those fields.

    Source: ``POST /marketing/{version}/marketing-events/attendance/{externalEventId}/{subscriberState}/create``,
    ``POST /marketing/{version}/marketing-events/attendance/{externalEventId}/{subscriberState}/email-create``,
    ``POST /marketing/{version}/marketing-events/{objectId}/attendance/{subscriberState}/create`` and
    ``POST /marketing/{version}/marketing-events/{objectId}/attendance/{subscriberState}/email-create``.
    """  # noqa: E501

    targets = (
        Target(SOURCE, "source", "input"),
        Target("marketing_event", "object_id"),
        Target("attendance", "", "output"),
        *RESULT_FILES,
    )

    template_fields: Sequence[str] = (
        *WRITING_FIELDS,
        "state",
        "external_event_id",
        "external_account_id",
        "object_id",
    )
    template_ext: Sequence[str] = (".sql",)
    template_fields_renderers = {"sql": "sql", "columns": "json", "constants": "json"}  # noqa: RUF012 - Airflow's own

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {
        "state": one_of("register", "attend", "cancel"),
        "lookup_field": one_of("email", "contact_id"),
    }

    def __init__(
        self,
        *,
        conn_id: str,
        state: str,
        external_event_id: str | None = None,
        external_account_id: str | None = None,
        object_id: str | int | None = None,
        leads: Sequence[Mapping[str, object]]
        | Callable[[], Iterable[Mapping[str, object]]]
        | str
        | None = None,
        source: str | None = None,
        source_format: Format | None = None,
        sql: str | None = None,
        sql_conn_id: str | None = None,
        sql_parameters: Mapping[str, object] | Sequence[object] | None = None,
        columns: Mapping[str, str | None] | str | None = None,
        constants: Mapping[str, object] | str | None = None,
        null_values: Sequence[str] = NULL_VALUES,
        types: Mapping[str, Type] | None = None,
        blank: Blanks = "omit",
        lookup_field: str = "email",
        max_rejected: int | float | str | None = 0,
        rejects_path: str | None = None,
        outcomes_path: str | None = None,
        max_concurrency: int | None = None,
        fail_fast: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.leads = hold_callable(leads)
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

    def check_arguments(self, arguments: Arguments) -> None:
        check_source(arguments)

    def run_action(self, context: Context) -> AttendanceOutcome:
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
        return LeadWriting(
            self,
            context,
            hook,
            writer,
            options,
            [self.state, self.external_event_id, self.external_account_id, self.object_id],
        ).run(source, _attendance_outcome)


def _attendance_outcome(outcome: SyncOutcome) -> AttendanceOutcome:
    shared = {name: value for name, value in outcome.items() if name not in ("created", "updated")}
    recorded = {**shared, "outcome": "event_attendance", "recorded": outcome["updated"]}
    return cast("AttendanceOutcome", recorded)


class CancelMarketingEventOperator(MarketingOperator):
    """Mark a HubSpot marketing event as cancelled. Running the task again changes nothing more.

    :param conn_id: a connection of type ``hubspot``.
    :param external_event_id: the event's id in the external system.
    :param external_account_id: the account in the external system.
    :returns: :class:`.MarketingEventOutcome`: the event's ids.
    :raises AirflowFailException: when there is no such event, or another app created it.

    Source: ``POST /marketing/{version}/marketing-events/events/{externalEventId}/cancel``.
    """

    targets = (Target("marketing_event", "object_id", "output"),)

    template_fields: Sequence[str] = ("conn_id", "external_event_id", "external_account_id")

    def __init__(
        self, *, conn_id: str, external_event_id: str, external_account_id: str, **kwargs: Any
    ) -> None:
        super().__init__(conn_id=conn_id, **kwargs)
        self.external_event_id = external_event_id
        self.external_account_id = external_account_id

    def run_action(self, context: Context) -> MarketingEventOutcome:
        from airflow_provider_mkt.client.hubspot.events import marketing_events

        ids = _event_ids(self)
        with self.hook_on("hubspot") as hook:
            event = hook.run(marketing_events.cancel(*ids))
        self.log.info("Cancelled event %s of account %s", *ids)
        return _event_outcome("marketing_event_cancelled", ids, event)


class CompleteMarketingEventOperator(MarketingOperator):
    """Mark a HubSpot marketing event as completed. Running the task again changes nothing more.

    HubSpot then computes how long everybody attended, so run it after the last
    :class:`RecordAttendanceOperator`.

    :param conn_id: a connection of type ``hubspot``.
    :param external_event_id: the event's id in the external system.
    :param external_account_id: the account in the external system.
    :param started_at: when the event started: an aware datetime or ISO 8601 text with offset.
    :param ended_at: when it ended.
    :returns: :class:`.MarketingEventOutcome`: the event's ids.
    :raises AirflowFailException: when there is no such event, another app created it, or it would end before
        it starts.

    Source: ``POST /marketing/{version}/marketing-events/events/{externalEventId}/complete``.
    """

    targets = (Target("marketing_event", "object_id", "output"),)

    template_fields: Sequence[str] = (
        "conn_id",
        "external_event_id",
        "external_account_id",
        "started_at",
        "ended_at",
    )

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
        super().__init__(conn_id=conn_id, **kwargs)
        self.external_event_id = external_event_id
        self.external_account_id = external_account_id
        self.started_at = started_at
        self.ended_at = ended_at

    def check_arguments(self, arguments: Arguments) -> None:
        if arguments.known("started_at") and arguments.known("ended_at"):
            self._times()

    def run_action(self, context: Context) -> MarketingEventOutcome:
        from airflow_provider_mkt.client.hubspot.events import marketing_events

        start, end = self._times()
        ids = _event_ids(self)
        with self.hook_on("hubspot") as hook:
            event = hook.run(marketing_events.complete(*ids, start=start, end=end))
        self.log.info("Completed event %s of account %s", *ids)
        return _event_outcome("marketing_event_completed", ids, event)

    def _times(self) -> tuple[datetime, datetime]:
        start, end = as_time("started_at", self.started_at), as_time("ended_at", self.ended_at)
        if start is None or end is None:
            raise InvalidInput("started_at" if start is None else "ended_at", "is missing")
        if end < start:
            raise InvalidInput("ended_at", "is before started_at")
        return start, end


def _event_ids(operator: CancelMarketingEventOperator | CompleteMarketingEventOperator) -> tuple[str, str]:
    """Return the ids of the event and of the account in the external system."""
    event_id = required_str("external_event_id", operator.external_event_id)
    return event_id, required_str("external_account_id", operator.external_account_id)


def _event_outcome(
    outcome: Literal["marketing_event_cancelled", "marketing_event_completed"],
    ids: tuple[str, str],
    event: MarketingEvent,
) -> MarketingEventOutcome:
    event_id, account_id = ids
    return {
        "outcome": outcome,
        "platform": "hubspot",
        "external_event_id": event_id,
        "external_account_id": account_id,
        "object_id": event.get("objectId"),
    }
