"""HubSpot's own Python client: contacts, their search, and its errors and retries."""

from __future__ import annotations

import json

import pytest
from hubspot import Client
from hubspot.crm.contacts import (
    ApiException,
    BatchInputSimplePublicObjectBatchInput,
    BatchInputSimplePublicObjectBatchInputForCreate,
    BatchInputSimplePublicObjectBatchInputUpsert,
    BatchInputSimplePublicObjectId,
    BatchReadInputSimplePublicObjectId,
    Filter,
    FilterGroup,
    PublicGdprDeleteInput,
    PublicMergeInput,
    PublicObjectSearchRequest,
    SimplePublicObjectBatchInput,
    SimplePublicObjectBatchInputForCreate,
    SimplePublicObjectBatchInputUpsert,
    SimplePublicObjectId,
    SimplePublicObjectInput,
    SimplePublicObjectInputForCreate,
)
from public_clients import category, hubspot_client

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed

ADA, BRUNO, CHIDI, *_ = seed.CONTACT_IDS


def person(**properties: str) -> SimplePublicObjectInputForCreate:
    return SimplePublicObjectInputForCreate(properties=properties)


def test_a_contact_is_created_read_updated_and_archived(client: Client) -> None:
    api = client.crm.contacts.basic_api
    created = api.create(
        simple_public_object_input_for_create=person(email="fay@example.com", firstname="Fay")
    )
    assert created.properties["email"] == "fay@example.com"
    changed = api.update(
        created.id, SimplePublicObjectInput(properties={"firstname": "Faye", "lastname": "Lee"})
    )
    assert changed.updated_at >= created.created_at
    fetched = api.get_by_id(
        "fay@example.com",
        id_property="email",
        properties=["firstname", "lastname"],
        properties_with_history=["firstname"],
    )
    assert (fetched.id, fetched.properties["firstname"], fetched.properties["lastname"]) == (
        created.id,
        "Faye",
        "Lee",
    )
    assert [entry.value for entry in fetched.properties_with_history["firstname"]] == ["Faye", "Fay"]
    assert api.archive(created.id) is None
    with pytest.raises(ApiException) as gone:
        api.get_by_id(created.id)
    assert gone.value.status == 404
    assert api.get_by_id(created.id, archived=True).archived


def test_get_all_reads_all_pages(client: Client) -> None:
    batch = client.crm.contacts.batch_api
    for start in (0, 100):
        rows = [
            SimplePublicObjectBatchInputForCreate(
                properties={"email": f"p{number}@example.com"}, associations=[]
            )
            for number in range(start, start + 100)
        ]
        batch.create(BatchInputSimplePublicObjectBatchInputForCreate(inputs=rows))
    everybody = client.crm.contacts.get_all(properties=["email"])
    assert len({one.properties["email"] for one in everybody}) == len(everybody) == 205
    assert len(client.crm.contacts.get_all(limit=150)) == 150
    first = client.crm.contacts.basic_api.get_page(limit=2)
    second = client.crm.contacts.basic_api.get_page(limit=2, after=first.paging.next.after)
    assert [one.id for one in (*first.results, *second.results)] == list(seed.CONTACT_IDS[:4])


def test_batches_read_update_upsert_and_archive(client: Client) -> None:
    batch = client.crm.contacts.batch_api
    updated = batch.update(
        BatchInputSimplePublicObjectBatchInput(
            inputs=[
                SimplePublicObjectBatchInput(id=one, properties={"company": "Acme"}) for one in (ADA, BRUNO)
            ]
        )
    )
    assert (updated.status, {one.id for one in updated.results}) == ("COMPLETE", {ADA, BRUNO})
    upserted = batch.upsert(
        BatchInputSimplePublicObjectBatchInputUpsert(
            inputs=[
                SimplePublicObjectBatchInputUpsert(
                    id_property="email", id=email, properties={"company": "Upserted"}
                )
                for email in ("ada@example.com", "gil@example.com")
            ]
        )
    )
    assert {one.new for one in upserted.results} == {True, False}
    read = batch.read(
        BatchReadInputSimplePublicObjectId(
            id_property="email",
            inputs=[SimplePublicObjectId(id=f"{name}@example.com") for name in ("ada", "bruno", "gil")],
            properties=["company", "email"],
            properties_with_history=[],
        )
    )
    companies = {one.properties["email"].partition("@")[0]: one.properties["company"] for one in read.results}
    assert companies == {"ada": "Upserted", "bruno": "Acme", "gil": "Upserted"}
    batch.archive(
        BatchInputSimplePublicObjectId(inputs=[SimplePublicObjectId(id=one.id) for one in read.results])
    )
    assert len(client.crm.contacts.get_all()) == 3


def test_a_batch_read_with_unknown_ids_returns_the_model_with_errors(client: Client) -> None:
    read = client.crm.contacts.batch_api.read(
        BatchReadInputSimplePublicObjectId(
            inputs=[SimplePublicObjectId(id=ADA), SimplePublicObjectId(id="404")],
            properties=["email"],
            properties_with_history=[],
        )
    )
    assert ([one.id for one in read.results], read.num_errors) == ([ADA], 1)
    assert (read.errors[0].category, read.errors[0].context["ids"]) == ("OBJECT_NOT_FOUND", ["404"])


def test_a_batch_create_with_trace_ids_creates_the_valid_contacts(client: Client) -> None:
    created = client.crm.contacts.batch_api.create(
        BatchInputSimplePublicObjectBatchInputForCreate(
            inputs=[
                SimplePublicObjectBatchInputForCreate(
                    properties={"email": email}, object_write_trace_id=email, associations=[]
                )
                for email in ("ada@example.com", "new@example.com")
            ]
        )
    )
    assert [one.object_write_trace_id for one in created.results] == ["new@example.com"]
    assert [error.category for error in created.errors] == ["CONFLICT"]


def test_search_finds_by_filter_and_by_text_and_pages(client: Client) -> None:
    search = client.crm.contacts.search_api.do_search
    leads = FilterGroup(filters=[Filter(property_name="lifecyclestage", operator="EQ", value="lead")])
    found = search(PublicObjectSearchRequest(filter_groups=[leads], properties=["email"], limit=10))
    assert (found.total, {one.properties["email"] for one in found.results}) == (
        2,
        {"bruno@example.com", "dana@example.com"},
    )
    named = Filter(property_name="email", operator="IN", values=["ada@example.com", "emi@example.com"])
    page = search(PublicObjectSearchRequest(filter_groups=[FilterGroup(filters=[named])], limit=1))
    rest = search(
        PublicObjectSearchRequest(
            filter_groups=[FilterGroup(filters=[named])], limit=1, after=page.paging.next.after
        )
    )
    assert {page.results[0].id, rest.results[0].id} == {seed.CONTACT_IDS[0], seed.CONTACT_IDS[4]}
    assert search(PublicObjectSearchRequest(query="chidi")).results[0].id == CHIDI


def test_a_new_contact_is_found_after_the_search_index_is_updated(client: Client, box: Sandbox) -> None:
    email = Filter(property_name="email", operator="EQ", value="late@example.com")
    wanted = PublicObjectSearchRequest(filter_groups=[FilterGroup(filters=[email])])
    box.hubspot.settings.search_lag = 30.0
    client.crm.contacts.basic_api.create(person(email="late@example.com"))
    assert client.crm.contacts.search_api.do_search(wanted).total == 0
    box.clock.advance(31)
    assert client.crm.contacts.search_api.do_search(wanted).total == 1


def test_contacts_are_merged_and_deleted_for_gdpr(client: Client) -> None:
    api = client.crm.contacts.basic_api
    survivor = api.merge(PublicMergeInput(primary_object_id=ADA, object_id_to_merge=BRUNO))
    assert api.get_by_id(BRUNO).id == survivor.id
    assert api.purge(PublicGdprDeleteInput(object_id=CHIDI)) is None
    with pytest.raises(ApiException) as gone:
        api.get_by_id(CHIDI)
    assert gone.value.status == 404


def test_errors_are_api_exceptions_with_status_and_category(client: Client, box: Sandbox) -> None:
    api = client.crm.contacts.basic_api
    with pytest.raises(ApiException) as conflict:
        api.create(person(email="ada@example.com"))
    assert (conflict.value.status, category(conflict.value)) == (409, "CONFLICT")
    assert f"Existing ID: {ADA}" in json.loads(conflict.value.body)["message"]
    with pytest.raises(ApiException) as invalid:
        api.update(ADA, SimplePublicObjectInput(properties={"no_such_property": "x"}))
    assert (invalid.value.status, category(invalid.value)) == (400, "VALIDATION_ERROR")
    with pytest.raises(ApiException) as unknown:
        api.get_by_id("404")
    assert (unknown.value.status, category(unknown.value)) == (404, "OBJECT_NOT_FOUND")
    many = [SimplePublicObjectId(id=str(number)) for number in range(101)]
    with pytest.raises(ApiException) as over:
        client.crm.contacts.batch_api.archive(BatchInputSimplePublicObjectId(inputs=many))
    assert (over.value.status, category(over.value)) == (400, "VALIDATION_ERROR")
    reader = hubspot_client(box, seed.READ_ONLY_TOKEN)
    with pytest.raises(ApiException) as scopes:
        reader.crm.contacts.basic_api.archive(ADA)
    assert (scopes.value.status, category(scopes.value)) == (403, "MISSING_SCOPES")
    stranger = hubspot_client(box, "wrong")
    with pytest.raises(ApiException) as nobody:
        stranger.crm.contacts.basic_api.get_page()
    assert (nobody.value.status, category(nobody.value)) == (401, "INVALID_AUTHENTICATION")


def test_its_retries_succeed_after_a_rate_limit_and_a_gateway_error(
    retrying_client: Client, client: Client, box: Sandbox
) -> None:
    for name in ("TEN_SECONDLY_ROLLING", "502", "504"):
        box.hubspot.faults.add("*/contacts*", answer={"error": name})
    assert retrying_client.crm.contacts.basic_api.get_by_id(ADA).id == ADA
    box.hubspot.faults.add("*/contacts*", answer={"error": "TEN_SECONDLY_ROLLING"})
    with pytest.raises(ApiException) as limited:
        client.crm.contacts.basic_api.get_by_id(ADA)
    assert limited.value.status == 429
    assert json.loads(limited.value.body)["policyName"] == "TEN_SECONDLY_ROLLING"


def test_calls_over_the_rate_limit_get_429_with_the_name_of_the_policy(client: Client, box: Sandbox) -> None:
    box.hubspot.limits.rate.limit = 2
    try:
        api = client.crm.contacts.basic_api
        _, status, headers = api.get_by_id_with_http_info(ADA)
        assert (status, headers["X-HubSpot-RateLimit-Max"]) == (200, "2")
        api.get_by_id(ADA)
        with pytest.raises(ApiException) as limited:
            api.get_by_id(ADA)
    finally:
        box.hubspot.limits.rate.limit = 190
    assert limited.value.status == 429
