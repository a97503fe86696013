"""Marketing emails, their tests, versions and statistics: the request of each call, and what each refuses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from client_tools import hubspot

from airflow_provider_mkt.client import registry
from airflow_provider_mkt.client.call import Call, JsonBody, Replay
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.emails import (
    email_campaigns,
    email_events,
    email_revisions,
    email_statistics,
    email_tests,
    emails,
)

SAFE, WAIT, VERIFY, NEVER = Replay
PREFIX = {
    "v3": "/marketing/v3/emails",
    "2026-03": "/marketing/emails/2026-03",
    "2026-09": "/marketing/emails/2026-09",
}
NOON = dt.datetime(2026, 7, 1, 12, 0, 0, 250_000, tzinfo=dt.timezone(dt.timedelta(hours=2)))
LATER = NOON + dt.timedelta(hours=1)
NAIVE = dt.datetime(2026, 7, 1)
AT = "2026-07-01T10:00:00.250Z"
AFTERWARDS = "2026-07-01T11:00:00.250Z"
ALONG = {
    "archived": True,
    "included_properties": ["name", "id"],
    "include_stats": True,
    "variant_stats": True,
    "marketing_campaign_names": True,
    "workflow_names": True,
}
ALONG_SENT = (
    ("archived", "true"),
    ("includedProperties", "id"),
    ("includedProperties", "name"),
    ("includeStats", "true"),
    ("variantStats", "true"),
    ("marketingCampaignNames", "true"),
    ("workflowNames", "true"),
)

CALLS: list[tuple[Call[Any], str, str, tuple, Any, Replay]] = [
    (emails.list(), "GET", "", (("limit", "100"),), None, SAFE),
    (
        emails.list(
            campaign="g",
            types=["BATCH_EMAIL", "AB_EMAIL"],
            is_published=False,
            sort=["-updatedAt", "name"],
            created=NOON,
            updated=(NOON, LATER),
            published=[None, LATER],
            limit=5,
            **ALONG,
        ),
        "GET",
        "",
        (
            ("campaign", "g"),
            ("type", "BATCH_EMAIL"),
            ("type", "AB_EMAIL"),
            ("isPublished", "false"),
            ("sort", "-updatedAt"),
            ("sort", "name"),
            ("limit", "5"),
            ("createdAt", AT),
            ("updatedAfter", AT),
            ("updatedBefore", AFTERWARDS),
            ("publishedBefore", AFTERWARDS),
            *ALONG_SENT,
        ),
        None,
        SAFE,
    ),
    (emails.get("5"), "GET", "/5", (), None, SAFE),
    (emails.get("5", **ALONG), "GET", "/5", ALONG_SENT, None, SAFE),
    (emails.create("News"), "POST", "", (), {"name": "News"}, VERIFY),
    (
        emails.create("News", {"state": "AUTOMATED_DRAFT", "testing": {"hoursToWait": 4}}),
        "POST",
        "",
        (),
        {
            "name": "News",
            "state": "AUTOMATED_DRAFT",
            "testing": {"isAbVariation": False, "hoursToWait": 4},
        },
        VERIFY,
    ),
    (emails.clone("5"), "POST", "/clone", (), {"id": "5"}, NEVER),
    (
        emails.clone("5", clone_name="Copy", language="de"),
        "POST",
        "/clone",
        (),
        {"id": "5", "cloneName": "Copy", "language": "de"},
        NEVER,
    ),
    (emails.archive("5"), "DELETE", "/5", (), None, SAFE),
    (
        emails.update("5", {"testing": {"isAbVariation": True}}, archived=True),
        "PATCH",
        "/5",
        (("archived", "true"),),
        {"testing": {"isAbVariation": True}},
        SAFE,
    ),
    (emails.get_draft("5"), "GET", "/5/draft", (), None, SAFE),
    (emails.update_draft("5", {"subject": "Hi"}), "PATCH", "/5/draft", (), {"subject": "Hi"}, SAFE),
    (emails.reset_draft("5"), "POST", "/5/draft/reset", (), None, SAFE),
    (
        email_tests.create_variation("5", "B"),
        "POST",
        "/ab-test/create-variation",
        (),
        {"contentId": "5", "variationName": "B"},
        VERIFY,
    ),
    (email_tests.get_variation("5"), "GET", "/5/ab-test/get-variation", (), None, SAFE),
    (email_tests.get_variation("5", **ALONG), "GET", "/5/ab-test/get-variation", ALONG_SENT, None, SAFE),
    (email_revisions.list("5", limit=7), "GET", "/5/revisions", (("limit", "7"),), None, SAFE),
    (email_revisions.get("5", "-1"), "GET", "/5/revisions/-1", (), None, SAFE),
    (email_revisions.restore("5", 9), "POST", "/5/revisions/9/restore", (), None, VERIFY),
    (
        email_revisions.restore_to_draft("5", "9"),
        "POST",
        "/5/revisions/9/restore-to-draft",
        (),
        None,
        SAFE,
    ),
    (email_statistics.totals(), "GET", "/statistics/list", (), None, SAFE),
    (
        email_statistics.totals(start=NOON, end=LATER, email_ids=[5, "6"], property_name="name"),
        "GET",
        "/statistics/list",
        (
            ("startTimestamp", AT),
            ("endTimestamp", AFTERWARDS),
            ("emailIds", "5"),
            ("emailIds", "6"),
            ("property", "name"),
        ),
        None,
        SAFE,
    ),
    (
        email_statistics.histogram("QUARTER_HOUR", start=NOON),
        "GET",
        "/statistics/histogram",
        (("interval", "QUARTER_HOUR"), ("startTimestamp", AT)),
        None,
        SAFE,
    ),
]


@pytest.mark.parametrize("row", CALLS, ids=[row[0].name for row in CALLS])
@pytest.mark.parametrize("profile", sorted(PREFIX))
def test_the_request_of_a_call(row: tuple, profile: str) -> None:
    call, method, tail, query, body, replay = row
    request = hubspot(api_version=profile).build(call, "T")
    assert (request.method, urlsplit(request.url).path) == (method, PREFIX[profile] + tail)
    assert request.query == query
    assert (request.body.value if isinstance(request.body, JsonBody) else request.body) == body
    assert call.replay is replay
    assert call.scopes


def test_every_call_of_these_resources_is_here_under_its_own_name() -> None:
    resources = {"email_revisions", "email_statistics", "email_tests"}
    known = {name for name, _ in registry.endpoints("hubspot") if name.partition(".")[0] in resources}
    assert known <= {row[0].name for row in CALLS}
    assert {row[0].name for row in CALLS} <= {name for name, _ in registry.endpoints("hubspot")}


def test_a_call_can_be_made_of_text_as_templates_give_it() -> None:
    arguments = {"interval": "DAY", "start": "2026-07-01T12:00:00.25+02:00", "email_ids": ["5"]}
    assert registry.build("hubspot", "email_statistics.histogram", arguments).query == (
        ("interval", "DAY"),
        ("startTimestamp", AT),
        ("emailIds", "5"),
    )
    times = {"created": AT, "updated": [AT, None], "limit": "5"}
    assert registry.build("hubspot", "emails.list", times).query == (
        ("limit", "5"),
        ("createdAt", AT),
        ("updatedAfter", AT),
    )


BAD: list[tuple[Callable[[], object], str]] = [
    (lambda: emails.list(limit=101), "limit"),
    (lambda: emails.list(sort="name"), "sort"),
    (lambda: emails.list(sort=["name", "-secret"]), "sort[1]"),
    (lambda: emails.list(types="BATCH_EMAIL"), "types"),
    (lambda: emails.list(created=NAIVE), "created"),
    (lambda: emails.list(updated=(NAIVE, None)), "updated[0]"),
    (lambda: emails.list(published=(LATER, NOON)), "published"),
    (lambda: emails.list(published="secret"), "published"),
    (lambda: emails.list(published=(NOON,)), "published"),
    (lambda: emails.list(included_properties="name"), "included_properties"),
    (lambda: emails.get("a\nb"), "email_id"),
    (lambda: emails.create(""), "name"),
    (lambda: emails.create("News", "secret"), "fields"),
    (lambda: emails.create("News", {"name": "secret"}), "fields.name"),
    (lambda: emails.create("News", {"state": "PUBLISHED"}), "fields.state"),
    (lambda: emails.clone(""), "email_id"),
    (lambda: emails.clone("5", clone_name=" "), "clone_name"),
    (lambda: emails.update("5", {"testing": {"hoursToWait": 4}}), "changes.testing.isAbVariation"),
    (lambda: emails.update_draft("5", {"state": "PUBLISHED"}), "changes.state"),
    (lambda: email_tests.create_variation("5", ""), "variation_name"),
    (lambda: email_tests.create_variation(None, "B"), "email_id"),
    (lambda: email_revisions.list("5", limit=0), "limit"),
    (lambda: email_revisions.restore("5", -1), "revision_id"),
    (lambda: email_revisions.restore_to_draft("5", "secret"), "revision_id"),
    (lambda: email_statistics.totals(start=NAIVE), "start"),
    (lambda: email_statistics.totals(start=LATER, end=NOON), "end"),
    (lambda: email_statistics.totals(email_ids="secret"), "email_ids"),
    (lambda: email_statistics.totals(email_ids=5), "email_ids"),
    (lambda: email_statistics.totals(email_ids=[5] * 401), "email_ids"),
    (lambda: email_statistics.totals(email_ids=[5, "secret"]), "email_ids[1]"),
    (lambda: email_statistics.totals(property_name=""), "property_name"),
    (lambda: email_statistics.histogram("day"), "interval"),
    (lambda: email_campaigns.list(limit=1001), "limit"),
    (lambda: email_campaigns.get("secret"), "campaign_id"),
    (lambda: email_events.list(campaign_id=5), "app_id"),
    (lambda: email_events.list(event_type="sent"), "event_type"),
    (lambda: email_events.list(recipient="secret"), "recipient"),
    (lambda: email_events.list(start=NAIVE), "start"),
    (lambda: email_events.list(start=LATER, end=NOON), "end"),
    (lambda: email_events.get(-1, "e"), "created"),
]


@pytest.mark.parametrize(("make", "field"), BAD, ids=[f"{n}-{field}" for n, (_, field) in enumerate(BAD)])
def test_bad_input_is_refused_by_field_without_being_repeated(make: Callable[[], object], field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        make()
    assert refusal.value.field == field
    assert "secret" not in f"{refusal.value!s} {vars(refusal.value)}"


@pytest.mark.parametrize("call", [emails.list(), email_revisions.list("5")])
def test_pages_follow_the_cursor_to_the_end(call: Call[Any]) -> None:
    page = call.next_page({"results": [], "paging": {"next": {"after": "MQ%3D%3D"}}})
    assert page is not None
    assert dict(page.query)["after"] == "MQ=="
    assert page.next_page({"results": [], "paging": {"prev": {"before": "MA=="}}}) is None


@pytest.mark.parametrize("profile", sorted(PREFIX))
def test_email_analytics_are_called_at_the_same_path_in_every_profile(profile: str) -> None:
    call = email_events.list(app_id=113, campaign_id=5, event_type="DROPPED", start=NOON, end=LATER)
    request = hubspot(api_version=profile).build(call, "T")
    assert urlsplit(request.url).path == "/email/public/v1/events"
    assert dict(request.query) == {
        "appId": "113",
        "campaignId": "5",
        "eventType": "DROPPED",
        "startTimestamp": "1782900000250",
        "endTimestamp": "1782903600250",
        "limit": "1000",
    }


def test_events_follow_the_offset_while_there_are_more() -> None:
    call = email_events.list(app_id=113, event_type="SENT")
    page = call.next_page({"hasMore": True, "offset": "Cgk=", "events": []})
    assert page is not None
    assert dict(page.query) == {**dict(call.query), "offset": "Cgk="}
    assert registry.next_arguments("hubspot", call, page) == {"offset": "Cgk="}
    # An offset that does not move would be read for ever.
    assert page.next_page({"hasMore": True, "offset": "Cgk=", "events": []}) is None
    assert page.next_page({"hasMore": False, "offset": "AAA=", "events": []}) is None


def test_statistics_of_nothing_have_one_shape_in_every_profile() -> None:
    data = {"counters": {}, "ratios": {}, "deviceBreakdown": {}, "qualifierStats": {}}
    empty = {"aggregate": data, "campaignAggregations": {}, "emails": []}
    assert email_statistics.totals().read({}) == empty
    assert email_statistics.totals().read(empty) == empty
