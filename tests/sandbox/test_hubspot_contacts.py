"""Contacts: single, batch, upsert and search."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed

ADA, BRUNO = seed.CONTACT_IDS[:2]


def upsert(*emails: str, **properties: str) -> dict[str, Any]:
    return {"inputs": [{"idProperty": "email", "id": email, "properties": properties} for email in emails]}


def test_paging_reaches_every_contact_once(api: httpx.Client, paths: dict[str, str]) -> None:
    seen: list[str] = []
    query: dict[str, Any] = {"limit": 2}
    while True:
        page = api.get(paths["contacts"], params=query).json()
        seen += [row["id"] for row in page["results"]]
        if "paging" not in page:
            break
        query["after"] = page["paging"]["next"]["after"]
    assert seen == list(seed.CONTACT_IDS)


def test_limit_out_of_range_is_rejected(api: httpx.Client, paths: dict[str, str]) -> None:
    for limit in ("0", "101", "many"):
        assert api.get(paths["contacts"], params={"limit": limit}).status_code == 400


def test_default_and_requested_properties_are_returned(api: httpx.Client, paths: dict[str, str]) -> None:
    one = f"{paths['contacts']}/{ADA}"
    assert set(api.get(one).json()["properties"]) == {
        "createdate",
        "email",
        "firstname",
        "hs_object_id",
        "lastmodifieddate",
        "lastname",
    }
    requested = api.get(one, params={"properties": "lifecyclestage,city"}).json()["properties"]
    assert (requested["lifecyclestage"], requested["city"]) == ("customer", None)


def test_create_update_archive(api: httpx.Client, paths: dict[str, str]) -> None:
    contacts = paths["contacts"]
    made = api.post(contacts, json={"properties": {"email": "New@Example.com", "city": "Oslo"}})
    assert made.status_code == 201
    assert made.json()["properties"]["email"] == "new@example.com"
    one = f"{contacts}/{made.json()['id']}"
    assert api.patch(one, json={"properties": {"city": ""}}).status_code == 200
    assert api.get(one, params={"properties": "city"}).json()["properties"]["city"] is None
    assert api.delete(one).status_code == 204
    assert api.delete(one).status_code == 204
    assert api.get(one).status_code == 404
    assert api.get(one, params={"archived": "true"}).json()["archived"] is True
    assert api.post(contacts, json={"properties": {"email": "new@example.com"}}).status_code == 201


def test_creating_an_existing_email_is_a_conflict_with_the_id(
    api: httpx.Client, paths: dict[str, str]
) -> None:
    reply = api.post(paths["contacts"], json={"properties": {"email": "ADA@example.com"}})
    assert (reply.status_code, reply.json()["category"]) == (409, "CONFLICT")
    assert reply.json()["message"] == f"Contact already exists. Existing ID: {ADA}"


@pytest.mark.parametrize(
    ("properties", "code"),
    [
        ({"no_such_thing": "1"}, "PROPERTY_DOESNT_EXIST"),
        ({"email": "not an email"}, "INVALID_EMAIL"),
        ({"lifecyclestage": "hero"}, "INVALID_OPTION"),
        ({"lead_score": "many"}, "INVALID_LONG"),
        ({"closedate": "soon"}, "INVALID_DATE"),
        ({"createdate": "2026-01-01"}, "READ_ONLY_VALUE"),
    ],
)
def test_an_invalid_value_rejects_the_whole_batch_and_names_the_property(
    box: Sandbox, api: httpx.Client, paths: dict[str, str], properties: dict[str, str], code: str
) -> None:
    good = {"properties": {"email": "good@example.com"}, "objectWriteTraceId": "1"}
    body = {"inputs": [good, {"properties": properties, "objectWriteTraceId": "2"}]}
    reply = api.post(f"{paths['contacts']}/batch/create", json=body)
    (error,) = reply.json()["errors"]
    assert (reply.status_code, reply.json()["category"], error["code"]) == (400, "VALIDATION_ERROR", code)
    assert error["context"]["propertyName"] == list(properties)
    assert len(box.hubspot.state.contacts) == 5


def test_batch_create_without_trace_ids_is_all_or_nothing(
    box: Sandbox, api: httpx.Client, paths: dict[str, str]
) -> None:
    body = {"inputs": [{"properties": {"email": f"{name}@example.com"}} for name in ("x", "ada", "bruno")]}
    reply = api.post(f"{paths['contacts']}/batch/create", json=body)
    assert (reply.status_code, reply.json()["message"]) == (
        409,
        f"Contact already exists. Existing ID: {ADA}",
    )
    assert len(box.hubspot.state.contacts) == 5


def test_batch_create_with_trace_ids_is_partial(
    box: Sandbox, api: httpx.Client, paths: dict[str, str]
) -> None:
    body = {
        "inputs": [
            {"properties": {"email": f"{name}@example.com"}, "objectWriteTraceId": name, "associations": []}
            for name in ("x", "ada", "y")
        ]
    }
    reply = api.post(f"{paths['contacts']}/batch/create", json=body)
    answer = reply.json()
    assert (reply.status_code, answer["numErrors"]) == (207, 1)
    assert {row["objectWriteTraceId"] for row in answer["results"]} == {"x", "y"}
    assert answer["errors"][0]["context"] == {"objectWriteTraceId": ["ada"]}
    assert len(box.hubspot.state.contacts) == 7


@pytest.mark.parametrize("call", ["create", "update", "upsert", "archive", "read"])
def test_a_batch_has_1_to_100_inputs(api: httpx.Client, paths: dict[str, str], call: str) -> None:
    for count in (101, 0):
        inputs = [{"id": str(n), "idProperty": "external_id", "properties": {}} for n in range(count)]
        reply = api.post(f"{paths['contacts']}/batch/{call}", json={"inputs": inputs})
        assert (reply.status_code, reply.json()["category"]) == (400, "VALIDATION_ERROR")


def test_batch_read_reports_unknown_ids_with_the_results(api: httpx.Client, paths: dict[str, str]) -> None:
    body = {"inputs": [{"id": ADA}, {"id": "1"}, {"id": ADA}, {"id": "2"}], "properties": ["city"]}
    reply = api.post(f"{paths['contacts']}/batch/read", json=body)
    assert reply.status_code == 207
    assert [row["id"] for row in reply.json()["results"]] == [ADA]
    assert reply.json()["errors"][0]["context"] == {"ids": ["1", "2"]}


def test_batch_read_by_email_and_with_history(api: httpx.Client, paths: dict[str, str]) -> None:
    api.patch(f"{paths['contacts']}/{ADA}", json={"properties": {"city": "Oslo"}})
    api.patch(f"{paths['contacts']}/{ADA}", json={"properties": {"city": "Rome"}})
    body = {"idProperty": "email", "inputs": [{"id": "ada@example.com"}], "propertiesWithHistory": ["city"]}
    (row,) = api.post(f"{paths['contacts']}/batch/read", json=body).json()["results"]
    assert [entry["value"] for entry in row["propertiesWithHistory"]["city"]] == ["Rome", "Oslo"]
    body["inputs"] = [{"id": str(number)} for number in range(51)]
    assert api.post(f"{paths['contacts']}/batch/read", json=body).status_code == 400


def test_batch_update_by_email_is_rejected_and_unknown_ids_are_partial(
    api: httpx.Client, paths: dict[str, str]
) -> None:
    update = f"{paths['contacts']}/batch/update"
    refused = api.post(update, json=upsert("ada@example.com", city="Oslo"))
    assert refused.status_code == 400
    assert "non-unique" in refused.json()["message"]
    inputs = [{"id": ADA, "properties": {"city": "Oslo"}}, {"id": "1", "properties": {"city": "Oslo"}}]
    partial = api.post(update, json={"inputs": inputs})
    assert partial.status_code == 207
    assert [row["id"] for row in partial.json()["results"]] == [ADA]


def test_batch_archive_hides(api: httpx.Client, paths: dict[str, str]) -> None:
    body = {"inputs": [{"id": ADA}, {"id": "1"}]}
    assert api.post(f"{paths['contacts']}/batch/archive", json=body).status_code == 204
    assert api.get(f"{paths['contacts']}/{ADA}").status_code == 404


def test_upsert_results_tell_new_from_updated(api: httpx.Client, paths: dict[str, str]) -> None:
    reply = api.post(
        f"{paths['contacts']}/batch/upsert", json=upsert("ADA@example.com", "z@example.com", city="Oslo")
    )
    assert reply.status_code == 200
    new = {row["properties"]["email"]: row["new"] for row in reply.json()["results"]}
    assert new == {"ada@example.com": False, "z@example.com": True}
    again = api.post(f"{paths['contacts']}/batch/upsert", json=upsert("z@example.com", city="Rome"))
    assert again.json()["results"][0]["new"] is False


def test_results_come_in_another_order_than_the_inputs(api: httpx.Client, paths: dict[str, str]) -> None:
    emails = [f"person{number:02}@example.com" for number in range(30)]
    results = api.post(f"{paths['contacts']}/batch/upsert", json=upsert(*emails)).json()["results"]
    got = [row["properties"]["email"] for row in results]
    assert got != emails
    assert sorted(got) == emails


def test_upsert_rejects_duplicate_keys(box: Sandbox, api: httpx.Client, paths: dict[str, str]) -> None:
    reply = api.post(f"{paths['contacts']}/batch/upsert", json=upsert("q@example.com", "Q@example.com"))
    assert reply.status_code == 400
    assert "Duplicate IDs" in reply.json()["message"]
    assert len(box.hubspot.state.contacts) == 5


def test_upsert_by_email_is_all_or_nothing(box: Sandbox, api: httpx.Client, paths: dict[str, str]) -> None:
    reply = api.post(f"{paths['contacts']}/batch/upsert", json=upsert("q@example.com", "broken"))
    assert reply.status_code == 400
    assert reply.json()["errors"][0]["code"] == "INVALID_EMAIL"
    assert len(box.hubspot.state.contacts) == 5


def test_upsert_by_id_only_updates_and_by_a_custom_key_creates(
    api: httpx.Client, paths: dict[str, str]
) -> None:
    call = f"{paths['contacts']}/batch/upsert"
    by_id = {"inputs": [{"id": ADA, "properties": {"city": "Oslo"}}, {"id": "5", "properties": {}}]}
    partial = api.post(call, json=by_id)
    assert (partial.status_code, partial.json()["errors"][0]["context"]) == (207, {"ids": ["5"]})
    keyed = {"inputs": [{"id": "crm/7", "idProperty": "external_id", "properties": {}}]}
    assert [api.post(call, json=keyed).json()["results"][0]["new"] for _ in range(2)] == [True, False]
    plain = {"inputs": [{"id": "Oslo", "idProperty": "city", "properties": {}}]}
    assert api.post(call, json=plain).status_code == 400


def test_secondary_emails_find_their_contact(api: httpx.Client, paths: dict[str, str]) -> None:
    properties = {"hs_additional_emails": "a1@example.com;a2@example.com"}
    api.patch(f"{paths['contacts']}/{ADA}", json={"properties": properties})
    found = api.get(f"{paths['contacts']}/a2@example.com", params={"idProperty": "email"})
    assert found.json()["id"] == ADA


def search(api: httpx.Client, paths: dict[str, str], **body: Any) -> httpx.Response:
    return api.post(f"{paths['contacts']}/search", json=body)


def names(reply: httpx.Response) -> list[str]:
    return sorted(row["properties"]["firstname"] for row in reply.json()["results"])


@pytest.mark.parametrize(
    ("operator", "rest", "found"),
    [
        ("EQ", {"value": "bruno"}, ["Bruno"]),
        ("NEQ", {"value": "bruno"}, ["Ada", "Chidi", "Dana", "Emi"]),
        ("IN", {"values": ["ada", "emi", "DANA"]}, ["Ada", "Emi"]),
        ("NOT_IN", {"values": ["ada", "emi"]}, ["Bruno", "Chidi", "Dana"]),
        ("GT", {"value": "Chidi"}, ["Dana", "Emi"]),
        ("GTE", {"value": "Chidi"}, ["Chidi", "Dana", "Emi"]),
        ("LT", {"value": "Chidi"}, ["Ada", "Bruno"]),
        ("LTE", {"value": "Chidi"}, ["Ada", "Bruno", "Chidi"]),
        ("BETWEEN", {"value": "b", "highValue": "d"}, ["Bruno", "Chidi"]),
        ("CONTAINS_TOKEN", {"value": "*id*"}, ["Chidi"]),
        ("NOT_CONTAINS_TOKEN", {"value": "*i*"}, ["Ada", "Bruno", "Dana"]),
        ("HAS_PROPERTY", {}, ["Ada", "Bruno", "Chidi", "Dana", "Emi"]),
        ("NOT_HAS_PROPERTY", {}, []),
    ],
)
def test_search_operators(
    box: Sandbox, api: httpx.Client, operator: str, rest: dict[str, Any], found: list[str]
) -> None:
    box.hubspot.limits.secondly.limit = None
    item = {"propertyName": "firstname", "operator": operator, **rest}
    reply = search(api, {"contacts": "/crm/v3/objects/contacts"}, filterGroups=[{"filters": [item]}])
    assert (names(reply), reply.json()["total"]) == (found, len(found))


def test_search_combines_groups_by_or_sorts_and_pages(
    box: Sandbox, api: httpx.Client, paths: dict[str, str]
) -> None:
    box.hubspot.limits.secondly.limit = None
    groups = [
        {"filters": [{"propertyName": "lifecyclestage", "operator": "EQ", "value": "lead"}]},
        {"filters": [{"propertyName": "email", "operator": "CONTAINS_TOKEN", "value": "ada"}]},
    ]
    first = search(api, paths, filterGroups=groups, sorts=["-firstname"], limit=2).json()
    assert [row["properties"]["firstname"] for row in first["results"]] == ["Dana", "Bruno"]
    assert first["paging"]["next"]["after"] == "2"
    last = search(api, paths, filterGroups=groups, sorts=["-firstname"], limit=2, after="2").json()
    assert [row["properties"]["firstname"] for row in last["results"]] == ["Ada"]
    assert "paging" not in last
    assert names(search(api, paths, query="OKAFOR")) == ["Chidi"]


@pytest.mark.parametrize(
    "body",
    [
        {"limit": 201},
        {"after": "9999", "limit": 2},
        {"after": "9901", "limit": 100},
        {"sorts": ["firstname", "lastname"]},
        {"filterGroups": [{"filters": [{"propertyName": "nope", "operator": "EQ", "value": "1"}]}]},
        {"filterGroups": [{"filters": [{"propertyName": "city", "operator": "LIKE", "value": "1"}]}]},
        {"filterGroups": [{"filters": [{"propertyName": "city", "operator": "IN", "value": "1"}]}]},
        {"filterGroups": [{"filters": [{"propertyName": "city", "operator": "BETWEEN", "value": "1"}]}]},
        {"filterGroups": [{"filters": [{"propertyName": "city", "operator": "HAS_PROPERTY"}]}] * 6},
        {"filterGroups": [{"filters": [{"propertyName": "city", "operator": "HAS_PROPERTY"}] * 7}]},
        {"query": "x" * 3000},
        {"filterGroups": [{"filters": [{"propertyName": "city", "operator": "EQ", "value": ["Rome"]}]}]},
    ],
)
def test_search_rejects_requests_beyond_its_limits(
    box: Sandbox, api: httpx.Client, body: dict[str, Any]
) -> None:
    box.hubspot.limits.secondly.limit = None
    assert search(api, {"contacts": "/crm/v3/objects/contacts"}, **body).status_code == 400


def test_search_lags_behind_writes(box: Sandbox, api: httpx.Client, paths: dict[str, str]) -> None:
    box.hubspot.settings.search_lag = 30
    api.post(
        f"{paths['contacts']}/batch/upsert", json=upsert("late@example.com", "ada@example.com", city="Oslo")
    )
    groups = [{"filters": [{"propertyName": "city", "operator": "EQ", "value": "Oslo"}]}]
    assert search(api, paths, filterGroups=groups).json()["total"] == 0
    box.clock.advance(31)
    assert search(api, paths, filterGroups=groups).json()["total"] == 2


def test_upsert_by_a_secondary_email_keeps_the_primary_one(api: httpx.Client, paths: dict[str, str]) -> None:
    one = f"{paths['contacts']}/{ADA}"
    api.patch(one, json={"properties": {"hs_additional_emails": "a1@example.com"}})
    (row,) = api.post(f"{paths['contacts']}/batch/upsert", json=upsert("a1@example.com", city="Oslo")).json()[
        "results"
    ]
    assert (row["id"], row["new"]) == (ADA, False)
    assert api.get(one).json()["properties"]["email"] == "ada@example.com"


@pytest.mark.parametrize(
    "item",
    [
        {"idProperty": "email", "id": "", "properties": {}},
        {"idProperty": "email", "id": "a@example.com", "properties": {"email": "b@example.com"}},
        {"idProperty": "email", "id": "a@example.com"},
        {"idProperty": "email", "properties": {}},
        {"idProperty": "email", "id": "a@example.com", "properties": {"city": ["Oslo"]}},
    ],
)
def test_upsert_rejects_an_ambiguous_key(
    box: Sandbox, api: httpx.Client, paths: dict[str, str], item: dict[str, Any]
) -> None:
    reply = api.post(f"{paths['contacts']}/batch/upsert", json={"inputs": [item]})
    assert (reply.status_code, reply.json()["category"]) == (400, "VALIDATION_ERROR")
    assert len(box.hubspot.state.contacts) == 5


def test_a_too_long_uri_is_414(api: httpx.Client, paths: dict[str, str]) -> None:
    names = ",".join(["hs_lead_status"] * 800)
    assert api.get(paths["contacts"], params={"properties": names}).status_code == 414


def test_archived_contacts_are_listed_separately(api: httpx.Client, paths: dict[str, str]) -> None:
    api.delete(f"{paths['contacts']}/{BRUNO}")
    live = api.get(paths["contacts"]).json()["results"]
    archived = api.get(paths["contacts"], params={"archived": "true"}).json()["results"]
    assert BRUNO not in [row["id"] for row in live]
    assert [row["id"] for row in archived] == [BRUNO]
