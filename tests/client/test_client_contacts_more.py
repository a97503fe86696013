"""Contacts one at a time, search, merging: the request of each call, and what each refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from client_tools import Hand, answer, hubspot

from airflow_provider_mkt.client.call import Call, JsonBody, Quota, Replay
from airflow_provider_mkt.client.errors import InvalidInput, InvalidRequest, OutcomeUnknown, PlatformError
from airflow_provider_mkt.client.hubspot.contacts import contact_merging, contact_search, contacts

SAFE, WAIT, VERIFY, NEVER = Replay
PREFIX = {
    "v3": "/crm/v3/objects/contacts",
    "2026-03": "/crm/objects/2026-03/contacts",
    "2026-09": "/crm/objects/2026-09/contacts",
}
LINK = {"to": {"id": "5"}, "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}]}
LEADS: contact_search.Filter = {"property_name": "lifecyclestage", "operator": "EQ", "value": "lead"}
SENT = {"propertyName": "lifecyclestage", "operator": "EQ", "value": "lead"}

CALLS: list[tuple[Call[Any], str, str, tuple, Any, Replay]] = [
    (contacts.list(), "GET", "", (("limit", "100"),), None, SAFE),
    (
        contacts.list(
            properties=["email"], properties_with_history=["phone"], associations=["companies"], archived=True
        ),
        "GET",
        "",
        (
            ("properties", "email"),
            ("propertiesWithHistory", "phone"),
            ("associations", "companies"),
            ("archived", "true"),
            ("limit", "50"),
        ),
        None,
        SAFE,
    ),
    (
        contacts.create({"email": "a@example.com"}, associations=[LINK]),
        "POST",
        "",
        (),
        {"properties": {"email": "a@example.com"}, "associations": [LINK]},
        SAFE,
    ),
    (
        contacts.create({"firstname": "Ann", "email": " "}),
        "POST",
        "",
        (),
        {"properties": {"firstname": "Ann", "email": " "}, "associations": []},
        VERIFY,
    ),
    (
        contacts.get("a/1", properties_with_history=["email"], associations=["deals"], archived=True),
        "GET",
        "/a%2F1",
        (("propertiesWithHistory", "email"), ("associations", "deals"), ("archived", "true")),
        None,
        SAFE,
    ),
    (
        contacts.update("a+b@example.com", {"phone": ""}, id_property="email"),
        "PATCH",
        "/a%2Bb%40example.com",
        (("idProperty", "email"),),
        {"properties": {"phone": ""}},
        SAFE,
    ),
    (contacts.archive("7"), "DELETE", "/7", (), None, SAFE),
    (
        contacts.archive_batch(["7", "8"]),
        "POST",
        "/batch/archive",
        (),
        {"inputs": [{"id": "7"}, {"id": "8"}]},
        SAFE,
    ),
    (
        contacts.batch_read(["7"], properties_with_history=["email"], archived=True),
        "POST",
        "/batch/read",
        (("archived", "true"),),
        {"inputs": [{"id": "7"}], "properties": [], "propertiesWithHistory": ["email"]},
        SAFE,
    ),
    (
        contact_search.search([[LEADS]], query="ann", properties=["email"], sort="-createdate", limit=5),
        "POST",
        "/search",
        (),
        {
            "filterGroups": [{"filters": [SENT]}],
            "query": "ann",
            "properties": ["email"],
            "sorts": [{"propertyName": "createdate", "direction": "DESCENDING"}],
            "limit": 5,
            "after": "0",
        },
        SAFE,
    ),
    (
        contact_search.search_all([[LEADS]]),
        "POST",
        "/search",
        (),
        {
            "filterGroups": [{"filters": [SENT]}],
            "properties": [],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "limit": 200,
            "after": "0",
        },
        SAFE,
    ),
    (
        contact_merging.merge("7", "8"),
        "POST",
        "/merge",
        (),
        {"primaryObjectId": "7", "objectIdToMerge": "8"},
        NEVER,
    ),
    (
        contacts.gdpr_delete("a@example.com", id_property="email"),
        "POST",
        "/gdpr-delete",
        (),
        {"objectId": "a@example.com", "idProperty": "email"},
        NEVER,
    ),
]


@pytest.mark.parametrize("row", CALLS, ids=[f"{n}-{row[0].name}" for n, row in enumerate(CALLS)])
@pytest.mark.parametrize("profile", sorted(PREFIX))
def test_the_request_of_a_call(row: tuple, profile: str) -> None:
    call, method, tail, query, body, replay = row
    request = hubspot(api_version=profile).build(call, "T")
    assert (request.method, urlsplit(request.url).path) == (method, PREFIX[profile] + tail)
    assert request.query == query
    assert (request.body.value if isinstance(request.body, JsonBody) else request.body) == body
    assert call.replay is replay
    assert call.scopes
    assert call.quota is (Quota.SEARCH if tail == "/search" else Quota.CALLS)


def only(**changes: Any) -> Callable[[], object]:
    return lambda: contact_search.search([[{**LEADS, **changes}]])  # type: ignore[list-item]


BAD: list[tuple[Callable[[], object], str]] = [
    (lambda: contacts.list(limit=101), "limit"),
    (lambda: contacts.list(limit=51, properties_with_history=["email"]), "limit"),
    (lambda: contacts.list(properties="secret"), "properties"),
    (lambda: contacts.list(associations=[""]), "associations[0]"),
    (lambda: contacts.create({}), "properties"),
    (lambda: contacts.create({"email": 5}), "properties.email"),
    (lambda: contacts.update("..", {"email": "x"}), "contact_id"),
    (lambda: contacts.update("7", "secret"), "properties"),
    (lambda: contacts.archive(""), "contact_id"),
    (lambda: contacts.archive_batch([]), "ids"),
    (lambda: contacts.archive_batch("secret"), "ids"),
    (lambda: contacts.archive_batch(["7", True]), "ids[1]"),
    (lambda: contacts.batch_read(["7"] * 51, properties_with_history=["email"]), "ids"),
    (lambda: contact_merging.merge("7", " 7"), "merged_id"),
    (lambda: contact_merging.merge(True, "8"), "primary_id"),
    (lambda: contacts.gdpr_delete(""), "contact_id"),
    (lambda: contacts.gdpr_delete("7", id_property=""), "id_property"),
    (lambda: contact_search.search(limit=201), "limit"),
    (lambda: contact_search.search(query=""), "query"),
    (lambda: contact_search.search(sort="-"), "sort"),
    (lambda: contact_search.search(properties="secret"), "properties"),
    (lambda: contact_search.search("secret"), "filter_groups"),
    (lambda: contact_search.search([LEADS]), "filter_groups[0]"),
    (lambda: contact_search.search([[]]), "filter_groups[0]"),
    (lambda: contact_search.search([["secret"]]), "filter_groups[0][0]"),
    (lambda: contact_search.search([[LEADS]] * 6), "filter_groups"),
    (lambda: contact_search.search([[LEADS] * 7]), "filter_groups[0]"),
    (lambda: contact_search.search([[LEADS] * 5] * 4), "filter_groups"),
    (lambda: contact_search.search([[{**LEADS, "value": "x" * 3000}]]), "filter_groups"),
    (lambda: contact_search.search_all([[LEADS] * 6]), "filter_groups[0]"),
    (lambda: contact_search.search_all([[LEADS] * 4] * 4), "filter_groups"),
    (lambda: contact_search.search_all([[{**LEADS, "value": "x" * 2750}]]), "filter_groups"),
    (only(secret=1), "filter_groups[0][0]"),
    (only(property_name=""), "filter_groups[0][0].property_name"),
    (only(operator="LIKE"), "filter_groups[0][0].operator"),
    (only(value=5), "filter_groups[0][0].value"),
    (only(operator="BETWEEN"), "filter_groups[0][0].high_value"),
    (only(operator="IN", values="secret"), "filter_groups[0][0].values"),
    (only(operator="IN", values=[5]), "filter_groups[0][0].values[0]"),
]


@pytest.mark.parametrize(("make", "field"), BAD, ids=[f"{n}-{field}" for n, (_, field) in enumerate(BAD)])
def test_bad_input_is_refused_by_field_without_being_repeated(make: Callable[[], object], field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        make()
    assert refusal.value.field == field
    assert "secret" not in f"{refusal.value!s} {vars(refusal.value)}"


def body_of(call: Call[Any] | None) -> dict[str, Any]:
    assert call is not None
    assert isinstance(call.body, JsonBody)
    assert isinstance(call.body.value, dict)
    return call.body.value


def page(*ids: int, after: int | None = None) -> dict[str, Any]:
    paging = {} if after is None else {"paging": {"next": {"after": str(after)}}}
    return {"total": 9, "results": [{"id": str(one)} for one in ids], **paging}


def test_a_search_pages_by_its_offset_and_shortens_the_page_below_the_ceiling() -> None:
    call = contact_search.search(limit=150)
    following = body_of(call.next_page(page(1, after=150)))
    assert (following["after"], following["limit"]) == ("150", 150)
    assert body_of(call.next_page(page(1, after=9900)))["limit"] == 100
    assert call.next_page(page(1)) is None


def test_a_search_over_the_ceiling_is_an_error_and_no_short_answer() -> None:
    with pytest.raises(InvalidRequest, match="search_all"):
        contact_search.search().next_page(page(1, after=10_000))


def test_a_search_of_all_goes_on_beyond_the_last_id_in_every_group() -> None:
    other = {"property_name": "email", "operator": "HAS_PROPERTY"}
    call = contact_search.search_all([[LEADS], [other]])  # type: ignore[list-item]
    second = call.next_page(page(7, 31, after=2))
    beyond = {"propertyName": "hs_object_id", "operator": "GT", "value": "31"}
    groups = [group["filters"] for group in body_of(second)["filterGroups"]]
    assert groups == [[SENT, beyond], [{"propertyName": "email", "operator": "HAS_PROPERTY"}, beyond]]
    assert body_of(second)["after"] == "0"
    assert second is not None
    third = second.next_page(page(32, after=1))
    assert [group["filters"][-1]["value"] for group in body_of(third)["filterGroups"]] == ["32", "32"]
    assert second.next_page(page(32)) is None
    assert second.next_page(page()) is None


def test_a_search_of_all_without_filters_and_a_full_page_that_names_no_next_goes_on() -> None:
    call = contact_search.search_all()
    full = page(*range(1, 201))
    assert body_of(call.next_page(full))["filterGroups"] == [
        {"filters": [{"propertyName": "hs_object_id", "operator": "GT", "value": "200"}]}
    ]


@pytest.mark.parametrize("ids", [(7, 5), (7, 7)])
def test_rows_out_of_order_end_a_search_of_all_with_an_error(ids: tuple[int, int]) -> None:
    with pytest.raises(PlatformError, match="order"):
        contact_search.search_all().next_page(page(*ids, after=2))


def test_a_platform_that_ignores_the_floor_does_not_make_it_go_round_in_circles() -> None:
    second = contact_search.search_all().next_page(page(7, 31, after=2))
    assert second is not None
    with pytest.raises(PlatformError, match="order"):
        second.next_page(page(7, 31, after=2))


@pytest.mark.parametrize(
    "call", [contact_merging.merge("7", "8"), contacts.gdpr_delete("7")], ids=["merge", "purge"]
)
def test_what_cannot_be_taken_back_is_not_sent_again_when_its_answer_is_lost(call: Call[Any]) -> None:
    hand = Hand(call, hubspot()).give(answer(524))
    assert isinstance(hand.error, OutcomeUnknown)
    assert len(hand.requests) == 1
