"""Emails by the client: list, drafts, revisions and A/B tests."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from hubspot_runs import PROFILES_AND_WAYS, Runner

from airflow_provider_mkt.client.errors import InvalidRequest, NotFound, OutcomeUnknown, PermissionDenied
from airflow_provider_mkt.client.hubspot.emails import email_revisions, email_tests, emails
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed

EMAIL = seed.NEWSLETTER_EMAIL


@pytest.fixture(params=PROFILES_AND_WAYS, ids="-".join)
def run(request: pytest.FixtureRequest, box: Sandbox) -> Runner:
    return Runner(box.hubspot.url, *request.param)


def test_an_email_is_created_cloned_found_and_archived(run: Runner, box: Sandbox) -> None:
    made = run(emails.create("Autumn", {"subject": "Leaves", "testing": {"hoursToWait": 4}}))
    assert (made.name, made.state, made.isAb) == ("Autumn", "DRAFT", False)
    copy = run(emails.clone(made.id, clone_name="Autumn again", language="de"))
    assert (copy.name, copy.model_extra["language"]) == ("Autumn again", "de")
    assert copy.id != made.id
    newest = run.pages(emails.list(sort=["-createdAt"], included_properties=["name"], limit=4))
    assert [len(page) for page in newest] == [4, 4, 1]
    assert [one.id for one in newest[0][:2]] == [copy.id, made.id]
    assert newest[0][0].model_extra == {}
    start = box.clock.now().replace(year=2020)
    assert run(emails.list(created=(start, None), published=(start, None)))[0].id == seed.PUBLISHED_EMAIL
    assert run(emails.list(types=["AUTOMATED_EMAIL"]))[0].id == seed.AUTOMATED_EMAIL
    assert run(emails.archive(copy.id)) is None
    assert run(emails.archive(copy.id)) is None
    with pytest.raises(NotFound):
        run(emails.get(copy.id))
    assert run(emails.get(copy.id, archived=True)).name == "Autumn again"
    assert [one.id for one in run(emails.list(archived=True))] == [copy.id]
    assert run(emails.update(copy.id, {"archived": False}, archived=True)).id == copy.id
    assert run(emails.get(copy.id)).id == copy.id


def test_create_and_clone_are_not_repeated_after_a_lost_response(run: Runner, box: Sandbox) -> None:
    for call in (emails.create("Once"), emails.clone(EMAIL, clone_name="Once")):
        before = len(box.hubspot.state.emails.all())
        box.hubspot.faults.add("*/emails*", when="after", answer={"status": 502})
        with pytest.raises(OutcomeUnknown):
            run(call)
        assert len(box.hubspot.state.emails.all()) == before + 1


def test_a_draft_is_written_read_and_reset(run: Runner) -> None:
    assert run(emails.update_draft(EMAIL, {"subject": "New"})).model_extra["subject"] == "New"
    assert run(emails.get_draft(EMAIL)).model_extra["subject"] == "New"
    assert run(emails.reset_draft(EMAIL)) is None
    assert run(emails.get_draft(EMAIL)).model_extra["subject"] == "News of the month"


def revisions(run: Runner) -> list[Any]:
    return sorted(run.every(email_revisions.list(EMAIL)), key=lambda one: one["updatedAt"])


def test_revisions_grow_with_each_live_change_and_not_with_drafts(run: Runner, box: Sandbox) -> None:
    assert len(revisions(run)) == 1
    for number in range(4):
        box.clock.advance(1)
        run(emails.update(EMAIL, {"subject": f"Subject {number}"}))
    run(emails.update_draft(EMAIL, {"subject": "Draft"}))
    found = revisions(run)
    assert [one["object"]["subject"] for one in found] == [
        "News of the month",
        *(f"Subject {number}" for number in range(4)),
    ]
    assert {one["id"] for page in run.pages(email_revisions.list(EMAIL, limit=2)) for one in page} == {
        one["id"] for one in found
    }
    shown = run(email_revisions.list(EMAIL))
    assert found[-1]["id"] not in (shown[0]["id"], shown[-1]["id"])
    assert run(email_revisions.get(EMAIL, found[2]["id"])) == found[2]
    assert found[2]["user"]["email"]
    box.clock.advance(1)
    run(emails.publish(EMAIL))
    assert [one["object"]["subject"] for one in revisions(run)][-2:] == ["Subject 3", "Draft"]


def test_an_old_revision_becomes_the_live_version_and_a_new_revision(run: Runner, box: Sandbox) -> None:
    first = revisions(run)[0]
    box.clock.advance(1)
    run(emails.update(EMAIL, {"subject": "Worse"}))
    for expected in (3, 4):
        box.clock.advance(1)
        assert run(email_revisions.restore(EMAIL, first["id"])) is None
        assert run(emails.get(EMAIL)).model_extra["subject"] == "News of the month"
        assert len(revisions(run)) == expected
    assert revisions(run)[-1]["object"]["subject"] == "News of the month"


def test_an_old_revision_becomes_the_draft_and_nothing_else(run: Runner, box: Sandbox) -> None:
    first = revisions(run)[0]
    box.clock.advance(1)
    run(emails.update(EMAIL, {"subject": "Better"}))
    run(emails.update_draft(EMAIL, {"subject": "Other"}))
    for _ in range(2):
        draft = run(email_revisions.restore_to_draft(EMAIL, int(first["id"])))
        assert draft.model_extra["subject"] == "News of the month"
    assert run(emails.get_draft(EMAIL)).model_extra["subject"] == "News of the month"
    assert run(emails.get(EMAIL)).model_extra["subject"] == "Better"
    assert len(revisions(run)) == 2


def test_restore_is_not_repeated_after_a_lost_response(run: Runner, box: Sandbox) -> None:
    first = revisions(run)[0]
    box.hubspot.faults.add("*/restore", when="after", answer={"reset": True})
    with pytest.raises(OutcomeUnknown):
        run(email_revisions.restore(EMAIL, first["id"]))
    assert len(revisions(run)) == 2


def test_revisions_can_be_paged_backwards(api: httpx.Client, paths: dict[str, str]) -> None:
    one = f"{paths['emails']}/{EMAIL}"
    for number in range(4):
        api.patch(one, json={"subject": str(number)})
    first = api.get(f"{one}/revisions", params={"limit": 2}).json()
    assert first["total"] == 5
    assert "prev" not in first["paging"]
    second = api.get(
        f"{one}/revisions", params={"limit": 2, "after": first["paging"]["next"]["after"]}
    ).json()
    before = second["paging"]["prev"]["before"]
    assert api.get(f"{one}/revisions", params={"limit": 2, "before": before}).json() == first
    both = {"before": before, "after": first["paging"]["next"]["after"]}
    assert api.get(f"{one}/revisions", params=both).status_code == 400
    assert api.get(f"{one}/revisions", params={"limit": "0"}).status_code == 400
    assert api.get(f"{one}/revisions/-1").status_code == 404
    assert api.post(f"{one}/revisions/first/restore-to-draft").status_code == 400


def test_a_variation_is_found_from_both_emails_and_a_second_one_is_rejected(run: Runner) -> None:
    made = run(email_tests.create_variation(EMAIL, "News B"))
    assert (made.name, made.state, made.isAb) == ("News B", "DRAFT_AB_VARIANT", True)
    assert made.model_extra["testing"]["isAbVariation"] is True
    master = run(emails.get(EMAIL))
    assert (master.state, master.isAb, master.model_extra["type"]) == ("DRAFT_AB", True, "AB_EMAIL")
    assert master.model_extra["testing"]["isAbVariation"] is False
    assert run(email_tests.get_variation(EMAIL)).id == made.id
    assert run(email_tests.get_variation(made.id)).id == EMAIL
    for wrong in (EMAIL, made.id):
        with pytest.raises(InvalidRequest):
            run(email_tests.create_variation(wrong, "News C"))
    run(emails.archive(made.id))
    assert run(emails.get(EMAIL)).isAb is False
    with pytest.raises(NotFound):
        run(email_tests.get_variation(EMAIL))
    other = run(email_tests.create_variation(EMAIL, "News C"))
    assert run(email_tests.get_variation(EMAIL, included_properties=["name"])).model_dump(
        exclude_defaults=True
    ) == {"id": other.id, "name": "News C", "isAb": True}


def test_both_emails_of_a_test_are_sent_to_parts_of_the_recipients(run: Runner, box: Sandbox) -> None:
    variation = run(email_tests.create_variation(EMAIL, "News B"))
    with pytest.raises(InvalidRequest):
        run(emails.publish(variation.id))
    run(emails.publish(EMAIL))
    box.clock.advance(10)
    master = run(emails.get(EMAIL, include_stats=True))
    variant = run(emails.get(variation.id, include_stats=True, variant_stats=True))
    assert (master.state, master.isPublished) == ("PUBLISHED_AB", True)
    assert (variant.state, variant.isPublished) == ("PUBLISHED_AB_VARIANT", True)
    sent = [one.model_extra["stats"]["counters"]["sent"] for one in (master, variant)]
    assert sent == [3, 2]
    with pytest.raises(InvalidRequest):
        run(email_tests.create_variation(seed.PUBLISHED_EMAIL, "Too late"))


def test_a_test_can_use_a_part_of_the_recipients(run: Runner, box: Sandbox) -> None:
    variation = run(email_tests.create_variation(EMAIL, "News B"))
    run(emails.update(EMAIL, {"testing": {"isAbVariation": False, "abTestPercentage": 40}}))
    run(emails.publish(EMAIL))
    box.clock.advance(10)
    both = [run(emails.get(one, include_stats=True)) for one in (EMAIL, variation.id)]
    assert [one.model_extra["stats"]["counters"]["sent"] for one in both] == [4, 1]
    assert both[0].model_extra["testing"]["abTestPercentage"] == 40


def test_both_emails_of_an_automated_test_are_turned_on_and_off_together(run: Runner) -> None:
    variation = run(email_tests.create_variation(seed.AUTOMATED_EMAIL, "Welcome B"))
    assert variation.state == "AUTOMATED_DRAFT_ABVARIANT"
    run(emails.publish(seed.AUTOMATED_EMAIL))
    assert run(emails.get(seed.AUTOMATED_EMAIL)).state == "AUTOMATED_AB"
    assert run(emails.get(variation.id)).state == "AUTOMATED_AB_VARIANT"
    with pytest.raises(InvalidRequest):
        run(emails.unpublish(variation.id))
    run(emails.unpublish(seed.AUTOMATED_EMAIL))
    assert run(emails.get(variation.id)).state == "AUTOMATED_DRAFT_ABVARIANT"


def test_documented_errors(run: Runner) -> None:
    for call in (
        emails.get("1"),
        emails.clone("1"),
        emails.archive("1"),
        emails.reset_draft("1"),
        email_tests.create_variation("1", "B"),
        email_tests.get_variation("1"),
        email_tests.get_variation(EMAIL),
        email_revisions.list("1"),
        email_revisions.get(EMAIL, "1"),
        email_revisions.restore(EMAIL, 1),
        email_revisions.restore_to_draft(EMAIL, 1),
    ):
        with pytest.raises(NotFound):
            run(call)
    reader = run.with_token(seed.READ_ONLY_TOKEN)
    assert len(reader(email_revisions.list(EMAIL))) == 1
    for write in (
        emails.create("No"),
        emails.archive(EMAIL),
        email_tests.create_variation(EMAIL, "B"),
        email_revisions.restore(EMAIL, 1),
        email_revisions.restore_to_draft(EMAIL, 1),
    ):
        with pytest.raises(PermissionDenied):
            reader(write)


@pytest.mark.parametrize(
    "body",
    [
        {"contentId": EMAIL},
        {"contentId": EMAIL, "variantName": "B"},
        {"contentId": EMAIL, "variationName": "B", "variantName": "B"},
        {"contentId": int(EMAIL), "variationName": "B"},
        {"contentId": EMAIL, "variationName": ""},
        [],
    ],
    ids=str,
)
def test_invalid_requests_for_tests_are_rejected(api: httpx.Client, paths: dict[str, str], body: Any) -> None:
    reply = api.post(f"{paths['emails']}/ab-test/create-variation", json=body)
    assert (reply.status_code, reply.json()["category"]) == (400, "VALIDATION_ERROR")


def test_only_dated_paths_require_the_role_in_a_test(api: httpx.Client, paths: dict[str, str]) -> None:
    one = f"{paths['emails']}/{EMAIL}"
    dated = not paths["emails"].startswith("/marketing/v3")
    testing = {"testing": {"hoursToWait": 4}}
    assert api.patch(one, json=testing).status_code == (400 if dated else 200)
    assert api.patch(f"{one}/draft", json=testing).status_code == (400 if dated else 200)
    body = {"name": "Test", **testing}
    assert api.post(paths["emails"], json=body).status_code == (400 if dated else 201)
    testing["testing"]["isAbVariation"] = False
    assert api.patch(one, json=testing).json()["testing"]["hoursToWait"] == 4
