"""Operators that export the participations in HubSpot's marketing events to files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_mkt.actions.targets import RESULTS, Target
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators._parameters import optional_ids, optional_str
from airflow_provider_mkt.operators._read_export import ReadExportOperator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from airflow_provider_mkt.actions.procedure import Procedure
    from airflow_provider_mkt.actions.reading import ColumnTypes, Reading, Span
    from airflow_provider_mkt.operators._parse_checks import ParseCheck

STATES = ("REGISTERED", "CANCELLED", "ATTENDED", "NO_SHOW")


def participation_state(field: str, value: object) -> str | None:
    """Return a state of participations in upper case; None when there is none.

    :raises InvalidInput: when it is unknown.
    """
    state = (optional_str(field, value) or "").upper() or None
    if state not in (None, *STATES):
        raise InvalidInput(field, f"must be one of {', '.join(STATES)}")
    return state


class ExportEventParticipationsOperator(ReadExportOperator):
    """Export who registered for, attended or missed HubSpot's marketing events to a file.

    One row per participation. HubSpot cannot filter them by time: with a range, all participations are read,
    and those are written whose ``occurredAt`` is in it.

    :param conn_id: a connection of type ``hubspot``.
    :param output_path: the file to write, on any object storage, or a path with ``{window}`` in it. Its
        ending says the format.
    :param event_ids: object ids of events; all events of the account when empty.
    :param state: only ``REGISTERED``, ``CANCELLED``, ``ATTENDED`` or ``NO_SHOW``.
    :param start: the first moment of the range: an aware datetime or ISO 8601 text with offset.
    :param end: the first moment after the range.
    :param since: ``last`` to begin where the run before this one ended, and to leave out what earlier runs
        have exported. The first run begins at *start*, or exports all there is. *end* is the moment when a
        run begins, unless it is given.
    :param variable: name of the Airflow Variable that keeps where that was; made of the ids of DAG and task
        when not given.
    :param overlap: seconds before the newest row of earlier runs that are read again with *since*, for rows
        that the platform shows late; 86,400 when not given.
    :param if_exists: what becomes of a file that exists: ``replace``, or ``fail``.
    :returns: :class:`.ExportOutcome`.
    :raises AirflowFailException: on an unknown event or state, before any participation is read.

    Source: ``GET /marketing/{version}/marketing-events/participations/{marketingEventId}/breakdown``,
    ``GET /marketing/{version}/marketing-events`` and
    ``GET /marketing/{version}/marketing-events/{objectId}``.
    """

    kind = "event_participations"
    platform = "hubspot"
    # Who records them gives their time.
    late = 24 * 3600.0
    targets = (Target("attendance", "", "input"), Target(RESULTS, "output_path", "output"))
    template_fields: Sequence[str] = (*ReadExportOperator.read_fields, "event_ids", "state")

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {
        "event_ids": optional_ids,
        "state": participation_state,
    }

    def __init__(
        self,
        *,
        conn_id: str,
        output_path: str,
        event_ids: Sequence[str | int] | str = (),
        state: str | None = None,
        start: datetime | str | None = None,
        end: datetime | str | None = None,
        since: str | None = None,
        variable: str | None = None,
        overlap: float | str | None = None,
        if_exists: str = "replace",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            conn_id=conn_id,
            output_path=output_path,
            start=start,
            end=end,
            if_exists=if_exists,
            **kwargs,
        )
        self.since = since
        self.variable = variable
        self.overlap = overlap
        self.event_ids = event_ids
        self.state = state

    def columns(self) -> Procedure[ColumnTypes]:
        from airflow_provider_mkt.actions.hubspot.participation_reads import COLUMNS

        participation_state("state", self.state)
        yield from self._events()
        return COLUMNS

    def readings(self, span: Span | None) -> Procedure[Sequence[Reading]]:
        from airflow_provider_mkt.actions.hubspot.participation_reads import participation_reading

        state = participation_state("state", self.state)
        return [participation_reading(one, state, span) for one in (yield from self._events())]

    def _events(self) -> Procedure[Sequence[str]]:
        from airflow_provider_mkt.actions.hubspot.participation_reads import events_of

        return events_of(optional_ids("event_ids", self.event_ids))
