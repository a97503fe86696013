"""Reports of campaigns, which are consistent with each other, with emails and with deals."""

from __future__ import annotations

import datetime as dt
from typing import Any

import httpx
import pytest
from hubspot_runs import PROFILES_AND_WAYS, Runner

from airflow_provider_mkt.client.errors import NotFound, PermissionDenied
from airflow_provider_mkt.client.hubspot.campaigns import campaign_assets, campaign_reports
from airflow_provider_mkt.client.hubspot.contacts import contacts
from airflow_provider_mkt.client.hubspot.emails import emails
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.account.credential_store import Token

SPRING, WEBINAR = seed.SPRING_CAMPAIGN, seed.WEBINAR_CAMPAIGN
FIRST, LAST, ALL = campaign_reports.CONTACT_TYPES
NONE = {"sessions": 0, "newContactsFirstTouch": 0, "newContactsLastTouch": 0, "influencedContacts": 0}
LITE = "pat-na1-lite"


@pytest.fixture(params=PROFILES_AND_WAYS, ids="-".join)
def run(request: pytest.FixtureRequest, box: Sandbox) -> Runner:
    state = box.hubspot.state
    scopes = frozenset({"marketing.campaigns.revenue.lite.read"})
    state.credentials.tokens[LITE] = Token(LITE, "private-9", scopes)
    return Runner(box.hubspot.url, *request.param)


@pytest.fixture
def mailed(run: Runner, box: Sandbox) -> None:
    """The spring offer was sent a day ago; the newsletter of the other campaign is sent now."""
    run(campaign_assets.add(SPRING, "MARKETING_EMAIL", seed.PUBLISHED_EMAIL))
    run(campaign_assets.add(WEBINAR, "MARKETING_EMAIL", seed.NEWSLETTER_EMAIL))
    run(emails.publish(seed.NEWSLETTER_EMAIL))
    box.clock.advance(10)


def ids(run: Runner, guid: str, kind: str, **span: Any) -> list[str]:
    return [row["id"] for row in run.every(campaign_reports.contacts(guid, kind, limit=1, **span))]


@pytest.mark.usefixtures("mailed")
def test_contacts_of_a_report_opened_an_email_of_the_campaign(run: Runner) -> None:
    for guid, email_id in ((SPRING, seed.PUBLISHED_EMAIL), (WEBINAR, seed.NEWSLETTER_EMAIL)):
        stats = run(emails.get(email_id, include_stats=True)).model_extra["stats"]["counters"]
        influenced = ids(run, guid, ALL)
        assert len(influenced) == stats["open"] > 0
        assert set(influenced) <= set(seed.CONTACT_IDS)
        figures = run(campaign_reports.metrics(guid))
        assert figures == {
            "sessions": stats["click"],
            "influencedContacts": len(influenced),
            "newContactsFirstTouch": len(ids(run, guid, FIRST)),
            "newContactsLastTouch": len(ids(run, guid, LAST)),
        }
    both = seed.CONTACT_IDS[:2]
    assert ids(run, SPRING, FIRST) == list(both)
    assert ids(run, SPRING, LAST) == []
    assert ids(run, WEBINAR, FIRST) == []
    assert ids(run, WEBINAR, LAST) == list(both)


@pytest.mark.usefixtures("mailed")
def test_a_date_range_includes_what_happened_in_it(run: Runner, box: Sandbox) -> None:
    today = box.clock.now().date()
    week_ago, long_ago = today - dt.timedelta(days=7), today - dt.timedelta(days=400)
    assert ids(run, SPRING, ALL, start_date=week_ago) == ids(run, SPRING, ALL)
    assert ids(run, SPRING, ALL, start_date=long_ago, end_date=week_ago) == []
    assert run(campaign_reports.metrics(SPRING, end_date=week_ago)) == NONE
    assert run(campaign_reports.revenue(SPRING, end_date=week_ago))["dealsNumber"] == 0
    # Before the newsletter was sent, the offer was the last email that was opened.
    newsletter = box.hubspot.state.emails.get(seed.NEWSLETTER_EMAIL)
    assert newsletter is not None
    sent_on = dt.datetime.fromtimestamp(newsletter.sends[0].due, dt.UTC).date()
    before = sent_on - dt.timedelta(days=1)
    assert ids(run, SPRING, LAST, end_date=before) == ids(run, SPRING, ALL, end_date=before)


@pytest.mark.usefixtures("mailed")
def test_a_deleted_contact_is_in_no_report(run: Runner, box: Sandbox) -> None:
    assert seed.CONTACT_IDS[0] in ids(run, SPRING, ALL)
    gone = box.hubspot.state.contacts.get(seed.CONTACT_IDS[0])
    assert gone is not None
    box.hubspot.state.contacts.archive(gone)
    assert seed.CONTACT_IDS[0] not in ids(run, SPRING, ALL)
    with pytest.raises(NotFound):
        run(contacts.get(seed.CONTACT_IDS[0]))


def test_a_campaign_without_emails_has_an_empty_report(run: Runner) -> None:
    assert run(campaign_reports.metrics(SPRING)) == NONE
    assert run(campaign_reports.contacts(SPRING, ALL)) == []
    revenue = run(campaign_reports.revenue(SPRING))
    assert (revenue["dealsNumber"], revenue["revenueAmount"], revenue["contactsNumber"]) == (0, 0, 0)


@pytest.mark.usefixtures("mailed")
def test_revenue_is_from_deals_after_the_email(run: Runner) -> None:
    revenue = run(campaign_reports.revenue(SPRING))
    assert revenue == {
        "contactsNumber": 1,
        "dealsNumber": 1,
        "dealAmount": seed.DEAL_AMOUNT,
        "revenueAmount": seed.DEAL_AMOUNT,
        "currencyCode": "USD",
    }
    assert run(campaign_reports.revenue(WEBINAR))["dealsNumber"] == 0


@pytest.mark.usefixtures("mailed")
@pytest.mark.parametrize("model", campaign_reports.ATTRIBUTION_MODELS)
def test_every_model_divides_a_deal_among_the_campaigns_before_it(
    run: Runner, box: Sandbox, model: str
) -> None:
    for _ in range(3):
        run(emails.publish(seed.NEWSLETTER_EMAIL))
        box.clock.advance(86400)
    box.hubspot.state.deals.win("Upgrade", 1000, box.clock.time(), seed.CONTACT_IDS[1])
    earned = {
        guid: run(campaign_reports.revenue(guid, attribution_model=model, start_date=box.clock.now().date()))[
            "revenueAmount"
        ]
        for guid in (SPRING, WEBINAR)
    }
    assert sum(earned.values()) == pytest.approx(1000, abs=0.02)
    if model == "FIRST_INTERACTION":
        assert earned[SPRING] == 1000
    if model == "LAST_INTERACTION":
        assert earned[WEBINAR] == 1000
    if model == "LINEAR":
        assert earned == {SPRING: 200, WEBINAR: 800}


@pytest.mark.usefixtures("mailed")
def test_the_lite_scope_hides_amounts_and_other_scopes_cannot_read_revenue(run: Runner) -> None:
    lite = run.with_token(LITE)(campaign_reports.revenue(SPRING))
    assert (lite["dealsNumber"], "dealAmount" in lite, "revenueAmount" in lite) == (1, False, False)
    with pytest.raises(PermissionDenied) as refusal:
        run.with_token(seed.READ_ONLY_TOKEN)(campaign_reports.revenue(SPRING))
    assert "marketing.campaigns.revenue.read" in refusal.value.missing
    for other in (campaign_reports.metrics(SPRING), campaign_reports.contacts(SPRING, ALL)):
        with pytest.raises(PermissionDenied):
            run.with_token(LITE)(other)
        assert run.with_token(seed.READ_ONLY_TOKEN)(other)


def test_reports_of_unknown_campaigns_are_not_found(run: Runner) -> None:
    unknown = "0c5d2a0e-6f0b-4a51-9d3e-1a2b3c4d5eff"
    for call in (
        campaign_reports.metrics(unknown),
        campaign_reports.revenue(unknown),
        campaign_reports.contacts(unknown, ALL),
    ):
        with pytest.raises(NotFound):
            run(call)


@pytest.mark.parametrize(
    ("tail", "query"),
    [
        ("contacts/everybody", {}),
        ("contacts/influencedContacts", {"limit": "101"}),
        ("contacts/influencedContacts", {"after": "?"}),
        ("metrics", {"startDate": "yesterday"}),
        ("metrics", {"startDate": "20260101"}),
        ("metrics", {"startDate": "2026-02-01", "endDate": "2026-01-01"}),
        ("revenue", {"attributionModel": "linear"}),
        ("revenue", {"endDate": "2026-02-30"}),
    ],
)
def test_invalid_requests_for_reports_are_rejected(
    api: httpx.Client, paths: dict[str, str], tail: str, query: dict[str, str]
) -> None:
    reply = api.get(f"{paths['campaigns']}/{SPRING}/reports/{tail}", params=query)
    assert (reply.status_code, reply.json()["category"]) == (400, "VALIDATION_ERROR")


def test_new_records_are_on_the_page_and_in_the_snapshot(box: Sandbox, api: httpx.Client) -> None:
    one = f"/marketing/v3/campaigns/{SPRING}"
    api.post(f"{one}/budget", json={"name": "Ads", "amount": 1234.5, "order": 0})
    master = seed.NEWSLETTER_EMAIL
    body = {"contentId": master, "variationName": "B"}
    made = api.post("/marketing/v3/emails/ab-test/create-variation", json=body).json()
    snapshot = box.hubspot.snapshot()
    assert [float(deal["properties"]["amount"]) for deal in snapshot["deals"]] == [seed.DEAL_AMOUNT]
    held = {email["id"]: email for email in snapshot["emails"]}
    assert (held[master]["partner"], len(held[made["id"]]["revisions"])) == (made["id"], 1)
    page = api.get("/").text
    for text in ("1,234.50", f"master, with {made['id']}", f"variant, with {master}"):
        assert text in page


def test_numbers_with_thousands_of_digits_are_rejected_fast(api: httpx.Client, paths: dict[str, str]) -> None:
    long, one = "9" * 6000, f"{paths['campaigns']}/{SPRING}"
    statistics = f"{paths['emails']}/statistics/list"
    for reply in (
        api.get(f"{one}/budget/{long}"),
        api.get(f"{one}/assets/FORM", params={"limit": long}),
        api.get(statistics, params={"emailIds": long}),
        api.get(statistics, params={"startTimestamp": long}),
        api.get(paths["emails"], params={"createdAfter": "--5"}),
        api.post(paths["emails"], json={"name": "Late", "publishDate": 10**17}),
        api.post(paths["emails"], json={"name": "Late", "publishDate": "9999-12-31T23:59:59-05:00"}),
    ):
        assert (reply.status_code, reply.json()["category"]) == (400, "VALIDATION_ERROR")
    revision = f"{paths['emails']}/{seed.NEWSLETTER_EMAIL}/revisions/{long}"
    assert api.post(f"{revision}/restore-to-draft").status_code == 404
