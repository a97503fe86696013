"""HubSpot's next Python client on the dated paths: emails, campaigns, events, sends and consent."""

from __future__ import annotations

import datetime as dt

import hubspot_sdk as sdk_errors
import pytest
from hubspot_sdk import HubSpot

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed

NOW = dt.datetime.now(dt.UTC)


def test_an_email_is_created_updated_ab_tested_and_restored_to_an_older_revision(sdk: HubSpot) -> None:
    api = sdk.marketing.emails
    created = api.create(name="Next", subject="First", from_={"from_name": "A", "reply_to": "a@example.com"})
    api.update(created.id, subject="Second")
    older = min(api.list_revisions(created.id), key=lambda one: one.updated_at)
    api.restore_revision(older.id, email_id=created.id)
    assert api.get_draft(created.id).subject == "First"
    other = api.create_ab_test_variation(content_id=created.id, variation_name="B")
    assert api.get_ab_test_variation(created.id).id == other.id
    api.delete(created.id)


def test_pages_of_emails_are_read_with_their_statistics(sdk: HubSpot) -> None:
    every = list(sdk.marketing.emails.list(limit=2, sort=["-createdAt"], include_stats=True))
    assert len({one.id for one in every}) == len(every) == 7


def test_the_statistics_of_several_emails_are_read_with_one_call(sdk: HubSpot) -> None:
    span = {"start_timestamp": NOW - dt.timedelta(days=3), "end_timestamp": NOW + dt.timedelta(days=3)}
    emails = [int(seed.PUBLISHED_EMAIL), int(seed.NEWSLETTER_EMAIL)]
    result = sdk.marketing.emails.get(email_ids=emails, **span)
    assert set(result.emails) <= set(emails)
    days = sdk.marketing.emails.get_histogram(email_ids=emails, interval="DAY", **span)
    assert days.results


def test_a_campaign_has_assets_budget_spend_and_reports(sdk: HubSpot) -> None:
    api = sdk.marketing.campaigns
    created = api.create(properties={"hs_name": "Next", "hs_currency_code": "USD"})
    kind = "MARKETING_EMAIL"
    api.assets.update(seed.PUBLISHED_EMAIL, campaign_guid=created.id, asset_type=kind)
    assert [one.id for one in api.assets.list(kind, campaign_guid=created.id).results] == [
        seed.PUBLISHED_EMAIL
    ]
    api.budget.create(created.id, amount=100, name="Ads", order=0)
    line = api.spend.create(created.id, amount=40.5, name="Posters", order=0)
    api.spend.update(int(line.id), campaign_guid=created.id, amount=41, name="Posters", order=0)
    totals = api.budget.get_totals(created.id)
    assert (totals.budget_total, totals.spend_total) == (100, 41)
    report = api.metrics.get_attribution_metrics(created.id)
    reached = api.metrics.list_contact_ids_by_type("influencedContacts", campaign_guid=created.id)
    assert report.influenced_contacts == len(reached.results) > 0
    api.delete(created.id)
    with pytest.raises(sdk_errors.NotFoundError):
        api.get(created.id)


def test_the_attendance_of_an_event_is_read_by_both_of_its_ids(box: Sandbox, sdk: HubSpot) -> None:
    api = sdk.marketing.marketing_events
    outside = {"external_event_id": "e1", "external_account_id": "acc"}
    api.create(event_name="Talk", event_organizer="Example Ltd", custom_properties=[], **outside)
    box.clock.advance(300)
    number = api.search_identifiers_by_external_event_id("e1").results[0].object_id
    came = [{"interaction_date_time": int(NOW.timestamp() * 1000), "email": "ada@example.com"}]
    for state in ("register", "attend"):
        api.attendance.create_by_external_event_id_and_email(state, inputs=came, **outside)
    box.clock.advance(60)
    counts = api.participations.get_by_id(int(number))
    assert counts.attended == 1
    again = api.participations.get_by_external_account_and_event_id("e1", external_account_id="acc")
    assert again.attended == 1
    api.delete(str(number))


def test_single_emails_are_sent_by_both_calls(sdk: HubSpot) -> None:
    marketing = sdk.marketing
    for send, email in (
        (marketing.transactional.single_email.send, seed.TRANSACTIONAL_EMAIL),
        (marketing.single_send.create, seed.SINGLE_SEND_EMAIL),
    ):
        to = {"to": "ada@example.com", "send_id": email, "bcc": [], "cc": [], "reply_to": []}
        result = send(contact_properties={}, custom_properties={}, email_id=int(email), message=to)
        assert result.status == "PENDING"


def test_several_people_are_unsubscribed_and_their_statuses_read(sdk: HubSpot) -> None:
    api = sdk.communication_preferences
    kind = int(api.definitions.list().results[0].id)
    api.update_status(
        "ada@example.com",
        channel="EMAIL",
        status_state="UNSUBSCRIBED",
        subscription_id=kind,
        legal_basis="LEGITIMATE_INTEREST_CLIENT",
        legal_basis_explanation="Signed up by phone",
    )
    result = api.statuses.batch.read(channel="EMAIL", inputs=["ada@example.com", "bruno@example.com"])
    of_ada = next(one for one in result.results if one.subscriber_id_string == "ada@example.com")
    assert {one.status for one in of_ada.statuses if one.subscription_id == kind} == {"UNSUBSCRIBED"}
    assert api.generate_links(channel="EMAIL", subscriber_id_string="ada@example.com").unsubscribe_all_url


def test_a_contact_is_enrolled_in_a_sequence(sdk: HubSpot) -> None:
    api = sdk.automation.sequences
    sequence = api.list(user_id="501").results[0].id
    contact = sdk.crm.objects.contacts.get("ada@example.com", id_property="email", properties=["email"]).id
    api.create_enrollment(
        user_id="501", contact_id=contact, sender_email="sales@example.com", sequence_id=sequence
    )
    assert api.get_enrollment_by_contact_id(contact).sequence_id == sequence
