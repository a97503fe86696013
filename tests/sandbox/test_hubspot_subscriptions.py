"""Subscriptions by both versions of the API, by the client over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from hubspot_runs import Runner

from airflow_provider_mkt.client.errors import InvalidRequest, NotFound, PermissionDenied
from airflow_provider_mkt.client.hubspot.subscriptions import subscription_batches as batches
from airflow_provider_mkt.client.hubspot.subscriptions import subscription_statuses as states
from airflow_provider_mkt.client.hubspot.subscriptions import subscriptions
from airflow_provider_mkt.client.hubspot.versions import PROFILES
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed

NEWS, EVENTS = seed.DEFAULT_SUBSCRIPTION, seed.EVENTS_SUBSCRIPTION
JANE, JOHN = "jane+news@example.com", "john@example.com"
CONSENT: dict[str, Any] = {"legal_basis": "CONSENT_WITH_NOTICE", "explanation": "form"}
WAYS = [(profile, way) for profile in PROFILES for way in ("sync", "async")]


@pytest.fixture(params=WAYS, ids="-".join)
def run(box: Sandbox, request: pytest.FixtureRequest) -> Runner:
    return Runner(box.hubspot.url, *request.param)


@pytest.fixture
def undated(box: Sandbox) -> Runner:
    return Runner(box.hubspot.url, "v3", "sync")


def in_short(run: Runner, email: str = JANE) -> dict[str, str]:
    return {row["id"]: row["status"] for row in run(subscriptions.statuses(email))}


def test_responses_are_the_same_in_both_profiles(run: Runner) -> None:
    types = run(subscriptions.definitions())
    assert [(one["id"], one["isDefault"]) for one in types] == [(str(NEWS), True), (str(EVENTS), False)]
    assert in_short(run) == {str(NEWS): "NOT_SUBSCRIBED", str(EVENTS): "NOT_SUBSCRIBED"}
    row = run(subscriptions.subscribe(JANE, EVENTS, **CONSENT))
    assert (row["id"], row["name"], row["status"]) == (str(EVENTS), "Events", "SUBSCRIBED")
    assert (row["legalBasis"], row["legalBasisExplanation"]) == ("CONSENT_WITH_NOTICE", "form")
    assert row["brandId"] == 0
    assert run(subscriptions.subscribe(JANE, EVENTS)) == row
    assert in_short(run) == {str(NEWS): "NOT_SUBSCRIBED", str(EVENTS): "SUBSCRIBED"}
    assert run(subscriptions.unsubscribe(JANE, EVENTS))["status"] == "NOT_SUBSCRIBED"
    assert in_short(run)[str(EVENTS)] == "NOT_SUBSCRIBED"
    assert in_short(run, JOHN)[str(EVENTS)] == "NOT_SUBSCRIBED"


def test_only_2026_03_subscribes_after_an_opt_out(box: Sandbox, run: Runner) -> None:
    run(subscriptions.unsubscribe(JANE, NEWS))
    if run.profile != "2026-03":
        with pytest.raises(InvalidRequest, match="opted out"):
            run(subscriptions.subscribe(JANE, NEWS))
    else:
        assert run(subscriptions.subscribe(JANE, NEWS))["status"] == "SUBSCRIBED"
        run(subscriptions.unsubscribe(JANE, NEWS))
    assert run(subscriptions.resubscribe(JANE, NEWS))["status"] == "SUBSCRIBED"
    run(subscriptions.unsubscribe(JANE, NEWS))
    again = run(states.set_status(JANE, NEWS, "SUBSCRIBED"))
    assert (again["status"], again["setStatusSuccessReason"]) == ("SUBSCRIBED", "RESUBSCRIBE_OCCURRED")


@pytest.mark.parametrize("verb", ["subscribe", "unsubscribe"])
def test_with_gdpr_features_v3_requires_a_legal_basis_and_dated_paths_do_not(
    box: Sandbox, api: httpx.Client, verb: str
) -> None:
    box.hubspot.settings.gdpr = True
    body = {"emailAddress": JANE, "subscriptionId": str(NEWS)}
    refused = api.post(f"/communication-preferences/v3/{verb}", json=body)
    assert (refused.status_code, "legalBasis" in refused.json()["message"]) == (400, True)
    assert api.post(f"/communication-preferences/2026-09/{verb}", json=body).status_code == 200


def test_with_gdpr_features_a_status_is_set_with_or_without_a_legal_basis(box: Sandbox, run: Runner) -> None:
    box.hubspot.settings.gdpr = True
    assert run(states.set_status(JANE, NEWS, "SUBSCRIBED"))["status"] == "SUBSCRIBED"
    assert run(subscriptions.subscribe(JANE, NEWS, **CONSENT))["status"] == "SUBSCRIBED"
    assert run(states.set_status(JANE, EVENTS, "SUBSCRIBED", **CONSENT))["status"] == "SUBSCRIBED"


def test_an_unknown_type_is_not_found_and_a_read_only_token_cannot_write(run: Runner) -> None:
    for call in (
        subscriptions.subscribe(JANE, 5),
        subscriptions.unsubscribe(JANE, 5),
        states.set_status(JANE, 5, "SUBSCRIBED"),
        states.links(JANE, subscription_id=5),
        states.get(JANE, business_unit_id=7),
    ):
        with pytest.raises(NotFound):
            run(call)
    reader = run.with_token(seed.READ_ONLY_TOKEN)
    for denied in (subscriptions.statuses(JANE), subscriptions.subscribe(JANE, NEWS), states.links(JANE)):
        with pytest.raises(PermissionDenied):
            reader(denied)


def test_three_states_and_changes_are_distinguished(run: Runner) -> None:
    assert {row["status"] for row in run(states.get(JANE))} == {"NOT_SPECIFIED"}
    first = run(states.set_status(JANE, NEWS, "UNSUBSCRIBED"))
    assert (first["status"], first["setStatusSuccessReason"]) == ("UNSUBSCRIBED", "REQUESTED_CHANGE_OCCURRED")
    same = run(states.set_status(JANE, NEWS, "UNSUBSCRIBED"))
    assert same["setStatusSuccessReason"] == "NO_STATUS_CHANGE"
    shown = {row["subscriptionId"]: row["status"] for row in run(states.get(JANE))}
    assert shown == {NEWS: "UNSUBSCRIBED", EVENTS: "NOT_SPECIFIED"}


def test_definitions_include_translations_if_requested(run: Runner) -> None:
    assert "subscriptionTranslations" not in run(states.definitions())[0]
    (first, _) = run(states.definitions(include_translations=True, business_unit_id=0))
    assert first["subscriptionTranslations"][0]["subscriptionId"] == NEWS


def test_an_opt_out_of_all_cannot_be_undone(box: Sandbox, run: Runner) -> None:
    run(states.set_status(JANE, NEWS, "SUBSCRIBED"))
    (wide,) = run(states.get_unsubscribed_from_all(JANE))
    assert (wide["wideStatusType"], wide["status"]) == ("PORTAL_WIDE", "NOT_SPECIFIED")
    assert run(states.unsubscribe_from_all(JANE)) == []
    verbose = run(states.unsubscribe_from_all(JANE, verbose=True))
    assert {row["setStatusSuccessReason"] for row in verbose} == {"UNSUBSCRIBE_FROM_ALL_OCCURRED"}
    assert run(states.get_unsubscribed_from_all(JANE))[0]["status"] == "UNSUBSCRIBED"
    assert in_short(run) == {str(NEWS): "NOT_SUBSCRIBED", str(EVENTS): "NOT_SUBSCRIBED"}
    with pytest.raises(InvalidRequest):
        run(states.set_status(JANE, NEWS, "SUBSCRIBED"))


def test_marketing_emails_are_not_sent_after_an_opt_out_of_all(box: Sandbox, undated: Runner) -> None:
    emails = box.hubspot.state.emails
    email = emails.get(seed.NEWSLETTER_EMAIL)
    assert email is not None
    emails.publish(email)
    undated(states.unsubscribe_from_all("ada@example.com"))
    emails.publish(email)
    assert [send.recipients for send in email.sends] == [5, 4]


def test_links_are_generated_for_one_subscriber(run: Runner) -> None:
    links = run(states.links(JANE, subscription_id=EVENTS, language="de"))
    assert "jane%2Bnews%40example.com" in links["managePreferencesUrl"]
    assert str(EVENTS) in links["unsubscribeSingleUrl"]
    assert "unsubscribeSingleUrl" not in run(states.links(JANE))


def test_batches_read_and_write_statuses_and_report_failures(run: Runner) -> None:
    change = {"email": JANE, "subscription_id": NEWS, "state": "SUBSCRIBED"}
    written = run(batches.write([change, {**change, "email": JOHN, "subscription_id": 5}]))
    assert [row["subscriberIdString"] for row in written["results"]] == [JANE]
    assert written["errors"][0]["context"] == {"subscriberIdString": [JOHN]}
    read = run(batches.read([JANE, JOHN]))
    shown = {row["subscriberIdString"]: {s["status"] for s in row["statuses"]} for row in read["results"]}
    assert shown == {JANE: {"SUBSCRIBED", "NOT_SPECIFIED"}, JOHN: {"NOT_SPECIFIED"}}
    partly = run(batches.read([JANE, "nobody@localhost"]))
    assert (len(partly["results"]), len(partly["errors"])) == (1, 1)
    assert run(batches.unsubscribe_from_all([JANE]))["results"] == [
        {"subscriberIdString": JANE, "statuses": []}
    ]
    (left,) = run(batches.unsubscribe_from_all([JANE], verbose=True))["results"]
    assert {one["status"] for one in left["statuses"]} == {"UNSUBSCRIBED"}
    wide = run(batches.read_unsubscribed_from_all([JANE, JOHN]))["results"]
    shown_wide = {row["subscriberIdString"]: row["wideStatuses"][0]["status"] for row in wide}
    assert shown_wide == {JANE: "UNSUBSCRIBED", JOHN: "NOT_SPECIFIED"}


def test_batches_need_a_scope_and_a_product(box: Sandbox, run: Runner) -> None:
    with pytest.raises(PermissionDenied) as refusal:
        run.with_token(seed.READ_ONLY_TOKEN)(batches.read([JANE]))
    assert refusal.value.missing == ("communication_preferences.statuses.batch.read",)
    box.hubspot.settings.marketing_enterprise = False
    with pytest.raises(PermissionDenied, match="Enterprise"):
        run(batches.read([JANE]))


@pytest.mark.parametrize(
    "wrong",
    [
        {"channel": "PIGEON"},
        {"statusState": "MAYBE"},
        {"statusState": ["SUBSCRIBED"]},
        {"legalBasis": "WHIM"},
        {"subscriptionId": "news"},
        {"subscriptionId": [1]},
        {"subscriberIdString": {"email": "a@example.com"}},
    ],
    ids=str,
)
def test_a_batch_of_invalid_statuses_is_rejected_as_a_whole(
    box: Sandbox, api: httpx.Client, wrong: dict[str, Any]
) -> None:
    good = {
        "channel": "EMAIL",
        "statusState": "UNSUBSCRIBED",
        "subscriptionId": NEWS,
        "subscriberIdString": "ada@example.com",
    }
    before = box.hubspot.state.subscriptions.snapshot()
    for version in ("v4", "2026-03", "2026-09"):
        path = f"/communication-preferences/{version}/statuses/batch/write"
        reply = api.post(path, json={"inputs": [good, good | wrong]})
        assert (reply.status_code, reply.json()["category"]) == (400, "VALIDATION_ERROR")
    assert box.hubspot.state.subscriptions.snapshot() == before
