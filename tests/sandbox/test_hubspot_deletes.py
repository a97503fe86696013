"""Deletes and merges as HubSpot's feeds show them: lists of archived records, searches, and merged ids."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed

ADA, BRUNO, CHIDI, *_ = seed.CONTACT_IDS
DAY = 86_400
TYPES = ("contacts", "companies")
PATH = "/crm/objects/2026-09"


@pytest.fixture(params=TYPES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def made(api: httpx.Client, kind: str, name: str) -> str:
    values = {"email": f"{name}@example.com"} if kind == "contacts" else {"name": name}
    return str(api.post(f"{PATH}/{kind}", json={"properties": values}).json()["id"])


def listed(api: httpx.Client, kind: str, **query: Any) -> dict[str, dict[str, Any]]:
    """Return the records of a list by id, of all its pages."""
    found: dict[str, dict[str, Any]] = {}
    after: str | None = ""
    while after is not None:
        page = api.get(f"{PATH}/{kind}", params={"limit": 2, **({"after": after} if after else {}), **query})
        assert page.status_code == 200, page.text
        found |= {row["id"]: row for row in page.json()["results"]}
        after = page.json().get("paging", {}).get("next", {}).get("after")
    return found


def changed(api: httpx.Client, kind: str, since: int = 0) -> set[str]:
    name = "lastmodifieddate" if kind == "contacts" else "hs_lastmodifieddate"
    body = {"filters": [{"propertyName": name, "operator": "GTE", "value": str(since)}], "limit": 200}
    return {row["id"] for row in api.post(f"{PATH}/{kind}/search", json=body).json()["results"]}


def merge(api: httpx.Client, kind: str, primary: str, other: str) -> dict[str, Any]:
    reply = api.post(f"{PATH}/{kind}/merge", json={"primaryObjectId": primary, "objectIdToMerge": other})
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


def test_an_archived_record_is_listed_as_such_for_90_days(box: Sandbox, api: httpx.Client, kind: str) -> None:
    gone, stays = made(api, kind, "gone"), made(api, kind, "stays")
    box.clock.advance(3600)
    assert api.delete(f"{PATH}/{kind}/{gone}").status_code == 204
    archived = listed(api, kind, archived="true")
    assert list(archived) == [gone]
    assert (archived[gone]["archived"], archived[gone]["archivedAt"] > archived[gone]["updatedAt"]) == (
        True,
        True,
    )
    live = listed(api, kind)
    assert (gone in live, stays in live, "archivedAt" in live[stays]) == (False, True, False)
    box.clock.advance(10)
    assert gone not in changed(api, kind)
    assert api.get(f"{PATH}/{kind}/{gone}", params={"archived": "true"}).json()["id"] == gone
    box.clock.advance(90 * DAY)
    assert listed(api, kind, archived="true") == {}
    assert api.get(f"{PATH}/{kind}/{gone}", params={"archived": "true"}).status_code == 404


def test_a_merge_shows_as_a_new_record_that_names_the_old_ones(
    box: Sandbox, api: httpx.Client, kind: str
) -> None:
    first, second, third = (made(api, kind, name) for name in ("first", "second", "third"))
    box.clock.advance(3600)
    before = int(box.clock.time() * 1000)
    survivor = merge(api, kind, first, second)
    kept = survivor["id"]
    assert kept not in (first, second)
    live = listed(api, kind, properties="hs_merged_object_ids,hs_object_id")
    assert {first, second}.isdisjoint(live)
    assert live[kept]["properties"]["hs_merged_object_ids"].split(";") == [first, second]
    assert live[kept]["properties"]["hs_object_id"] == kept
    # It is none of the deleted ones.
    assert listed(api, kind, archived="true") == {}
    box.clock.advance(10)
    assert changed(api, kind, before) == {kept}
    for old in (first, second):
        assert api.get(f"{PATH}/{kind}/{old}").json()["id"] == kept
    batch = api.post(f"{PATH}/{kind}/batch/read", json={"inputs": [{"id": first}, {"id": kept}]}).json()
    assert [row["id"] for row in batch["results"]] == [kept]
    again = merge(api, kind, kept, third)["id"]
    (ids,) = [
        row["properties"]["hs_merged_object_ids"]
        for row in listed(api, kind, properties="hs_merged_object_ids").values()
        if row["id"] == again
    ]
    assert sorted(ids.split(";")) == sorted([first, second, third, kept])
    assert api.get(f"{PATH}/{kind}/{first}").json()["id"] == again
    # Creation does not move, so that the record is new by its id alone.
    assert survivor["createdAt"] < survivor["updatedAt"]


def test_an_account_of_the_beta_keeps_the_id_of_the_primary_record(
    box: Sandbox, api: httpx.Client, kind: str
) -> None:
    box.hubspot.settings.merge_keeps_primary_id = True
    first, second = made(api, kind, "first"), made(api, kind, "second")
    assert merge(api, kind, first, second)["id"] == first
    live = listed(api, kind, properties="hs_merged_object_ids")
    assert (second in live, live[first]["properties"]["hs_merged_object_ids"]) == (False, second)


def test_a_merged_record_appears_in_the_search_index_with_its_lag(box: Sandbox, api: httpx.Client) -> None:
    box.hubspot.settings.search_lag = 30.0
    box.clock.advance(60)
    kept = merge(api, "contacts", ADA, BRUNO)["id"]
    assert kept not in changed(api, "contacts")
    box.clock.advance(31)
    assert kept in changed(api, "contacts")


def test_a_merged_contact_keeps_its_address_and_its_lists(box: Sandbox, api: httpx.Client) -> None:
    lists = box.hubspot.state.lists
    made_list = lists.create("Static")
    lists.add_members(made_list, [ADA, CHIDI])
    kept = merge(api, "contacts", ADA, BRUNO)["id"]
    assert lists.ids_in(made_list.id) == {kept, CHIDI}
    by_email = api.get(f"{PATH}/contacts/ada@example.com", params={"idProperty": "email"})
    assert by_email.json()["id"] == kept
    box.clock.advance(5)
    found = api.post(
        f"{PATH}/contacts/search",
        json={"filters": [{"propertyName": "email", "operator": "EQ", "value": "ada@example.com"}]},
    )
    assert [row["id"] for row in found.json()["results"]] == [kept]
    again = merge(api, "contacts", kept, CHIDI)["id"]
    assert lists.ids_in(made_list.id) == {again}
    assert api.delete(f"{PATH}/contacts/{again}").status_code == 204
    assert lists.ids_in(made_list.id) == set()


def test_a_contact_deleted_for_gdpr_leaves_nothing(box: Sandbox, api: httpx.Client) -> None:
    lists = box.hubspot.state.lists
    made_list = lists.create("Static")
    lists.add_members(made_list, [ADA])
    kept = merge(api, "contacts", ADA, BRUNO)["id"]
    assert api.post(f"{PATH}/contacts/gdpr-delete", json={"objectId": kept}).status_code == 204
    box.clock.advance(10)
    for query in ({}, {"archived": "true"}):
        assert {ADA, BRUNO, kept}.isdisjoint(listed(api, "contacts", **query))
        for old in (ADA, BRUNO, kept):
            assert api.get(f"{PATH}/contacts/{old}", params=query).status_code == 404
    assert kept not in changed(api, "contacts")
    assert lists.ids_in(made_list.id) == set()
    assert "ada@example.com" not in str(box.hubspot.snapshot()["contacts"])
