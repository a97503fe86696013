"""Operators that export HubSpot's events of mails to files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_mkt.actions.targets import RESULTS, Target
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators._parameters import optional_ids, optional_list, optional_str, to_bool
from airflow_provider_mkt.operators._read_export import ReadExportOperator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from airflow_provider_mkt.actions.hubspot.email_event_reads import Selection
    from airflow_provider_mkt.actions.procedure import Procedure
    from airflow_provider_mkt.actions.reading import ColumnTypes, Reading, Span
    from airflow_provider_mkt.operators._parse_checks import ParseCheck


def event_types(field: str, value: object) -> list[str]:
    """Return types of events in upper case.

    :raises InvalidInput: naming an unknown type.
    """
    from airflow_provider_mkt.client.hubspot.emails.email_events import TYPES

    types = [str(one).strip().upper() for one in optional_list(field, value)]
    for one in types:
        if one not in TYPES:
            raise InvalidInput(field, f"has {one}; the types are {', '.join(TYPES)}")
    return list(dict.fromkeys(types))


class ExportEmailEventsOperator(ReadExportOperator):
    """Export what happened to each mail from HubSpot to a file: one row per event and recipient.

    Types are ``SENT``, ``DELIVERED``, ``OPEN``, ``CLICK``, ``BOUNCE``, ``DROPPED``, ``DEFERRED``,
    ``SPAMREPORT``, ``STATUSCHANGE`` (someone unsubscribed or subscribed again) and others. Without
    ``exclude_filtered_events``, opens by bots and by mail programs are among them, so that there are more
    than HubSpot's statistics show.

    An event counts at the time at which it happened (``created``), and HubSpot may show it later. HubSpot
    ends the support of these events in September 2027, and has announced nothing that replaces them.

    :param conn_id: a connection of type ``hubspot``, with the scope ``content``, and for ``email_ids`` and
        ``campaign_guid`` those that read emails and campaigns.
    :param output_path: the file to write, on any object storage, or a path with ``{window}`` in it. Its
        ending says the format.
    :param email_ids: only events of these marketing emails, all their sends and A/B variations included.
    :param email_campaign_ids: only events of these email campaigns, as ``emailCampaignId`` of events has
        them.
    :param campaign_guid: only events of the marketing emails of this campaign.
    :param event_types: only events of these types; all when empty.
    :param exclude_filtered_events: leave out what the account's filters mark, such as opens by bots.
    :param start: the first moment of the range: an aware datetime or ISO 8601 text with offset. Without a
        range, all events that HubSpot still has.
    :param end: the first moment after the range.
    :param since: ``last`` to begin where the run before this one ended, and to leave out what earlier runs
        have exported. The first run begins at *start*, or exports all there is. *end* is the moment when a
        run begins, unless it is given.
    :param variable: name of the Airflow Variable that keeps where that was; made of the ids of DAG and task
        when not given.
    :param overlap: seconds before the newest row of earlier runs that are read again with *since*, for rows
        that the platform shows late; 3,600 when not given.
    :param if_exists: what becomes of a file that exists: ``replace``, or ``fail``.
    :returns: :class:`.ExportOutcome`. ``emailId`` of a row is the marketing email, where HubSpot has one.
    :raises AirflowFailException: on an unknown email, campaign or type, before any event is read.

    Source: ``GET /email/public/v1/events``, ``GET /email/public/v1/campaigns/{campaign_id}``,
    ``GET /marketing/{version}/emails/{emailId}`` and
    ``GET /marketing/{version}/campaigns/{campaignGuid}/assets/{assetType}``.
    """

    kind = "email_events"
    platform = "hubspot"
    # HubSpot gives no figure.
    late = 3600.0
    targets = (
        Target("email_events", "", "input"),
        Target("email", "email_ids"),
        Target("campaign", "campaign_guid"),
        Target(RESULTS, "output_path", "output"),
    )
    template_fields: Sequence[str] = (
        *ReadExportOperator.read_fields,
        "email_ids",
        "email_campaign_ids",
        "campaign_guid",
        "event_types",
        "exclude_filtered_events",
    )

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {
        "email_ids": optional_ids,
        "email_campaign_ids": optional_ids,
        "campaign_guid": optional_str,
        "event_types": event_types,
        "exclude_filtered_events": to_bool,
    }

    _selection: Selection | None = None

    def __init__(
        self,
        *,
        conn_id: str,
        output_path: str,
        email_ids: Sequence[str | int] | str = (),
        email_campaign_ids: Sequence[str | int] | str = (),
        campaign_guid: str | None = None,
        event_types: Sequence[str] | str = (),
        exclude_filtered_events: bool | str = False,
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
        self.email_ids = email_ids
        self.email_campaign_ids = email_campaign_ids
        self.campaign_guid = campaign_guid
        self.event_types = event_types
        self.exclude_filtered_events = exclude_filtered_events

    def columns(self) -> Procedure[ColumnTypes]:
        from airflow_provider_mkt.actions.hubspot.email_event_reads import COLUMNS

        self._selection = yield from self._select()
        return COLUMNS

    def readings(self, span: Span | None) -> Procedure[Sequence[Reading]]:
        from airflow_provider_mkt.actions.hubspot.email_event_reads import event_readings

        return event_readings(self._selection or (yield from self._select()), span)

    def _select(self) -> Procedure[Selection]:
        from airflow_provider_mkt.actions.hubspot.email_event_reads import select

        return select(
            optional_ids("email_ids", self.email_ids),
            optional_ids("email_campaign_ids", self.email_campaign_ids),
            optional_str("campaign_guid", self.campaign_guid),
            event_types("event_types", self.event_types),
            unfiltered=to_bool("exclude_filtered_events", self.exclude_filtered_events),
        )
