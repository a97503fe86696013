"""HubSpot's own Python client: marketing emails, their revisions, A/B tests and statistics."""

from __future__ import annotations

import datetime as dt

import pytest
from hubspot import Client
from hubspot.marketing.emails import (
    AbTestCreateRequestVNext,
    ApiException,
    ContentCloneRequestVNext,
    EmailCreateRequest,
    EmailUpdateRequest,
    PublicEmailFromDetails,
    PublicEmailRecipients,
    PublicEmailToDetails,
)
from public_clients import category

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed


def test_an_email_is_created_read_updated_and_archived(client: Client) -> None:
    api = client.marketing.emails.marketing_emails_api
    order = EmailCreateRequest(
        name="Winter offer",
        subject="Cold outside",
        _from=PublicEmailFromDetails(from_name="Example Ltd", reply_to="news@example.com"),
        to=PublicEmailToDetails(contact_ils_lists=PublicEmailRecipients(include=[seed.LIST_ID], exclude=[])),
        send_on_publish=True,
    )
    created = api.create(order)
    assert (created.name, created.state, created.is_published) == ("Winter offer", "DRAFT", False)
    assert created.to.contact_ils_lists.include == [seed.LIST_ID]
    api.update(created.id, EmailUpdateRequest(subject="Warm inside"))
    fetched = api.get_by_id(created.id, included_properties=[])
    assert (fetched.subject, fetched._from.from_name) == ("Warm inside", "Example Ltd")
    assert created.id in {one.id for one in api.get_page(limit=100, sort=["-createdAt"]).results}
    api.archive(created.id)
    assert created.id not in {one.id for one in api.get_page().results}
    assert api.get_by_id(created.id, archived=True).archived


def test_emails_are_read_page_by_page(client: Client) -> None:
    api = client.marketing.emails.marketing_emails_api
    first = api.get_page(limit=3)
    rest = api.get_page(limit=100, after=first.paging.next.after)
    assert first.total == len({one.id for one in (*first.results, *rest.results)}) == 7
    sent = api.get_page(is_published=True, type="BATCH_EMAIL", created_before=dt.datetime.now(dt.UTC))
    assert [one.id for one in sent.results] == [seed.PUBLISHED_EMAIL]


def test_a_clone_is_a_draft_with_the_given_name(client: Client) -> None:
    api = client.marketing.emails.marketing_emails_api
    copy = api.clone(ContentCloneRequestVNext(id=seed.PUBLISHED_EMAIL, clone_name="Spring again"))
    assert (copy.name, copy.state, copy.subject) == ("Spring again", "DRAFT", "Spring offer")
    assert api.get_by_id(copy.id).id == copy.id


def test_updating_a_draft_does_not_change_the_live_email(client: Client) -> None:
    api = client.marketing.emails.marketing_emails_api
    email = seed.NEWSLETTER_EMAIL
    live = api.get_by_id(email).subject
    assert api.upsert_draft(email, EmailUpdateRequest(subject="Edited")).subject == "Edited"
    assert (api.get_draft(email).subject, api.get_by_id(email).subject) == ("Edited", live)
    api.reset_draft(email)
    assert api.get_draft(email).subject == live


def test_a_variation_belongs_to_its_email(client: Client) -> None:
    api = client.marketing.emails.marketing_emails_api
    order = AbTestCreateRequestVNext(content_id=seed.NEWSLETTER_EMAIL, variation_name="B")
    variation = api.create_ab_test_variation(order)
    assert (variation.id == seed.NEWSLETTER_EMAIL, variation.testing.ab_status) == (False, "variant")
    assert api.get_ab_test_variation(seed.NEWSLETTER_EMAIL).id == variation.id
    assert api.get_ab_test_variation(variation.id).id == seed.NEWSLETTER_EMAIL
    with pytest.raises(ApiException) as second:
        api.create_ab_test_variation(order)
    assert second.value.status == 400


def test_publishing_an_email_increases_its_statistics(client: Client, box: Sandbox) -> None:
    api = client.marketing.emails.marketing_emails_api
    assert api.publish_or_send(seed.NEWSLETTER_EMAIL) is None
    assert api.get_by_id(seed.NEWSLETTER_EMAIL).state == "PRE_PROCESSING"
    box.clock.advance(60)
    published = api.get_by_id(seed.NEWSLETTER_EMAIL, include_stats=True)
    assert (published.state, published.is_published) == ("PUBLISHED", True)
    assert published.stats.counters["sent"] == 5
    today = box.clock.now()
    span = {"start_timestamp": today - dt.timedelta(days=2), "end_timestamp": today + dt.timedelta(days=1)}
    figures = client.marketing.emails.statistics_api
    total = figures.get_emails_list(**span, email_ids=[int(seed.NEWSLETTER_EMAIL), int(seed.PUBLISHED_EMAIL)])
    assert set(total.emails) == {int(seed.NEWSLETTER_EMAIL), int(seed.PUBLISHED_EMAIL)}
    days = figures.get_histogram(**span, interval="DAY", email_ids=[int(seed.NEWSLETTER_EMAIL)])
    assert sum(day.aggregations.counters.get("sent", 0) for day in days.results) == 5
    assert days.results[0].interval.start < days.results[0].interval.end


def test_a_scheduled_and_an_automated_email_are_unpublished(client: Client) -> None:
    api = client.marketing.emails.marketing_emails_api
    for email, on, off in (
        (seed.SCHEDULED_EMAIL, "SCHEDULED", "DRAFT"),
        (seed.AUTOMATED_EMAIL, "AUTOMATED", "AUTOMATED_DRAFT"),
    ):
        api.publish_or_send(email)
        assert api.get_by_id(email).state == on
        api.unpublish_or_cancel(email)
        assert api.get_by_id(email).state == off


def test_revisions_are_listed_read_and_restored(client: Client) -> None:
    api = client.marketing.emails.marketing_emails_api
    email = seed.NEWSLETTER_EMAIL
    before = api.get_by_id(email).subject
    api.update(email, EmailUpdateRequest(subject="Second"))
    revisions = api.get_revisions(email, limit=10)
    oldest = min(revisions.results, key=lambda one: one.updated_at)
    assert api.get_revision_by_id(email, oldest.id).object.subject == before
    api.restore_revision(email, oldest.id)
    assert api.get_by_id(email).subject == before
    assert api.get_revisions(email).total == revisions.total + 1
    newest = max(api.get_revisions(email).results, key=lambda one: one.updated_at)
    assert newest.user.email
    assert api.restore_draft_revision(email, int(oldest.id)).subject == before


def test_publishing_without_the_add_on_or_an_unknown_email_is_rejected(client: Client, box: Sandbox) -> None:
    api = client.marketing.emails.marketing_emails_api
    with pytest.raises(ApiException) as unknown:
        api.publish_or_send("404")
    assert (unknown.value.status, category(unknown.value)) == (404, "OBJECT_NOT_FOUND")
    box.hubspot.settings.marketing_enterprise = box.hubspot.settings.transactional_email = False
    with pytest.raises(ApiException) as tier:
        api.publish_or_send(seed.NEWSLETTER_EMAIL)
    assert tier.value.status == 403
    assert api.get_by_id(seed.NEWSLETTER_EMAIL).state == "DRAFT"
