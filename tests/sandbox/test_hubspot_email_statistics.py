"""Statistics of sent emails, which add up over emails and intervals."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from itertools import pairwise
from typing import Any

import httpx
import pytest
from hubspot_runs import PROFILES_AND_WAYS, Runner

from airflow_provider_mkt.client.errors import PermissionDenied
from airflow_provider_mkt.client.hubspot.emails import email_statistics, emails
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.account.credential_store import Token

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
DAYS = {"interval": "DAY"}


@pytest.fixture(params=PROFILES_AND_WAYS, ids="-".join)
def run(request: pytest.FixtureRequest, box: Sandbox) -> Runner:
    return Runner(box.hubspot.url, *request.param)


def added(rows: list[dict[str, Any]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for row in rows:
        total.update({name: count for name, count in row["counters"].items() if count})
    return total


@pytest.fixture
def began(run: Runner, box: Sandbox) -> dt.datetime:
    """Return when sends began: two of the newsletter, hours apart, and one that fails."""
    began = box.clock.now()
    run(emails.publish(seed.NEWSLETTER_EMAIL))
    box.clock.advance(7200)
    run(emails.publish(seed.NEWSLETTER_EMAIL))
    run(emails.publish(seed.FAILING_EMAIL))
    box.clock.advance(60)
    return began


@pytest.mark.usefixtures("began")
def test_totals_are_the_sum_of_every_email_that_was_sent(run: Runner) -> None:
    totals = run(email_statistics.totals())
    assert totals["emails"] == [int(seed.NEWSLETTER_EMAIL), int(seed.PUBLISHED_EMAIL)]
    assert totals["aggregate"]["counters"]["sent"] == 13
    each = list(totals["campaignAggregations"].values())
    assert added(each) == added([totals["aggregate"]])
    shown = [run(emails.get(str(one), include_stats=True)).model_extra for one in totals["emails"]]
    assert added([one["stats"] for one in shown]) == added([totals["aggregate"]])
    assert set(totals["campaignAggregations"]) == {one["primaryEmailCampaignId"] for one in shown}
    counters, ratios = totals["aggregate"]["counters"], totals["aggregate"]["ratios"]
    assert counters["sent"] >= counters["open"] >= counters["click"] > 0
    assert ratios["openratio"] == pytest.approx(100 * counters["open"] / counters["sent"])
    devices = totals["aggregate"]["deviceBreakdown"]["open_device_type"]
    assert sum(devices.values()) == counters["open"]


def test_only_sends_in_the_time_span_count(run: Runner, began: dt.datetime) -> None:
    def sent(**span: Any) -> tuple[int, int]:
        totals = run(email_statistics.totals(**span))
        return totals["aggregate"]["counters"].get("sent", 0), len(totals["emails"])

    assert sent(start=began - HOUR) == (10, 1)
    assert sent(start=began + HOUR) == (5, 1)
    assert sent(end=began - HOUR) == (3, 1)
    assert sent(start=began - HOUR, end=began + HOUR) == (5, 1)
    assert sent(email_ids=[seed.PUBLISHED_EMAIL]) == (3, 1)
    assert sent(email_ids=[seed.PUBLISHED_EMAIL, "4711"], start=began) == (0, 0)
    assert sent(email_ids=[seed.FAILING_EMAIL]) == (0, 0)


@pytest.mark.parametrize("interval", ["MINUTE", "QUARTER_HOUR", "HOUR", "DAY", "WEEK", "MONTH", "YEAR"])
def test_intervals_cover_the_time_span_without_gaps_and_add_up(
    run: Runner, box: Sandbox, began: dt.datetime, interval: str
) -> None:
    start, end = began - 2 * DAY, box.clock.now() + HOUR
    rows = run(email_statistics.histogram(interval, start=start, end=end))
    edges = [row["interval"] for row in rows]
    assert all(one["end"] == two["start"] for one, two in pairwise(edges))
    assert edges[0]["start"] == start.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert edges[-1]["end"] == end.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    totals = run(email_statistics.totals(start=start, end=end))
    assert added([row["aggregations"] for row in rows]) == added([totals["aggregate"]])
    one = run(email_statistics.histogram(interval, start=start, end=end, email_ids=[seed.PUBLISHED_EMAIL]))
    assert added([row["aggregations"] for row in one])["sent"] == 3


def test_hourly_intervals_include_the_sends_that_began_in_them(run: Runner, began: dt.datetime) -> None:
    rows = run(email_statistics.histogram("HOUR", start=began - 3 * HOUR, end=began + 3 * HOUR))
    for row in rows:
        counted = run(
            email_statistics.totals(
                start=dt.datetime.fromisoformat(row["interval"]["start"]),
                end=dt.datetime.fromisoformat(row["interval"]["end"]) - dt.timedelta(milliseconds=1),
            )
        )
        assert added([counted["aggregate"]]) == added([row["aggregations"]])
    assert [sent for sent in (added([row["aggregations"]])["sent"] for row in rows) if sent] == [5, 5]


def test_statistics_grow_while_emails_are_sent(run: Runner, box: Sandbox) -> None:
    start = box.clock.now()
    run(emails.publish(seed.NEWSLETTER_EMAIL))
    seen = []
    for _ in range(4):
        totals = run(email_statistics.totals(start=start, email_ids=[seed.NEWSLETTER_EMAIL]))
        seen.append(totals["aggregate"]["counters"].get("sent", 0))
        box.clock.advance(1.8)
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (0, 5)
    assert 0 < seen[2] < 5


def test_statistics_without_sends_are_the_same_in_every_profile(run: Runner, box: Sandbox) -> None:
    future = box.clock.now() + DAY
    totals = run(email_statistics.totals(start=future, end=future + DAY))
    assert (totals["aggregate"]["counters"], totals["campaignAggregations"], totals["emails"]) == ({}, {}, [])
    rows = run(email_statistics.histogram("DAY", start=future, end=future + DAY))
    assert {len(row["aggregations"]["counters"]) for row in rows} == {0}


def test_a_token_without_email_scopes_is_rejected(run: Runner, box: Sandbox) -> None:
    box.hubspot.state.credentials.tokens["pat-na1-other"] = Token(
        "pat-na1-other", "private-9", frozenset({"oauth"})
    )
    for call in (email_statistics.totals(), email_statistics.histogram("DAY")):
        with pytest.raises(PermissionDenied):
            run.with_token("pat-na1-other")(call)


@pytest.mark.parametrize(
    "query",
    [
        {"interval": "FORTNIGHT"},
        {"interval": ""},
        {"interval": "DAY", "startTimestamp": "soon"},
        {"interval": "DAY", "startTimestamp": "99999999999999999999"},
        {"interval": "DAY", "startTimestamp": "2026-02-01T00:00:00Z", "endTimestamp": "2026-01-01T00:00:00Z"},
        {"interval": "SECOND", "startTimestamp": "2026-01-01T00:00:00Z"},
        {"interval": "DAY", "emailIds": "1;2"},
        {"interval": "DAY", "emailIds": "first"},
    ],
    ids=str,
)
def test_invalid_requests_for_statistics_are_rejected(
    api: httpx.Client, paths: dict[str, str], query: dict[str, str]
) -> None:
    reply = api.get(f"{paths['emails']}/statistics/histogram", params=query)
    assert (reply.status_code, reply.json()["category"]) == (400, "VALIDATION_ERROR")


def test_the_default_interval_is_a_day(api: httpx.Client, paths: dict[str, str]) -> None:
    span = {"startTimestamp": "2026-01-05T00:00:00Z", "endTimestamp": "2026-01-08T00:00:00Z"}
    requested = [
        api.get(f"{paths['emails']}/statistics/histogram", params=span | more) for more in ({}, DAYS)
    ]
    assert [reply.status_code for reply in requested] == [200, 200]
    assert requested[0].json()["total"] == 3
    assert requested[0].json() == requested[1].json()


@pytest.mark.usefixtures("began")
def test_ids_are_repeated_and_dated_paths_accept_comma_separated_ones(api: httpx.Client) -> None:
    ids = [seed.NEWSLETTER_EMAIL, seed.PUBLISHED_EMAIL]
    undated, dated = "/marketing/v3/emails/statistics/list", "/marketing/emails/2026-03/statistics/list"
    for path in (undated, dated):
        assert api.get(path, params={"emailIds": ids}).json()["emails"] == [int(one) for one in ids]
    joined = {"emailIds": ",".join(ids)}
    assert api.get(dated, params=joined).json()["emails"] == [int(one) for one in ids]
    assert api.get(undated, params=joined).status_code == 400
