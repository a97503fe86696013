"""The paths of the versions, and what is different in 2026-09."""

from __future__ import annotations

import httpx
import pytest

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.platform import HubSpot
from airflow_provider_mkt.sandbox.hubspot.settings import ConditionalProperty
from airflow_provider_mkt.sandbox.server.endpoints import Endpoint

SEPTEMBER = "2026-09"
JANE = "jane@example.com"
NEWS = str(seed.DEFAULT_SUBSCRIPTION)
ONLY_SEPTEMBER = {
    ("POST", "/crm/lists/{v}/all"),
    ("GET", "/communication-preferences/{v}/status/email/{emailAddress}"),
    ("POST", "/communication-preferences/{v}/resubscribe"),
    ("POST", "/communication-preferences/{v}/subscribe"),
    ("POST", "/communication-preferences/{v}/unsubscribe"),
}
ONLY_MARCH = {("POST", "/marketing/email-campaigns/{v}/single-send")}


def endpoints() -> list[Endpoint]:
    return [endpoint for routes in HubSpot.areas.routes for endpoint in routes]


def below(version: str) -> set[tuple[str, str]]:
    found = [(one.method, one.template) for one in endpoints() if f"/{version}" in one.template]
    return {(method, template.replace(version, "{v}")) for method, template in found}


def test_both_dated_versions_have_the_same_calls_but_for_the_documented_ones() -> None:
    march, september = below("2026-03"), below(SEPTEMBER)
    assert (march - september, september - march) == (ONLY_MARCH, ONLY_SEPTEMBER)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/marketing/email-campaigns/2026-09/single-send"),
        ("GET", "/marketing/email/2026-09/send-statuses/1"),
        ("GET", "/automation/2026-09/flows"),
        ("POST", "/automation/2026-09/workflows/1/enrollments/contacts/a@example.com"),
        ("GET", "/crm/objects/2026-090/contacts"),
        ("GET", "/crm/objects/2027-03/contacts"),
    ],
)
def test_families_without_a_dated_path_and_unknown_versions_are_not_found(
    api: httpx.Client, method: str, path: str
) -> None:
    assert api.request(method, path).status_code == 404


def test_families_without_a_dated_path_are_served_where_they_are(api: httpx.Client) -> None:
    assert api.get("/automation/v4/flows").status_code == 200
    assert api.get("/marketing/v3/email/send-statuses/1").json()["category"] == "OBJECT_NOT_FOUND"


def test_one_account_is_behind_all_versions(api: httpx.Client) -> None:
    made = api.post("/crm/objects/2026-09/contacts", json={"properties": {"email": JANE}})
    assert made.status_code == 201
    for prefix in ("/crm/objects/2026-03/contacts", "/crm/objects/2026-09/0-1", "/crm/v3/objects/contacts"):
        assert api.get(f"{prefix}/{made.json()['id']}").json()["properties"]["email"] == JANE


def test_all_lists_are_paged_by_a_cursor(api: httpx.Client) -> None:
    for number in range(4):
        new = {"name": f"List {number}", "objectTypeId": "0-1", "processingType": "MANUAL"}
        assert api.post("/crm/lists/2026-09", json=new).status_code == 200
    wanted: dict[str, object] = {"additionalProperties": [], "processingTypes": [], "count": 2}
    found: list[str] = []
    body = wanted
    while True:
        page = api.post("/crm/lists/2026-09/all", json=body).json()
        found += [row["listId"] for row in page["results"]]
        if "paging" not in page:
            break
        body = wanted | {"after": page["paging"]["next"]["after"]}
    assert len(found) == len(set(found)) == page["total"]
    assert api.post("/crm/lists/2026-09/all", json={"processingTypes": []}).status_code == 400


def test_an_opt_out_of_one_type_is_undone_by_resubscribe_only(api: httpx.Client, box: Sandbox) -> None:
    prefix, body = "/communication-preferences/2026-09", {"emailAddress": JANE, "subscriptionId": NEWS}
    assert api.post(f"{prefix}/unsubscribe", json=body).json()["status"] == "NOT_SUBSCRIBED"
    assert api.post(f"{prefix}/subscribe", json=body).status_code == 400
    assert api.post(f"{prefix}/resubscribe", json=body).json()["status"] == "SUBSCRIBED"
    statuses = api.get(f"{prefix}/status/email/{JANE}").json()["subscriptionStatuses"]
    assert {one["id"]: one["status"] for one in statuses}[NEWS] == "SUBSCRIBED"
    box.hubspot.state.subscriptions.opt_out_of_all(JANE)
    assert api.post(f"{prefix}/resubscribe", json=body).status_code == 400


# -- what 2026-09 checks in writes -----------------------------------------------------------------------

CONTACTS = "/crm/objects/2026-09/contacts"
OLDER = ("/crm/v3/objects/contacts", "/crm/objects/2026-03/contacts")
ADA, BRUNO = seed.CONTACT_IDS[:2]


def single(api: httpx.Client, prefix: str, values: dict[str, str]) -> httpx.Response:
    return api.post(prefix, json={"properties": values})


def batch(api: httpx.Client, prefix: str, *rows: dict[str, str], verb: str = "create") -> httpx.Response:
    if verb == "upsert":
        inputs = [{"id": row["email"], "idProperty": "email", "properties": row} for row in rows]
    else:
        inputs = [{"properties": row, "objectWriteTraceId": str(n)} for n, row in enumerate(rows)]
    return api.post(f"{prefix}/batch/{verb}", json={"inputs": inputs})


def required(box: Sandbox) -> None:
    box.hubspot.settings.required_on_create = ("city", "zip")


def conditional(box: Sandbox) -> None:
    rule = ConditionalProperty(property="lifecyclestage", value="customer", required="company")
    box.hubspot.settings.conditional_properties = (rule,)


def test_required_properties_are_named_when_a_contact_is_created(api: httpx.Client, box: Sandbox) -> None:
    required(box)
    reply = single(api, CONTACTS, {"email": JANE, "city": "Bonn"})
    body = reply.json()
    assert (reply.status_code, body["status"], body["category"]) == (400, "error", "VALIDATION_ERROR")
    (error,) = body["errors"]
    assert (error["code"], error["context"]) == ("MISSING_REQUIRED_PROPERTY", {"propertyName": ["zip"]})
    assert "zip" in error["message"]
    assert box.hubspot.state.contacts.find("email", JANE) is None
    assert single(api, CONTACTS, {"email": JANE, "city": "Bonn", "zip": "53111"}).status_code == 201
    # An update of a contact that lacks them is no creation.
    assert api.patch(f"{CONTACTS}/{ADA}", json={"properties": {"phone": "1"}}).status_code == 200


@pytest.mark.parametrize("prefix", OLDER)
def test_older_versions_know_no_rules_of_the_account(api: httpx.Client, box: Sandbox, prefix: str) -> None:
    required(box)
    conditional(box)
    assert single(api, prefix, {"email": JANE, "lifecyclestage": "customer"}).status_code == 201
    assert batch(api, prefix, {"email": "x@example.com"}, verb="upsert").status_code == 200


@pytest.mark.parametrize("verb", ["create", "upsert"])
def test_a_rule_fails_a_batch_or_only_its_inputs(api: httpx.Client, box: Sandbox, verb: str) -> None:
    required(box)
    good, bad = {"email": JANE, "city": "Bonn", "zip": "53111"}, {"email": "x@example.com"}
    whole = batch(api, CONTACTS, good, bad, verb=verb)
    assert (whole.status_code, len(whole.json()["errors"])) == (400, 2)
    assert box.hubspot.state.contacts.find("email", JANE) is None
    box.hubspot.settings.rules_per_input = True
    mixed = batch(api, CONTACTS, good, bad, verb=verb)
    assert (mixed.status_code, len(mixed.json()["results"])) == (207, 1)
    (error,) = mixed.json()["errors"]
    assert error["category"] == "VALIDATION_ERROR"
    assert error["context"] == (
        {"objectWriteTraceId": ["1"]} if verb == "create" else {"ids": [bad["email"]]}
    )
    assert [one["context"]["propertyName"] for one in error["errors"]] == [["city"], ["zip"]]


def test_a_conditional_property_is_required_in_creations_and_updates(api: httpx.Client, box: Sandbox) -> None:
    conditional(box)
    values = {"email": JANE, "lifecyclestage": "customer"}
    created = single(api, CONTACTS, values)
    box.hubspot.state.contacts.update(box.hubspot.state.contacts.find(None, BRUNO), {"company": ""})
    updated = api.patch(f"{CONTACTS}/{BRUNO}", json={"properties": {"lifecyclestage": "customer"}})
    cleared = api.patch(f"{CONTACTS}/{ADA}", json={"properties": {"company": ""}})
    inputs = [{"id": BRUNO, "properties": {"lifecyclestage": "customer"}}]
    batched = api.post(f"{CONTACTS}/batch/update", json={"inputs": inputs})
    for reply in (created, updated, cleared, batched):
        assert reply.status_code == 400
        (error,) = reply.json()["errors"]
        assert error["code"] == "MISSING_CONDITIONAL_REQUIRED_PROPERTY"
        assert error["context"] == {"propertyName": ["company"]}
        assert "[lifecyclestage]" in error["message"]
    assert single(api, CONTACTS, values | {"company": "Example Ltd"}).status_code == 201
    assert api.patch(f"{CONTACTS}/{BRUNO}", json={"properties": {"phone": "1"}}).status_code == 200


def test_a_user_without_the_permission_cannot_write_associations(api: httpx.Client, box: Sandbox) -> None:
    box.hubspot.settings.may_edit_associations = False
    credentials = box.hubspot.state.credentials
    oauth = credentials.issue(credentials.apps[seed.OAUTH_CLIENT_ID])
    types = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 449}]
    linked = {"properties": {"email": JANE}, "associations": [{"to": {"id": ADA}, "types": types}]}
    by_user = {"Authorization": f"Bearer {oauth.value}"}
    for path, body in ((CONTACTS, linked), (f"{CONTACTS}/batch/create", {"inputs": [linked]})):
        reply = api.post(path, json=body, headers=by_user)
        said = reply.json()
        assert (reply.status_code, said["category"]) == (400, "VALIDATION_ERROR")
        assert said["message"] == "Missing 'Edit Associations' permission."
        assert "errors" not in said
    assert (
        api.post(CONTACTS, json={"properties": {"email": "a@example.com"}}, headers=by_user).status_code
        == 201
    )
    assert api.post(OLDER[1], json=linked, headers=by_user).status_code == 201
    linked["properties"] = {"email": "b@example.com"}
    assert api.post(CONTACTS, json=linked).status_code == 201


@pytest.mark.parametrize(
    ("name", "sent", "stored"),
    [
        ("renewal_date", "1635535865", "2021-10-29"),
        ("renewal_date", "2021-10-29T19:31:05+00:00", "2021-10-29"),
        ("renewal_date", "1635535865000", "2021-10-29"),
        ("closedate", "1635535865", "2021-10-29T19:31:05.000Z"),
    ],
)
def test_dates_are_normalized_with_a_warning_and_invalid_elsewhere(
    api: httpx.Client, name: str, sent: str, stored: str
) -> None:
    for prefix in OLDER:
        refused = single(api, prefix, {"email": JANE, name: sent})
        assert (refused.status_code, refused.json()["errors"][0]["code"]) == (400, "INVALID_DATE")
    path = f"{CONTACTS}/{ADA}"
    replies = [
        single(api, CONTACTS, {"email": JANE, name: sent}).json(),
        api.patch(path, json={"properties": {name: sent}}).json(),
        batch(api, CONTACTS, {"email": "x@example.com", name: sent}, verb="upsert").json()["results"][0],
        batch(api, CONTACTS, {"email": "y@example.com", name: sent}).json()["results"][0],
    ]
    for reply in replies:
        assert reply["properties"][name] == stored
        (warning,) = reply["warnings"]
        assert warning["category"] == "PROPERTY_VALUE_NORMALIZED"
        assert warning["context"] == {"propertyName": name, "rawValue": sent, "normalizedValue": stored}


@pytest.mark.parametrize("value", ["2021-10-29", "1635465600000"])
@pytest.mark.parametrize("prefix", [CONTACTS, *OLDER])
def test_documented_dates_are_stored_as_sent_without_a_warning(
    api: httpx.Client, prefix: str, value: str
) -> None:
    reply = single(api, prefix, {"email": JANE, "renewal_date": value}).json()
    assert (reply["properties"]["renewal_date"], "warnings" in reply) == (value, False)


@pytest.mark.parametrize("value", ["24.12.2026", "tomorrow", "99999999999999999999"])
def test_what_is_no_date_is_invalid_in_2026_09_too(api: httpx.Client, value: str) -> None:
    assert single(api, CONTACTS, {"email": JANE, "renewal_date": value}).status_code == 400


def test_failed_inputs_have_207_or_by_a_setting_the_usual_status(api: httpx.Client, box: Sandbox) -> None:
    body = {"inputs": [{"id": ADA}, {"id": "404"}], "properties": ["email"]}
    for status in (207, 200):
        reply = api.post(f"{CONTACTS}/batch/read", json=body)
        assert (reply.status_code, reply.json()["numErrors"]) == (status, 1)
        box.hubspot.settings.multi_status = False
    made = batch(api, CONTACTS, {"email": JANE}, {"email": "ada@example.com"})
    assert (made.status_code, len(made.json()["errors"])) == (201, 1)
    assert api.post(f"{OLDER[1]}/batch/read", json=body).status_code == 207


@pytest.mark.parametrize("prefix", [CONTACTS, *OLDER])
def test_a_property_that_is_not_defined_is_left_out_and_an_empty_one_is_null(
    api: httpx.Client, prefix: str
) -> None:
    names = ["city", "no_such_property"]
    read = {"inputs": [{"id": ADA}], "properties": names}
    found = [
        api.get(f"{prefix}/{ADA}", params={"properties": ",".join(names)}).json(),
        api.get(prefix, params={"properties": ",".join(names)}).json()["results"][0],
        api.post(f"{prefix}/batch/read", json=read).json()["results"][0],
        api.post(f"{prefix}/search", json={"properties": names}).json()["results"][0],
    ]
    for one in found:
        assert one["properties"]["city"] is None
        assert "no_such_property" not in one["properties"]
    past = api.get(f"{prefix}/{ADA}", params={"propertiesWithHistory": "email,no_such_property"}).json()
    assert set(past["propertiesWithHistory"]) == {"email"}


def test_rules_of_the_account_are_set_over_the_control_api(api: httpx.Client) -> None:
    rule = {"property": "lifecyclestage", "value": "customer", "required": "company"}
    wanted = {"required_on_create": ["city"], "conditional_properties": [rule], "assets": {"FORM": ["f1"]}}
    shown = api.post("/_sandbox/settings", json=wanted).json()
    assert {name: shown[name] for name in wanted} == wanted
    codes = [
        single(api, CONTACTS, {"email": JANE, **values}).json()["errors"][0]["code"]
        for values in ({}, {"city": "Bonn", "lifecyclestage": "customer"})
    ]
    assert codes == ["MISSING_REQUIRED_PROPERTY", "MISSING_CONDITIONAL_REQUIRED_PROPERTY"]
    wrong = {"conditional_properties": [{"property": "city"}]}
    assert api.post("/_sandbox/settings", json=wrong).status_code == 400
