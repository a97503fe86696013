"""The control API and the pages on Marketo's sends: people, assets, outbox."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from marketo_sends import PROGRAM, Sender, fresh, one_filter, sign_in

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed


@pytest.fixture(scope="module")
def sender() -> Iterator[Sender]:
    with Sandbox(only="marketo") as running:
        yield sign_in(running)


@pytest.fixture
def api(sender: Sender) -> Sender:
    return fresh(sender)


def refused(api: Sender, what: str, body: Any) -> tuple[int, str]:
    response = api.client.post(f"/_sandbox/{what}", json=body)
    return response.status_code, response.json()["message"]


def page(api: Sender, query: str = "") -> str:
    return api.client.get(f"/{query}").text


def test_the_outbox_tells_who_got_an_email_and_who_did_not(api: Sender) -> None:
    api.person(seed.BEN, unsubscribed=True)
    api.send()
    listed = api.client.get("/_sandbox/outbox", params={"email": seed.NEWSLETTER_EMAIL}).json()
    assert (listed["total"], listed["next"]) == (3, None)
    rows = {row["person"]: row for row in listed["rows"]}
    assert rows[str(seed.ANNA)]["address"] == "anna.berg@example.com"
    assert rows[str(seed.ANNA)]["subject"] == "News of the month"
    assert {row["outcome"] for row in rows.values()} == {"delivered", "dropped"}
    assert (rows[str(seed.BEN)]["reason"], rows[str(seed.BEN)]["subject"]) == ("unsubscribed", None)
    (of_ben,) = api.client.get("/_sandbox/outbox", params={"person": seed.BEN}).json()["rows"]
    assert of_ben == rows[str(seed.BEN)]


def test_a_person_is_named_by_address_and_a_change_is_logged(api: Sender) -> None:
    (shown,) = api.control("people", {"email": "ANNA.berg@example.com", "black_listed": True})["people"]
    assert (shown["id"], shown["blackListed"]) == (seed.ANNA, True)
    (row,) = api.activities(13)
    assert row["primaryAttributeValue"] == "Black Listed"
    assert api.sandbox.marketo.set_person(id=seed.ANNA, black_listed=False)["blackListed"] is False


@pytest.mark.parametrize(
    ("what", "body", "status", "text"),
    [
        ("people", {"id": 9}, 404, "no lead with the id 9"),
        ("people", {"id": seed.ANNA, "opens": seed.NEWSLETTER_EMAIL}, 404, "did not get email"),
        ("people", {"id": seed.ANNA, "next_bounce": "often"}, 400, "next_bounce"),
        ("people", {"unsubscribed": True}, 400, "either the id or the email"),
        ("assets", {"type": "program", "id": 9}, 404, "no program 9"),
        ("assets", {"type": "program", "id": seed.EMAIL_PROGRAM, "max_members": 3}, 400, "no max_members"),
        ("assets", {"type": "program", "id": seed.EMAIL_PROGRAM, "on": True}, 400, "engagement"),
        ("assets", {"type": "smart_list", "id": seed.SMART_LIST, "rule": "once"}, 400, "no rule"),
        ("assets", {"type": "email", "id": seed.APPROVED_EMAIL}, 400, "type"),
        ("settings", {"bounce_share": 2}, 400, "bounce_share"),
        ("settings", {"drop_reasons": {"boredom": 0.5}}, 400, "boredom"),
        ("settings", {"time_zone": "Mars/Olympus"}, 400, "time zone"),
    ],
)
def test_a_wrong_control_call_names_the_problem(
    api: Sender, what: str, body: dict[str, Any], status: int, text: str
) -> None:
    found, message = refused(api, what, body)
    assert found == status
    assert text in message


def test_two_leads_with_one_address_are_named_by_id(api: Sender) -> None:
    body = {"action": "createDuplicate", "input": [{"email": "anna.berg@example.com"}]}
    assert api.post("/v1/leads.json", body)["success"]
    status, message = refused(api, "people", {"email": "anna.berg@example.com", "unsubscribed": True})
    assert (status, "give the id" in message) == (400, True)


def test_an_approved_program_cannot_be_changed(api: Sender) -> None:
    assert api.schedule()["success"]
    change = {"type": "program", "id": seed.EMAIL_PROGRAM, "smart_list": {"filters": []}}
    assert refused(api, "assets", change)[0] == 400
    assert api.form(f"{PROGRAM}/unapprove.json")["success"]
    assert api.control("assets", change)["problem"] == "it has no filter"


def test_a_smart_list_of_its_own_is_changed(api: Sender) -> None:
    rules = {"filters": [one_filter("Last Name", "is", "Kaya")]}
    change = api.sandbox.marketo.set_asset(type="smart_list", id=seed.SMART_LIST, smart_list=rules)
    assert (change["name"], change["problem"]) == ("Readers of the Newsletter", "")
    api.audience(one_filter("Member of Smart List", "in", seed.SMART_LIST))
    assert api.send() == [seed.ELIF]


def test_hubspot_has_no_assets_of_this_kind() -> None:
    with pytest.raises(LookupError):
        Sandbox().hubspot.set_asset(type="email", id=1)


def test_the_pages_show_who_got_what_and_who_did_not_with_links(api: Sender) -> None:
    api.person(seed.BEN, unsubscribed=True)
    api.send()
    everything = page(api)
    for link in (f"program={seed.EMAIL_PROGRAM}", f"campaign={seed.BATCH_CAMPAIGN}", f"lead={seed.ANNA}"):
        assert f'href="/?{link}"' in everything
    shown = page(api, f"?program={seed.EMAIL_PROGRAM}")
    assert "Who got none, and why" in shown
    for text in ("unsubscribed", "Newsletter Readers", "3 people now", f'href="/?lead={seed.BEN}"'):
        assert text in shown
    assert "Static lists" not in shown
    assert "News of the month" in page(api, f"?lead={seed.ANNA}")
    assert "unsubscribed" in page(api, f"?lead={seed.BEN}")
    assert "News of the month" in page(api, f"?email={seed.NEWSLETTER_EMAIL}")
    for unknown in ("?program=9", "?lead=none", "?planet=1"):
        assert "Static lists" in page(api, unknown)


def test_the_pages_show_campaigns_and_streams_and_why_nothing_was_sent(api: Sender) -> None:
    change = {"type": "smart_campaign", "id": seed.BATCH_CAMPAIGN, "max_members": 1}
    api.control("assets", change)
    api.run_campaign()
    shown = page(api, f"?campaign={seed.BATCH_CAMPAIGN}")
    assert "did not run: 3 people are more than the limit of 1" in shown
    api.control("assets", change | {"smart_list": {"filters": [one_filter("Mood", "is", "good")]}})
    assert "invalid, nobody is in it" in page(api, f"?campaign={seed.BATCH_CAMPAIGN}")
    (row,) = api.get(f"/asset/v1/smartCampaign/{seed.BATCH_CAMPAIGN}.json")["result"]
    assert row["status"] == "Invalid"
    nurture = page(api, f"?program={seed.NURTURE_PROGRAM}")
    assert seed.FIRST_STREAM in nurture
    assert f"{seed.APPROVED_EMAIL} on" in nurture
