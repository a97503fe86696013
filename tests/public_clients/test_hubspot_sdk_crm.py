"""HubSpot's next Python client on the dated paths: access, contacts, properties, lists and imports."""

from __future__ import annotations

import datetime as dt
import json

import hubspot_sdk as sdk_errors
import pytest
from hubspot_sdk import HubSpot
from public_clients import hubspot_sdk

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed

APP = {"client_id": seed.OAUTH_CLIENT_ID, "client_secret": seed.OAUTH_CLIENT_SECRET}


def test_an_app_refreshes_inspects_and_revokes_its_token(box: Sandbox, sdk: HubSpot) -> None:
    oauth = sdk.auth.oauth
    created = oauth.create_token(grant_type="refresh_token", refresh_token=seed.REFRESH_TOKEN, **APP)
    holder = hubspot_sdk(box, created.access_token)
    assert holder.auth.oauth.introspect_token(token=created.access_token, **APP).active
    assert holder.account.get().portal_id == seed.PORTAL_ID
    oauth.revoke_token(token=created.access_token, **APP)
    with pytest.raises(sdk_errors.AuthenticationError):
        holder.account.get()
    with pytest.raises(sdk_errors.BadRequestError):
        oauth.create_token(grant_type="refresh_token", refresh_token="na1-none", **APP)


def test_the_account_details_are_read(sdk: HubSpot) -> None:
    assert sdk.account.get().portal_id == seed.PORTAL_ID


def test_a_contact_is_created_updated_found_and_archived(box: Sandbox, sdk: HubSpot) -> None:
    api = sdk.crm.objects.contacts
    created = api.create(associations=[], properties={"email": "new@example.com", "firstname": "New"})
    with pytest.raises(sdk_errors.ConflictError):
        api.create(associations=[], properties={"email": "new@example.com"})
    api.update("new@example.com", id_property="email", properties={"firstname": "Newer"})
    fetched = api.get(created.id, properties=["email", "firstname"], properties_with_history=["firstname"])
    assert fetched.properties["firstname"] == "Newer"
    assert [one.value for one in fetched.properties_with_history["firstname"]] == ["Newer", "New"]
    box.clock.advance(60)
    found = api.search(
        after="0",
        filter_groups=[
            {"filters": [{"property_name": "email", "operator": "IN", "values": ["new@example.com"]}]}
        ],
        limit=10,
        properties=["email"],
        sorts=["email"],
    )
    assert [one.id for one in found.results] == [created.id]
    api.delete(created.id)
    with pytest.raises(sdk_errors.NotFoundError):
        api.get(created.id)


def test_batches_of_contacts_report_their_errors(sdk: HubSpot) -> None:
    batch = sdk.crm.objects.contacts.batch
    orders = [
        {"associations": [], "properties": {"email": address}, "object_write_trace_id": address}
        for address in ("one@example.com", "ada@example.com")
    ]
    half = batch.create(inputs=orders)
    assert [one.properties["email"] for one in half.results] == ["one@example.com"]
    assert (half.status, half.to_dict()["numErrors"]) == ("COMPLETE", 1)
    put = batch.upsert(
        inputs=[
            {"id": address, "id_property": "email", "properties": {"firstname": "Put"}}
            for address in ("ada@example.com", "two@example.com")
        ]
    )
    assert sorted(one.new for one in put.results) == [False, True]


def test_all_pages_of_contacts_are_read_by_iterating(box: Sandbox) -> None:
    names = [one.id for one in hubspot_sdk(box, checks=False).crm.objects.contacts.list(limit=2)]
    assert len(names) == len(set(names)) == 5


def test_a_property_is_created_used_and_archived(sdk: HubSpot) -> None:
    api, contacts = sdk.crm.properties, sdk.crm.objects.contacts
    about = {"type": "string", "field_type": "text", "group_name": "contactinformation"}
    api.create("contacts", name="favourite_food", label="Favourite food", **about)
    created = contacts.create(
        associations=[], properties={"email": "f@example.com", "favourite_food": "figs"}
    )
    fetched = contacts.get(created.id, properties=["favourite_food"])
    assert fetched.properties["favourite_food"] == "figs"
    assert "favourite_food" in {one.name for one in api.list("contacts").results}
    api.delete("favourite_food", object_type="contacts")
    assert "favourite_food" not in {one.name for one in api.list("contacts").results}


def test_a_list_is_created_filled_searched_and_restored(sdk: HubSpot) -> None:
    api = sdk.crm.lists
    created = api.create(name="Next", object_type_id="0-1", processing_type="MANUAL").list
    ids = [one.id for one in sdk.crm.objects.contacts.list(limit=2, properties=["email"]).results]
    assert api.add_memberships(created.list_id, body=ids).record_ids_missing == []
    assert {one.record_id for one in api.list_memberships(created.list_id, limit=1)} == set(ids)
    found = api.list_by_search(
        list_ids=[],
        offset=0,
        processing_types=[],
        query="Next",
        count=10,
        additional_filter_properties=["hs_list_size"],
    )
    assert [one.list_id for one in found.lists] == [created.list_id]
    api.delete(created.list_id)
    api.restore(created.list_id)
    assert api.get(created.list_id).list.name == "Next"


def test_list_folders_are_nested(sdk: HubSpot) -> None:
    api = sdk.crm.lists
    outer = api.create_folder(name="Outer").folder
    inner = api.create_folder(name="Inner", parent_folder_id=str(outer.id)).folder
    created = api.create(name="Held", object_type_id="0-1", processing_type="MANUAL").list
    api.move_list(list_id=created.list_id, new_folder_id=str(inner.id))
    tree = api.list_folders(folder_id=str(outer.id)).folder
    assert [str(one.id) for one in tree.child_nodes] == [str(inner.id)]


def test_the_size_history_of_a_list_is_read(box: Sandbox, sdk: HubSpot) -> None:
    now = dt.datetime.now(dt.UTC)
    result = sdk.crm.lists.get_size_and_edits_history_between(
        seed.LIST_ID, start_date=now - dt.timedelta(days=2), end_date=now + dt.timedelta(days=1)
    )
    assert result.size_history


def test_an_import_is_sent_as_a_form_with_a_file(box: Sandbox, sdk: HubSpot) -> None:
    columns = [
        {
            "columnObjectTypeId": "0-1",
            "columnName": "Email",
            "propertyName": "email",
            "columnType": "HUBSPOT_ALTERNATE_ID",
        },
        {"columnObjectTypeId": "0-1", "columnName": "First", "propertyName": "firstname"},
    ]
    page = {"hasHeader": True, "columnMappings": columns}
    order = {
        "name": "Next",
        "importOperations": {"0-1": "UPSERT"},
        "files": [{"fileName": "c.csv", "fileFormat": "CSV", "fileImportPage": page}],
    }
    api = sdk.crm.imports
    rows = b"Email,First\nimported@example.com,Imported\nnot an address,Bad\n"
    created = api.create(files=("c.csv", rows, "text/csv"), import_request=json.dumps(order))
    box.clock.advance(60)
    assert api.get(int(created.id)).state == "DONE"
    assert [one.source_data.line_number for one in api.list_errors(int(created.id)).results] == [3]
    found = sdk.crm.objects.contacts.get(
        "imported@example.com", id_property="email", properties=["firstname"]
    )
    assert found.properties["firstname"] == "Imported"
