"""Leads: describe, find, sync and delete, and partitions."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from marketo_tools import Api, code, reason

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(only="marketo") as running:
        yield running


@pytest.fixture
def api(sandbox: Sandbox) -> Api:
    sandbox.marketo.reset()
    return Api(sandbox)


def sync(api: Api, rows: list[dict[str, object]], **more: object) -> list[dict[str, object]]:
    answer = api.post("/v1/leads.json", {"input": rows, **more})
    assert answer["success"], answer
    rows = answer["result"]
    return rows


def find(api: Api, kind: str, values: str, **more: object) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = api.get("/v1/leads.json", filterType=kind, filterValues=values, **more)[
        "result"
    ]
    return rows


def test_describe_has_ids_and_describe2_has_the_keys(api: Api) -> None:
    names = {row["rest"]["name"]: row for row in api.get("/v1/leads/describe.json")["result"]}
    assert names["email"]["rest"]["readOnly"] is False
    assert names["createdAt"]["rest"]["readOnly"] is True
    (returned,) = api.get("/v1/leads/describe2.json")["result"]
    assert [seed.STRING_KEY] in returned["searchableFields"]
    assert {row["name"] for row in returned["fields"]} == set(names)


def test_a_lead_is_read_with_the_default_fields_and_without_nulls(api: Api) -> None:
    (row,) = api.get(f"/v1/lead/{seed.ANNA}.json")["result"]
    assert set(row) == {"id", "email", "updatedAt", "createdAt", "firstName", "lastName"}
    (row,) = api.get(f"/v1/lead/{seed.ANNA}.json", fields="phone,leadScore")["result"]
    assert row == {"id": seed.ANNA}


def test_an_unknown_lead_is_1004_and_an_unknown_field_1006(api: Api) -> None:
    assert code(api.get("/v1/lead/999.json")) == "1004"
    assert code(api.get(f"/v1/lead/{seed.ANNA}.json", fields="zip")) == "1006"


def test_filters_ignore_case_accept_lists_and_reject_other_fields(api: Api) -> None:
    assert find(api, "email", "ANNA.BERG@EXAMPLE.COM")[0]["id"] == seed.ANNA
    assert [row["id"] for row in find(api, seed.INTEGER_KEY, "70001,70002")] == [seed.ANNA, seed.BEN]
    assert find(api, "email", "nobody@example.com") == []
    assert code(api.get("/v1/leads.json", filterType="city", filterValues="x")) == "1011"
    assert code(api.get("/v1/leads.json", filterType="zip", filterValues="x")) == "1006"
    assert code(api.get("/v1/leads.json", filterType="email")) == "1002"
    many = ",".join(str(number) for number in range(301))
    assert code(api.get("/v1/leads.json", filterType="id", filterValues=many)) == "1003"


def test_a_long_filter_can_be_sent_by_post_with_a_method_override(api: Api) -> None:
    data = {"filterType": "id", "filterValues": f"{seed.ANNA},{seed.BEN}"}
    answer = api.client.post("/rest/v1/leads.json", params={"_method": "GET"}, data=data).json()
    assert [row["id"] for row in answer["result"]] == [seed.ANNA, seed.BEN]


def test_the_method_override_can_be_in_the_form(api: Api) -> None:
    data = {"_method": "GET", "filterType": "id", "filterValues": f"{seed.ANNA}"}
    answer = api.client.post("/rest/v1/leads.json", data=data).json()
    assert [row["id"] for row in answer["result"]] == [seed.ANNA]


def test_leads_can_be_deleted_by_the_older_path(api: Api) -> None:
    body = {"input": [{"id": seed.ANNA}]}
    answer = api.client.request("DELETE", "/rest/v1/leads.json", json=body).json()
    assert answer["result"] == [{"id": seed.ANNA, "status": "deleted"}]
    assert code(api.get(f"/v1/lead/{seed.ANNA}.json")) == "1004"


def test_pages_have_300_leads_and_the_last_has_no_token(api: Api) -> None:
    for start in range(0, 700, 100):
        rows = [{"email": f"p{n}@example.com", "customerNumber": "many"} for n in range(start, start + 100)]
        sync(api, rows)
    seen: list[int] = []
    query = {"filterType": "customerNumber", "filterValues": "many"}
    page = api.get("/v1/leads.json", **query)
    sizes = [len(page["result"])]
    while True:
        seen += [row["id"] for row in page["result"]]
        if "nextPageToken" not in page:
            break
        assert page["moreResult"]
        page = api.get("/v1/leads.json", **query, nextPageToken=page["nextPageToken"])
        sizes.append(len(page["result"]))
    assert sizes == [300, 300, 100]
    assert len(set(seen)) == 700
    first = api.get("/v1/leads.json", **query)["nextPageToken"]
    other = api.get("/v1/leads.json", filterType="email", filterValues="x@example.com", nextPageToken=first)
    assert code(other) == "1003"


def test_more_than_1000_matches_are_an_error(api: Api) -> None:
    for start in range(0, 1001, 300):
        count = min(300, 1001 - start)
        sync(api, [{"email": f"m{start + n}@example.com", "customerNumber": "all"} for n in range(count)])
    refused = api.get("/v1/leads.json", filterType="customerNumber", filterValues="all")
    assert refused["errors"] == [{"code": "1003", "message": "Too many results match the filter"}]


def test_results_are_in_input_order_with_created_updated_and_skipped(api: Api) -> None:
    rows = sync(
        api,
        [
            {"email": "new@example.com", "firstName": "New"},
            {"email": "anna.berg@example.com", "leadScore": "many"},
            {"email": "Ben.Ito@example.com", "leadScore": 7},
        ],
    )
    assert [row["status"] for row in rows] == ["created", "skipped", "updated"]
    assert reason(rows[1]) == "1001"
    assert rows[2]["id"] == seed.BEN
    (ben,) = api.get(f"/v1/lead/{seed.BEN}.json", fields="leadScore,email")["result"]
    assert ben["leadScore"] == 7


def test_null_and_blank_clear_a_field_and_omitted_ones_do_not_change(api: Api) -> None:
    sync(api, [{"id": seed.ANNA, "firstName": "", "phone": None}], action="updateOnly", lookupField="id")
    (anna,) = api.get(f"/v1/lead/{seed.ANNA}.json", fields="firstName,lastName")["result"]
    assert anna == {"id": seed.ANNA, "lastName": "Berg"}


@pytest.mark.parametrize(
    ("row", "order", "wanted"),
    [
        ({"email": "anna.berg@example.com"}, {"action": "createOnly"}, "1005"),
        ({"email": "nobody@example.com"}, {"action": "updateOnly"}, "1004"),
        ({"id": 999}, {"action": "updateOnly", "lookupField": "id"}, "1004"),
        ({"id": 5, "email": "x@example.com"}, {"action": "createOnly"}, "1003"),
        ({"firstName": "x"}, {}, "1002"),
        ({"sfdcLeadId": "00Q1", "firstName": "x"}, {"lookupField": "sfdcLeadId"}, "1004"),
        ({"email": "x@example.com", "zip": 1}, {}, "1006"),
        ({"email": "x@example.com", "createdAt": "2025-01-01T00:00:00Z"}, {}, "1003"),
        ({"email": "x@example.com", "leadScore": 2**31}, {}, "1001"),
        ({"email": "x@example.com", "dateOfBirth": "1.2.1990"}, {}, "1001"),
        ({"email": "x@example.com", "unsubscribed": "maybe"}, {}, "1001"),
        ({"email": "x@exämple.com"}, {}, "1003"),
        ({"email": "x@example.com", "company": "Example Ltd"}, {}, "1021"),
        ({"email": "x@example.com", "externalCompanyId": "none"}, {}, "1013"),
        ({"email": "anna.berg@example.com"}, {"partitionName": "EMEA"}, "1010"),
    ],
)
def test_an_invalid_record_is_skipped_with_its_code(
    api: Api, row: dict[str, object], order: dict[str, object], wanted: str
) -> None:
    (answer,) = sync(api, [row], **order)
    assert answer["status"] == "skipped"
    assert reason(answer) == wanted


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ({"input": [{"email": f"x{n}@example.com"} for n in range(301)]}, "1003"),
        ({}, "1002"),
        ({"input": []}, "1002"),
        ({"input": [{"email": "x@example.com"}], "action": "upsert"}, "1003"),
        ({"input": [{"email": "x@example.com"}], "lookupField": "zip"}, "1006"),
        ({"input": [{"email": "x@example.com"}], "lookupField": "city"}, "1011"),
        ({"input": [{"id": 1001}], "lookupField": "id"}, "1003"),
        ({"input": [{"email": "x@example.com"}], "partitionName": "Nowhere"}, "1013"),
    ],
)
def test_invalid_options_fail_the_whole_request(api: Api, body: dict[str, object], wanted: str) -> None:
    assert code(api.post("/v1/leads.json", body)) == wanted


def test_create_duplicate_creates_a_second_lead_and_the_key_becomes_ambiguous(api: Api) -> None:
    (made,) = sync(api, [{"email": "anna.berg@example.com"}], action="createDuplicate")
    assert made["status"] == "created"
    (refused,) = sync(api, [{"email": "anna.berg@example.com", "firstName": "A"}])
    assert refused["reasons"] == [{"code": "1007", "message": "Multiple lead match lookup criteria"}]
    assert len(find(api, "email", "anna.berg@example.com")) == 2


def test_any_custom_string_or_integer_can_be_the_key(api: Api) -> None:
    (row,) = sync(api, [{"customerNumber": "c-0001", "firstName": "Annika"}], lookupField="customerNumber")
    assert (row["id"], row["status"]) == (seed.ANNA, "updated")


def test_two_simultaneous_upserts_of_a_new_key_create_two_leads(api: Api) -> None:
    api.sandbox.marketo.latency = 1.5
    try:
        with ThreadPoolExecutor(2) as pool:
            calls = [pool.submit(sync, api, [{"email": "twin@example.com"}]) for _ in range(2)]
            words = [call.result()[0]["status"] for call in calls]
    finally:
        api.sandbox.marketo.latency = 0.0
    assert words == ["created", "created"]
    assert len(find(api, "email", "twin@example.com")) == 2


def test_the_eleventh_request_in_flight_is_615(api: Api) -> None:
    api.sandbox.marketo.latency = 1.5
    try:
        with ThreadPoolExecutor(14) as pool:
            calls = [pool.submit(api.get, "/v1/leads/partitions.json") for _ in range(14)]
            answers = [call.result() for call in calls]
    finally:
        api.sandbox.marketo.latency = 0.0
    refused = [answer for answer in answers if not answer["success"]]
    assert len(refused) == 4
    assert {code(answer) for answer in refused} == {"615"}


def test_deleting_is_reported_per_lead_and_removes_memberships(api: Api) -> None:
    body = {"input": [{"id": seed.ANNA}, {"id": 999}]}
    first, second = api.post("/v1/leads/delete.json", body)["result"]
    assert first == {"id": seed.ANNA, "status": "deleted"}
    assert reason(second) == "1004"
    assert find(api, "email", "anna.berg@example.com") == []
    members = api.get(f"/v1/list/{seed.STATIC_LIST}/leads.json")["result"]
    assert seed.ANNA not in [row["id"] for row in members]
    (again,) = api.post("/v1/leads/delete.json", {"input": [{"id": seed.ANNA}]})["result"]
    assert reason(again) == "1004"
    token = api.get("/v1/activities/pagingtoken.json", sinceDatetime="2025-01-01")["nextPageToken"]
    (gone,) = api.get("/v1/activities/deletedleads.json", nextPageToken=token)["result"]
    assert (gone["leadId"], gone["activityTypeId"]) == (seed.ANNA, 37)


def test_partitions_are_listed_and_leads_move_between_them(api: Api) -> None:
    assert [row["name"] for row in api.get("/v1/leads/partitions.json")["result"]] == ["Default", "EMEA"]
    rows = [{"id": seed.ANNA, "partitionName": "EMEA"}, {"id": seed.BEN, "partitionName": "Nowhere"}]
    moved, refused = api.post("/v1/leads/partitions.json", {"input": rows})["result"]
    assert moved["status"] == "updated"
    assert reason(refused) == "1013"
    assert [row["id"] for row in find(api, "leadPartitionId", "2")] == [seed.ANNA, seed.ELIF]


def test_new_leads_are_created_in_the_requested_partition(api: Api) -> None:
    (row,) = sync(api, [{"email": "emea@example.com"}], partitionName="EMEA")
    (read,) = api.get(f"/v1/lead/{row['id']}.json", fields="leadPartitionId")["result"]
    assert read["leadPartitionId"] == 2


def test_a_created_field_can_be_written_searched_described_and_updated(api: Api) -> None:
    new = {"displayName": "Shoe Size", "name": "shoeSize", "dataType": "integer"}
    made = api.post("/v1/leads/schema/fields.json", {"input": [new]})["result"]
    assert made == [{"name": "shoeSize", "status": "created"}]
    sync(api, [{"email": "anna.berg@example.com", "shoeSize": 38}])
    assert find(api, "shoeSize", "38", fields="shoeSize") == [{"id": seed.ANNA, "shoeSize": 38}]
    change = {"input": [{"displayName": "Size of Shoe", "isHidden": True}]}
    api.post("/v1/leads/schema/fields/shoeSize.json", change)
    (field,) = api.get("/v1/leads/schema/fields/shoeSize.json")["result"]
    assert (field["displayName"], field["isHidden"], field["isApiCreated"]) == ("Size of Shoe", True, True)
    described = api.get("/v1/leads/describe2.json")["result"][0]["fields"]
    assert "shoeSize" not in [row["name"] for row in described]


@pytest.mark.parametrize(
    ("path", "row", "wanted"),
    [
        ("", {"displayName": "X", "name": "email", "dataType": "string"}, "1017"),
        ("", {"displayName": "X", "name": "1st", "dataType": "string"}, "1003"),
        ("", {"displayName": "X", "name": "x", "dataType": "text"}, "1003"),
        ("", {"displayName": "X", "name": "x"}, "1002"),
        ("/email", {"displayName": "Mail"}, "1003"),
        ("/customerNumber", {"isHidden": True}, "1003"),
        ("/nothing", {"description": "x"}, "1006"),
    ],
)
def test_invalid_writes_of_fields_are_rejected(api: Api, path: str, row: dict[str, str], wanted: str) -> None:
    assert code(api.post(f"/v1/leads/schema/fields{path}.json", {"input": [row]})) == wanted


def test_fields_are_browsed_by_page(api: Api) -> None:
    page = api.get("/v1/leads/schema/fields.json", batchSize=40)
    rest = api.get("/v1/leads/schema/fields.json", batchSize=40, nextPageToken=page["nextPageToken"])
    names = [row["name"] for row in page["result"] + rest["result"]]
    assert len(set(names)) == len(names) > 60


def test_company_values_are_read_through_the_lead_that_links_to_it(api: Api) -> None:
    body = {"input": [{"externalCompanyId": "X1", "company": "Example Ltd", "numberOfEmployees": 12}]}
    assert api.post("/v1/companies.json", body)["result"][0]["status"] == "created"
    assert api.post("/v1/companies.json", body)["result"][0]["status"] == "updated"
    sync(api, [{"email": "anna.berg@example.com", "externalCompanyId": "X1"}])
    (anna,) = api.get(f"/v1/lead/{seed.ANNA}.json", fields="company,numberOfEmployees")["result"]
    assert anna == {"id": seed.ANNA, "company": "Example Ltd", "numberOfEmployees": 12}
    (read,) = api.get("/v1/companies.json", filterType="externalCompanyId", filterValues="X1")["result"]
    assert read["company"] == "Example Ltd"


def test_invalid_companies_are_skipped(api: Api) -> None:
    rows: list[dict[str, object]] = [{"company": "no key"}, {"externalCompanyId": "X2", "zip": 1}]
    skipped = api.post("/v1/companies.json", {"input": rows})["result"]
    assert [reason(row) for row in skipped] == ["1002", "1006"]
    (unknown,) = api.post(
        "/v1/companies.json", {"action": "updateOnly", "input": [{"externalCompanyId": "Z"}]}
    )["result"]
    assert reason(unknown) == "1013"


def test_companies_are_deleted_by_either_key_and_reported_one_by_one(api: Api) -> None:
    rows = [{"externalCompanyId": key, "company": f"{key} Ltd"} for key in ("X1", "X2")]
    first, second = (row["id"] for row in api.post("/v1/companies.json", {"input": rows})["result"])
    sync(api, [{"email": "anna.berg@example.com", "externalCompanyId": "X1"}])
    body: dict[str, object] = {"input": [{"externalCompanyId": "X1"}, {"externalCompanyId": "Z"}, {"id": 1}]}
    returned = api.post("/v1/companies/delete.json", body)["result"]
    assert returned[0] == {"seq": 0, "id": first, "status": "deleted"}
    assert [(row["seq"], reason(row)) for row in returned[1:]] == [(1, "1013"), (2, "1002")]
    by_id = {"deleteBy": "idField", "input": [{"id": second}]}
    assert api.post("/v1/companies/delete.json", by_id)["result"][0]["status"] == "deleted"
    assert api.get("/v1/companies.json", filterType="id", filterValues=f"{first},{second}")["result"] == []
    assert code(api.post("/v1/companies/delete.json", by_id | {"deleteBy": "company"})) == "1003"
    # Its values are deleted as well, and its id is not reused.
    (anna,) = api.get(f"/v1/lead/{seed.ANNA}.json", fields="company")["result"]
    assert anna == {"id": seed.ANNA}
    (new,) = api.post("/v1/companies.json", {"input": [{"externalCompanyId": "X3"}]})["result"]
    assert new["id"] not in (first, second)


def test_company_fields_are_listed_by_page_and_found_by_name(api: Api) -> None:
    path = "/v1/companies/schema/fields"
    page = api.get(f"{path}.json", batchSize=5)
    rest = api.get(f"{path}.json", nextPageToken=page["nextPageToken"])
    fields = {row["name"]: row for row in page["result"] + rest["result"]}
    assert {"company", "industry", "annualRevenue"} <= set(fields)
    assert "email" not in fields
    assert api.get(f"{path}/industry.json")["result"] == [fields["industry"]]
    assert code(api.get(f"{path}/email.json")) == "1006"
    assert code(api.post(f"{path}.json", {"input": []})) == "605"
