"""The requests of subscriptions in both profiles, what each refuses, and one shape out of two APIs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from client_tools import Hand, answer, hubspot

from airflow_provider_mkt.client.call import Call, JsonBody, Replay
from airflow_provider_mkt.client.errors import InvalidInput, InvalidRequest, ServerUnavailable
from airflow_provider_mkt.client.hubspot.subscriptions import subscription_batches as batches
from airflow_provider_mkt.client.hubspot.subscriptions import subscription_statuses as states
from airflow_provider_mkt.client.hubspot.subscriptions import subscriptions

JANE = "jane.doe+x@example.com"
PERSON = "jane.doe%2Bx%40example.com"
LEGAL: dict[str, Any] = {"legal_basis": "NON_GDPR", "explanation": "signed up"}
SENT_LEGAL = {"legalBasis": "NON_GDPR", "legalBasisExplanation": "signed up"}
CHANNEL = (("channel", "EMAIL"),)
V3, V4, MARCH, SEPTEMBER = (f"/communication-preferences/{one}" for one in ("v3", "v4", "2026-03", "2026-09"))
ExpectedRequest = tuple[str, str, tuple, Any]

BOTH: list[tuple[Call[Any], ExpectedRequest, ExpectedRequest]] = [
    (
        subscriptions.definitions(),
        ("GET", f"{V3}/definitions", (), None),
        ("GET", f"{MARCH}/definitions", (), None),
    ),
    (
        subscriptions.statuses(JANE),
        ("GET", f"{V3}/status/email/{PERSON}", (), None),
        ("GET", f"{MARCH}/statuses/{PERSON}", CHANNEL, None),
    ),
    (
        subscriptions.subscribe(JANE, 7, **LEGAL),
        ("POST", f"{V3}/subscribe", (), {"emailAddress": JANE, "subscriptionId": "7", **SENT_LEGAL}),
        (
            "POST",
            f"{MARCH}/statuses/{PERSON}",
            (),
            {"channel": "EMAIL", "statusState": "SUBSCRIBED", "subscriptionId": 7, **SENT_LEGAL},
        ),
    ),
    (
        subscriptions.unsubscribe(JANE, "7"),
        ("POST", f"{V3}/unsubscribe", (), {"emailAddress": JANE, "subscriptionId": "7"}),
        (
            "POST",
            f"{MARCH}/statuses/{PERSON}",
            (),
            {"channel": "EMAIL", "statusState": "UNSUBSCRIBED", "subscriptionId": 7},
        ),
    ),
]
ONE_STATE = {"channel": "EMAIL", "statusState": "UNSUBSCRIBED", "subscriptionId": 7}
SAME: list[tuple[Call[Any], ExpectedRequest]] = [
    (states.definitions(), ("GET", "/definitions", (), None)),
    (
        states.definitions(business_unit_id=3, include_translations=True),
        ("GET", "/definitions", (("businessUnitId", "3"), ("includeTranslations", "true")), None),
    ),
    (states.links(JANE), ("POST", "/links/generate", CHANNEL, {"subscriberIdString": JANE})),
    (
        states.links(JANE, subscription_id="7", language="de", business_unit_id=3),
        (
            "POST",
            "/links/generate",
            (*CHANNEL, ("businessUnitId", "3")),
            {"subscriberIdString": JANE, "subscriptionId": 7, "language": "de"},
        ),
    ),
    (states.get(JANE), ("GET", f"/statuses/{PERSON}", CHANNEL, None)),
    (
        states.set_status(JANE, 7, "UNSUBSCRIBED", **LEGAL),
        ("POST", f"/statuses/{PERSON}", (), {**ONE_STATE, **SENT_LEGAL}),
    ),
    (
        states.get_unsubscribed_from_all(JANE, verbose=True),
        ("GET", f"/statuses/{PERSON}/unsubscribe-all", (*CHANNEL, ("verbose", "true")), None),
    ),
    (
        states.unsubscribe_from_all(JANE, business_unit_id=3),
        ("POST", f"/statuses/{PERSON}/unsubscribe-all", (*CHANNEL, ("businessUnitId", "3")), None),
    ),
    (batches.read([JANE]), ("POST", "/statuses/batch/read", CHANNEL, {"inputs": [JANE]})),
    (
        batches.read_unsubscribed_from_all([JANE]),
        ("POST", "/statuses/batch/unsubscribe-all/read", CHANNEL, {"inputs": [JANE]}),
    ),
    (
        batches.unsubscribe_from_all([JANE], verbose=True),
        (
            "POST",
            "/statuses/batch/unsubscribe-all",
            (*CHANNEL, ("verbose", "true")),
            {"inputs": [JANE]},
        ),
    ),
    (
        batches.write([{"email": JANE, "subscription_id": 7, "state": "UNSUBSCRIBED", **LEGAL}]),
        (
            "POST",
            "/statuses/batch/write",
            (),
            {"inputs": [{**ONE_STATE, "subscriberIdString": JANE, **SENT_LEGAL}]},
        ),
    ),
]


def requested(call: Call[Any], profile: str) -> ExpectedRequest:
    request = hubspot(api_version=profile).build(call, "T")
    body = request.body.value if isinstance(request.body, JsonBody) else request.body
    return request.method, urlsplit(request.url).path, request.query, body


@pytest.mark.parametrize("row", BOTH, ids=lambda row: row[0].name)
def test_each_profile_gets_its_own_request(row: tuple[Call[Any], ExpectedRequest, ExpectedRequest]) -> None:
    call, undated, march = row
    assert (requested(call, "v3"), requested(call, "2026-03")) == (undated, march)
    method, path, query, body = undated
    # 2026-09 has the calls of v3 again.
    assert requested(call, "2026-09") == (method, path.replace(V3, SEPTEMBER), query, body)
    assert call.replay is Replay.SAFE


@pytest.mark.parametrize("row", SAME, ids=lambda row: row[0].name)
@pytest.mark.parametrize(("profile", "prefix"), [("v3", V4), ("2026-03", MARCH), ("2026-09", SEPTEMBER)])
def test_the_newer_api_is_the_same_in_every_profile(
    row: tuple[Call[Any], ExpectedRequest], profile: str, prefix: str
) -> None:
    call, (method, tail, query, body) = row
    assert requested(call, profile) == (method, prefix + tail, query, body)
    assert call.replay is Replay.SAFE


def test_only_september_has_a_call_to_subscribe_someone_again() -> None:
    call = subscriptions.resubscribe(JANE, 7, **LEGAL)
    path, old = f"{SEPTEMBER}/resubscribe", {"emailAddress": JANE, "subscriptionId": "7", **SENT_LEGAL}
    assert requested(call, "2026-09") == ("POST", path, (), old)
    state = {"channel": "EMAIL", "statusState": "SUBSCRIBED", "subscriptionId": 7, **SENT_LEGAL}
    for profile, prefix in (("v3", V4), ("2026-03", MARCH)):
        assert requested(call, profile) == ("POST", f"{prefix}/statuses/{PERSON}", (), state)


CHANGE = {"email": JANE, "subscription_id": 7, "state": "SUBSCRIBED"}
BAD: list[tuple[Callable[[], object], str]] = [
    (lambda: subscriptions.statuses("jane.doe"), "email"),
    (lambda: subscriptions.subscribe(JANE, "x"), "subscription_id"),
    (lambda: subscriptions.subscribe(None, 7), "email"),  # type: ignore[arg-type]
    (lambda: subscriptions.subscribe(JANE, 7, legal_basis="NON_GDPR"), "explanation"),
    (lambda: subscriptions.unsubscribe(JANE, 7, explanation="jane.doe"), "legal_basis"),
    (
        lambda: subscriptions.unsubscribe(JANE, 7, legal_basis="jane.doe", explanation="x"),  # type: ignore[arg-type]
        "legal_basis",
    ),
    (lambda: states.get(""), "email"),
    (lambda: states.set_status(JANE, 7, "jane.doe"), "state"),  # type: ignore[arg-type]
    (lambda: states.set_status(JANE, 0, "SUBSCRIBED"), "subscription_id"),
    (lambda: states.links("jane.doe"), "email"),
    (lambda: states.unsubscribe_from_all("jane.doe"), "email"),
    (lambda: batches.read([]), "emails"),
    (lambda: batches.read(JANE), "emails"),
    (lambda: batches.read([JANE] * 101), "emails"),
    (lambda: batches.unsubscribe_from_all([JANE, "jane.doe"]), "emails[1]"),
    (lambda: batches.write([]), "changes"),
    (lambda: batches.write([CHANGE] * 101), "changes"),
    (lambda: batches.write([JANE]), "changes[0]"),  # type: ignore[list-item]
    (lambda: batches.write([CHANGE, {**CHANGE, "state": "jane.doe"}]), "changes[1].state"),
    (lambda: batches.write([{**CHANGE, "email": "jane.doe"}]), "changes[0].email"),
    (lambda: batches.write([{**CHANGE, "subscription_id": JANE}]), "changes[0].subscription_id"),
    (lambda: batches.write([{**CHANGE, "legal_basis": "NON_GDPR"}]), "changes[0].explanation"),
    (lambda: batches.write([{**CHANGE, "statusState": "x"}]), "changes[0].statusState"),
]


@pytest.mark.parametrize(("make", "field"), BAD, ids=[f"{n}-{field}" for n, (_, field) in enumerate(BAD)])
def test_bad_input_is_refused_by_field_and_without_being_repeated(
    make: Callable[[], object], field: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        make()
    assert refusal.value.field == field
    assert "jane.doe" not in f"{refusal.value!s} {vars(refusal.value)}"


@pytest.mark.parametrize(
    ("status", "meant"),
    [
        ("SUBSCRIBED", "SUBSCRIBED"),
        ("UNSUBSCRIBED", "NOT_SUBSCRIBED"),
        ("NOT_SPECIFIED", "NOT_SUBSCRIBED"),
    ],
)
def test_three_states_are_read_as_the_two_of_the_older_api(status: str, meant: str) -> None:
    row = {"subscriptionId": 7, "subscriptionName": "News", "status": status, "businessUnitId": 0}
    read = subscriptions.statuses(JANE).read({"status": "COMPLETE", "results": [row]})
    assert read == [{"id": "7", "name": "News", "status": meant, "brandId": 0}]
    old = {"recipient": JANE, "subscriptionStatuses": [{"id": "7", "name": "News", "status": meant}]}
    assert subscriptions.statuses(JANE).read(old)[0]["status"] == meant


def test_a_failure_inside_a_200_is_a_refusal() -> None:
    failed = {
        "status": "COMPLETE",
        "results": [],
        "numErrors": 1,
        "errors": [{"category": "VALIDATION_ERROR", "message": "opted out"}],
    }
    for call in (states.set_status(JANE, 7, "SUBSCRIBED"), subscriptions.subscribe(JANE, 7)):
        hand = Hand(call, hubspot(api_version="2026-03")).give(answer(200, failed))
        assert isinstance(hand.error, InvalidRequest)
        assert (hand.error.message, hand.error.code) == ("opted out", "VALIDATION_ERROR")


@pytest.mark.parametrize(
    "envelope",
    [
        {"status": "PENDING", "results": []},
        {"status": "COMPLETE", "results": []},
        {"status": "COMPLETE", "results": [], "numErrors": 1},
        {},
    ],
)
def test_an_answer_that_does_not_say_what_became_of_it_is_no_success(envelope: dict[str, Any]) -> None:
    hand = Hand(states.set_status(JANE, 7, "SUBSCRIBED"), hubspot())
    hand.give(answer(200, envelope)).give(answer(200, envelope))
    assert isinstance(hand.error, ServerUnavailable)


def test_a_batch_that_is_not_complete_is_not_read() -> None:
    with pytest.raises(ValueError, match="not complete"):
        batches.read([JANE]).read({"status": "PROCESSING", "results": []})
