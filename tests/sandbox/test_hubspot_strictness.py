"""What HubSpot refuses, or does not do, though the request looks right."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.errors import error_names
from airflow_provider_mkt.sandbox.hubspot.events.seed import WEBINAR

ADA = seed.CONTACT_IDS[0]
EMAILS = "/marketing/v3/emails"
CONTACTS = ("/crm/v3/objects/contacts", "/crm/objects/2026-09/contacts")


# -- emails --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("campaign", seed.SPRING_CAMPAIGN, "0c5d2a0e-6f0b-4a51-9d3e-1a2b3c4d5eff"),
        ("language", "pt-br", "xx"),
        ("language", "zh-hant-tw", "english"),
        ("subscriptionDetails", {"subscriptionId": str(seed.EVENTS_SUBSCRIPTION)}, {"subscriptionId": "5"}),
        ("businessUnitId", 0, 7),
        ("to", {"contactIlsLists": {"include": [seed.LIST_ID]}}, {"contactIlsLists": {"include": ["404"]}}),
        ("to", {"contactLists": {"exclude": [1]}}, {"contactLists": {"exclude": [404]}}),
    ],
)
def test_an_email_names_only_what_exists(api: httpx.Client, field: str, good: Any, bad: Any) -> None:
    assert api.post(EMAILS, json={"name": "A", field: good}).status_code == 201
    for method, path in (
        ("POST", EMAILS),
        ("PATCH", f"{EMAILS}/{seed.NEWSLETTER_EMAIL}"),
        ("PATCH", f"{EMAILS}/{seed.NEWSLETTER_EMAIL}/draft"),
    ):
        reply = api.request(method, path, json={"name": "A", field: bad})
        assert (reply.status_code, reply.json()["category"]) == (400, "VALIDATION_ERROR")


SENDER = {"fromName": "Example Ltd", "replyTo": "news@example.com"}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"from": SENDER}, "subject"),
        ({"subject": " ", "from": SENDER}, "subject"),
        ({"subject": "A"}, "from.fromName"),
        ({"subject": "A", "from": {**SENDER, "fromName": ""}}, "from.fromName"),
        ({"subject": "A", "from": {"fromName": "Example Ltd"}}, "from.replyTo"),
    ],
)
def test_an_email_without_subject_or_sender_is_not_published(
    api: httpx.Client, box: Sandbox, fields: dict[str, Any], field: str
) -> None:
    email_id = api.post(EMAILS, json={"name": "A", **fields}).json()["id"]
    reply = api.post(f"{EMAILS}/{email_id}/publish")
    assert (reply.status_code, reply.json()["category"]) == (400, "VALIDATION_ERROR")
    assert field in reply.json()["message"]
    email = box.hubspot.state.emails.get(email_id)
    assert email is not None
    assert not email.sends
    # What is in the draft is what is published.
    assert api.patch(f"{EMAILS}/{email_id}/draft", json={"subject": "A", "from": SENDER}).status_code == 200
    assert api.post(f"{EMAILS}/{email_id}/publish").status_code == 204


def sent_to(api: httpx.Client, box: Sandbox, to: dict[str, Any] | None, **fields: Any) -> set[str]:
    """Publish an email and return the contacts that receive it."""
    body = {"name": "A", "subject": "A", "from": SENDER, **fields} | ({} if to is None else {"to": to})
    email_id = api.post(EMAILS, json=body).json()["id"]
    assert api.post(f"{EMAILS}/{email_id}/publish").status_code == 204
    box.clock.advance(60)
    email = box.hubspot.state.emails.get(email_id)
    assert email is not None
    return set(email.sends[0].contacts or ())


@pytest.mark.parametrize("to", [None, {}, {"contactIlsLists": {"include": []}}, {"contactIds": {}}])
def test_an_email_to_no_list_reaches_nobody(
    api: httpx.Client, box: Sandbox, to: dict[str, Any] | None
) -> None:
    assert sent_to(api, box, to) == set()


def test_a_legacy_list_id_is_no_list_id(api: httpx.Client, box: Sandbox) -> None:
    assert len(sent_to(api, box, {"contactLists": {"include": ["1"]}})) == 3
    for kind, list_id in (("contactLists", seed.LIST_ID), ("contactIlsLists", "1")):
        reply = api.post(EMAILS, json={"name": "A", "to": {kind: {"include": [list_id]}}})
        assert (reply.status_code, reply.json()["category"]) == (400, "VALIDATION_ERROR")


def test_a_contact_who_opted_out_receives_nothing(api: httpx.Client, box: Sandbox) -> None:
    to = {"contactIlsLists": {"include": [seed.LIST_ID]}}
    events = {"subscriptionId": str(seed.EVENTS_SUBSCRIPTION)}
    api.patch(f"{CONTACTS[0]}/{ADA}", json={"properties": {"hs_email_optout": "true"}})
    left = {"emailAddress": "bruno@example.com", "subscriptionId": events["subscriptionId"]}
    api.post("/communication-preferences/v3/unsubscribe", json=left)
    bruno, chidi = seed.CONTACT_IDS[1:3]
    assert sent_to(api, box, to) == {bruno, chidi}
    assert sent_to(api, box, to, subscriptionDetails=events) == {chidi}


def test_the_live_revision_has_its_own_id_or_by_a_setting_minus_one(api: httpx.Client, box: Sandbox) -> None:
    revisions = f"{EMAILS}/{seed.NEWSLETTER_EMAIL}/revisions"
    api.patch(f"{EMAILS}/{seed.NEWSLETTER_EMAIL}", json={"subject": "New"})
    assert api.get(f"{revisions}/-1").status_code == 404
    assert "-1" not in {one["id"] for one in api.get(revisions).json()["results"]}
    box.hubspot.settings.live_revision = True
    assert "-1" in {one["id"] for one in api.get(revisions).json()["results"]}
    assert api.get(f"{revisions}/-1").json()["object"]["subject"] == "New"
    assert api.post(f"{revisions}/-1/restore").status_code == 204


# -- contacts ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", CONTACTS)
def test_a_record_id_is_no_id_property_of_an_update(api: httpx.Client, prefix: str) -> None:
    row = {"id": ADA, "idProperty": "hs_object_id", "properties": {"city": "Bonn"}}
    batch = api.post(f"{prefix}/batch/update", json={"inputs": [row]})
    one = api.patch(f"{prefix}/{ADA}?idProperty=hs_object_id", json={"properties": {"city": "Bonn"}})
    for reply in (batch, one):
        assert reply.status_code == 400
        assert "non-unique" in reply.json()["message"]
    del row["idProperty"]
    assert api.post(f"{prefix}/batch/update", json={"inputs": [row]}).status_code == 200


# -- events --------------------------------------------------------------------------------------------


def test_event_search_matches_the_beginning_of_external_ids(api: httpx.Client, box: Sandbox) -> None:
    path = "/marketing/v3/marketing-events/events/search"
    assert len(api.get(path, params={"q": "webinar"}).json()["results"]) > 1
    box.hubspot.settings.event_search_by_prefix = False
    assert api.get(path, params={"q": "webinar"}).json()["results"] == []
    assert len(api.get(path, params={"q": WEBINAR}).json()["results"]) == 1


# -- tokens --------------------------------------------------------------------------------------------


def test_scopes_of_a_private_app_token_are_returned(api: httpx.Client, box: Sandbox) -> None:
    path = "/oauth/v2/private-apps/get/access-token-info"
    about = httpx.post(box.hubspot.url + path, json={"tokenKey": seed.READ_ONLY_TOKEN}, verify=False).json()
    assert set(about["scopes"]) == seed.READER_SCOPES
    assert (about["hubId"], about["appId"]) == (seed.PORTAL_ID, seed.PRIVATE_APP_IDS[seed.READER_APP])
    assert isinstance(about["userId"], int)
    assert httpx.post(box.hubspot.url + path, json={"tokenKey": "nope"}, verify=False).status_code == 404
    assert httpx.post(box.hubspot.url + path, json={}, verify=False).status_code == 400


def test_withheld_scopes_are_missing_from_every_token_and_its_description(
    api: httpx.Client, box: Sandbox
) -> None:
    scope = "crm.objects.contacts.write"
    box.hubspot.settings.withheld_scopes = (scope,)
    refused = api.post(CONTACTS[0], json={"properties": {"email": "new@example.com"}})
    assert (refused.status_code, refused.json()["category"]) == (403, "MISSING_SCOPES")
    assert api.get(f"{CONTACTS[0]}/{ADA}").status_code == 200
    info = httpx.post(
        box.hubspot.url + "/oauth/v2/private-apps/get/access-token-info",
        json={"tokenKey": seed.TOKEN},
        verify=False,
    ).json()
    client = {"client_id": seed.OAUTH_CLIENT_ID, "client_secret": seed.OAUTH_CLIENT_SECRET}
    grant = {"grant_type": "refresh_token", "refresh_token": seed.REFRESH_TOKEN}
    issued = httpx.post(box.hubspot.url + "/oauth/v3/token", data=client | grant, verify=False).json()
    about = httpx.post(
        box.hubspot.url + "/oauth/v3/token/introspect",
        data=client | {"token": issued["access_token"]},
        verify=False,
    ).json()
    for scopes in (info["scopes"], issued["scopes"], about["scopes"]):
        assert scope not in scopes
        assert "crm.objects.contacts.read" in scopes


# -- limits --------------------------------------------------------------------------------------------


def test_the_search_limit_is_of_the_account_not_of_a_token(api: httpx.Client, box: Sandbox) -> None:
    credentials = box.hubspot.state.credentials
    oauth = credentials.issue(credentials.apps[seed.OAUTH_CLIENT_ID]).value
    tokens = [seed.TOKEN, seed.READ_ONLY_TOKEN, oauth, seed.TOKEN, seed.READ_ONLY_TOKEN, oauth]
    replies = [
        api.post(f"{CONTACTS[0]}/search", json={}, headers={"Authorization": f"Bearer {token}"})
        for token in tokens
    ]
    assert [reply.status_code for reply in replies] == [200] * 5 + [429]
    assert replies[-1].json()["policyName"] == "SECONDLY"


@pytest.mark.parametrize(
    "body",
    [
        {"testing": {"abSuccessMetric": {}}},
        {"state": []},
        {"rssData": {"blogLayout": {}}},
        {"to": {"contactIds": {"include": [{}]}}},
    ],
    ids=str,
)
def test_a_value_of_the_wrong_kind_is_refused(api: httpx.Client, body: dict[str, Any]) -> None:
    reply = api.post(EMAILS, json={"name": "A", **body})
    assert (reply.status_code, reply.json()["category"]) == (400, "VALIDATION_ERROR")


# -- errors of gateways and data centres ---------------------------------------------------------------


@pytest.mark.parametrize("contacts", CONTACTS)
@pytest.mark.parametrize("values", [{}, {"city": "Oslo"}, {"firstname": "", "phone": "1"}], ids=str)
def test_a_new_contact_has_an_address_or_a_name(
    api: httpx.Client, contacts: str, values: dict[str, Any]
) -> None:
    batch = {"inputs": [{"properties": {"email": "a@example.com"}}, {"properties": values}]}
    for reply in (
        api.post(contacts, json={"properties": values}),
        api.post(f"{contacts}/batch/create", json=batch),
    ):
        (error,) = reply.json()["errors"]
        assert (reply.status_code, error["code"]) == (400, "REQUIRED_FIELD")
        assert error["context"]["propertyName"] == ["email", "firstname", "lastname"]
    for given in ({"lastname": "Doe"}, {"external_id": "crm/7"}):
        assert api.post(contacts, json={"properties": values | given}).status_code == 201


@pytest.mark.parametrize("contacts", CONTACTS)
def test_a_lifecycle_stage_moves_forward_unless_it_is_cleared(api: httpx.Client, contacts: str) -> None:
    for value, kept in (
        ("lead", "customer"),
        ("evangelist", "evangelist"),
        ("", None),
        ("lead", "lead"),
    ):
        reply = api.patch(f"{contacts}/{ADA}", json={"properties": {"lifecyclestage": value}})
        assert reply.status_code == 200
        shown = api.get(f"{contacts}/{ADA}", params={"properties": "lifecyclestage"}).json()
        assert shown["properties"]["lifecyclestage"] == kept


@pytest.mark.parametrize("name", error_names())
def test_every_documented_error_can_be_requested(api: httpx.Client, box: Sandbox, name: str) -> None:
    box.hubspot.faults.add("*", answer={"error": name})
    reply = api.get(f"{CONTACTS[0]}/{ADA}", follow_redirects=False)
    assert reply.status_code == (int(name) if name.isdigit() else reply.status_code)
    assert reply.status_code >= 300
    assert api.get(f"{CONTACTS[0]}/{ADA}").status_code == 200


def test_the_wrong_data_centre_names_the_right_one(api: httpx.Client, box: Sandbox) -> None:
    box.hubspot.faults.add("*", answer={"error": "488"})
    body = api.get(f"{CONTACTS[0]}/{ADA}").json()
    assert (body["status"], body["correctHublet"]) == ("error", "eu1")
    assert "category" not in body


@pytest.mark.parametrize("status", ["301", "302", "303", "307", "308"])
def test_a_redirect_leads_to_another_host(api: httpx.Client, box: Sandbox, status: str) -> None:
    box.hubspot.faults.add("*", answer={"error": status})
    reply = api.get(f"{CONTACTS[0]}/{ADA}", follow_redirects=False)
    assert reply.headers["Location"].startswith("https://api-eu1.hubapi.com/")
    assert reply.content == b""


@pytest.mark.parametrize("status", ["408", "421", "425", "451", "499", "520", "530"])
def test_errors_of_the_gateway_are_pages(api: httpx.Client, box: Sandbox, status: str) -> None:
    box.hubspot.faults.add("*", answer={"error": status})
    reply = api.get(f"{CONTACTS[0]}/{ADA}")
    assert reply.headers["Content-Type"].startswith("text/html")
    assert status in reply.text
