"""Reading activities: paging tokens, blocks, late rows and changes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from marketo_tools import Api, code

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


def token(api: Api, since: str = "2025-01-01T00:00:00Z") -> str:
    return str(api.get("/v1/activities/pagingtoken.json", sinceDatetime=since)["nextPageToken"])


def upsert(api: Api, *rows: dict[str, object]) -> list[int]:
    return [row["id"] for row in api.post("/v1/leads.json", {"input": list(rows)})["result"]]


def test_types_are_described_with_their_primary_attribute(api: Api) -> None:
    kinds = {row["id"]: row for row in api.get("/v1/activities/types.json")["result"]}
    assert kinds[6]["name"] == "Send Email"
    assert kinds[6]["primaryAttribute"]["name"] == "Mailing ID"
    assert {12, 13, 24, 37, 47, 104, 113, 145} <= set(kinds)


def test_a_paging_token_has_no_result_and_needs_a_date_without_milliseconds(api: Api) -> None:
    answer = api.get("/v1/activities/pagingtoken.json", sinceDatetime="2025-01-01T00:00:00-08:00")
    assert "result" not in answer
    assert code(api.get("/v1/activities/pagingtoken.json")) == "1002"
    for wrong in ("2025-01-01T00:00:00.000Z", "yesterday"):
        assert code(api.get("/v1/activities/pagingtoken.json", sinceDatetime=wrong)) == "1003"


def test_the_last_page_has_a_token_for_the_next_poll(api: Api) -> None:
    page = api.get("/v1/activities.json", nextPageToken=token(api), activityTypeIds="12")
    assert (len(page["result"]), page["moreResult"]) == (5, False)
    upsert(api, {"email": "next@example.com"})
    more = api.get("/v1/activities.json", nextPageToken=page["nextPageToken"], activityTypeIds="12")
    assert len(more["result"]) == 1


def test_sparse_filters_return_empty_pages_before_the_last(api: Api) -> None:
    for start in (0, 300):
        upsert(api, *({"email": f"a{start + n}@example.com"} for n in range(300)))
    api.post(f"/v1/lists/{seed.STATIC_LIST}/leads.json", None, id=seed.DAVID)
    pages = []
    paging_token = token(api)
    while True:
        page = api.get("/v1/activities.json", nextPageToken=paging_token, activityTypeIds="24")
        pages.append(len(page["result"]))
        paging_token = page["nextPageToken"]
        if not page["moreResult"]:
            break
    assert pages == [0, 0, 1]


def test_a_late_row_is_missed_by_a_reader_without_overlap(api: Api) -> None:
    body = {"input": {"leads": [{"id": seed.ANNA}]}}
    api.post(f"/v1/campaigns/{seed.REQUEST_CAMPAIGN}/trigger.json", body)
    api.advance(3)
    api.get("/v1/leads/partitions.json")
    upsert(api, {"email": "newer@example.com"})
    first = api.get("/v1/activities.json", nextPageToken=token(api), activityTypeIds="6,12")
    assert [row["activityTypeId"] for row in first["result"]] == [12] * 6
    api.advance(10)
    going_on = api.get("/v1/activities.json", nextPageToken=first["nextPageToken"], activityTypeIds="6,12")
    assert going_on["result"] == []
    assert len(api.activities(6)) == 1


def test_activities_are_filtered_by_lead_list_and_asset(api: Api) -> None:
    upsert(
        api,
        {"email": "anna.berg@example.com", "phone": "1"},
        {"email": "david.osei@example.com", "phone": "2"},
    )
    query = {"nextPageToken": token(api), "activityTypeIds": "13"}
    by_lead = api.get("/v1/activities.json", **query, leadIds=f"{seed.DAVID}")["result"]
    by_list = api.get("/v1/activities.json", **query, listId=seed.STATIC_LIST)["result"]
    assert ([row["leadId"] for row in by_lead], [row["leadId"] for row in by_list]) == (
        [seed.DAVID],
        [seed.ANNA],
    )
    asset = by_lead[0]["primaryAttributeValueId"]
    assert len(api.get("/v1/activities.json", **query, assetIds=asset)["result"]) == 2
    assert len({row["marketoGUID"] for row in by_lead + by_list}) == 2


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ({}, "1002"),
        ({"activityTypeIds": "37"}, "1003"),
        ({"activityTypeIds": ",".join(str(n) for n in range(1, 12))}, "1003"),
        ({"activityTypeIds": "6", "leadIds": ",".join(str(n) for n in range(31))}, "1003"),
        ({"activityTypeIds": "6,7", "assetIds": "1"}, "1003"),
        ({"activityTypeIds": "6", "listId": "9"}, "1013"),
        ({"activityTypeIds": "6", "batchSize": "301"}, "1003"),
        ({"activityTypeIds": "six"}, "1001"),
    ],
)
def test_an_invalid_query_has_its_code(api: Api, query: dict[str, str], wanted: str) -> None:
    assert code(api.get("/v1/activities.json", nextPageToken=token(api), **query)) == wanted


def test_an_unknown_paging_token_is_rejected(api: Api) -> None:
    assert code(api.get("/v1/activities.json", activityTypeIds="6")) == "1002"
    assert code(api.get("/v1/activities.json", activityTypeIds="6", nextPageToken="nonsense")) == "1003"


def test_changes_have_old_and_new_values_of_the_requested_fields(api: Api) -> None:
    upsert(api, {"email": "anna.berg@example.com", "firstName": "Annika", "phone": "1"})
    upsert(api, {"email": "anna.berg@example.com", "firstName": "Annika"})
    answer = api.get("/v1/activities/leadchanges.json", nextPageToken=token(api), fields="firstName")
    (row,) = [row for row in answer["result"] if row["activityTypeId"] == 13]
    (field,) = row["fields"]
    assert (field["name"], field["oldValue"], field["newValue"]) == ("firstName", "Anna", "Annika")
    assert [row["activityTypeId"] for row in answer["result"]].count(12) == 5
    assert code(api.get("/v1/activities/leadchanges.json", nextPageToken=token(api))) == "1002"


def test_activities_have_the_request_id_of_their_request(api: Api) -> None:
    body = {"input": [{"email": "anna.berg@example.com", "firstName": "Annika"}]}
    said = api.post("/v1/leads.json", body)["requestId"]
    (row,) = api.activities(13)
    attributes = {one["name"]: one["value"] for one in row["attributes"]}
    assert (attributes["Request Id"], attributes["API Method Name"]) == (said, "syncLead")


def test_deleted_leads_are_forgotten_after_two_weeks(api: Api) -> None:
    api.post("/v1/leads/delete.json", {"input": [{"id": seed.ANNA}]})
    paging_token = token(api, f"{api.sandbox.clock.now() - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}")
    assert len(api.get("/v1/activities/deletedleads.json", nextPageToken=paging_token)["result"]) == 1
    api.advance(15 * 86_400)
    assert (
        Api(api.sandbox).get("/v1/activities/deletedleads.json", nextPageToken=paging_token)["result"] == []
    )
