"""What became of the mails that were sent, over emails and spans of time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict, cast

from airflow_provider_mkt.client.call import (
    Call,
    Envelope,
    Pairs,
    Replay,
    Route,
    batch,
    numeric_id,
    query_pairs,
)
from airflow_provider_mkt.client.hubspot.emails._fields import READ
from airflow_provider_mkt.client.hubspot.parameters import one_of, span, text

INTERVALS = ("YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "HOUR", "QUARTER_HOUR", "MINUTE", "SECOND")
EMAILS_MAX = 400
"""The platform states no limit; as many ids as go into its addresses at the usual 8 KB."""


class StatisticsData(TypedDict):
    """Counts and percentages by their API names, e.g. ``counters["sent"]`` and ``ratios["openratio"]``."""

    counters: dict[str, int]
    ratios: dict[str, float]
    deviceBreakdown: dict[str, dict[str, int]]
    qualifierStats: dict[str, dict[str, int]]


class EmailStatistics(TypedDict):
    """Statistics of all emails together and of each; ``emails`` are those that were sent in the span."""

    aggregate: StatisticsData
    campaignAggregations: dict[str, StatisticsData]
    emails: list[int]


class Interval(TypedDict):
    start: str
    end: str


class IntervalStatistics(TypedDict):
    interval: Interval
    aggregations: StatisticsData


def totals(
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    email_ids: Sequence[int | str] = (),
    property_name: str | None = None,
) -> Call[EmailStatistics]:
    """Read the statistics of emails that were sent in a span of time, together and for each campaign id.

    :param start: from when on they were sent.
    :param end: until when.
    :param email_ids: only these emails, at most 400; all when none is given.
    :param property_name: the one property of emails to return; all when not given.
    :returns: the statistics; all empty when nothing was sent.
    :raises InvalidInput: on a time without a zone, an end before the start or an id that is no number.

    Source: ``GET /marketing/{version}/emails/statistics/list``.
    """
    name = "email_statistics.totals"
    wanted = None if property_name is None else text(name, "property_name", property_name)
    return Call(
        name,
        Route("GET", "emails", "/statistics/list"),
        _totals,
        Replay.SAFE,
        query=(*_asked(name, start, end, email_ids), *query_pairs(property=wanted)),
        scopes=READ,
    )


def histogram(
    interval: str,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    email_ids: Sequence[int | str] = (),
) -> Call[list[IntervalStatistics]]:
    """Read the statistics of emails that were sent in a span of time, interval by interval.

    All intervals come in one answer, so a long span asks for a long interval.

    :param interval: ``SECOND``, ``MINUTE``, ``QUARTER_HOUR``, ``HOUR``, ``DAY``, ``WEEK``, ``MONTH``,
        ``QUARTER`` or ``YEAR``.
    :param start: from when on they were sent.
    :param end: until when.
    :param email_ids: only these emails, at most 400; all when none is given.
    :returns: one row per interval.
    :raises InvalidInput: on another interval, a time without a zone, an end before the start or an id that
        is no number.

    Source: ``GET /marketing/{version}/emails/statistics/histogram``.
    """
    name = "email_statistics.histogram"
    chosen = query_pairs(interval=one_of(name, "interval", interval, INTERVALS))
    return Call(
        name,
        Route("GET", "emails", "/statistics/histogram"),
        lambda envelope: cast("list[IntervalStatistics]", envelope["results"]),
        Replay.SAFE,
        query=(*chosen, *_asked(name, start, end, email_ids)),
        scopes=READ,
    )


def _asked(call: str, start: datetime | None, end: datetime | None, email_ids: Sequence[int | str]) -> Pairs:
    first, last = span(call, start, end)
    given = batch(call, "email_ids", email_ids, at_most=EMAILS_MAX) if email_ids else []
    ids = [numeric_id(call, f"email_ids[{index}]", one) for index, one in enumerate(given)]
    return query_pairs(startTimestamp=first, endTimestamp=last, emailIds=ids or None)


def _totals(envelope: Envelope) -> EmailStatistics:
    # Older paths leave out what is empty, dated ones do not.
    empty: StatisticsData = {"counters": {}, "ratios": {}, "deviceBreakdown": {}, "qualifierStats": {}}
    return {
        "aggregate": cast("StatisticsData", envelope.get("aggregate") or empty),
        "campaignAggregations": envelope.get("campaignAggregations") or {},
        "emails": envelope.get("emails") or [],
    }
