"""HubSpot's two Python clients read and write companies, deals, custom objects and their associations."""

from __future__ import annotations

import json

import hubspot_sdk as sdk_errors
import pytest
from hubspot import Client
from hubspot.crm.associations.v4 import (
    AssociationSpec,
    BatchInputPublicAssociationMultiPost,
    BatchInputPublicFetchAssociationsBatchRequest,
    PublicAssociationMultiPost,
    PublicFetchAssociationsBatchRequest,
    PublicObjectId,
)
from hubspot.crm.companies import ApiException, PublicObjectSearchRequest
from hubspot.crm.deals import SimplePublicObjectInputForCreate
from hubspot_sdk import HubSpot
from public_clients import category

from airflow_provider_mkt.client.hubspot.associations import association_labels, associations
from airflow_provider_mkt.client.hubspot.objects import object_schemas, objects
from airflow_provider_mkt.client.hubspot.properties import properties, property_groups
from airflow_provider_mkt.hooks.hubspot import HubSpotHook
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.automation import seed as automation

ADA, BRUNO = seed.CONTACT_IDS[:2]


@pytest.fixture
def hook(box: Sandbox, monkeypatch: pytest.MonkeyPatch) -> HubSpotHook:
    connection = {"conn_type": "hubspot", "host": box.hubspot.url, "password": seed.TOKEN}
    monkeypatch.setenv("AIRFLOW_CONN_OBJECTS", json.dumps(connection))
    return HubSpotHook("objects")


def test_what_the_hook_wrote_is_read_back_by_both_clients(
    box: Sandbox, hook: HubSpotHook, client: Client, sdk: HubSpot
) -> None:
    hook.run(property_groups.create("companies", "warehouse", "Warehouse"))
    hook.run(
        properties.create(
            "companies", "warehouse_id", "Id", "string", "text", "warehouse", has_unique_value=True
        )
    )
    rows = [{"warehouse_id": str(number), "name": f"C{number}"} for number in range(3)]
    made = hook.run(objects.batch_upsert("companies", rows, id_property="warehouse_id")).results
    ids = {row.properties["warehouse_id"]: row.id for row in made}
    hook.run(associations.batch_create_default("contacts", "companies", [(ADA, ids["0"]), (ADA, ids["1"])]))
    (label, _) = hook.run(
        association_labels.create("contacts", "companies", "buyer", "Buyer", inverse_label="x")
    )
    hook.run(associations.batch_create("contacts", "companies", [(BRUNO, ids["2"])], type_id=label["typeId"]))

    old = client.crm.companies.basic_api.get_by_id(ids["1"], properties=["name"], associations=["contacts"])
    assert (old.properties["name"], [one.id for one in old.associations["contacts"].results]) == ("C1", [ADA])
    new = sdk.crm.objects.companies.get("2", id_property="warehouse_id", properties=["name"])
    assert (new.id, new.properties["name"]) == (ids["2"], "C2")
    page = client.crm.associations.v4.basic_api.get_page("contacts", ADA, "companies")
    assert sorted(one.to_object_id for one in page.results) == sorted([ids["0"], ids["1"]])
    (only,) = sdk.crm.associations.list("companies", object_type="contacts", object_id=BRUNO).results
    assert {one.label for one in only.association_types} == {None, "Buyer"}
    labels = client.crm.associations.v4.schema.definitions_api.get_all("contacts", "companies")
    assert {one.label for one in labels.results} == {None, "Primary", "Buyer"}
    box.clock.advance(5)
    search = PublicObjectSearchRequest(
        filter_groups=[{"filters": [{"propertyName": "name", "operator": "IN", "values": ["c0", "c2"]}]}],
        sorts=["name"],
        properties=["name"],
        limit=10,
        after="0",
    )
    found = client.crm.companies.search_api.do_search(public_object_search_request=search)
    assert [one.properties["name"] for one in found.results] == ["C0", "C2"]


def test_a_client_writes_a_deal_with_a_contact_and_in_batches(
    box: Sandbox, client: Client, hook: HubSpotHook
) -> None:
    person = {
        "to": {"id": ADA},
        "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 3}],
    }
    deal = client.crm.deals.basic_api.create(
        simple_public_object_input_for_create=SimplePublicObjectInputForCreate(
            properties={"dealname": "New", "dealstage": "contractsent"}, associations=[person]
        )
    )
    assert hook.run(objects.get("deals", deal.id, associations=["contacts"]))["associations"]
    with pytest.raises(ApiException) as refused:
        client.crm.companies.basic_api.create(simple_public_object_input_for_create={"properties": {}})
    assert (refused.value.status, category(refused.value)) == (400, "VALIDATION_ERROR")
    pair = PublicAssociationMultiPost(
        _from=PublicObjectId(id=BRUNO),
        to=PublicObjectId(id=deal.id),
        types=[AssociationSpec(association_category="HUBSPOT_DEFINED", association_type_id=4)],
    )
    api = client.crm.associations.v4.batch_api
    made = api.create(
        "contacts",
        "deals",
        batch_input_public_association_multi_post=BatchInputPublicAssociationMultiPost(inputs=[pair]),
    )
    assert [(one.from_object_id, one.to_object_id) for one in made.results] == [(BRUNO, deal.id)]
    read = api.get_page(
        "deals",
        "contacts",
        batch_input_public_fetch_associations_batch_request=BatchInputPublicFetchAssociationsBatchRequest(
            inputs=[PublicFetchAssociationsBatchRequest(id=deal.id)]
        ),
    )
    assert sorted(one.to_object_id for one in read.results[0].to) == [ADA, BRUNO]


def test_a_custom_object_is_made_by_one_client_and_filled_by_another(
    sdk: HubSpot, client: Client, hook: HubSpotHook
) -> None:
    made = sdk.crm.object_schemas.create(
        allows_sensitive_properties=False,
        associated_objects=["CONTACT"],
        labels={"singular": "Machine", "plural": "Machines"},
        name="machine",
        properties=[
            {
                "name": "number",
                "label": "Number",
                "type": "string",
                "field_type": "text",
                "has_unique_value": True,
            }
        ],
        required_properties=["number"],
        searchable_properties=["number"],
        secondary_display_properties=[],
        primary_display_property="number",
    )
    kind = made.object_type_id
    assert kind == hook.run(object_schemas.get("p_machine"))["objectTypeId"]
    hook.run(objects.batch_create(kind, [{"number": "1"}, {"number": "2"}], id_property="number"))
    rows = client.crm.objects.basic_api.get_page(kind, properties=["number"]).results
    assert sorted(one.properties["number"] for one in rows) == ["1", "2"]
    with pytest.raises(sdk_errors.BadRequestError):
        sdk.crm.object_schemas.delete(kind)


def test_owners_and_pipelines_are_read(client: Client, sdk: HubSpot) -> None:
    owners = client.crm.owners.owners_api.get_page(email=automation.SALES_ADDRESS).results
    assert [one.user_id for one in owners] == [int(automation.SALES_USER)]
    assert sdk.crm.owners.get(int(owners[0].id)).email == automation.SALES_ADDRESS
    (pipeline,) = client.crm.pipelines.pipelines_api.get_all("deals").results
    assert "closedwon" in {one.id for one in pipeline.stages}
    assert [one.id for one in sdk.crm.pipelines.list("tickets").results] == ["0"]
