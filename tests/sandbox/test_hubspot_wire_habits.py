"""Requests as real clients send them, above all both generations of HubSpot's own."""

from __future__ import annotations

import json

import httpx
import pytest

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed

BOTH = f"{seed.NEWSLETTER_EMAIL},{seed.PUBLISHED_EMAIL}"
REFRESH = {
    "grant_type": "refresh_token",
    "client_id": seed.OAUTH_CLIENT_ID,
    "client_secret": seed.OAUTH_CLIENT_SECRET,
    "refresh_token": seed.REFRESH_TOKEN,
}


@pytest.mark.parametrize("query", [f"emailIds={BOTH}", "emailIds=" + BOTH.replace(",", "&emailIds=")])
def test_ids_of_emails_are_comma_separated_or_repeated(api: httpx.Client, query: str) -> None:
    emails = "/marketing/emails/2026-03"
    returned = api.get(f"{emails}/statistics/list?{query}").json()
    assert returned["emails"] == [int(seed.PUBLISHED_EMAIL)]
    rows = api.get(f"{emails}/statistics/histogram?interval=DAY&{query}").json()["results"]
    assert sum(row["aggregations"]["counters"].get("sent", 0) for row in rows) == 3


def test_a_url_that_is_too_long_is_refused(api: httpx.Client) -> None:
    refused = api.get("/crm/v3/objects/contacts", params={"properties": "x" * 9_000})
    assert (refused.status_code, refused.json()["category"]) == (414, "URI_TOO_LONG")


def test_ids_of_lists_are_comma_separated_or_repeated(api: httpx.Client) -> None:
    body = {"name": "Guests", "objectTypeId": "0-1", "processingType": "MANUAL"}
    other = api.post("/crm/v3/lists", json=body).json()["list"]["listId"]
    for query in (f"listIds={seed.LIST_ID},{other}", f"listIds={seed.LIST_ID}&listIds={other}"):
        found = api.get(f"/crm/v3/lists?{query}").json()["lists"]
        assert [one["listId"] for one in found] == [seed.LIST_ID, other]


def test_additional_properties_are_optional_in_a_dated_search_for_lists(api: httpx.Client) -> None:
    body = {"listIds": [], "offset": 0, "processingTypes": []}
    found = api.post("/crm/lists/2026-03/search", json=body).json()
    assert [one["listId"] for one in found["lists"]] == [seed.LIST_ID]


def test_lists_are_sorted_by_update_and_include_their_size(box: Sandbox, api: httpx.Client) -> None:
    for name in ("Guests", "Hosts"):
        body = {"name": name, "objectTypeId": "0-1", "processingType": "MANUAL"}
        api.post("/crm/v3/lists", json=body)
        box.clock.advance(1)
    api.put(f"/crm/v3/lists/{seed.LIST_ID}/memberships/remove", json=[seed.CONTACT_IDS[0]])
    newest = ["Hosts", "Guests", "Early adopters"]
    for sort, wanted in (
        ("-HS_CREATED_AT", newest),
        ("HS_CREATED_AT", newest[::-1]),
        ("-HS_LIST_ID", newest),
    ):
        found = api.post("/crm/v3/lists/search", json={"count": 250, "sort": sort}).json()["lists"]
        assert [one["name"] for one in found] == wanted
    updated = api.post("/crm/v3/lists/search", json={"sort": "HS_UPDATED_AT"}).json()["lists"]
    times = [one["updatedAt"] for one in updated]
    assert times == sorted(times)
    assert updated[0]["additionalProperties"].keys() == {"hs_list_size"}


def test_an_account_without_custom_objects_has_no_schemas(api: httpx.Client) -> None:
    for path in ("/crm/v3", "/crm-object-schemas/v3", "/crm-object-schemas/2026-03"):
        assert api.get(f"{path}/schemas").json() == {"results": []}


def test_the_root_folder_has_all_required_fields(api: httpx.Client) -> None:
    root = api.get("/crm/v3/lists/folders").json()["folder"]
    assert (root["id"], root["parentFolderId"], root["childLists"]) == ("0", "0", [int(seed.LIST_ID)])


def test_dated_token_endpoints_accept_json(api: httpx.Client) -> None:
    token = api.post("/oauth/2026-03/token", json=REFRESH).json()["access_token"]
    about = api.post("/oauth/2026-03/token/introspect", json=REFRESH | {"token": token}).json()
    assert about["active"] is True
    assert api.post("/oauth/2026-03/token/revoke", json=REFRESH | {"token": token}).status_code == 204
    wrong = api.post("/oauth/2026-03/token", json=REFRESH | {"refresh_token": None})
    assert (wrong.status_code, wrong.json()["status"]) == (400, "BAD_REFRESH_TOKEN")
    assert api.post("/oauth/2026-03/token", json=[]).status_code == 400


def test_a_base_url_that_ends_in_a_slash_does_no_harm(api: httpx.Client) -> None:
    request = api.build_request("GET", "/")
    request.url = request.url.copy_with(raw_path=b"//crm/v3/objects/contacts?limit=1")
    assert len(api.send(request).json()["results"]) == 1


def test_a_search_for_lists_returns_at_most_500_per_page(api: httpx.Client) -> None:
    for number in range(501):
        body = {"name": f"List {number}", "objectTypeId": "0-1", "processingType": "MANUAL"}
        if number % 150 == 149:
            api.post("/_sandbox/clock", json={"advance": 10})
        assert api.post("/crm/v3/lists", json=body).status_code == 200
    found = api.post("/crm/v3/lists/search", json={"count": 1000}).json()
    assert (len(found["lists"]), found["hasMore"], found["offset"]) == (500, True, 500)


@pytest.mark.parametrize("name", ["contact", "0-1", "Contact"])
@pytest.mark.parametrize("family", ["/crm/v3/objects", "/crm/objects/2026-03", "/crm/objects/2026-09"])
def test_contacts_have_paths_by_singular_and_by_object_type_id(
    api: httpx.Client, family: str, name: str
) -> None:
    assert len(api.get(f"{family}/{name}").json()["results"]) == 5
    assert api.get(f"{family}/{name}/{seed.CONTACT_IDS[0]}").json()["id"] == seed.CONTACT_IDS[0]
    body = {"inputs": [{"id": seed.CONTACT_IDS[1]}], "properties": [], "propertiesWithHistory": []}
    assert api.post(f"{family}/{name}/batch/read", json=body).status_code == 200
    assert api.get(f"{family}/{name}ed").status_code == 400


def test_the_link_to_the_next_page_repeats_the_query(api: httpx.Client) -> None:
    page = api.get("/crm/v3/objects/contacts?limit=2&properties=email,city&properties=phone").json()
    names = page["results"][0]["properties"].keys()
    seen = 2
    while "paging" in page:
        page = api.get(page["paging"]["next"]["link"]).json()
        assert {tuple(one["properties"]) for one in page["results"]} == {tuple(names)}
        seen += len(page["results"])
    assert seen == 5


@pytest.mark.parametrize("path", ["/crm/v3/imports", "/crm/v3/imports/"])
def test_an_import_accepts_typed_parts_and_the_older_name_of_the_key(
    box: Sandbox, api: httpx.Client, path: str
) -> None:
    column = {
        "columnObjectTypeId": "0-1",
        "columnName": "Email",
        "propertyName": "email",
        "idColumnType": "HUBSPOT_ALTERNATE_ID",
        "columnType": None,
    }
    page = {"hasHeader": True, "columnMappings": [column]}
    order = {"name": "x", "files": [{"fileName": "a.csv", "fileFormat": "CSV", "fileImportPage": page}]}
    files = {
        "importRequest": (None, json.dumps(order), "application/json"),
        "files": ("a.csv", "Email\nada@example.com\n", "application/octet-stream"),
    }
    made = api.post(path, files=files)
    assert made.status_code == 200
    box.clock.advance(60)
    returned = api.get(f"/crm/v3/imports/{made.json()['id']}").json()
    assert (returned["state"], returned["metadata"]["counters"]["UPDATED_OBJECTS"]) == ("DONE", 1)


@pytest.mark.parametrize(
    "headers", [{}, {"Content-Type": "application/json"}, {"Content-Type": "text/plain"}]
)
def test_a_request_without_a_body_can_have_any_content_type(
    api: httpx.Client, headers: dict[str, str]
) -> None:
    for call in ("publish", "draft/reset"):
        path = f"/marketing/v3/emails/{seed.NEWSLETTER_EMAIL}/{call}"
        assert api.post(path, headers=headers).status_code == 204
    assert api.get(f"/crm/v3/objects/contacts/{seed.CONTACT_IDS[0]}", headers=headers).status_code == 200
    path = f"/marketing/v3/campaigns/{seed.SPRING_CAMPAIGN}/assets/MARKETING_EMAIL/{seed.PUBLISHED_EMAIL}"
    assert api.put(path, headers=headers).status_code == 204


def test_zero_and_one_both_mean_false_for_archived(api: httpx.Client) -> None:
    """HubSpot's PHP client once sent true as 1, and got live records."""
    for archived in ("0", "1"):
        shown = api.get("/crm/v3/objects/contacts", params={"archived": archived}).json()["results"]
        assert [one["archived"] for one in shown] == [False] * len(seed.CONTACT_IDS)
    assert api.get("/crm/v3/objects/contacts", params={"archived": "yes"}).status_code == 400
