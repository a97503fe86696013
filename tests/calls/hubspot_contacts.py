"""Scenes of contacts, imports and exports, and of the leads of before there were contacts."""

from __future__ import annotations

import pytest
from calls.hubspot_runners import CallRunner
from calls.scenes import Scenes

from airflow_provider_mkt.client.errors import InvalidRequest, NotFound
from airflow_provider_mkt.client.hubspot.automation import legacy
from airflow_provider_mkt.client.hubspot.contacts import contact_merging, contact_search, contacts
from airflow_provider_mkt.client.hubspot.exports import exports
from airflow_provider_mkt.client.hubspot.imports import imports
from airflow_provider_mkt.client.transport.downloads import download
from airflow_provider_mkt.sandbox.hubspot import seed

SCENES = Scenes()
ADA, BRUNO, CHIDI = seed.CONTACT_IDS[:3]
PLUS = "ada+news/2026@example.com"


def city(run: CallRunner, contact_id: str) -> str | None:
    return run(contacts.get(contact_id, properties=["city"]))["properties"]["city"]


@SCENES.show(contacts="create get update archive")
def a_contacts_life(run: CallRunner) -> None:
    made = run(contacts.create({"email": PLUS, "firstname": "New"}))
    run(contacts.update(PLUS, {"firstname": "Old", "city": "Oslo"}, id_property="email"))
    shown = run(contacts.get(PLUS, id_property="email", properties_with_history=["firstname"]))
    assert shown["id"] == made["id"]
    assert [one["value"] for one in shown["propertiesWithHistory"]["firstname"]] == ["Old", "New"]
    assert city(run, made["id"]) == "Oslo"
    run(contacts.archive(made["id"]))
    with pytest.raises(NotFound):
        run(contacts.get(made["id"]))
    assert run(contacts.get(made["id"], archived=True))["archived"] is True


@SCENES.show(contacts="list")
def contacts_page_by_page(run: CallRunner) -> None:
    rows = run.every(contacts.list(properties=["email"], associations=["companies"], limit=2))
    assert [one["id"] for one in rows] == list(seed.CONTACT_IDS)
    assert rows[0]["properties"]["email"] == "ada@example.com"


@SCENES.show(contacts="create_batch batch_read update_batch upsert_batch archive_batch")
def a_batch_of_contacts(run: CallRunner) -> None:
    made = run(contacts.create_batch([{"email": "a@example.com"}, {"email": "ada@example.com"}]))
    assert made.numErrors == 1
    (new,) = made.results
    changed = run(
        contacts.update_batch(
            [{"hs_object_id": new.id, "city": "Rome"}, {"hs_object_id": "1", "city": "Rome"}]
        )
    )
    assert ([row.id for row in changed.results], changed.numErrors) == ([new.id], 1)
    put = run(
        contacts.upsert_batch([{"email": "a@example.com", "city": "Turin"}, {"email": "b@example.com"}])
    )
    assert sorted((row.properties["email"] or "", row.new) for row in put.results) == [
        ("a@example.com", False),
        ("b@example.com", True),
    ]
    wanted = ["a@example.com", "b@example.com", "nobody@example.com"]
    read = run(contacts.batch_read(wanted, properties=["city"], id_property="email"))
    assert read.numErrors == 1
    assert {row.id: row.properties["city"] for row in read.results}[new.id] == "Turin"
    run(contacts.archive_batch([new.id, ADA]))
    left = run(contacts.batch_read([new.id, ADA, BRUNO]))
    assert [row.id for row in left.results] == [BRUNO]
    assert {one for error in left.errors for one in error.ids()} == {new.id, ADA}


@SCENES.show(contact_search="search search_all")
def contacts_are_searched(run: CallRunner) -> None:
    leads: contact_search.Filter = {"property_name": "lifecyclestage", "operator": "EQ", "value": "lead"}
    found = run.every(contact_search.search([[leads]], properties=["email"], sort="-hs_object_id"))
    assert [one["properties"]["email"] for one in found] == ["dana@example.com", "bruno@example.com"]
    # A stage moves back only when it was cleared.
    run(contacts.update(ADA, {"lifecyclestage": ""}))
    run(contacts.update(ADA, {"lifecyclestage": "lead"}))
    run.wait(2)
    assert [one["id"] for one in run.every(contact_search.search_all([[leads]]))] == [
        ADA,
        BRUNO,
        seed.CONTACT_IDS[3],
    ]


@SCENES.show(contact_merging="merge", contacts="gdpr_delete")
def contacts_become_one_and_none(run: CallRunner) -> None:
    run(contacts.update(BRUNO, {"city": "Rome"}))
    kept = run(contact_merging.merge(ADA, BRUNO))["id"]
    assert kept not in (ADA, BRUNO)
    assert run(contacts.get(BRUNO))["id"] == run(contacts.get(ADA))["id"] == kept
    assert city(run, ADA) == "Rome"
    run(contacts.gdpr_delete("chidi@example.com", id_property="email"))
    for gone in (contacts.get(CHIDI), contacts.get(CHIDI, archived=True)):
        with pytest.raises(NotFound):
            run(gone)


@SCENES.show(imports="start get list errors cancel")
def an_import_of_contacts(run: CallRunner) -> None:
    columns: list[imports.Column] = [
        {"name": "Mail", "property_name": "email", "column_type": "HUBSPOT_ALTERNATE_ID"},
        {"name": "City", "property_name": "city"},
    ]
    rows = b"Mail,City\nnew@example.com,Oslo\nnonsense,Rome\nada@example.com,Turin\n"
    first = run(imports.start("June", rows, columns, time_zone="Europe/Oslo"))
    second = run(imports.start("July", rows, columns, create_list=True))
    assert run(imports.get(first.id)).state == "STARTED"
    assert run(imports.cancel(second.id))["status"] == "COMPLETE"
    run.wait(10)
    shown = {one.importName: one for one in run.every(imports.list(limit=1))}
    assert {name: one.state for name, one in shown.items()} == {"June": "DONE", "July": "CANCELED"}
    assert shown["June"].metadata.counters["ERRORS"] == 1
    (failed,) = run.every(imports.errors(first.id, include_row_data=True, limit=1))
    assert (failed["errorType"], failed["sourceData"]["lineNumber"]) == ("INVALID_EMAIL", 3)
    assert city(run, ADA) == "Turin"
    made = run(contacts.get("new@example.com", id_property="email", properties=["city"]))
    assert made["properties"]["city"] == "Oslo"


@SCENES.show(exports="start status get")
def an_export_of_contacts(run: CallRunner) -> None:
    leads: contact_search.Filter = {"property_name": "city", "operator": "HAS_PROPERTY"}
    run(contacts.update(ADA, {"city": "Turin"}))
    one = run(exports.start("June", "contacts", ["email", "city"], filter_groups=[[leads]]))
    listed = run(exports.start("Members", "contacts", ["email"], list_id=seed.LIST_ID))
    assert run(exports.get(one.id)).exportState == "PROCESSING"
    assert run(exports.get(listed.id)).exportState == "ENQUEUED"
    assert run(exports.status(one.id)).status == "PROCESSING"
    run.wait(10)
    done = run(exports.get(one.id))
    assert (done.exportState, done.recordCount, done.objectType) == ("DONE", 1, "CONTACT")
    assert run(exports.get(listed.id)).exportState == "DONE"
    task = run(exports.status(one.id))
    assert (task.status, task.numErrors) == ("COMPLETE", 0)
    assert task.result is not None
    content: list[bytes] = []
    download(task.result, content.append)
    assert b"".join(content) == b"email,city\nada@example.com,Turin\n"


@SCENES.show(legacy="enrol_in_nurture update_lead")
def a_lead_of_old(run: CallRunner) -> None:
    lead = seed.LEAD_GUIDS[0]
    run(legacy.update_lead(lead, {"firstName": "Zoe"}))
    assert run.box.hubspot.state.nurture.leads[lead].fields["firstName"] == "Zoe"
    run(legacy.enrol_in_nurture(seed.WELCOME_NURTURE, lead))
    assert run.box.hubspot.state.nurture.enrolments[-1].lead == lead
    # Nothing can be read over this API: that a repeat is refused tells that the first one worked.
    with pytest.raises(InvalidRequest):
        run(legacy.enrol_in_nurture(seed.WELCOME_NURTURE, lead))
    run(legacy.update_lead(lead, {"isDeleted": True}))
    with pytest.raises(NotFound):
        run(legacy.update_lead(lead, {"firstName": "Zoe"}))
