"""Contact search by indexes: it finds what a search of every contact finds, and lets other requests run."""

from __future__ import annotations

import json
import random
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from turns import allowed, longest_turn

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.contacts.store import Contact
from airflow_provider_mkt.sandbox.hubspot.lists.filters import passes
from airflow_provider_mkt.sandbox.hubspot.lists.models import DYNAMIC
from airflow_provider_mkt.sandbox.hubspot.objects import routes_search, search_filters
from airflow_provider_mkt.sandbox.hubspot.objects.search_filters import read_filter

PATH = "/crm/objects/2026-09/contacts/search"
MANY = 12_000
CITIES = ("Bonn", "BONN", "Köln", "", "Essen")
STAGES = ("lead", "customer", "subscriber", "")


def filters() -> list[dict[str, Any]]:
    return [
        {"propertyName": "email", "operator": "EQ", "value": "P7@example.com"},
        {"propertyName": "email", "operator": "IN", "values": ["p1@example.com", "p2@example.com", "no"]},
        {"propertyName": "external_id", "operator": "EQ", "value": "e9"},
        {"propertyName": "city", "operator": "EQ", "value": "bonn"},
        {"propertyName": "city", "operator": "IN", "values": ["bonn", "Essen"]},
        {"propertyName": "lifecyclestage", "operator": "IN", "values": ["lead", "customer"]},
        {"propertyName": "lead_score", "operator": "EQ", "value": "3.0"},
        {"propertyName": "hs_object_id", "operator": "IN", "values": [*seed.CONTACT_IDS, "5", "x"]},
        {"propertyName": "hs_object_id", "operator": "EQ", "value": f"{seed.CONTACT_IDS[2]}.0"},
        {"propertyName": "hs_object_id", "operator": "GT", "value": "90001000020"},
        {"propertyName": "city", "operator": "NEQ", "value": "bonn"},
        {"propertyName": "city", "operator": "NOT_HAS_PROPERTY"},
    ]


def change_at_random(box: Sandbox, chance: random.Random) -> None:
    """Create, change, archive and merge contacts."""
    contacts = box.hubspot.state.contacts
    live = list(contacts.live())
    for _ in range(12):
        values = {
            "city": chance.choice(CITIES),
            "lifecyclestage": chance.choice(STAGES),
            "lead_score": chance.choice(("1", "3", "3.0", "")),
        }
        number = chance.randrange(40)
        unique = {"email": f"p{number}@example.com", "external_id": f"E{number}"}
        if contacts.holder(unique) is None:
            contacts.create({**unique, **values})
        else:
            one = chance.choice(live)
            if one.is_live:
                contacts.update(one, values)
    first, second, third = chance.sample(live, 3)
    if first.is_live and second.is_live:
        contacts.merge(first, second)
    if third.is_live and chance.random() < 0.5:
        contacts.archive(third)


@pytest.fixture
def stopped_clock(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let the sandbox's clock stand still. Returns its time, which a test moves."""
    now = [box.clock.time()]
    monkeypatch.setattr(box.clock, "time", lambda: now[0])
    box.hubspot.limits.secondly.limit = box.hubspot.limits.rate.limit = None
    return now


def test_a_search_finds_what_a_search_of_every_contact_finds(
    api: httpx.Client, box: Sandbox, stopped_clock: list[float]
) -> None:
    contacts, chance = box.hubspot.state.contacts, random.Random(7)
    lag = box.hubspot.settings.search_lag = 3.0
    for _ in range(12):
        change_at_random(box, chance)
        stopped_clock[0] += 1
        since = {
            "propertyName": "lastmodifieddate",
            "operator": chance.choice(("GT", "GTE", "LT")),
            "value": str(int((box.clock.time() - 5) * 1000)),
        }
        for item in [*filters(), since]:
            body = {"filterGroups": [{"filters": [item]}], "limit": 200}
            found = [row["id"] for row in api.post(PATH, json=body).json()["results"]]
            moment, test = box.clock.time() - lag, read_filter(item, contacts.definitions)
            then = [one.as_of(moment) for one in contacts.live()]
            assert found == [one.id for one in then if one is not None and test.matches(one)], item


def test_groups_are_alternatives_and_their_filters_all_apply(api: httpx.Client) -> None:
    email = {"propertyName": "email", "operator": "EQ", "value": "ada@example.com"}
    lead = {"propertyName": "lifecyclestage", "operator": "EQ", "value": "lead"}
    emi = {"propertyName": "hs_object_id", "operator": "IN", "values": [seed.CONTACT_IDS[4]]}

    def found(*groups: list[dict[str, Any]]) -> list[str]:
        body = {"filterGroups": [{"filters": group} for group in groups]}
        return [row["id"] for row in api.post(PATH, json=body).json()["results"]]

    ada, bruno, _, dana, last = seed.CONTACT_IDS
    assert found([email, lead]) == []
    assert found([email], [lead], [emi]) == [ada, bruno, dana, last]
    name = {"propertyName": "firstname", "operator": "CONTAINS_TOKEN", "value": "d*"}
    assert found([email], [name]) == [ada, dana]


def test_an_index_of_a_property_ends_with_its_definition(api: httpx.Client, box: Sandbox) -> None:
    properties = "/crm/v3/properties/contacts"
    wanted = {"name": "grade", "label": "Grade", "groupName": "contactinformation"}
    text = {**wanted, "type": "string", "fieldType": "text"}
    number = {**wanted, "type": "number", "fieldType": "number"}
    body = {"filters": [{"propertyName": "grade", "operator": "EQ", "value": "2.0"}]}
    ada = f"/crm/v3/objects/contacts/{seed.CONTACT_IDS[0]}"
    totals = []
    for definition in (text, number):
        assert api.post(properties, json=definition).status_code == 201
        assert api.patch(ada, json={"properties": {"grade": "2"}}).status_code == 200
        box.clock.advance(10)
        totals.append(api.post(PATH, json=body).json()["total"])
        assert api.delete(f"{properties}/grade").status_code == 204
    assert totals == [0, 1]


@pytest.fixture
def crowded(box: Sandbox) -> Sandbox:
    contacts = box.hubspot.state.contacts
    for number in range(MANY):
        contacts.create({"email": f"p{number}@example.com", "city": "Bonn", "firstname": f"F{number % 100}"})
    box.clock.advance(60)
    box.hubspot.limits.secondly.limit = None
    return box


def test_searches_of_many_contacts_let_other_requests_run(api: httpx.Client, crowded: Sandbox) -> None:
    everybody = {
        "filters": [{"propertyName": "city", "operator": "EQ", "value": "Bonn"}],
        "sorts": ["-email"],
    }
    with longest_turn(crowded) as turns:
        assert api.post(PATH, json=everybody).json()["total"] == MANY
        assert api.post(PATH, json={"query": "p11999@"}).json()["total"] == 1
    assert max(turns) < allowed()


def test_a_search_by_a_value_reads_few_contacts(
    api: httpx.Client, crowded: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    wanted = search_filters.is_match

    def counted(contact: Contact, *args: Any) -> bool:
        seen.append(contact.id)
        return wanted(contact, *args)

    monkeypatch.setattr(routes_search, "is_match", counted)
    last = str(max(int(one.id) for one in crowded.hubspot.state.contacts.live()))
    for item, few in (
        ({"propertyName": "email", "operator": "EQ", "value": "p7777@example.com"}, 1),
        ({"propertyName": "hs_object_id", "operator": "IN", "values": [last]}, 1),
        ({"propertyName": "firstname", "operator": "EQ", "value": "F7"}, MANY // 100),
        ({"propertyName": "hs_object_id", "operator": "GTE", "value": last}, 1),
        ({"propertyName": "lastmodifieddate", "operator": "GT", "value": "9999999999999"}, 0),
    ):
        seen.clear()
        assert api.post(PATH, json={"filters": [item]}).json()["total"] == few
        assert len(seen) == few


def test_only_the_contacts_that_changed_are_tested_again_by_the_filters_of_a_list(
    api: httpx.Client, box: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    operation = {"operationType": "STRING", "operator": "IS_EQUAL_TO", "value": "Bonn"}
    item = {"filterType": "PROPERTY", "property": "city", "operation": operation}
    inner = {"filterBranchType": "AND", "filterBranches": [], "filters": [item]}
    branch = {"filterBranchType": "OR", "filterBranches": [inner], "filters": []}
    body = {"name": "Bonn", "objectTypeId": "0-1", "processingType": "DYNAMIC", "filterBranch": branch}
    path = "/crm/v3/lists/" + api.post("/crm/v3/lists", json=body).json()["list"]["listId"]
    box.clock.advance(10)
    filled: list[str] = []

    def counted(contact: Contact, *args: Any) -> bool:
        filled.append(contact.id)
        return passes(contact, *args)

    monkeypatch.setattr("airflow_provider_mkt.sandbox.hubspot.lists.store.passes", counted)
    ada = f"/crm/v3/objects/contacts/{seed.CONTACT_IDS[0]}"

    def size() -> int:
        return int(api.get(path).json()["list"]["size"])

    assert [size() for _ in range(3)] == [0, 0, 0]
    once = len(filled)
    assert once == 5
    api.patch(ada, json={"properties": {"city": "Bonn"}})
    assert [size() for _ in range(3)] == [1, 1, 1]
    assert filled[once:] == [seed.CONTACT_IDS[0]]
    api.delete(ada)
    assert size() == 0


def test_an_active_list_has_whom_a_test_of_every_contact_finds(api: httpx.Client, box: Sandbox) -> None:
    state, chance = box.hubspot.state, random.Random(11)
    contacts, lists = state.contacts, state.lists
    everybody = lists.create("by hand")
    texts = {
        "city": {"operationType": "MULTISTRING", "operator": "IS_EQUAL_TO", "values": ["bonn"]},
        "lifecyclestage": {"operationType": "ENUMERATION", "operator": "IS_ANY_OF", "values": ["lead"]},
        "hs_email_domain": {"operationType": "ALL_PROPERTY", "operator": "IS_KNOWN"},
    }
    items: list[dict[str, Any]] = [
        {"filterType": "PROPERTY", "property": name, "operation": operation}
        for name, operation in texts.items()
    ]
    items.append({"filterType": "IN_LIST", "listId": everybody.id, "operator": "NOT_IN_LIST"})
    branches = [
        {"filterBranchType": "OR", "filterBranches": [{"filterBranchType": "AND", "filters": [item]}]}
        for item in items
    ]
    filled = [
        lists.create(f"List {place}", kind=DYNAMIC, filters=branch) for place, branch in enumerate(branches)
    ]
    box.clock.advance(60)
    for step in range(15):
        change_at_random(box, chance)
        live = [one.id for one in contacts.live()]
        lists.add_members(everybody, chance.sample(live, 3))
        lists.take_out(everybody, chance.sample(live, 2))
        contacts.set_quietly(contacts.get(chance.choice(live)), "city", chance.choice(("Bonn", "Essen")))
        by_hand = {one for one in everybody.joined if contacts.get(one) is not None}
        assert lists.ids_in(everybody.id) == by_hand
        for one, branch in zip(filled, branches, strict=True):
            if chance.random() < 0.5 and step < 14:
                # Is read after several changes only.
                continue
            wanted = {
                contact.id
                for contact in contacts.live()
                if passes(contact, branch, lambda _, record, ids=by_hand: record in ids)
            }
            path = f"/crm/v3/lists/{one.id}/memberships"
            pages = [api.get(path, params={"limit": 250}).json()["results"]]
            pages.append(api.get(f"{path}/join-order", params={"limit": 250}).json()["results"])
            by_id, by_time = ([row["recordId"] for row in rows] for rows in pages)
            assert by_id == sorted(wanted, key=int)
            assert by_time == sorted(wanted, key=lambda record: (one.joined[record], int(record)))


def test_lists_imports_and_pages_of_many_contacts_let_other_requests_run(
    api: httpx.Client, crowded: Sandbox
) -> None:
    state = crowded.hubspot.state
    ids = [one.id for one in state.contacts.live()]
    by_hand = state.lists.create("by hand")
    operation = {"operationType": "MULTISTRING", "operator": "IS_EQUAL_TO", "values": ["bonn"]}
    item = {"filterType": "PROPERTY", "property": "city", "operation": operation}
    inner = {"filterBranchType": "AND", "filters": [item]}
    branch = {"filterBranchType": "OR", "filterBranches": [inner]}
    active = state.lists.create("active", kind=DYNAMIC, filters=branch)
    columns = [("email", "HUBSPOT_ALTERNATE_ID"), ("city", "STANDARD")]
    mapped = [
        {"columnObjectTypeId": "0-1", "columnName": name, "propertyName": name, "columnType": kind}
        for name, kind in columns
    ]
    file = {"fileName": "a.csv", "fileImportPage": {"hasHeader": True, "columnMappings": mapped}}
    order = {"name": "Many", "files": [file], "createContactListFromImport": True}
    content = "email,city\n" + "".join(f"new{number}@example.com,Bonn\n" for number in range(MANY))
    crowded.clock.advance(60)
    with longest_turn(crowded) as turns:
        path = f"/crm/v3/lists/{by_hand.id}/memberships"
        added = api.put(f"{path}/add", json=ids).json()
        assert len(added["recordsIdsAdded"]) == len(ids)
        assert len(api.get(path).json()["results"]) == 100
        assert api.get(f"/crm/v3/lists/{active.id}").json()["list"]["size"] == MANY
        started = api.post(
            "/crm/v3/imports",
            data={"importRequest": json.dumps(order)},
            files={"files": ("a.csv", content, "text/csv")},
        ).json()
        # All rows are due at once.
        crowded.clock.advance(3_600)
        # Whoever comes meanwhile waits until all is done that was due, and not only the first one.
        with ThreadPoolExecutor(3) as clients:
            path = f"/crm/v3/imports/{started['id']}"
            page, *found = clients.map(api.get, ("/", path, path))
        assert page.status_code == 200
        done, again = (one.json() for one in found)
        assert again == done
    assert (done["state"], done["metadata"]["counters"]["CREATED_OBJECTS"]) == ("DONE", MANY)
    (imported,) = done["metadata"]["objectLists"]
    assert len(state.lists.ids_in(imported["listId"])) == MANY
    assert api.get(f"/crm/v3/lists/{active.id}").json()["list"]["size"] == 2 * MANY
    assert max(turns) < allowed()


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e400", "x", ""])
@pytest.mark.parametrize("operator", ["EQ", "GT", "GTE", "LT"])
@pytest.mark.parametrize("name", ["hs_object_id", "lastmodifieddate", "lead_score"])
def test_a_value_that_is_no_number_is_no_error_of_the_sandbox(
    box: Sandbox, api: httpx.Client, name: str, operator: str, value: str
) -> None:
    box.hubspot.limits.secondly.limit = None
    body = {"filters": [{"propertyName": name, "operator": operator, "value": value}]}
    assert api.post(PATH, json=body).status_code in (200, 400)
