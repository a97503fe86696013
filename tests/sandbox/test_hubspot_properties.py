"""Properties of contacts: read, create, update and archive them, and write their values."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed

FOOD: dict[str, Any] = {
    "name": "favourite_food",
    "label": "Favourite food",
    "type": "string",
    "fieldType": "text",
    "groupName": "contactinformation",
}
ADA = f"/crm/v3/objects/contacts/{seed.CONTACT_IDS[0]}"


@pytest.fixture(params=["/crm/v3/properties", "/crm/properties/2026-03"])
def base(request: pytest.FixtureRequest) -> str:
    return f"{request.param}/contacts"


def names(api: httpx.Client, base: str, **query: str) -> set[str]:
    return {one["name"] for one in api.get(base, params=query).json()["results"]}


def test_every_property_that_a_contact_has_is_described(api: httpx.Client, base: str) -> None:
    every = {one["name"]: one for one in api.get(base).json()["results"]}
    assert {"email", "firstname", "lifecyclestage", "createdate", "external_id"} <= every.keys()
    for one in every.values():
        required = ("description", "fieldType", "groupName", "label", "name", "options", "type")
        assert all(name in one for name in required)
    stage, created = every["lifecyclestage"], every["createdate"]
    assert (stage["type"], stage["fieldType"], stage["options"][1]["value"]) == (
        "enumeration",
        "select",
        "lead",
    )
    assert created["modificationMetadata"]["readOnlyValue"] is True
    assert (every["email"]["hasUniqueValue"], every["email"]["hubspotDefined"]) == (True, True)
    assert every["external_id"]["hubspotDefined"] is False
    assert api.get(f"{base}/email").json() == every["email"]


def test_object_types_have_several_names(api: httpx.Client, base: str) -> None:
    family = base.removesuffix("/contacts")
    for name in ("0-1", "contact", "CONTACTS"):
        assert names(api, f"{family}/{name}") == names(api, base)
    unknown = api.get(f"{family}/wishes")
    assert (unknown.status_code, unknown.json()["category"]) == (400, "VALIDATION_ERROR")


@pytest.mark.parametrize("other", ["taxes", "calls", "postal_mail"])
def test_object_types_without_records_have_few_properties_which_cannot_be_changed(
    api: httpx.Client, base: str, other: str
) -> None:
    family = base.removesuffix("/contacts")
    own = {"hs_object_id", "hs_createdate", "hs_lastmodifieddate", "hs_merged_object_ids"}
    assert names(api, f"{family}/{other}") == own
    assert api.post(f"{family}/{other}", json=FOOD).status_code == 400


def test_the_v1_endpoint_lists_the_same_as_an_array(api: httpx.Client, base: str) -> None:
    every = api.get(base).json()["results"]
    for old in ("/properties/v1/contacts/properties", "/properties/v2/contact/properties"):
        assert api.get(old).json() == every


def test_a_property_is_created_written_searched_updated_and_archived(
    box: Sandbox, api: httpx.Client, base: str
) -> None:
    values = {"properties": {"favourite_food": "Soup"}}
    assert api.patch(ADA, json=values).status_code == 400
    made = api.post(base, json=FOOD)
    assert (made.status_code, made.json()["hubspotDefined"]) == (201, False)
    assert api.post(base, json=FOOD).json()["category"] == "OBJECT_ALREADY_EXISTS"
    assert api.patch(ADA, json=values).json()["properties"]["favourite_food"] == "Soup"
    box.clock.advance(5)
    by_food = {"filters": [{"propertyName": "favourite_food", "operator": "EQ", "value": "soup"}]}
    search = {"filterGroups": [by_food], "sorts": ["favourite_food"]}
    assert api.post("/crm/v3/objects/contacts/search", json=search).json()["total"] == 1
    changed = api.patch(f"{base}/favourite_food", json={"label": "Food", "name": "other"}).json()
    assert (changed["label"], changed["name"]) == ("Food", "favourite_food")
    assert changed["createdAt"] < changed["updatedAt"]
    assert api.delete(f"{base}/favourite_food").status_code == 204
    assert api.get(f"{base}/favourite_food").status_code == 404
    assert names(api, base, archived="true") == {"favourite_food"}
    assert api.patch(ADA, json=values).status_code == 400


def test_a_property_with_unique_values_can_be_the_key_of_an_upsert(api: httpx.Client, base: str) -> None:
    api.post(base, json=FOOD | {"name": "erp_number", "hasUniqueValue": True})
    body = {"inputs": [{"idProperty": "erp_number", "id": "E-1", "properties": {"firstname": "Eve"}}]}
    for new in (True, False):
        (row,) = api.post("/crm/v3/objects/contacts/batch/upsert", json=body).json()["results"]
        assert row["new"] is new
    assert api.patch(ADA, json={"properties": {"erp_number": "E-1"}}).status_code == 409


def test_options_are_enforced(api: httpx.Client, base: str) -> None:
    options: list[dict[str, Any]] = [
        {"label": "Red", "value": "r"},
        {"label": "Blue", "value": "b", "hidden": True},
    ]
    colour = FOOD | {"name": "colour", "type": "enumeration", "fieldType": "radio", "options": options}
    if "2026" in base:
        lacking = api.post(base, json=colour).json()["message"]
        assert "not set [displayOrder]" in lacking
        for place, option in enumerate(options):
            option["displayOrder"] = place
    made = api.post(base, json=colour).json()
    assert [one["hidden"] for one in made["options"]] == [False, True]
    assert api.patch(ADA, json={"properties": {"colour": "r"}}).status_code == 200
    refused = api.patch(ADA, json={"properties": {"colour": "green"}}).json()
    assert refused["errors"][0]["code"] == "INVALID_OPTION"


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Favourite food"},
        {"type": "text"},
        {"fieldType": "box"},
        {"fieldType": "checkbox"},
        {"type": "date", "fieldType": "text"},
        {"groupName": "nothing"},
        {"type": "enumeration", "fieldType": "select"},
        {"label": None},
        {"options": {"a": 1}},
        {"groupName": []},
        {"label": {"a": 1}},
    ],
    ids=str,
)
def test_an_invalid_definition_is_rejected(api: httpx.Client, base: str, change: dict[str, Any]) -> None:
    reply = api.post(base, json=FOOD | change)
    assert (reply.status_code, reply.json()["category"]) == (400, "VALIDATION_ERROR")


def test_hubspots_own_properties_cannot_be_changed(api: httpx.Client, base: str) -> None:
    assert api.patch(f"{base}/email", json={"label": "Mail"}).status_code == 400
    assert api.delete(f"{base}/email").status_code == 400
    assert api.patch(f"{base}/nothing", json={}).status_code == 404


def test_properties_are_created_read_and_archived_in_batches(api: httpx.Client, base: str) -> None:
    inputs = [FOOD | {"name": name} for name in ("one", "two", "email")]
    made = api.post(f"{base}/batch/create", json={"inputs": inputs})
    assert made.status_code == 207
    assert {one["name"] for one in made.json()["results"]} == {"one", "two"}
    assert made.json()["errors"][0]["context"] == {"name": ["email"]}
    requested = {"inputs": [{"name": "one"}, {"name": "three"}], "archived": False}
    read = api.post(f"{base}/batch/read", json=requested)
    assert (read.status_code, [one["name"] for one in read.json()["results"]]) == (207, ["one"])
    gone = {"inputs": [{"name": "one"}, {"name": "three"}]}
    assert api.post(f"{base}/batch/archive", json=gone).status_code == 204
    assert api.get(f"{base}/one").status_code == 404
    archived = api.post(f"{base}/batch/read", json={"inputs": [{"name": "one"}], "archived": True})
    assert archived.json()["results"][0]["archived"] is True


def test_groups_are_created_updated_and_archived_when_empty(api: httpx.Client, base: str) -> None:
    made = api.post(f"{base}/groups", json={"name": "tastes", "label": "Tastes"})
    assert (made.status_code, made.json()["displayOrder"]) == (201, -1)
    assert api.post(f"{base}/groups", json={"name": "tastes", "label": "Tastes"}).status_code == 409
    api.post(base, json=FOOD | {"groupName": "tastes"})
    assert api.delete(f"{base}/groups/tastes").status_code == 400
    assert api.patch(f"{base}/groups/tastes", json={"displayOrder": 2}).json()["displayOrder"] == 2
    assert len(api.get(f"{base}/groups").json()["results"]) == 2
    api.delete(f"{base}/favourite_food")
    assert api.delete(f"{base}/groups/tastes").status_code == 204
    assert api.get(f"{base}/groups/tastes").status_code == 404


def test_a_read_only_token_cannot_change_properties(box: Sandbox, api: httpx.Client, base: str) -> None:
    reader = {"Authorization": f"Bearer {seed.READ_ONLY_TOKEN}"}
    assert api.get(base, headers=reader).status_code == 200
    assert api.post(base, json=FOOD, headers=reader).json()["category"] == "MISSING_SCOPES"


def test_a_reset_removes_created_properties(box: Sandbox, api: httpx.Client, base: str) -> None:
    api.post(base, json=FOOD)
    kept = api.get("/_sandbox/state").json()["properties"]["contacts"]["custom"]
    assert [one["name"] for one in kept] == ["external_id", "favourite_food"]
    box.hubspot.reset()
    assert "favourite_food" not in names(api, base)


def test_a_property_that_exists_or_is_in_use_has_a_sub_category(api: httpx.Client, base: str) -> None:
    again = api.post(base, json=FOOD | {"name": "external_id"})
    assert (again.status_code, again.json()["category"]) == (409, "OBJECT_ALREADY_EXISTS")
    assert again.json()["subCategory"] == "Properties.PROPERTY_WITH_NAME_EXISTS"
    assert api.post(base, json=FOOD).status_code == 201
    operation = {"operationType": "STRING", "operator": "IS_EQUAL_TO", "value": "a"}
    item = {"filterType": "PROPERTY", "property": "favourite_food", "operation": operation}
    inner = {"filterBranchType": "AND", "filterBranches": [], "filters": [item]}
    branch = {"filterBranchType": "OR", "filterBranches": [inner], "filters": []}
    body = {"name": "By food", "objectTypeId": "0-1", "processingType": "DYNAMIC", "filterBranch": branch}
    list_id = api.post("/crm/v3/lists", json=body).json()["list"]["listId"]
    used = api.delete(f"{base}/favourite_food")
    assert (used.status_code, used.json()["category"]) == (400, "VALIDATION_ERROR")
    assert used.json()["subCategory"] == "PropertyValidationError.CANNOT_DELETE_PROPERTY_IN_USE"
    assert api.delete(f"/crm/v3/lists/{list_id}").status_code == 204
    assert api.delete(f"{base}/favourite_food").status_code == 204


def test_a_name_that_is_created_again_restores_the_property_for_90_days(
    api: httpx.Client, box: Sandbox, base: str
) -> None:
    first = api.post(base, json=FOOD).json()["createdAt"]
    for days, restored in ((80, True), (91, False)):
        assert api.delete(f"{base}/favourite_food").status_code == 204
        box.clock.advance(days * 86_400)
        made = api.post(base, json=FOOD)
        assert (made.status_code, made.json()["createdAt"] == first) == (201, restored)
