"""Objects and associations: what is accepted and refused in each version."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.settings import AccountRules

ADA, BRUNO = seed.CONTACT_IDS[:2]
V3, MARCH, SEPTEMBER = "v3", "2026-03", "2026-09"
DEAL = {"dealname": "New", "dealstage": "closedwon"}


@pytest.fixture(params=[V3, MARCH, SEPTEMBER])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def objects(version: str) -> str:
    return "/crm/v3/objects" if version == V3 else f"/crm/objects/{version}"


def between(version: str, one: str, other: str) -> str:
    base = "/crm/v4/associations" if version == V3 else f"/crm/associations/{version}"
    return f"{base}/{one}/{other}"


def code(reply: httpx.Response) -> str:
    body = reply.json()
    return str(body["errors"][0].get("code") if body.get("errors") else body["category"])


def made(api: httpx.Client, kind: str, **values: str) -> str:
    reply = api.post(f"/crm/v3/objects/{kind}", json={"properties": values})
    assert reply.status_code == 201, reply.text
    return str(reply.json()["id"])


def pair(one: str, other: str, *types: int) -> dict[str, Any]:
    body: dict[str, Any] = {"from": {"id": one}, "to": {"id": other}}
    if types:
        body["types"] = [
            {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": each} for each in types
        ]
    return body


def unique(box: Sandbox, kind: str) -> None:
    own = box.hubspot.state.objects[kind].properties
    own.put(
        {
            "name": "warehouse_id",
            "label": "Id",
            "type": "string",
            "fieldType": "text",
            "groupName": own.default_group,
            "hasUniqueValue": True,
        }
    )


@pytest.mark.parametrize(
    ("kind", "values", "wanted"),
    [
        ("companies", {"city": "Oslo"}, "REQUIRED_FIELD"),
        ("deals", {"dealname": "A"}, "REQUIRED_FIELD"),
        ("tickets", {"subject": "A"}, "REQUIRED_FIELD"),
        ("deals", {**DEAL, "dealstage": "nowhere"}, "INVALID_OPTION"),
        ("deals", {**DEAL, "pipeline": "nowhere"}, "INVALID_OPTION"),
        ("tickets", {"subject": "A", "hs_pipeline_stage": "9"}, "INVALID_OPTION"),
        ("deals", {**DEAL, "amount": "much"}, "INVALID_LONG"),
        ("companies", {"name": "A", "colour": "red"}, "PROPERTY_DOESNT_EXIST"),
        ("companies", {"name": "A", "hs_object_id": "1"}, "READ_ONLY_VALUE"),
    ],
)
def test_a_record_that_is_not_valid_fails_alone_and_with_its_batch(
    box: Sandbox, api: httpx.Client, version: str, kind: str, values: dict[str, str], wanted: str
) -> None:
    before = box.hubspot.snapshot()
    body = {"properties": values}
    fine = {"properties": {"name": "A", **DEAL, "subject": "A", "hs_pipeline_stage": "1"}}
    fine["properties"] = {
        name: value
        for name, value in fine["properties"].items()
        if name in box.hubspot.state.objects[kind].store.definitions
    }
    for path, given in (("", body), ("/batch/create", {"inputs": [fine, body]})):
        reply = api.post(f"{objects(version)}/{kind}{path}", json=given)
        assert (reply.status_code, code(reply)) == (400, wanted)
    assert box.hubspot.snapshot() == before


def test_a_deal_needs_its_pipeline_where_there_are_several(
    box: Sandbox, api: httpx.Client, version: str
) -> None:
    path = f"{objects(version)}/deals"
    only = api.post(path, json={"properties": DEAL}).json()
    assert box.hubspot.state.objects["deals"].store.get(only["id"]).properties["pipeline"] == "default"  # type: ignore[union-attr]
    box.hubspot.state.pipelines.add(
        "deals", "renewals", "Renewals", {"open": ("Open", {}), "won": ("Won", {})}
    )
    assert code(api.post(path, json={"properties": DEAL})) == "REQUIRED_FIELD"
    wrong = {**DEAL, "pipeline": "renewals"}
    assert code(api.post(path, json={"properties": wrong})) == "INVALID_OPTION"
    right = api.post(path, json={"properties": {**wrong, "dealstage": "won"}}).json()
    moved = api.patch(f"{path}/{right['id']}", json={"properties": {"dealstage": "closedwon"}})
    assert code(moved) == "INVALID_OPTION"


def test_a_companys_domain_is_not_unique_and_no_key(box: Sandbox, api: httpx.Client, version: str) -> None:
    first = made(api, "companies", domain="Acme.example")
    second = made(api, "companies", domain="acme.example")
    assert first != second
    path = f"{objects(version)}/companies"
    row = {"id": "acme.example", "idProperty": "domain", "properties": {"name": "Acme"}}
    for reply in (
        api.post(f"{path}/batch/upsert", json={"inputs": [row]}),
        api.post(f"{path}/batch/update", json={"inputs": [row]}),
        api.post(f"{path}/batch/read", json={"inputs": [{"id": "x"}], "idProperty": "domain"}),
        api.get(f"{path}/acme.example", params={"idProperty": "domain"}),
    ):
        assert (reply.status_code, "non-unique 0-2 property: domain" in reply.json()["message"]) == (
            400,
            True,
        )


def test_unique_values_are_enforced_in_each_write(box: Sandbox, api: httpx.Client, version: str) -> None:
    unique(box, "companies")
    path = f"{objects(version)}/company"
    first = made(api, "companies", name="A", warehouse_id="1")
    taken = {"properties": {"name": "B", "warehouse_id": "1"}}
    reply = api.post(path, json=taken)
    assert (reply.status_code, code(reply)) == (400, "DUPLICATE_UNIQUE_PROPERTY_VALUE")
    assert first in reply.json()["message"]
    other = made(api, "companies", name="B")
    assert api.patch(f"{path}/{other}", json=taken).status_code == 400
    batch = api.post(
        f"{path}/batch/create",
        json={
            "inputs": [
                {**taken, "objectWriteTraceId": "a"},
                {"properties": {"name": "C", "warehouse_id": "2"}, "objectWriteTraceId": "b"},
            ]
        },
    )
    assert (batch.status_code, batch.json()["numErrors"]) == (207, 1)
    assert batch.json()["errors"][0]["context"]["objectWriteTraceId"] == ["a"]
    put = api.post(
        f"{path}/batch/upsert",
        json={
            "inputs": [
                {"id": one, "idProperty": "warehouse_id", "properties": {"name": "D"}} for one in ("1", "3")
            ]
        },
    )
    assert sorted((row["properties"]["warehouse_id"], row["new"]) for row in put.json()["results"]) == [
        ("1", False),
        ("3", True),
    ]
    assert api.post(f"{path}/batch/archive", json={"inputs": [{"id": first}]}).status_code == 204
    # The value of an archived record is free.
    assert api.post(path, json=taken).status_code == 201


def test_an_object_type_has_at_most_ten_properties_with_unique_values(
    api: httpx.Client, version: str
) -> None:
    path = "/crm/v3/properties" if version == V3 else f"/crm/properties/{version}"
    body = {"label": "A", "type": "string", "fieldType": "text", "groupName": "dealinformation"}
    for number in range(10):
        given = {**body, "name": f"key_{number}", "hasUniqueValue": True}
        assert api.post(f"{path}/deals", json=given).status_code == 201
    more = {**body, "name": "key_10", "hasUniqueValue": True}
    assert api.post(f"{path}/deals", json=more).status_code == 400
    batch = api.post(f"{path}/deals/batch/create", json={"inputs": [more, {**body, "name": "plain"}]})
    assert (batch.status_code, batch.json()["numErrors"]) == (207, 1)


def test_batches_hold_at_most_100_records(api: httpx.Client, version: str) -> None:
    rows = [{"id": "1", "properties": {"name": "A"}}] * 101
    for verb in ("create", "read", "update", "upsert", "archive"):
        assert (
            api.post(f"{objects(version)}/companies/batch/{verb}", json={"inputs": rows}).status_code == 400
        )


def test_records_that_do_not_exist_are_errors_of_a_batch(api: httpx.Client, version: str) -> None:
    one = made(api, "companies", name="A")
    path = f"{objects(version)}/companies"
    for verb, row in (("read", {}), ("update", {"properties": {"city": "Oslo"}})):
        reply = api.post(f"{path}/batch/{verb}", json={"inputs": [{"id": one, **row}, {"id": "5", **row}]})
        assert (reply.status_code, reply.json()["errors"][0]["context"]["ids"]) == (207, ["5"])
    assert api.get(f"{path}/5").status_code == 404


def test_only_september_enforces_the_rules_of_an_object_type(
    box: Sandbox, api: httpx.Client, version: str
) -> None:
    box.hubspot.settings.object_rules = {"deals": AccountRules(required=("amount",))}
    reply = api.post(f"{objects(version)}/deals", json={"properties": DEAL})
    assert reply.status_code == (400 if version == SEPTEMBER else 201)
    if version == SEPTEMBER:
        assert code(reply) == "MISSING_REQUIRED_PROPERTY"


def test_tokens_need_the_scope_of_the_object_type(box: Sandbox, api: httpx.Client, version: str) -> None:
    box.hubspot.settings.withheld_scopes = ("crm.objects.deals.write", "tickets", "crm.objects.custom.read")
    assert api.post(f"{objects(version)}/deals", json={"properties": DEAL}).status_code == 403
    assert api.get(f"{objects(version)}/deals").status_code == 200
    assert api.get(f"{objects(version)}/tickets").status_code == 403
    assert api.post(f"{objects(version)}/companies", json={"properties": {"name": "A"}}).status_code == 201


@pytest.mark.parametrize(("name", "said"), [("spaceships", "Unable to infer"), ("notes", "keeps no records")])
def test_an_object_type_that_is_unknown_or_not_kept_is_refused(
    api: httpx.Client, version: str, name: str, said: str
) -> None:
    reply = api.get(f"{objects(version)}/{name}")
    assert (reply.status_code, said in reply.json()["message"]) == (400, True)


# -- associations -------------------------------------------------------------------------------------


def test_pairs_that_cannot_be_associated_are_errors_of_their_batch(api: httpx.Client, version: str) -> None:
    acme = made(api, "companies", name="Acme")
    path = between(version, "contacts", "companies")
    for tail, types in (("batch/create", (279,)), ("batch/associate/default", ())):
        rows = [pair(ADA, acme, *types), pair("1", acme, *types), pair(ADA, "2", *types)]
        reply = api.post(f"{path}/{tail}", json={"inputs": rows})
        assert (reply.status_code, reply.json()["numErrors"]) == (207, 2)
        assert [error["context"] for error in reply.json()["errors"]] == [
            {"fromObjectId": ["1"], "toObjectId": [acme]},
            {"fromObjectId": [ADA], "toObjectId": ["2"]},
        ]
    read = api.post(f"{path}/batch/read", json={"inputs": [{"id": ADA}, {"id": BRUNO}]})
    assert (read.status_code, read.json()["errors"][0]["subCategory"]) == (
        207,
        "crm.associations.NO_ASSOCIATIONS_FOUND",
    )


def test_a_type_of_another_pair_is_refused(api: httpx.Client, version: str) -> None:
    acme = made(api, "companies", name="Acme")
    path = between(version, "contacts", "companies")
    assert api.post(f"{path}/batch/create", json={"inputs": [pair(ADA, acme, 280)]}).status_code == 400
    assert api.post(f"{path}/batch/create", json={"inputs": [pair(ADA, acme)]}).status_code == 400


@pytest.mark.parametrize(
    ("tail", "most", "row"),
    [
        ("batch/read", 1_000, {"id": ADA}),
        ("batch/create", 2_000, pair(ADA, BRUNO, 449)),
        ("batch/associate/default", 2_000, pair(ADA, BRUNO)),
        ("batch/archive", 100, {"from": {"id": ADA}, "to": [{"id": BRUNO}]}),
    ],
)
def test_batches_of_associations_have_their_own_limits(
    api: httpx.Client, version: str, tail: str, most: int, row: dict[str, Any]
) -> None:
    path = f"{between(version, 'contacts', 'contacts')}/{tail}"
    assert api.post(path, json={"inputs": [row] * most}).status_code < 300
    assert api.post(path, json={"inputs": [row] * (most + 1)}).status_code == 400


def test_removing_answers_204_in_v4_and_an_envelope_in_dated_versions(
    api: httpx.Client, version: str
) -> None:
    acme = made(api, "companies", name="Acme")
    path = between(version, "contacts", "companies")
    api.post(f"{path}/batch/create", json={"inputs": [pair(ADA, acme, 1)]})
    labels = api.post(f"{path}/batch/labels/archive", json={"inputs": [pair(ADA, acme, 1)]})
    both = api.post(f"{path}/batch/archive", json={"inputs": [{"from": {"id": ADA}, "to": [{"id": acme}]}]})
    for reply in (labels, both):
        assert reply.status_code == (204 if version == V3 else 200)
    assert api.post(f"{path}/batch/read", json={"inputs": [{"id": ADA}]}).json()["results"] == []


def test_one_record_is_associated_listed_and_separated(api: httpx.Client, version: str) -> None:
    acme, globex = (made(api, "companies", name=name) for name in ("Acme", "Globex"))
    base = f"{'/crm/v4/objects' if version == V3 else objects(version)}/contacts/{ADA}/associations"
    assert api.put(f"{base}/default/companies/{acme}").status_code == 200
    body = [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}]
    assert api.put(f"{base}/companies/{globex}", json=body).json()["labels"] == ["Primary"]
    first = api.get(f"{base}/companies", params={"limit": 1}).json()
    second = api.get(f"{base}/companies", params={"after": first["paging"]["next"]["after"]}).json()
    assert [one["toObjectId"] for one in (*first["results"], *second["results"])] == [acme, globex]
    assert api.delete(f"{base}/companies/{acme}").status_code == 204
    assert [one["toObjectId"] for one in api.get(f"{base}/companies").json()["results"]] == [globex]
    assert api.put(f"{base}/default/companies/5").status_code == 404


def test_a_limit_of_the_account_refuses_further_associations(api: httpx.Client, version: str) -> None:
    acme, globex = (made(api, "companies", name=name) for name in ("Acme", "Globex"))
    base = "/crm/v4/associations" if version == V3 else f"/crm/associations/{version}"
    limits = f"{base}/definitions/configurations"
    given = {"category": "HUBSPOT_DEFINED", "typeId": 279, "maxToObjectIds": 1}
    assert api.post(f"{limits}/contacts/companies/batch/create", json={"inputs": [given]}).status_code == 201
    assert api.get(f"{limits}/all").json()["results"][0]["userEnforcedMaxToObjectIds"] == 1
    path = f"{between(version, 'contacts', 'companies')}/batch/associate/default"
    rows = [pair(ADA, acme), pair(ADA, globex), pair(BRUNO, globex), pair(ADA, acme)]
    reply = api.post(path, json={"inputs": rows}).json()
    assert [error["context"]["toObjectId"] for error in reply["errors"]] == [[globex]]
    # In both directions.
    assert len(reply["results"]) == 6


def test_a_merged_company_keeps_its_associations(api: httpx.Client, version: str) -> None:
    first, second = (made(api, "companies", name=name) for name in ("Acme", "Globex"))
    path = between(version, "contacts", "companies")
    api.post(f"{path}/batch/associate/default", json={"inputs": [pair(ADA, first), pair(BRUNO, second)]})
    body = {"primaryObjectId": first, "objectIdToMerge": second}
    reply = api.post(f"{objects(version)}/companies/merge", json=body)
    kept = reply.json()["id"]
    assert (reply.status_code, kept in (first, second)) == (200, False)
    read = api.post(f"{path}/batch/read", json={"inputs": [{"id": BRUNO}]}).json()["results"]
    assert [one["toObjectId"] for one in read[0]["to"]] == [kept]
    assert api.get(f"{objects(version)}/companies/{second}").json()["id"] == kept


@pytest.mark.parametrize("tail", ["batch/create", "batch/associate/default"])
def test_a_user_without_the_permission_cannot_associate_in_september(
    box: Sandbox, api: httpx.Client, version: str, tail: str
) -> None:
    box.hubspot.settings.may_edit_associations = False
    acme = made(api, "companies", name="Acme")
    grant = {
        "grant_type": "refresh_token",
        "refresh_token": seed.REFRESH_TOKEN,
        "client_id": seed.OAUTH_CLIENT_ID,
        "client_secret": seed.OAUTH_CLIENT_SECRET,
    }
    token = api.post("/oauth/v1/token", data=grant).json()["access_token"]
    path = f"{between(version, 'contacts', 'companies')}/{tail}"
    body = {"inputs": [pair(ADA, acme, 279)]}
    reply = api.post(path, json=body, headers={"Authorization": f"Bearer {token}"})
    assert (reply.status_code == 400) is (version == SEPTEMBER)
    # A token of an app has no user.
    assert api.post(path, json=body).status_code < 300
