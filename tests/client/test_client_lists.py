"""The requests of lists in both profiles, what each refuses, and how they are paged."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from client_tools import hubspot

from airflow_provider_mkt.client.call import Call, JsonBody, Replay
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.lists import (
    list_conversions,
    list_folders,
    list_legacy_ids,
    list_memberships,
    lists,
)
from airflow_provider_mkt.client.hubspot.versions import PROFILES

SAFE, WAIT, VERIFY, NEVER = Replay
NOON = dt.datetime(2026, 7, 1, 12, tzinfo=dt.timezone(dt.timedelta(hours=2)))
BRANCH = {"filterBranchType": "OR", "filterBranches": [], "filters": []}
SEARCH = {"listIds": [], "processingTypes": [], "additionalProperties": [], "count": 500, "offset": 0}
members = list_memberships

ROWS: list[tuple[Call[Any], str, str, tuple, Any, Replay]] = [
    (lists.get(7), "GET", "/7", (), None, SAFE),
    (lists.get("7", include_filters=True), "GET", "/7", (("includeFilters", "true"),), None, SAFE),
    (lists.batch_read([7, "8"]), "GET", "", (("listIds", "7"), ("listIds", "8")), None, SAFE),
    (lists.by_name("A / B"), "GET", "/object-type-id/0-1/name/A%20%2F%20B", (), None, SAFE),
    (lists.search(), "POST", "/search", (), SEARCH, SAFE),
    (
        lists.search(
            query="a",
            list_ids=[7],
            processing_types=["MANUAL"],
            object_type_id="0-2",
            additional_properties=["hs_list_size"],
            sort="-name",
            count=2,
            offset=4,
        ),
        "POST",
        "/search",
        (),
        {
            "listIds": ["7"],
            "processingTypes": ["MANUAL"],
            "additionalProperties": ["hs_list_size"],
            "count": 2,
            "offset": 4,
            "query": "a",
            "objectTypeId": "0-2",
            "sort": "-name",
        },
        SAFE,
    ),
    (
        lists.create("A"),
        "POST",
        "",
        (),
        {"name": "A", "objectTypeId": "0-1", "processingType": "MANUAL"},
        VERIFY,
    ),
    (
        lists.create("A", processing_type="DYNAMIC", filter_branch=BRANCH, folder_id=3),
        "POST",
        "",
        (),
        {
            "name": "A",
            "objectTypeId": "0-1",
            "processingType": "DYNAMIC",
            "filterBranch": BRANCH,
            "listFolderId": 3,
        },
        VERIFY,
    ),
    (lists.rename(7, "B & C"), "PUT", "/7/update-list-name", (("listName", "B & C"),), None, SAFE),
    (
        lists.rename(7, "B", include_filters=True),
        "PUT",
        "/7/update-list-name",
        (("listName", "B"), ("includeFilters", "true")),
        None,
        SAFE,
    ),
    (
        lists.update_filters(7, BRANCH),
        "PUT",
        "/7/update-list-filters",
        (("enrollObjectsInWorkflows", "false"),),
        {"filterBranch": BRANCH},
        SAFE,
    ),
    (lists.delete(7), "DELETE", "/7", (), None, SAFE),
    (lists.restore(7), "PUT", "/7/restore", (), None, SAFE),
    (
        lists.size_history(7, start=NOON),
        "GET",
        "/7/size-and-edits-history/between",
        (("startDate", "2026-07-01T10:00:00.000Z"),),
        None,
        SAFE,
    ),
    (list_legacy_ids.get(3), "GET", "/idmapping", (("legacyListId", "3"),), None, SAFE),
    (list_legacy_ids.batch_read([3, "4"]), "POST", "/idmapping", (), ["3", "4"], SAFE),
    (members.members(7), "GET", "/7/memberships", (("limit", "250"),), None, SAFE),
    (
        members.by_join_time(7, limit=2, before="x"),
        "GET",
        "/7/memberships/join-order",
        (("limit", "2"), ("before", "x")),
        None,
        SAFE,
    ),
    (members.add(7, [1, "2"]), "PUT", "/7/memberships/add", (), ["1", "2"], SAFE),
    (members.remove(7, [1]), "PUT", "/7/memberships/remove", (), ["1"], SAFE),
    (
        members.add_and_remove(7, record_ids_to_add=[1]),
        "PUT",
        "/7/memberships/add-and-remove",
        (),
        {"recordIdsToAdd": ["1"], "recordIdsToRemove": []},
        SAFE,
    ),
    (members.add_from(7, 8), "PUT", "/7/memberships/add-from/8", (), None, SAFE),
    (members.remove_all(7), "DELETE", "/7/memberships", (), None, SAFE),
    (members.of_record(1), "GET", "/records/0-1/1/memberships", (), None, SAFE),
    (
        members.batch_read([1]),
        "POST",
        "/records/memberships/batch/read",
        (),
        {"inputs": [{"objectTypeId": "0-1", "recordId": "1"}]},
        SAFE,
    ),
    (list_folders.get(), "GET", "/folders", (("folderId", "0"),), None, SAFE),
    (list_folders.create("A"), "POST", "/folders", (), {"name": "A"}, VERIFY),
    (
        list_folders.create("A", parent_folder_id=3),
        "POST",
        "/folders",
        (),
        {"name": "A", "parentFolderId": "3"},
        VERIFY,
    ),
    (list_folders.move(3, 0), "PUT", "/folders/3/move/0", (), None, SAFE),
    (list_folders.rename(3, "B"), "PUT", "/folders/3/rename", (("newFolderName", "B"),), None, SAFE),
    (list_folders.delete(3), "DELETE", "/folders/3", (), None, SAFE),
    (
        list_folders.move_list(7, 3),
        "PUT",
        "/folders/move-list",
        (),
        {"listId": "7", "newFolderId": "3"},
        SAFE,
    ),
    (list_conversions.get(7), "GET", "/7/schedule-conversion", (), None, SAFE),
    (
        list_conversions.on_date(7, dt.date(2026, 12, 1)),
        "PUT",
        "/7/schedule-conversion",
        (),
        {"conversionType": "CONVERSION_DATE", "year": 2026, "month": 12, "day": 1},
        SAFE,
    ),
    (
        list_conversions.when_inactive(7, 2, "WEEK"),
        "PUT",
        "/7/schedule-conversion",
        (),
        {"conversionType": "INACTIVITY", "offset": 2, "timeUnit": "WEEK"},
        SAFE,
    ),
    (list_conversions.cancel(7), "DELETE", "/7/schedule-conversion", (), None, SAFE),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0].name)
@pytest.mark.parametrize(
    ("profile", "prefix"), [("v3", "/crm/v3/lists"), *((one, f"/crm/lists/{one}") for one in PROFILES[1:])]
)
def test_the_request_in_both_profiles(row: tuple, profile: str, prefix: str) -> None:
    call, method, tail, query, body, replay = row
    request = hubspot(api_version=profile).build(call, "T")
    assert (request.method, urlsplit(request.url).path) == (method, prefix + tail)
    assert request.query == query
    assert (request.body.value if isinstance(request.body, JsonBody) else request.body) == body
    assert call.replay is replay


MANY = list(range(1, 10_002))
BAD: list[tuple[Callable[[], object], str]] = [
    (lambda: lists.get(""), "list_id"),
    (lambda: lists.batch_read([]), "list_ids"),
    (lambda: lists.batch_read("123"), "list_ids"),
    (lambda: lists.batch_read([1, ""]), "list_ids[1]"),
    (lambda: lists.by_name(" "), "list_name"),
    (lambda: lists.search(count=501), "count"),
    (lambda: lists.search(offset=-1), "offset"),
    (lambda: lists.search(processing_types=["MANUAL", "OTHER"]), "processing_types[1]"),  # type: ignore[list-item]
    (lambda: lists.search(processing_types="MANUAL"), "processing_types"),  # type: ignore[arg-type]
    (lambda: lists.search(list_ids="123"), "list_ids"),
    (lambda: lists.search(additional_properties=[5]), "additional_properties[0]"),  # type: ignore[list-item]
    (lambda: lists.create(""), "list_name"),
    (lambda: lists.create("A", processing_type="STATIC"), "processing_type"),  # type: ignore[arg-type]
    (lambda: lists.create("A", processing_type="DYNAMIC"), "filter_branch"),
    (lambda: lists.create("A", filter_branch=BRANCH), "filter_branch"),
    (lambda: lists.create("A", processing_type="SNAPSHOT", filter_branch=[1]), "filter_branch"),  # type: ignore[arg-type]
    (lambda: lists.create("A", custom_properties="x"), "custom_properties"),  # type: ignore[arg-type]
    (lambda: lists.rename(7, " "), "list_name"),
    (lambda: lists.update_filters(7, {}), "filter_branch"),
    (lambda: lists.size_history(7, start=dt.datetime(2026, 7, 1)), "start"),
    (lambda: lists.size_history(7, start=NOON, end=NOON - dt.timedelta(1)), "end"),
    (lambda: list_legacy_ids.get(""), "legacy_list_id"),
    (lambda: list_legacy_ids.batch_read(MANY), "legacy_list_ids"),
    (lambda: members.members(7, limit=251), "limit"),
    (lambda: members.members(7, limit=0), "limit"),
    (lambda: members.by_join_time(7, after="a", before="b"), "before"),
    (lambda: members.add(7, []), "record_ids_to_add"),
    (lambda: members.add(7, MANY), "record_ids_to_add"),
    (lambda: members.add(7, "123"), "record_ids_to_add"),
    (lambda: members.remove(7, [1, None]), "record_ids_to_remove[1]"),  # type: ignore[list-item]
    (lambda: members.add_and_remove(7), "record_ids_to_add"),
    (
        lambda: members.add_and_remove(7, record_ids_to_add=[1], record_ids_to_remove=["1"]),
        "record_ids_to_remove",
    ),
    (lambda: members.add_from(7, ".."), "source_list_id"),
    (lambda: members.of_record(True), "record_id"),
    (lambda: members.batch_read([1] * 101), "wanted"),
    (lambda: list_folders.create(" "), "folder_name"),
    (lambda: list_folders.move("", 1), "folder_id"),
    (lambda: list_folders.rename(3, ""), "folder_name"),
    (lambda: list_folders.move_list(True, 3), "list_id"),
    (lambda: list_conversions.on_date(7, NOON), "day"),
    (lambda: list_conversions.on_date(7, "2026-12-01"), "day"),  # type: ignore[arg-type]
    (lambda: list_conversions.when_inactive(7, 0, "DAY"), "amount"),
    (lambda: list_conversions.when_inactive(7, 1, "YEAR"), "unit"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("make", "field"), BAD, ids=[f"{n}-{field}" for n, (_, field) in enumerate(BAD)])
def test_bad_input_is_refused_by_field(make: Callable[[], object], field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        make()
    assert refusal.value.field == field


def test_the_search_goes_on_where_its_answer_ended() -> None:
    first = lists.search(query="a", count=2)
    second = first.next_page({"lists": [{}, {}], "hasMore": True, "offset": 2})
    assert second is not None
    assert second.body == JsonBody({**SEARCH, "query": "a", "count": 2, "offset": 2})
    third = second.next_page({"lists": [{}, {}], "hasMore": True, "offset": 4})
    assert third is not None
    assert third.body == JsonBody({**SEARCH, "query": "a", "count": 2, "offset": 4})
    assert third.next_page({"lists": [{}], "hasMore": False, "offset": 5}) is None


def test_going_back_ends_with_its_one_page() -> None:
    envelope = {"results": [], "paging": {"next": {"after": "x"}, "prev": {"before": "y"}}}
    assert members.members(7, before="z").next_page(envelope) is None
    following = members.members(7).next_page(envelope)
    assert following is not None
    assert dict(following.query)["after"] == "x"


@pytest.mark.parametrize("spelling", ["recordsIdsAdded", "recordIdsAdded"])
def test_who_was_added_is_read_in_either_spelling(spelling: str) -> None:
    answer = {spelling: ["1"], "recordIdsRemoved": [2], "recordIdsMissing": []}
    assert members.add(7, [1]).read(answer) == {"added": ["1"], "removed": ["2"], "missing": []}
    with pytest.raises(ValueError, match="added"):
        members.add(7, [1]).read({"recordIdsRemoved": [], "recordIdsMissing": []})


def test_a_batch_that_is_not_complete_is_not_read() -> None:
    with pytest.raises(ValueError, match="not complete"):
        members.batch_read([1]).read({"status": "PENDING", "results": []})
