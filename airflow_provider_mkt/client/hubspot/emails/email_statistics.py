"""Statistics of sent marketing emails."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, TypedDict, cast

from airflow_provider_mkt.client.call import Call, Envelope, Pairs, Replay, Route, query_pairs
from airflow_provider_mkt.client.hubspot.emails._fields import READ
from airflow_provider_mkt.client.hubspot.parameters import time_range
from airflow_provider_mkt.client.parameters import NumericId, Text, UtcTime, endpoint, items_or_empty, one_of

INTERVALS = ("YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "QUARTER_HOUR", "MINUTE", "SECOND")
EMAILS_MAX = 400
"""HubSpot documents no limit; this many ids fit into a URL of 8 KB."""


class StatisticsData(TypedDict):
    """Counts and percentages by API name, e.g. ``counters["sent"]`` and ``ratios["openratio"]``."""

    counters: dict[str, int]
    ratios: dict[str, float]
    deviceBreakdown: dict[str, dict[str, int]]
    qualifierStats: dict[str, dict[str, int]]


class EmailStatistics(TypedDict):
    """Statistics of all emails together and per campaign.

    ``emails`` contains the ids of the emails that were sent in the period.
    """

    aggregate: StatisticsData
    campaignAggregations: dict[str, StatisticsData]
    emails: list[int]


class Interval(TypedDict):
    start: str
    end: str


class IntervalStatistics(TypedDict):
    interval: Interval
    aggregations: StatisticsData


@endpoint
def totals(
    *,
    start: UtcTime | None = None,
    end: UtcTime | None = None,
    email_ids: Annotated[Sequence[NumericId], items_or_empty(EMAILS_MAX)] = (),
    property_name: Text | None = None,
) -> Call[EmailStatistics]:
    """Read the statistics of emails that were sent in a period, in total and per campaign.

    :param start: start of the period (timezone-aware).
    :param end: end of the period (timezone-aware).
    :param email_ids: only these emails, at most 400; all emails when empty.
    :param property_name: the email property to return; all properties when not given.
    :returns: the statistics; empty when nothing was sent.
    :raises InvalidInput: when a time has no time zone, the end is before the start, or an id is not a number.

    Source: ``GET /marketing/{version}/emails/statistics/list``.
    """
    return Call(
        "email_statistics.totals",
        Route("GET", "emails", "/statistics/list"),
        _totals,
        Replay.SAFE,
        query=(*_filters(start, end, email_ids), *query_pairs(property=property_name)),
        scopes=READ,
    )


@endpoint
def histogram(
    interval: Annotated[str, one_of(*INTERVALS)],
    *,
    start: UtcTime | None = None,
    end: UtcTime | None = None,
    email_ids: Annotated[Sequence[NumericId], items_or_empty(EMAILS_MAX)] = (),
) -> Call[list[IntervalStatistics]]:
    """Read the statistics of emails that were sent in a period, per interval.

    All intervals are returned in one response, so use a long interval for a long period.

    :param interval: ``SECOND``, ``MINUTE``, ``QUARTER_HOUR``, ``HOUR``, ``DAY``, ``WEEK``, ``MONTH``,
        ``QUARTER`` or ``YEAR``.
    :param start: start of the period (timezone-aware).
    :param end: end of the period (timezone-aware).
    :param email_ids: only these emails, at most 400; all emails when empty.
    :returns: one row per interval.
    :raises InvalidInput: when *interval* is unknown, a time has no time zone, the end is before the start, or
        an id is not a number.

    Source: ``GET /marketing/{version}/emails/statistics/histogram``.
    """
    return Call(
        "email_statistics.histogram",
        Route("GET", "emails", "/statistics/histogram"),
        lambda envelope: cast("list[IntervalStatistics]", envelope["results"]),
        Replay.SAFE,
        query=(*query_pairs(interval=interval), *_filters(start, end, email_ids)),
        scopes=READ,
    )


def _filters(start: datetime | None, end: datetime | None, email_ids: Sequence[int | str]) -> Pairs:
    first, last = time_range(start, end)
    return query_pairs(startTimestamp=first, endTimestamp=last, emailIds=email_ids or None)


def _totals(envelope: Envelope) -> EmailStatistics:
    # The undated paths omit empty fields, the dated ones do not.
    empty: StatisticsData = {"counters": {}, "ratios": {}, "deviceBreakdown": {}, "qualifierStats": {}}
    return {
        "aggregate": cast("StatisticsData", envelope.get("aggregate") or empty),
        "campaignAggregations": envelope.get("campaignAggregations") or {},
        "emails": envelope.get("emails") or [],
    }
