"""What HubSpot's error bodies say about single values, in each form they have."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_provider_mkt.client.errors import InvalidInput, InvalidRequest, Problem
from airflow_provider_mkt.client.hubspot.automation import flows
from airflow_provider_mkt.client.hubspot.campaigns import campaigns
from airflow_provider_mkt.client.hubspot.contacts import contact_search, contacts
from airflow_provider_mkt.client.hubspot.events import marketing_event_objects, marketing_events
from airflow_provider_mkt.client.hubspot.lists import list_memberships
from airflow_provider_mkt.client.hubspot.platform import HubSpot, HubSpotAccount
from airflow_provider_mkt.client.hubspot.problems import SENTENCE_MAX, problems_of, text_of
from airflow_provider_mkt.client.redaction import redact
from airflow_provider_mkt.client.transport.platform import Response

SENTENCE = "XXL was not one of the allowed options: [S, M, L]"
BAD = Problem("INVALID_OPTION", SENTENCE, ("size",))
IN_MESSAGE = [
    {"isValid": False, "message": SENTENCE, "error": "INVALID_OPTION", "name": "size"},
]
LISTED = [{"message": SENTENCE, "code": "INVALID_OPTION", "context": {"propertyName": ["size"]}}]


def message(described: list[dict[str, Any]]) -> str:
    return f"Property values were not valid: {json.dumps(described)}"


@pytest.mark.parametrize(
    "body",
    [
        {"message": message(IN_MESSAGE)},
        {"message": "Property values were not valid", "errors": LISTED},
        {"message": message(IN_MESSAGE), "errors": LISTED},
        {"message": message(IN_MESSAGE * 2), "errors": LISTED * 2},
    ],
)
def test_a_value_that_is_wrong_is_reported_once(body: dict[str, Any]) -> None:
    assert problems_of(body) == (BAD,)
    assert text_of(body) == f"size: {SENTENCE}"


def test_several_values_are_reported_and_the_rest_is_counted() -> None:
    described = [{**IN_MESSAGE[0], "name": f"size_{n}"} for n in range(5)]
    text = text_of({"message": message(described)})
    assert text.count(SENTENCE) == 3
    assert text.endswith("; and 2 more")


def test_a_long_sentence_is_cut() -> None:
    described = [{**IN_MESSAGE[0], "message": "x" * 5_000}]
    assert len(text_of({"message": message(described)})) < SENTENCE_MAX + 50


def test_a_list_that_is_cut_short_still_names_its_code() -> None:
    (problem,) = problems_of({"message": message(IN_MESSAGE)[:-3]})
    assert problem == BAD


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"message": "no such list"}, "no such list"),
        ({"message": "refused", "errors": [{"message": "because"}]}, "refused; because"),
        ({"message": "Bad input: [1, 2]"}, "Bad input: [1, 2]"),
        ({"error_description": "bad token"}, "bad token"),
        ({"message": "Cannot write [{]"}, "Cannot write [{]"),
        ({}, ""),
    ],
)
def test_other_messages_stay_as_they_are(body: dict[str, Any], text: str) -> None:
    assert problems_of(body) == ()
    assert text_of(body) == text


def test_the_error_has_the_problems_without_personal_data() -> None:
    said = "Email address ada.lovelace@example.com is invalid"
    body = {"category": "VALIDATION_ERROR", "message": message([{**IN_MESSAGE[0], "message": said}])}
    call = contacts.create({"email": "x"})
    error = hubspot().classify(call, Response(400, {}, json.dumps(body).encode())).error  # type: ignore[union-attr]
    assert isinstance(error, InvalidRequest)
    assert (error.code, error.problems[0].code) == ("VALIDATION_ERROR", "INVALID_OPTION")
    assert error.problems[0].message == redact(said)


# -- too much in one URL or one search ------------------------------------------------------------------

NAMES = [f"custom_property_number_{n:04d}" for n in range(1_000)]


def hubspot() -> HubSpot:
    return HubSpot(HubSpotAccount(access_token="t"))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (contacts.list(properties=NAMES), "properties"),
        (contacts.list(properties=NAMES[:9], properties_with_history=NAMES), "propertiesWithHistory"),
        (contacts.get("1", properties=NAMES), "properties"),
        (campaigns.list(properties=NAMES), "properties"),
    ],
)
def test_a_url_that_is_too_long_is_refused_by_the_argument_at_fault(call: Any, field: str) -> None:
    with pytest.raises(InvalidInput, match=r"at most 8,000; .*contacts\.batch_read") as refusal:
        hubspot().build(call, "t")
    assert (refusal.value.field, refusal.value.call) == (field, call.name)


def test_many_properties_fit_into_a_body() -> None:
    hubspot().build(contacts.batch_read(["1"], properties=NAMES), "t")
    hubspot().build(contacts.list(properties=NAMES[:250]), "t")


@pytest.mark.parametrize("search", [contact_search.search, contact_search.search_all])
def test_a_search_that_is_too_large_names_the_argument_at_fault(search: Any) -> None:
    few = [[{"property_name": "email", "operator": "EQ", "value": "a@example.com"}]]
    many = [[{"property_name": "email", "operator": "IN", "values": NAMES}]]
    with pytest.raises(InvalidInput, match=r"at most 3,000; .*contacts\.batch_read") as refusal:
        search(few, properties=NAMES)
    assert refusal.value.field == "properties"
    with pytest.raises(InvalidInput, match="at most 3,000") as refusal:
        search(many, properties=NAMES[:3])
    assert refusal.value.field == "filter_groups"
    with pytest.raises(InvalidInput, match="at most 3,000") as refusal:
        search(few, query="x" * 3_000)
    assert refusal.value.field == "query"


EVENT = {
    "external_event_id": "e",
    "external_account_id": "a",
    "name": "N",
    "organizer": "O",
}


@pytest.mark.parametrize(
    ("call", "answered", "missing"),
    [
        (contacts.batch_read(["1", "2"]), {"id": "1"}, "2"),
        (list_memberships.batch_read(["1", "2"]), {"recordId": "1", "recordListMemberships": []}, "2"),
        (flows.batch_read([1, 2]), {"id": "1"}, "2"),
        (flows.workflow_ids([1, 2]), {"flowId": 1, "workflowId": 7}, "2"),
        (
            marketing_event_objects.update_batch([{"object_id": n, "name": "N"} for n in (1, 2)]),
            {"objectId": "1", "eventName": "N"},
            "2",
        ),
        (
            marketing_events.upsert_batch([EVENT, {**EVENT, "external_event_id": "f"}]),
            {"id": "7", "externalEventId": "e", "eventName": "N"},
            "f",
        ),
    ],
)
def test_an_input_that_a_batch_does_not_answer_is_an_error(
    call: Any, answered: dict[str, Any], missing: str
) -> None:
    def errors(envelope: dict[str, Any]) -> list[dict[str, Any]]:
        batch = call.read({"status": "COMPLETE", **envelope})
        found = batch["errors"] if isinstance(batch, dict) else batch.errors
        return [one if isinstance(one, dict) else one.model_dump() for one in found]

    (error,) = errors({"results": [answered]})
    assert (error["category"], error["context"]) == ("NOT_IN_ANSWER", {"ids": [missing]})
    refused = {"category": "OBJECT_NOT_FOUND", "message": "none", "context": {"ids": [missing]}}
    assert [one["category"] for one in errors({"results": [answered], "errors": [refused]})] == [
        "OBJECT_NOT_FOUND"
    ]
    # Whatever they are named, two results answer two inputs.
    assert errors({"results": [answered, {**answered, "id": "merged"}]}) == []
