"""Scenes of objects, associations, properties, owners and pipelines."""

from __future__ import annotations

from typing import Any

import pytest
from calls.hubspot_runners import CallRunner
from calls.scenes import Scenes

from airflow_provider_mkt.client.errors import Conflict, InvalidRequest, NotFound
from airflow_provider_mkt.client.hubspot.associations import association_labels, associations
from airflow_provider_mkt.client.hubspot.contacts import contacts
from airflow_provider_mkt.client.hubspot.objects import object_schemas, objects
from airflow_provider_mkt.client.hubspot.owners import owners
from airflow_provider_mkt.client.hubspot.pipelines import pipelines
from airflow_provider_mkt.client.hubspot.properties import properties, property_groups
from airflow_provider_mkt.sandbox.hubspot import seed
from airflow_provider_mkt.sandbox.hubspot.automation import seed as automation

SCENES = Scenes()
ADA, BRUNO = seed.CONTACT_IDS[:2]
NUMBER: dict[str, Any] = {
    "name": "number",
    "label": "Number",
    "type": "string",
    "fieldType": "text",
    "hasUniqueValue": True,
}


def unique(run: CallRunner, object_type: str, name: str = "warehouse_id") -> str:
    group = run(property_groups.list(object_type))[0]["name"]
    made = properties.create(
        object_type, name, "Warehouse id", "string", "text", group, has_unique_value=True
    )
    return run(made)["name"]


@SCENES.show(objects="create get update archive")
def a_companys_life(run: CallRunner) -> None:
    made = run(objects.create("companies", {"name": "Acme", "domain": "Acme.example"}))
    run(objects.update("0-2", made["id"], {"city": "Oslo"}))
    shown = run(objects.get("company", made["id"], properties=["city", "domain", "nothing"]))
    assert (shown["properties"]["city"], shown["properties"]["domain"]) == ("Oslo", "acme.example")
    assert "nothing" not in shown["properties"]
    with pytest.raises(InvalidRequest, match="required properties"):
        run(objects.create("companies", {"city": "Oslo"}))
    run(objects.archive("companies", made["id"]))
    with pytest.raises(NotFound):
        run(objects.get("companies", made["id"]))
    assert run(objects.get("companies", made["id"], archived=True))["archived"] is True


@SCENES.show(objects="list")
def companies_page_by_page(run: CallRunner) -> None:
    made = [run(objects.create("companies", {"name": f"C{place}"}))["id"] for place in range(3)]
    rows = run.every(objects.list("companies", properties=["name"], limit=2))
    assert [(one["id"], one["properties"]["name"]) for one in rows] == list(
        zip(made, ("C0", "C1", "C2"), strict=True)
    )
    assert [one["properties"]["dealname"] for one in run.every(objects.list("deals"))] == ["Yearly licence"]


@SCENES.show(objects="batch_create batch_read batch_update batch_upsert batch_archive")
def a_batch_of_deals(run: CallRunner) -> None:
    key = unique(run, "deals")
    stage = {"dealstage": "closedwon"}
    first = run(
        objects.batch_create("deals", [{"dealname": "A", key: "1", **stage}], id_property=key)
    ).results[0]
    again = run(
        objects.batch_create(
            "deals", [{"dealname": "A", key: "1", **stage}, {"dealname": "B", key: "2", **stage}]
        )
    )
    assert ([row.properties[key] for row in again.results], again.numErrors) == (["2"], 1)
    assert again.errors[0].code() == "DUPLICATE_UNIQUE_PROPERTY_VALUE"
    put = run(
        objects.batch_upsert(
            "0-3", [{key: "1", "amount": "5"}, {key: "3", "dealname": "C", **stage}], id_property=key
        )
    )
    assert sorted((row.properties[key] or "", row.new) for row in put.results) == [("1", False), ("3", True)]
    changed = run(objects.batch_update("deals", [{"hs_object_id": first.id, "amount": "6"}]))
    assert changed.results[0].id == first.id
    by_key = run(objects.batch_update("deals", [{key: "3", "amount": "7"}], id_property=key))
    assert by_key.numErrors == 0
    read = run(objects.batch_read("deals", ["1", "3", "4"], properties=["amount", key], id_property=key))
    assert {row.properties[key]: row.properties["amount"] for row in read.results} == {"1": "6", "3": "7"}
    assert read.errors[0].ids() == ["4"]
    with pytest.raises(InvalidRequest, match="non-unique"):
        run(objects.batch_upsert("deals", [{"dealname": "A"}], id_property="dealname"))
    with pytest.raises(InvalidRequest, match="allowed options"):
        run(objects.batch_create("deals", [{"dealname": "A", "dealstage": "nowhere"}]))
    run(objects.batch_archive("deals", [first.id]))
    with pytest.raises(NotFound):
        run(objects.get("deals", first.id))


@SCENES.show(objects="search search_all")
def companies_are_searched(run: CallRunner) -> None:
    for name in ("Acme", "Globex", "Acme two"):
        run(objects.create("companies", {"name": name, "domain": "acme.example"}))
    run.wait(2)
    same: objects.Filter = {"property_name": "domain", "operator": "EQ", "value": "ACME.example"}
    found = run.every(objects.search("companies", [[same]], properties=["name"], sort="-name", limit=2))
    assert [one["properties"]["name"] for one in found] == ["Globex", "Acme two", "Acme"]
    every = run.every(objects.search_all("companies", [[same]], query="acme two"))
    assert len(every) == 1


@SCENES.show(object_schemas="list get create delete")
def a_custom_object(run: CallRunner) -> None:
    made = run(
        object_schemas.create(
            "machine",
            {"singular": "Machine", "plural": "Machines"},
            [NUMBER, {**NUMBER, "name": "model", "label": "Model", "hasUniqueValue": False}],
            required_properties=["number"],
            primary_display_property="number",
        )
    )
    kind = made["objectTypeId"]
    assert run(object_schemas.get("p_machine"))["objectTypeId"] == kind
    assert [one["name"] for one in run(object_schemas.list())] == ["machine"]
    with pytest.raises(Conflict):
        run(object_schemas.create("machine", {"singular": "Machine", "plural": "Machines"}, [NUMBER]))
    one = run(objects.create(kind, {"number": "1"}))
    put = run(objects.batch_upsert("p_machine", [{"number": "1", "model": "X"}], id_property="number"))
    assert [(row.id, row.new) for row in put.results] == [(one["id"], False)]
    with pytest.raises(InvalidRequest, match="required properties"):
        run(objects.create(kind, {"model": "X"}))
    with pytest.raises(InvalidRequest, match="records"):
        run(object_schemas.delete(kind))
    run(objects.archive(kind, one["id"]))
    run(object_schemas.delete(kind))
    assert [one["objectTypeId"] for one in run(object_schemas.list(archived=True))] == [kind]
    with pytest.raises(InvalidRequest, match="object type"):
        run(objects.list(kind))


@SCENES.show(
    associations="list batch_read batch_create batch_create_default batch_archive batch_archive_labels",
    association_labels="list create update delete",
)
def contacts_and_their_companies(run: CallRunner) -> None:
    acme, globex = (run(objects.create("companies", {"name": name}))["id"] for name in ("Acme", "Globex"))
    linked = run(
        associations.batch_create_default("contacts", "companies", [(ADA, acme), (BRUNO, acme), ("1", acme)])
    )
    pairs = {(row.from_id, row.to_id) for row in linked.results}
    assert {(ADA, acme), (BRUNO, acme)} <= pairs
    assert [error.context["fromObjectId"] for error in linked.errors] == [["1"]]
    labels = run(association_labels.create("contacts", "companies", "buyer", "Buyer", inverse_label="Seller"))
    there = next(one for one in labels if one["label"] == "Buyer")
    assert there in run(association_labels.list("contacts", "companies"))
    with pytest.raises(InvalidRequest, match="label"):
        run(association_labels.create("contacts", "companies", "buyer", "Buyer"))
    labelled = run(
        associations.batch_create("contacts", "companies", [(ADA, globex)], type_id=there["typeId"])
    )
    assert [(row.from_id, row.to_id, row.labels) for row in labelled.results] == [(ADA, globex, ["Buyer"])]
    shown = {
        one["toObjectId"]: {each["label"] for each in one["associationTypes"]}
        for one in run.every(associations.list("contacts", ADA, "companies", limit=1))
    }
    assert shown == {acme: {None}, globex: {None, "Buyer"}}
    back = run.every(associations.list("companies", globex, "contacts"))
    assert {each["label"] for each in back[0]["associationTypes"]} == {None, "Seller"}
    # A primary company replaces the one before it.
    for company in (acme, globex):
        run(
            associations.batch_create(
                "contacts", "companies", [(ADA, company)], type_id=1, category="HUBSPOT_DEFINED"
            )
        )
    read = run(associations.batch_read("contacts", "companies", [ADA, BRUNO, "1"]))
    of = {row.from_id: row.to for row in read.results}
    primary = [
        one["toObjectId"]
        for one in of[ADA]
        if any(each["label"] == "Primary" for each in one["associationTypes"])
    ]
    assert (primary, [one["toObjectId"] for one in of[BRUNO]]) == ([globex], [acme])
    assert read.errors[0].context["fromObjectId"] == ["1"]
    run(associations.batch_archive_labels("contacts", "companies", [(ADA, globex)], type_id=there["typeId"]))
    run(associations.batch_archive("contacts", "companies", [(ADA, acme), (BRUNO, acme)]))
    left = run.every(associations.list("contacts", ADA, "companies"))
    assert [(one["toObjectId"], len(one["associationTypes"])) for one in left] == [(globex, 2)]
    run(associations.batch_create("contacts", "companies", [(ADA, globex)], type_id=there["typeId"]))
    run(
        association_labels.update(
            "contacts", "companies", there["typeId"], "Client", inverse_label="Supplier"
        )
    )
    for one, other, record, label in (
        ("contacts", "companies", ADA, "Client"),
        ("companies", "contacts", globex, "Supplier"),
    ):
        (linked_to,) = run.every(associations.list(one, record, other))
        assert label in {each["label"] for each in linked_to["associationTypes"]}
    with pytest.raises(InvalidRequest, match="already"):
        run(association_labels.update("contacts", "companies", there["typeId"], "Primary"))
    run(association_labels.delete("contacts", "companies", there["typeId"]))
    assert run.every(associations.list("contacts", ADA, "companies")) == left
    with pytest.raises(InvalidRequest, match="no label"):
        run(association_labels.delete("contacts", "companies", there["typeId"]))
    assert run(contacts.get(BRUNO, associations=["companies"])).get("associations") is None


@SCENES.show(
    properties="list get create update archive batch_create batch_read batch_archive",
    property_groups="list create",
)
def what_can_be_written(run: CallRunner) -> None:
    shown = {one["name"]: one for one in run(properties.list("contacts"))}
    read_only = {
        name: one["modificationMetadata"]["readOnlyValue"]
        for name, one in shown.items()
        if name in ("createdate", "firstname", "hs_object_id")
    }
    assert read_only == {"createdate": True, "firstname": False, "hs_object_id": True}
    assert shown["hs_buying_role"]["fieldType"] == "checkbox"
    assert run(properties.list("0-1", data_sensitivity="sensitive")) == []
    with pytest.raises(InvalidRequest, match="object type"):
        run(properties.list("nothing"))
    run(property_groups.create("deals", "warehouse", "Warehouse"))
    assert [one["name"] for one in run(property_groups.list("deals"))] == ["dealinformation", "warehouse"]
    grades = [{"label": "A", "value": "a"}, {"label": "B", "value": "b"}]
    run(
        properties.create(
            "deals", "grade", "Grade", "enumeration", "select", "warehouse", options=grades, description="x"
        )
    )
    with pytest.raises(Conflict):
        run(properties.create("deals", "grade", "Grade", "string", "text", "warehouse"))
    run(properties.update("deals", "grade", {"label": "School grade"}))
    one = run(properties.get("deals", "grade"))
    assert (one["label"], [each["value"] for each in one["options"]]) == ("School grade", ["a", "b"])
    more = {"type": "number", "fieldType": "number", "groupName": "warehouse"}
    made = run(
        properties.batch_create(
            "deals",
            [{"name": "rooms", "label": "Rooms", **more}, {"name": "grade", "label": "Grade", **more}],
        )
    )
    assert ([each["name"] for each in made["results"]], len(made["errors"])) == (["rooms"], 1)
    read = run(properties.batch_read("deals", ["rooms", "nothing"]))
    assert ([each["name"] for each in read["results"]], len(read["errors"])) == (["rooms"], 1)
    run(properties.archive("deals", "grade"))
    run(properties.batch_archive("deals", ["rooms", "nothing"]))
    for name in ("grade", "rooms"):
        with pytest.raises(NotFound):
            run(properties.get("deals", name))
        assert run(properties.get("deals", name, archived=True))["name"] == name


@SCENES.show(owners="list get", pipelines="list get list_stages")
def owners_and_pipelines(run: CallRunner) -> None:
    every = run.every(owners.list(limit=2))
    assert len(every) == 3
    (sales,) = run(owners.list(email=automation.SALES_ADDRESS))
    assert run(owners.get(sales["id"])) == run(owners.get(automation.SALES_USER, id_property="userId"))
    with pytest.raises(NotFound):
        run(owners.get("1"))
    (only,) = run(pipelines.list("deals"))
    assert run(pipelines.get("deals", only["id"])) == only
    assert run(pipelines.list_stages("0-3", only["id"])) == only["stages"]
    assert run(pipelines.list("companies")) == []
    with pytest.raises(NotFound):
        run(pipelines.get("tickets", "nothing"))
