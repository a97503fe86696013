"""Operators that export the reports of HubSpot's campaigns to files."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_provider_mkt.actions.targets import RESULTS, Target
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.operators._parameters import as_day, optional_keys, optional_names, optional_str
from airflow_provider_mkt.operators._parse_checks import one_of
from airflow_provider_mkt.operators._read_export import ReadExportOperator

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from airflow_provider_mkt.actions.hubspot.campaign_reads import CampaignReport
    from airflow_provider_mkt.actions.procedure import Procedure
    from airflow_provider_mkt.actions.reading import ColumnTypes, Reading, Span
    from airflow_provider_mkt.operators._parse_checks import Arguments, ParseCheck

_BREAKDOWNS = ("campaign", "contact", "asset")


def attribution_model(field: str, value: object) -> str | None:
    """Return an attribution model in upper case, or None when it is missing.

    :raises InvalidInput: when HubSpot has no such model.
    """
    from airflow_provider_mkt.client.hubspot.campaigns.campaign_reports import ATTRIBUTION_MODELS

    model = (optional_str(field, value) or "").upper()
    if model and model not in ATTRIBUTION_MODELS:
        raise InvalidInput(field, f"must be one of {', '.join(ATTRIBUTION_MODELS)}")
    return model or None


class ExportCampaignReportsOperator(ReadExportOperator):
    """Export the reports of HubSpot's campaigns to a file: figures, contacts, or assets with their metrics.

    Figures are those of a range of days, or all until today. They change while people open and click, and
    HubSpot has no list of what changed, so each run reads all: one call per campaign, and one more for the
    revenue. For a table of figures by day, let each run export its own day.

    :param conn_id: a connection of type ``hubspot``, with the scope ``marketing.campaigns.read``, and for the
        revenue ``marketing.campaigns.revenue.read``. With ``marketing.campaigns.revenue.lite.read`` some of
        it is missing.
    :param output_path: the file to write, on any object storage, or a path with ``{window}`` in it. Its
        ending says the format.
    :param breakdown: ``campaign``: one row per campaign, with ``sessions``, ``newContactsFirstTouch``,
        ``newContactsLastTouch`` and ``influencedContacts``. ``contact``: one row per contact and
        ``contactType``. ``asset``: one row per email, form, page and so on, with its ``metrics`` where there
        is a range.
    :param campaign_ids: only these campaigns; all when empty.
    :param properties: properties of campaigns that get a column each, such as ``hs_start_date`` or
        ``hs_spend_items_sum_amount``. A column is empty where HubSpot does not know the name.
    :param attribution_model: adds the revenue by this model: ``LINEAR``, ``FIRST_INTERACTION``,
        ``LAST_INTERACTION``, ``FULL_PATH``, ``U_SHAPED``, ``W_SHAPED``, ``TIME_DECAY``, ``J_SHAPED`` or
        ``INVERSE_J_SHAPED``. Only with the breakdown ``campaign``.
    :param start: the first day of the range: a date such as ``2026-01-31``, or its midnight.
    :param end: the first day after the range, so that ``data_interval_end`` of a daily run can be given.
    :param if_exists: what becomes of a file that exists: ``replace``, or ``fail``. A file that an earlier try
        of the task wrote is replaced in any case.
    :returns: :class:`.ExportOutcome`.
    :raises AirflowFailException: on an unknown campaign, before any report is read.

    Source: ``GET /marketing/{version}/campaigns``,
    ``POST /marketing/{version}/campaigns/batch/read``,
    ``GET /marketing/{version}/campaigns/{campaignGuid}/reports/metrics``,
    ``GET /marketing/{version}/campaigns/{campaignGuid}/reports/revenue``,
    ``GET /marketing/{version}/campaigns/{campaignGuid}/reports/contacts/{contactType}``,
    ``GET /marketing/{version}/campaigns/{campaignGuid}`` and
    ``GET /marketing/{version}/campaigns/{campaignGuid}/assets/{assetType}``.
    """

    kind = "campaign_reports"
    platform = "hubspot"
    targets = (
        Target("campaigns", "", "input"),
        Target("campaign", "campaign_ids"),
        Target(RESULTS, "output_path", "output"),
    )
    template_fields: Sequence[str] = (
        *("conn_id", "output_path", "start", "end", "if_exists"),
        *("breakdown", "campaign_ids", "properties", "attribution_model"),
    )

    parse_checks: ClassVar[Mapping[str, ParseCheck]] = {
        "attribution_model": attribution_model,
        "breakdown": one_of(*_BREAKDOWNS),
        "campaign_ids": optional_keys,
        "end": as_day,
        "properties": optional_names,
        "start": as_day,
    }

    def __init__(
        self,
        *,
        conn_id: str,
        output_path: str,
        breakdown: str = "campaign",
        campaign_ids: Sequence[str] | str = (),
        properties: Sequence[str] | str | None = None,
        attribution_model: str | None = None,
        start: date | str | None = None,
        end: date | str | None = None,
        if_exists: str = "replace",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            conn_id=conn_id, output_path=output_path, start=start, end=end, if_exists=if_exists, **kwargs
        )
        self.breakdown = breakdown
        self.campaign_ids = campaign_ids
        self.properties = properties
        self.attribution_model = attribution_model

    def moment(self, name: str, value: object) -> datetime | None:
        day = as_day(name, value)
        return None if day is None else datetime(day.year, day.month, day.day, tzinfo=UTC)

    def check_arguments(self, arguments: Arguments) -> None:
        super().check_arguments(arguments)
        known = all(map(arguments.known, ("breakdown", "properties", "attribution_model")))
        if known and (arguments.given("properties") or arguments.given("attribution_model")):
            self._report().columns()

    def columns(self) -> Procedure[ColumnTypes]:
        from airflow_provider_mkt.actions.hubspot.campaign_reads import check_campaigns

        columns = self._report().columns()
        yield from check_campaigns(self._campaign_ids())
        return columns

    def readings(self, span: Span | None) -> Procedure[Sequence[Reading]]:
        yield from ()
        return self._report().readings(self._campaign_ids(), span)

    def _campaign_ids(self) -> list[str]:
        return [*dict.fromkeys(optional_keys("campaign_ids", self.campaign_ids))]

    def _report(self) -> CampaignReport:
        from airflow_provider_mkt.actions.hubspot.campaign_reads import CampaignReport

        breakdown = optional_str("breakdown", self.breakdown) or "campaign"
        one_of(*_BREAKDOWNS)("breakdown", breakdown)
        model = attribution_model("attribution_model", self.attribution_model)
        if model is not None and breakdown != "campaign":
            raise InvalidInput("attribution_model", "is for breakdown='campaign' alone")
        return CampaignReport(breakdown, optional_names("properties", self.properties), model)
