"""Single contacts, merging, GDPR deletion, and searches beyond 10,000 results, in both drivers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hubspot_runs import both, connected

from airflow_provider_mkt.client.errors import Conflict, InvalidRequest, NotFound, PermissionDenied
from airflow_provider_mkt.client.hubspot.contacts import contact_merging, contact_search, contacts
from airflow_provider_mkt.client.hubspot.objects import _searching
from airflow_provider_mkt.client.hubspot.versions import PROFILES
from airflow_provider_mkt.hooks.hubspot import HubSpotHook
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.objects import routes_search

ADA, BRUNO, CHIDI = seed.CONTACT_IDS[:3]


@pytest.fixture(params=PROFILES)
def hook(
    request: pytest.FixtureRequest, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> Iterator[HubSpotHook]:
    with connected(box, monkeypatch, str(request.param)) as one:
        yield one


def test_a_contact_is_created_read_updated_and_archived(hook: HubSpotHook) -> None:
    made = hook.run(contacts.create({"email": "new@example.com", "firstname": "New"}))
    with pytest.raises(Conflict, match=made["id"]):
        hook.run(contacts.create({"email": "NEW@example.com"}))
    changed = hook.run(contacts.update("new@example.com", {"firstname": ""}, id_property="email"))
    assert changed["id"] == made["id"]
    read = both(hook, contacts.get(made["id"], properties=["firstname", "email"]))
    assert (read["properties"]["firstname"], read["properties"]["email"]) == (None, "new@example.com")
    history = both(hook, contacts.get(made["id"], properties_with_history=["firstname"]))
    assert [one["value"] for one in history["propertiesWithHistory"]["firstname"]] == ["", "New"]
    both(hook, contacts.archive(made["id"]))
    with pytest.raises(NotFound):
        hook.run(contacts.get(made["id"]))
    assert both(hook, contacts.get(made["id"], archived=True))["archived"] is True
    with pytest.raises(NotFound):
        hook.run(contacts.archive("1"))


def test_lists_page_through_live_and_archived_contacts(hook: HubSpotHook) -> None:
    both(hook, contacts.archive_batch([ADA, "1"]))
    assert [one["id"] for one in hook.iterate(contacts.list(limit=2))] == list(seed.CONTACT_IDS[1:])
    assert [one["id"] for one in both(hook, contacts.list(archived=True))] == [ADA]
    found = hook.run(contacts.batch_read([ADA, BRUNO], archived=True))
    assert ([row.id for row in found.results], found.numErrors) == ([ADA], 1)


def test_a_merged_contact_is_found_by_single_endpoints_but_not_by_batches(
    box: Sandbox, hook: HubSpotHook
) -> None:
    hook.run(contacts.update(BRUNO, {"phone": "123"}))
    stays = hook.run(contact_merging.merge(ADA, BRUNO))
    kept = stays["id"]
    assert kept not in (ADA, BRUNO)
    assert (stays["properties"]["firstname"], stays["properties"]["phone"]) == ("Ada", "123")
    assert both(hook, contacts.get(BRUNO))["id"] == both(hook, contacts.get(ADA))["id"] == kept
    assert hook.run(contacts.update(BRUNO, {"city": "Turin"}))["id"] == kept
    assert both(hook, contacts.get("bruno@example.com", id_property="email"))["id"] == kept
    batch = hook.run(contacts.update_batch([{"hs_object_id": BRUNO, "city": "Rome"}]))
    assert (batch.results, batch.numErrors) == ([], 1)
    with pytest.raises(Conflict, match=kept):
        hook.run(contacts.create({"email": "bruno@example.com"}))
    ids = [one["id"] for one in hook.iterate(contacts.list())]
    assert kept in ids
    assert {ADA, BRUNO}.isdisjoint(ids)
    assert {ADA, BRUNO}.isdisjoint(one["id"] for one in both(hook, contacts.list(archived=True)))
    with pytest.raises(NotFound):
        hook.run(contact_merging.merge(kept, BRUNO))
    state = box.hubspot.state
    state.contacts.get(CHIDI).merges = 250
    with pytest.raises(InvalidRequest, match="250") as refusal:
        hook.run(contact_merging.merge(kept, CHIDI))
    assert refusal.value.status == 414


def test_a_gdpr_deleted_contact_is_gone_and_an_unknown_address_is_blocked(hook: HubSpotHook) -> None:
    hook.run(contacts.gdpr_delete(ADA))
    for call in (contacts.get(ADA), contacts.get(ADA, archived=True), contacts.gdpr_delete(ADA)):
        with pytest.raises(NotFound):
            hook.run(call)
    # Its address is free again.
    again = hook.run(contacts.create({"email": "ada@example.com"}))
    hook.run(contacts.gdpr_delete("ada@example.com", id_property="email"))
    with pytest.raises(NotFound):
        hook.run(contacts.get(again["id"]))
    hook.run(contacts.create({"email": "ada@example.com"}))
    hook.run(contacts.gdpr_delete("Typo@example.com", id_property="email"))
    for write in (
        contacts.create({"email": "typo@example.com"}),
        contacts.update(BRUNO, {"email": "typo@example.com"}),
        contacts.upsert_batch([{"email": "typo@example.com"}]),
        contacts.create_batch([{"email": "typo@example.com"}]),
    ):
        with pytest.raises(InvalidRequest, match="privacy"):
            hook.run(write)
    with pytest.raises(InvalidRequest, match="no email"):
        hook.run(contacts.gdpr_delete("nobody", id_property="email"))


def test_a_search_of_all_reads_every_contact_beyond_10000_once(
    box: Sandbox, hook: HubSpotHook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes_search, "CEILING", 200)
    monkeypatch.setattr(_searching, "CEILING", 200)
    box.hubspot.limits.secondly.limit = None
    store = box.hubspot.state.contacts
    made = [store.create({"firstname": "Many", "email": f"many{n}@example.com"}).id for n in range(450)]
    box.hubspot.clock.advance(2)
    many: contact_search.Filter = {"property_name": "firstname", "operator": "EQ", "value": "Many"}
    first = both(hook, contact_search.search([[many]], properties=["email"]))
    assert len(first) == 200
    assert first[0]["properties"]["email"]
    with pytest.raises(InvalidRequest, match="search_all"):
        list(hook.iterate(contact_search.search([[many]], limit=150)))
    seen: list[str] = []
    for row in hook.iterate(contact_search.search_all([[many]])):
        if len(seen) == 10:
            # Contacts that are archived or created in the meantime must not shift the others.
            for early in made[:5]:
                store.archive(store.get(early))
            store.create({"firstname": "Many", "email": "late@example.com"})
            box.hubspot.clock.advance(2)
        seen.append(row["id"])
    assert seen[:450] == made
    assert len(seen) == 451


def test_a_search_without_filters_finds_all_and_a_query_finds_some(hook: HubSpotHook) -> None:
    assert [one["id"] for one in hook.iterate(contact_search.search_all())] == list(seed.CONTACT_IDS)
    assert [one["id"] for one in both(hook, contact_search.search(query="bruno"))] == [BRUNO]
    listed: contact_search.Filter = {
        "property_name": "email",
        "operator": "IN",
        "values": ["ada@example.com", "chidi@example.com"],
    }
    found = both(hook, contact_search.search([[listed]], sort="-hs_object_id"))
    assert [one["id"] for one in found] == [CHIDI, ADA]


def test_a_read_only_token_can_neither_merge_nor_delete(
    box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connected(box, monkeypatch, "v3", seed.READ_ONLY_TOKEN) as reader:
        for call in (contact_merging.merge(ADA, BRUNO), contacts.gdpr_delete(ADA), contacts.archive(ADA)):
            with pytest.raises(PermissionDenied):
                reader.run(call)


def link(to: str, number: int, category: str = "HUBSPOT_DEFINED") -> dict[str, Any]:
    return {"to": {"id": to}, "types": [{"associationCategory": category, "associationTypeId": number}]}


def linked(hook: HubSpotHook, contact: str, *names: str) -> dict[str, list[tuple[str, str]]]:
    shown = both(hook, contacts.get(contact, associations=names)).get("associations", {})
    return {kind: [(row["id"], row["type"]) for row in page["results"]] for kind, page in shown.items()}


def test_a_contact_is_created_with_associations_which_can_be_requested(
    box: Sandbox, hook: HubSpotHook
) -> None:
    (deal,) = (one.id for one in box.hubspot.state.deals.all())
    acme = box.hubspot.state.objects["companies"].store.create({"name": "Acme"}).id
    links = [link(acme, 279), link(acme, 1), link(deal, 4), link(BRUNO, 449)]
    made = hook.run(contacts.create({"email": "new@example.com"}, associations=links))["id"]
    company, won = (acme, "contact_to_company"), (deal, "contact_to_deal")
    assert linked(hook, made, "company", "0-3", "spaceships") == {"companies": [company], "deals": [won]}
    assert linked(hook, made) == {}
    assert linked(hook, BRUNO, "contacts") == {"contacts": [(made, "contact_to_contact")]}
    assert linked(hook, ADA, "deals", "companies") == {"deals": [won]}
    rows = {row["id"]: row for row in hook.iterate(contacts.list(associations=["companies"], limit=2))}
    assert [one for one, row in rows.items() if "associations" in row] == [made]
    kept = hook.run(contact_merging.merge(CHIDI, made))["id"]
    assert linked(hook, kept, "companies", "contacts")["companies"] == [company]
    assert linked(hook, BRUNO, "contacts") == {"contacts": [(kept, "contact_to_contact")]}


@pytest.mark.parametrize(
    "associations",
    [
        "companies",
        ["77"],
        [{"to": {"id": "77"}}],
        [{"to": "77", "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}]}],
        [{"to": {"id": "77"}, "types": []}],
        [link("77", 279, "FRIENDSHIP")],
        [link("77", 12_345)],
        [link("77", 3, "USER_DEFINED")],
        [link("1", 4)],
        [link("1", 449)],
    ],
    ids=str,
)
def test_invalid_associations_are_rejected_and_nothing_is_created(
    box: Sandbox, api: httpx.Client, associations: Any
) -> None:
    before = box.hubspot.snapshot()
    body = {"properties": {"email": "new@example.com"}, "associations": associations}
    for path, given in (("", body), ("/batch/create", {"inputs": [body]})):
        reply = api.post(f"/crm/v3/objects/contacts{path}", json=given)
        assert (reply.status_code, reply.json()["category"]) == (400, "VALIDATION_ERROR")
    assert box.hubspot.snapshot() == before
