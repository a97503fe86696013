"""Scenes of opportunities, sales persons, named accounts and custom objects."""

from __future__ import annotations

import csv
import io

import pytest
from calls.marketo_runners import CallRunner, statuses_and_codes
from calls.scenes import Scenes

from airflow_provider_mkt.client.errors import InvalidRequest, NotFound
from airflow_provider_mkt.client.marketo.custom_objects import custom_object_types, custom_objects
from airflow_provider_mkt.client.marketo.imports import bulk_objects
from airflow_provider_mkt.client.marketo.leads import leads
from airflow_provider_mkt.client.marketo.named_accounts import (
    named_account_fields,
    named_account_lists,
    named_accounts,
)
from airflow_provider_mkt.client.marketo.opportunities import (
    opportunities,
    opportunity_fields,
    opportunity_roles,
)
from airflow_provider_mkt.client.marketo.sales_persons import sales_persons
from airflow_provider_mkt.sandbox.marketo import seed

SCENES = Scenes()
ANNA, BEN = seed.ANNA, seed.BEN
DEAL = {"externalOpportunityId": "o1", "name": "New site", "amount": 1200.5}
ROLE = {"externalOpportunityId": "o1", "leadId": ANNA, "role": "Buyer"}


@SCENES.show(opportunities="describe sync list delete", opportunity_fields="list get")
def opportunities_are_written_found_and_deleted(run: CallRunner) -> None:
    assert run(opportunities.describe())["dedupeFields"] == ["externalOpportunityId"]
    nameless, orphan = {"externalOpportunityId": "o2"}, DEAL | {"externalOpportunityId": "o3"}
    made = run(opportunities.sync([DEAL, nameless, orphan | {"externalSalesPersonId": "none"}]))
    assert statuses_and_codes(made) == [("created", ""), ("skipped", "1002"), ("skipped", "718")]
    (found,) = run.every(opportunities.list("externalOpportunityId", ["o1", "o2"], fields=["name", "amount"]))
    assert (found["marketoGUID"], found["amount"]) == (made[0].marketoGUID, 1200.5)
    by_id = {"marketoGUID": made[0].marketoGUID, "stage": "Won"}
    (changed,) = run(opportunities.sync([by_id], action="updateOnly", dedupe_by="idField"))
    assert changed.status == "updated"
    assert statuses_and_codes(run(opportunities.sync([DEAL], action="createOnly"))) == [("skipped", "1017")]
    assert "amount" in [row["name"] for row in run.every(opportunity_fields.list(batch_size=5))]
    assert run(opportunity_fields.get("amount"))["dataType"] == "currency"
    gone = run(opportunities.delete([{"externalOpportunityId": "o1"}, {"externalOpportunityId": "o9"}]))
    assert statuses_and_codes(gone) == [("deleted", ""), ("skipped", "1013")]
    assert run(opportunities.list("marketoGUID", [made[0].marketoGUID])) == []


@SCENES.show(opportunity_roles="describe sync list list_by_keys delete")
def roles_need_their_opportunity_and_their_lead(run: CallRunner) -> None:
    assert run(opportunity_roles.describe())["dedupeFields"] == ["externalOpportunityId", "leadId", "role"]
    run(opportunities.sync([DEAL]))
    rows = [ROLE, ROLE | {"leadId": 999}, ROLE | {"externalOpportunityId": "o9"}]
    made = run(opportunity_roles.sync(rows))
    assert statuses_and_codes(made) == [("created", ""), ("skipped", "1004"), ("skipped", "1013")]
    (one,) = run.every(opportunity_roles.list("leadId", [ANNA], fields=["role"]))
    assert (one["marketoGUID"], one["role"]) == (made[0].marketoGUID, "Buyer")
    (same,) = run(
        opportunity_roles.list_by_keys([ROLE, ROLE | {"role": "User"}], fields=["isPrimary", "role"])
    )
    assert same["marketoGUID"] == made[0].marketoGUID
    assert run(opportunity_roles.sync([ROLE | {"isPrimary": True}]))[0].status == "updated"
    assert run(opportunity_roles.delete([ROLE]))[0].status == "deleted"
    assert run(opportunity_roles.list_by_keys([ROLE])) == []


@SCENES.show(sales_persons="describe sync list delete")
def a_sales_person_who_owns_leads_is_not_deleted(run: CallRunner) -> None:
    assert run(sales_persons.describe())["idField"] == "id"
    person = {"externalSalesPersonId": "s1", "email": "rep@example.com"}
    (made,) = run(sales_persons.sync([person]))
    assert run(sales_persons.sync([person | {"firstName": "Rita"}]))[0].status == "updated"
    (found,) = run.every(sales_persons.list("email", ["rep@example.com"], fields=["firstName"]))
    assert (found["id"], found["firstName"]) == (made.id, "Rita")
    lead = {"email": "anna.berg@example.com", "externalSalesPersonId": "s1"}
    assert run(leads.sync([lead]))[0].status == "updated"
    assert statuses_and_codes(run(sales_persons.delete([{"id": made.id}], delete_by="idField"))) == [
        ("skipped", "1022")
    ]
    run(leads.sync([lead | {"externalSalesPersonId": None}]))
    assert run(sales_persons.delete([person]))[0].status == "deleted"
    assert run(sales_persons.list("id", [made.id])) == []


@SCENES.show(
    named_accounts="describe sync list delete",
    named_account_fields="list get",
    named_account_lists="sync list add_members members remove_members delete",
)
def named_accounts_are_kept_in_lists(run: CallRunner) -> None:
    assert run(named_accounts.describe())["dedupeFields"] == ["name"]
    made = run(named_accounts.sync([{"name": "Example Ltd", "industry": "Tools"}, {"name": "Other Ltd"}]))
    guids = [str(one.marketoGUID) for one in made]
    (found,) = run.every(named_accounts.list("industry", ["Tools"], fields=["industry"]))
    assert found["marketoGUID"] == guids[0]
    assert run(named_account_fields.get("industry"))["name"] in [
        row["name"] for row in run.every(named_account_fields.list(batch_size=4))
    ]
    (new,) = run(named_account_lists.sync([{"name": "Top"}]))
    assert statuses_and_codes(run(named_account_lists.sync([{"name": "top"}]))) == [("skipped", "1017")]
    top = str(new.marketoGUID)
    renamed = [{"marketoGUID": top, "name": "Best"}]
    assert run(named_account_lists.sync(renamed, action="updateOnly"))[0].status == "updated"
    (one,) = run.every(named_account_lists.list("dedupeFields", ["Best"]))
    assert one["marketoGUID"] == top
    added = run(named_account_lists.add_members(top, [*guids, "none"]))
    assert [row.status for row in added] == ["added", "added", "skipped"]
    members = run.every(named_account_lists.members(top, fields=["name"], batch_size=1))
    assert [row["marketoGUID"] for row in members] == guids
    run(named_account_lists.remove_members(top, guids[:1]))
    assert run(named_accounts.delete([{"name": "Other Ltd"}]))[0].status == "deleted"
    assert run(named_account_lists.members(top)) == []
    assert run(named_account_lists.delete([top]))[0].status == "deleted"
    assert run(named_account_lists.list("idField", [top])) == []


@SCENES.show(custom_objects="list_types describe sync list list_by_keys delete")
def custom_objects_are_written_by_their_key(run: CallRunner) -> None:
    assert [one["name"] for one in run(custom_objects.list_types(names=[seed.MACHINE_TYPE]))] == ["machine_c"]
    schema = run(custom_objects.describe(seed.MACHINE_TYPE))
    assert (schema["idField"], schema["dedupeFields"]) == ("marketoGUID", ["serialNumber"])
    assert schema["relationships"][0]["relatedTo"] == {"name": "Lead", "field": "id"}
    rows = [
        {"serialNumber": "m1", "leadId": ANNA, "hours": 7},
        {"serialNumber": "m2", "leadId": 999},
        {"serialNumber": "m3", "colour": "red"},
        {"serialNumber": "m4", "hours": "many"},
    ]
    made = run(custom_objects.sync(seed.MACHINE_TYPE, rows))
    assert [code for _, code in statuses_and_codes(made)] == ["", "1004", "1006", "1001"]
    (found,) = run.every(custom_objects.list(seed.MACHINE_TYPE, "leadId", [ANNA], fields=["hours"]))
    assert (found["marketoGUID"], found["hours"]) == (made[0].marketoGUID, 7)
    run(custom_objects.sync(seed.MACHINE_TYPE, [{"serialNumber": "M1", "hours": None}]))
    assert (
        "hours"
        not in run(custom_objects.list(seed.MACHINE_TYPE, "dedupeFields", ["m1"], fields=["hours"]))[0]
    )
    pair = {"courseId": "c1", "leadId": BEN}
    run(custom_objects.sync(seed.ENROLLMENT_TYPE, [pair | {"grade": "A"}]))
    (one,) = run(custom_objects.list_by_keys(seed.ENROLLMENT_TYPE, [pair], fields=["grade"]))
    assert one["grade"] == "A"
    assert run(custom_objects.delete(seed.ENROLLMENT_TYPE, [pair]))[0].status == "deleted"
    assert run(custom_objects.list_by_keys(seed.ENROLLMENT_TYPE, [pair])) == []


@SCENES.show(
    custom_object_types="sync list get add_fields update_field delete_fields approve discard_draft delete "
    "data_types linkable_objects dependent_assets"
)
def a_custom_object_type_is_made_approved_changed_and_deleted(run: CallRunner) -> None:
    types = custom_object_types
    run(types.sync("part_c", "Part", description="Parts of machines"))
    key = {"name": "partId", "displayName": "Part Id", "dataType": "string", "isDedupeField": True}
    run(types.add_fields("part_c", [key, {"name": "weight", "displayName": "Weight", "dataType": "string"}]))
    run(types.update_field("part_c", "weight", {"dataType": "float"}))
    assert [one["name"] for one in run(types.list(state="draft"))] == ["part_c"]
    run(types.approve("part_c"))
    assert run(types.get("part_c"))["state"] == "approved"
    assert "link" in run(types.data_types())
    assert "part_c" in [one["name"] for one in run(types.linkable_objects())]
    run(types.sync("use_c", "Use"))
    link = {"name": "partId", "displayName": "Part", "dataType": "link"}
    run(types.add_fields("use_c", [link | {"relatedTo": {"name": "part_c", "field": "partId"}}]))
    assert [one["usedFields"] for one in run(types.dependent_assets("part_c"))] == [["partId"]]
    with pytest.raises(InvalidRequest, match="in use"):
        run(types.delete("part_c"))
    run(types.delete("use_c"))
    run(types.add_fields("part_c", [{"name": "maker", "displayName": "Maker", "dataType": "string"}]))
    assert run(types.get("part_c", state="draft"))["state"] == "approvedWithDraft"
    run(types.delete_fields("part_c", ["maker"]))
    run(types.discard_draft("part_c"))
    with pytest.raises(InvalidRequest) as refused:
        run(types.discard_draft("part_c"))
    assert refused.value.code == "1048"
    assert run(custom_objects.sync("part_c", [{"partId": "p1", "weight": 1.5}]))[0].status == "created"
    run(types.delete("part_c"))
    with pytest.raises(InvalidRequest):
        run(custom_objects.describe("part_c"))


@SCENES.show(bulk_objects="create_import import_status failures warnings")
def custom_objects_are_imported(run: CallRunner) -> None:
    name = seed.MACHINE_TYPE
    content = f"serialNumber,leadId,hours\nm1,{ANNA},1\n,{ANNA},2\nm3,{ANNA},many\n".encode()
    job = run(bulk_objects.create_import(name, content))["batchId"]
    assert run(bulk_objects.import_status(name, job))["status"] == "Queued"
    run.wait(5)
    done = run(bulk_objects.import_status(name, job))
    assert (done["status"], done["numOfObjectsProcessed"], done["numOfRowsFailed"]) == ("Complete", 1, 2)
    failed = list(csv.DictReader(io.StringIO(run(bulk_objects.failures(name, job)).decode())))
    assert [row["Import Failure Reason"] for row in failed] == ["missing.dedupe.fields", "invalid.data.type"]
    assert [
        row["hours"] for row in run(custom_objects.list(name, "serialNumber", ["m1"], fields=["hours"]))
    ] == [1]
    with pytest.raises(NotFound):
        run(bulk_objects.warnings(name, job))
    run.box.marketo.settings.empty_result_files = True
    try:
        assert run(bulk_objects.warnings(name, job)) == b""
    finally:
        run.box.marketo.settings.empty_result_files = False
