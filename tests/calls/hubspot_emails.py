"""Scenes of marketing emails: their versions, tests and figures."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from calls.hubspot_runners import CallRunner
from calls.scenes import Scenes

from airflow_provider_mkt.client.errors import NotFound
from airflow_provider_mkt.client.hubspot.emails import (
    email_campaigns,
    email_events,
    email_revisions,
    email_statistics,
    email_tests,
    emails,
)
from airflow_provider_mkt.sandbox.hubspot import seed

SCENES = Scenes()
NEWS, SENT = seed.NEWSLETTER_EMAIL, seed.PUBLISHED_EMAIL


def subject(email: Any) -> str:
    return str(email.model_extra["subject"])


def newest(run: CallRunner, email_id: str) -> list[Any]:
    rows = run.every(email_revisions.list(email_id, limit=2))
    return sorted(rows, key=lambda one: one["updatedAt"], reverse=True)


@SCENES.show(emails="create get update archive")
def an_emails_life(run: CallRunner) -> None:
    made = run(emails.create("Autumn", {"subject": "Leaves", "testing": {"hoursToWait": 4}}))
    assert (made.state, made.isAb) == ("DRAFT", False)
    run(emails.update(made.id, {"subject": "Fallen leaves"}))
    shown = run(emails.get(made.id, include_stats=True, workflow_names=True, marketing_campaign_names=True))
    assert (shown.name, subject(shown)) == ("Autumn", "Fallen leaves")
    run(emails.archive(made.id))
    with pytest.raises(NotFound):
        run(emails.get(made.id))
    assert run(emails.get(made.id, archived=True)).name == "Autumn"


@SCENES.show(emails="list")
def emails_are_found(run: CallRunner) -> None:
    by_name = run.every(emails.list(sort=["name"], included_properties=["name"], limit=3))
    assert [one.name for one in by_name] == sorted(one.name for one in by_name)
    assert {one.id for one in run.every(emails.list(is_published=True, include_stats=True))} == {
        SENT,
        seed.TRANSACTIONAL_EMAIL,
        seed.SINGLE_SEND_EMAIL,
    }
    assert [one.id for one in run(emails.list(types=["AUTOMATED_EMAIL"]))] == [seed.AUTOMATED_EMAIL]


@SCENES.show(emails="clone")
def a_copy_of_an_email(run: CallRunner) -> None:
    copy = run(emails.clone(NEWS, clone_name="News again", language="de"))
    assert copy.id != NEWS
    shown = run(emails.get(copy.id))
    assert (shown.name, subject(shown), shown.state) == ("News again", "News of the month", "DRAFT")
    assert shown.model_extra["language"] == "de"


@SCENES.show(emails="update_draft get_draft reset_draft")
def a_draft_beside_the_live_version(run: CallRunner) -> None:
    run(emails.update_draft(SENT, {"subject": "New"}))
    assert subject(run(emails.get_draft(SENT))) == "New"
    assert subject(run(emails.get(SENT))) == "Spring offer"
    run(emails.reset_draft(SENT))
    assert subject(run(emails.get_draft(SENT))) == "Spring offer"


@SCENES.show(emails="publish unpublish")
def an_email_is_published_and_stopped(run: CallRunner) -> None:
    run(emails.publish(seed.SCHEDULED_EMAIL))
    assert run(emails.get(seed.SCHEDULED_EMAIL)).state == "SCHEDULED"
    run(emails.unpublish(seed.SCHEDULED_EMAIL))
    assert run(emails.get(seed.SCHEDULED_EMAIL)).state == "DRAFT"
    run(emails.publish(seed.AUTOMATED_EMAIL))
    assert run(emails.get(seed.AUTOMATED_EMAIL)).isPublished
    run(emails.unpublish(seed.AUTOMATED_EMAIL))
    assert run(emails.get(seed.AUTOMATED_EMAIL)).state == "AUTOMATED_DRAFT"
    run(emails.publish(NEWS))
    run.wait(60)
    assert run(emails.get(NEWS)).state == "PUBLISHED"


@SCENES.show(email_revisions="list get restore restore_to_draft")
def revisions_of_an_email(run: CallRunner) -> None:
    for number in range(2):
        run.wait(1)
        run(emails.update(NEWS, {"subject": f"Subject {number}"}))
    (*_, first) = newest(run, NEWS)
    assert run(email_revisions.get(NEWS, first["id"])) == first
    draft = run(email_revisions.restore_to_draft(NEWS, first["id"]))
    assert subject(draft) == subject(run(emails.get_draft(NEWS))) == "News of the month"
    assert subject(run(emails.get(NEWS))) == "Subject 1"
    run.wait(1)
    run(email_revisions.restore(NEWS, first["id"]))
    assert subject(run(emails.get(NEWS))) == "News of the month"
    assert [one["object"]["subject"] for one in newest(run, NEWS)] == [
        "News of the month",
        "Subject 1",
        "Subject 0",
        "News of the month",
    ]


@SCENES.show(email_tests="create_variation get_variation")
def a_test_of_two_variations(run: CallRunner) -> None:
    made = run(email_tests.create_variation(NEWS, "News B"))
    assert run(email_tests.get_variation(NEWS)).id == made.id
    assert run(email_tests.get_variation(made.id, include_stats=True, variant_stats=True)).id == NEWS
    assert run(emails.get(NEWS)).isAb
    assert run(emails.get(made.id)).state == "DRAFT_AB_VARIANT"


@SCENES.show(email_statistics="totals histogram")
def figures_add_up(run: CallRunner) -> None:
    began = run.box.clock.now() - dt.timedelta(days=2)
    run(emails.publish(NEWS))
    run.wait(7200)
    totals = run(email_statistics.totals(start=began))
    assert set(map(str, totals["emails"])) == {NEWS, SENT}
    each = [run(emails.get(str(one), include_stats=True)).model_extra["stats"] for one in totals["emails"]]
    rows = run(email_statistics.histogram("HOUR", start=began, end=run.box.clock.now()))
    assert (
        counters([totals["aggregate"]])
        == counters(totals["campaignAggregations"].values())
        == counters(each)
        == counters(row["aggregations"] for row in rows)
    )
    assert counters(each)["sent"] == len(seed.CONTACT_IDS) + 3
    one = run(email_statistics.totals(email_ids=[SENT], property_name="name"))
    assert one["emails"] == [int(SENT)]


def counters(figures: Iterable[Mapping[str, Any]]) -> Counter[str]:
    """What the figures come to."""
    total: Counter[str] = Counter()
    for one in figures:
        total.update({name: count for name, count in one["counters"].items() if count})
    return total


@SCENES.show(email_campaigns="list list_by_id get", email_events="list get")
def who_got_an_email_and_who_did_not(run: CallRunner) -> None:
    run.box.hubspot.set_person(id=seed.CONTACT_IDS[0], unsubscribed=True)
    began = run.box.clock.now()
    run(emails.publish(NEWS))
    run.wait(60)
    campaign_id = int(run(emails.get(NEWS)).model_extra["primaryEmailCampaignId"])
    (newest, older) = run.every(email_campaigns.list(limit=1))
    assert newest["id"] == campaign_id
    by_id = [one["id"] for one in run.every(email_campaigns.list_by_id(limit=1))]
    assert by_id == sorted([newest["id"], older["id"]])
    sent = run(email_campaigns.get(campaign_id, app_id=newest["appId"]))
    assert (sent.processingState, sent.numIncluded, sent.numQueued) == ("DONE", 5, 4)
    of_email = {"app_id": newest["appId"], "campaign_id": campaign_id}
    every = run.every(email_events.list(**of_email, start=began, end=run.box.clock.now(), limit=3))
    assert [one["created"] for one in every] == sorted((one["created"] for one in every), reverse=True)
    kinds = Counter(str(one["type"]).lower() for one in every)
    assert {name: count for name, count in sent.counters.items() if count} == dict(kinds)
    (dropped,) = run(email_events.list(**of_email, event_type="DROPPED"))
    assert dropped["dropReason"] == "PREVIOUSLY_UNSUBSCRIBED_PORTAL"
    assert run(email_events.get(dropped["created"], dropped["id"])) == dropped
    found = run.every(email_events.list(recipient=dropped["recipient"], exclude_filtered_events=True))
    assert dropped in found
    (opened, *_) = run(email_events.list(**of_email, event_type="OPEN"))
    assert run(email_events.get(opened["sentBy"]["created"], opened["sentBy"]["id"]))["type"] == "SENT"


@SCENES.show()
def figures_of_two_variations_add_up(run: CallRunner) -> None:
    variation = run(email_tests.create_variation(NEWS, "News B")).id
    run(emails.publish(NEWS))
    run.wait(7200)
    pair = [run(emails.get(one, include_stats=True)) for one in (NEWS, variation)]
    assert [one.state for one in pair] == ["PUBLISHED_AB", "PUBLISHED_AB_VARIANT"]
    totals = run(email_statistics.totals(email_ids=[NEWS, variation]))
    assert counters([totals["aggregate"]]) == counters(one.model_extra["stats"] for one in pair)
    # Everybody gets one of the two.
    assert totals["aggregate"]["counters"]["sent"] == len(seed.CONTACT_IDS)


@SCENES.show()
def an_email_from_its_copy_to_an_old_revision(run: CallRunner) -> None:
    """Copied, edited, tested, published, stopped and set back: every call tells the same at every step."""
    copy = run(emails.clone(seed.SCHEDULED_EMAIL, clone_name="Second invitation")).id
    (first,) = newest(run, copy)
    run.wait(1)
    run(emails.update_draft(copy, {"subject": "Join us again"}))
    assert subject(run(emails.get(copy))) == "Join us"
    variation = run(email_tests.create_variation(copy, "Second invitation B")).id
    check_email(run, copy, state="DRAFT_AB", subject="Join us", draft="Join us again", test=variation)
    run.wait(1)
    due = (run.box.clock.now() + dt.timedelta(hours=1)).isoformat().replace("+00:00", "Z")
    run(emails.update_draft(copy, {"sendOnPublish": False, "publishDate": due}))
    run(emails.publish(copy))
    check_email(
        run, copy, state="SCHEDULED_AB", subject="Join us again", draft="Join us again", test=variation
    )
    run.wait(1)
    run(emails.unpublish(copy))
    check_email(run, copy, state="DRAFT_AB", subject="Join us again", draft="Join us again", test=variation)
    run.wait(1)
    run(email_revisions.restore(copy, first["id"]))
    check_email(run, copy, state="DRAFT_AB", subject="Join us", draft="Join us", test=variation)
    assert newest(run, copy)[0]["object"]["subject"] == "Join us"
    assert str(copy) not in map(str, run(email_statistics.totals())["emails"])


def check_email(run: CallRunner, email_id: str, **details: str) -> None:
    """Check that the email, its draft, the list of emails and its other variation agree."""
    shown, draft = run(emails.get(email_id)), run(emails.get_draft(email_id))
    (listed,) = [one for one in run.every(emails.list()) if one.id == email_id]
    variation = run(email_tests.get_variation(email_id))
    assert {
        "state": shown.state,
        "subject": subject(shown),
        "draft": subject(draft),
        "test": variation.id,
    } == details
    assert listed == shown
    assert run(email_tests.get_variation(variation.id)).id == email_id
    assert newest(run, email_id)[0]["object"]["subject"] == details["subject"]
    assert shown.isPublished is (details["state"] == "PUBLISHED_AB")
