"""Times as milliseconds since the epoch, as HubSpot's older calls take them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mkt.actions.hubspot.email_event_reads import Selection, event_readings
from airflow_provider_mkt.actions.reading import Span
from airflow_provider_mkt.client.hubspot.emails import email_events
from airflow_provider_mkt.client.hubspot.parameters import epoch_milliseconds, from_epoch_milliseconds

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECONDS = st.integers(1_000_000_000_000_000, 4_000_000_000_000_000)


def at(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)


@given(MICROSECONDS)
def test_a_time_is_cut_to_the_millisecond_and_back(microseconds: int) -> None:
    milliseconds = epoch_milliseconds(at(microseconds))
    assert milliseconds == microseconds // 1000
    assert epoch_milliseconds(from_epoch_milliseconds(milliseconds)) == milliseconds
    query = dict(email_events.list(start=at(microseconds), end=at(microseconds)).query)
    assert query["startTimestamp"] == query["endTimestamp"] == str(milliseconds)


@given(MICROSECONDS, st.lists(st.integers(1, 10_000), min_size=1, max_size=4), st.integers(0, 20))
def test_ranges_that_follow_each_other_have_each_millisecond_once(
    first: int, lengths: list[int], offset: int
) -> None:
    """HubSpot includes both ends, and ranges have their first moment and not their last."""
    edges = [first]
    for length in lengths:
        edges.append(edges[-1] + length)
    read = []
    for start, end in pairwise(edges):
        for reading in event_readings(Selection(None), Span.of(at(start), at(end))):
            query = dict(reading.call.query)
            read.append((int(query["startTimestamp"]), int(query["endTimestamp"])))
    millisecond = first // 1000 + offset
    inside = edges[0] <= millisecond * 1000 < edges[-1]
    assert sum(low <= millisecond <= high for low, high in read) == inside
