"""Campaigns and their assets by the client."""

from __future__ import annotations

import datetime as dt

import pytest
from hubspot_runs import PROFILES_AND_WAYS, Runner

from airflow_provider_mkt.client.errors import InvalidRequest, NotFound, OutcomeUnknown, PermissionDenied
from airflow_provider_mkt.client.hubspot.campaigns import campaign_assets, campaigns
from airflow_provider_mkt.client.hubspot.emails import emails
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed

GUID = seed.SPRING_CAMPAIGN
UNKNOWN = "0c5d2a0e-6f0b-4a51-9d3e-1a2b3c4d5eff"


@pytest.fixture(params=PROFILES_AND_WAYS, ids="-".join)
def run(request: pytest.FixtureRequest, box: Sandbox) -> Runner:
    return Runner(box.hubspot.url, *request.param)


def test_a_campaign_is_created_read_updated_cleared_and_deleted(run: Runner) -> None:
    made = run(campaigns.create({"hs_name": "Autumn", "hs_notes": "soon"}))
    assert made["properties"] == {"hs_name": "Autumn", "hs_notes": "soon"}
    changed = run(campaigns.update(made["id"], {"hs_notes": "", "hs_goal": "more"}))
    assert changed["properties"] == {"hs_goal": "more"}
    shown = run(campaigns.get(made["id"], properties=["hs_name", "hs_notes", "hs_goal"]))
    assert (shown["properties"], shown["assets"]) == ({"hs_name": "Autumn", "hs_goal": "more"}, {})
    assert run(campaigns.delete(made["id"])) is None
    assert run(campaigns.delete(made["id"])) is None
    with pytest.raises(NotFound):
        run(campaigns.get(made["id"]))


def test_create_is_not_repeated_after_a_lost_response(run: Runner, box: Sandbox) -> None:
    box.hubspot.faults.add("*/campaigns*", when="after", answer={"reset": True})
    with pytest.raises(OutcomeUnknown):
        run(campaigns.create({"hs_name": "Once"}))
    assert len(run(campaigns.list(name="Once"))) == 1


def test_a_batch_is_updated_in_part_and_archived(run: Runner) -> None:
    result = run(
        campaigns.update_batch(
            [
                {"id": GUID, "hs_notes": "new"},
                {"id": UNKNOWN, "hs_notes": "new"},
                {"id": "x", "colour": "red"},
            ]
        )
    )
    assert [(row.id, row.properties) for row in result.results] == [(GUID, {"hs_notes": "new"})]
    assert result.numErrors == 2
    assert sorted(name for error in result.errors for name in error.ids()) == sorted([UNKNOWN, "x"])
    assert run(campaigns.archive_batch([GUID, UNKNOWN])) is None
    assert [one["id"] for one in run(campaigns.list())] == [seed.WEBINAR_CAMPAIGN]


def test_assets_are_added_paged_and_removed(run: Runner, box: Sandbox) -> None:
    box.hubspot.settings.assets = {"FORM": tuple(f"form/{number}" for number in range(12))}
    for number in range(12):
        assert run(campaign_assets.add(GUID, "FORM", f"form/{number}")) is None
    assert run(campaign_assets.add(GUID, "FORM", "form/0")) is None
    pages = run.pages(campaign_assets.list(GUID, "FORM"))
    assert [len(page) for page in pages] == [10, 2]
    first = run(campaigns.get(GUID))["assets"]["FORM"]
    assert (len(first["results"]), "paging" in first) == (10, True)
    assert run(campaign_assets.remove(GUID, "FORM", "form/0")) is None
    assert run(campaign_assets.remove(GUID, "FORM", "form/0")) is None
    assert len(run.every(campaign_assets.list(GUID, "FORM", limit=5))) == 11


def test_an_email_is_added_to_a_campaign_by_either_endpoint(run: Runner) -> None:
    run(campaign_assets.add(GUID, "MARKETING_EMAIL", seed.PUBLISHED_EMAIL))
    run(emails.update(seed.NEWSLETTER_EMAIL, {"campaign": GUID}))
    inside = {seed.PUBLISHED_EMAIL: "Spring offer", seed.NEWSLETTER_EMAIL: "Monthly newsletter"}
    listed = run(campaign_assets.list(GUID, "MARKETING_EMAIL"))
    assert {one["id"]: one["name"] for one in listed} == inside
    assert {one.id for one in run(emails.list(campaign=GUID))} == set(inside)
    for email_id in inside:
        named = run(emails.get(email_id, marketing_campaign_names=True, workflow_names=True))
        assert named.model_extra["campaignName"] == "Spring launch"
        assert named.model_extra["workflowNames"] == []
        run(campaign_assets.remove(GUID, "MARKETING_EMAIL", email_id))
    assert run(campaign_assets.list(GUID, "MARKETING_EMAIL")) == []
    assert run(emails.list(campaign=GUID)) == []
    assert "MARKETING_EMAIL" not in run(campaigns.get(GUID))["assets"]


def test_metrics_of_assets_need_both_dates_and_match_the_emails(run: Runner, box: Sandbox) -> None:
    run(campaign_assets.add(GUID, "MARKETING_EMAIL", seed.PUBLISHED_EMAIL))
    today = box.clock.now().date()
    span = {"start_date": today - dt.timedelta(days=3), "end_date": today.isoformat()}
    stats = run(emails.get(seed.PUBLISHED_EMAIL, include_stats=True)).model_extra["stats"]["counters"]
    (asset,) = run(campaign_assets.list(GUID, "MARKETING_EMAIL", **span))
    assert asset["metrics"] == {name: stats[name] for name in ("sent", "delivered", "open", "click")}
    for rows in (
        [run(campaigns.get(GUID, **span))["assets"]],
        [row.model_extra["assets"] for row in run(campaigns.batch_read([GUID], **span)).results],
    ):
        assert [row["MARKETING_EMAIL"]["results"] for row in rows] == [[asset]]
    early = {"start_date": "2020-01-01", "end_date": "2020-12-31"}
    (asset,) = run(campaign_assets.list(GUID, "MARKETING_EMAIL", **early))
    assert set(asset["metrics"].values()) == {0}
    (asset,) = run(campaign_assets.list(GUID, "MARKETING_EMAIL"))
    assert "metrics" not in asset


def test_documented_errors(run: Runner) -> None:
    for call in (
        campaigns.update(UNKNOWN, {"hs_goal": "x"}),
        campaign_assets.list(UNKNOWN, "FORM"),
        campaign_assets.add(UNKNOWN, "FORM", "1"),
        campaign_assets.add(GUID, "MARKETING_EMAIL", "1"),
        campaign_assets.remove(UNKNOWN, "FORM", "1"),
    ):
        with pytest.raises(NotFound):
            run(call)
    for wrong in (
        campaigns.create({"hs_name": "A", "colour": "red"}),
        campaigns.update(GUID, {"hs_object_id": "1"}),
        campaign_assets.add(GUID, "HOLOGRAM", "1"),
    ):
        with pytest.raises(InvalidRequest):
            run(wrong)
    reader = run.with_token(seed.READ_ONLY_TOKEN)
    assert reader(campaign_assets.list(GUID, "FORM")) == []
    for write in (
        campaigns.create({"hs_name": "A"}),
        campaigns.delete(GUID),
        campaign_assets.add(GUID, "FORM", "1"),
        campaigns.archive_batch([GUID]),
    ):
        with pytest.raises(PermissionDenied):
            reader(write)
