"""HubSpot's own Python client: lists, their members and folders."""

from __future__ import annotations

import pytest
from hubspot import Client
from hubspot.crm.lists import (
    ApiException,
    ListCreateRequest,
    ListFilterUpdateRequest,
    ListFolderCreateRequest,
    ListMoveRequest,
    ListSearchRequest,
    MembershipChangeRequest,
    PublicOrFilterBranch,
)
from public_clients import category, hubspot_client

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.hubspot import seed

ADA, BRUNO, CHIDI, DANA, EMI = seed.CONTACT_IDS
CONTACTS = "0-1"


def manual(client: Client, name: str) -> str:
    order = ListCreateRequest(name=name, object_type_id=CONTACTS, processing_type="MANUAL")
    return str(client.crm.lists.lists_api.create(order).list.list_id)


def those_of_stage(stage: str) -> PublicOrFilterBranch:
    operation = {
        "operationType": "ENUMERATION",
        "operator": "IS_ANY_OF",
        "values": [stage],
        "includeObjectsWithNoValueSet": False,
    }
    both = {
        "filterBranchType": "AND",
        "filterBranchOperator": "AND",
        "filterBranches": [],
        "filters": [{"filterType": "PROPERTY", "property": "lifecyclestage", "operation": operation}],
    }
    return PublicOrFilterBranch(
        filter_branch_type="OR", filter_branch_operator="OR", filter_branches=[both], filters=[]
    )


def test_a_list_is_created_found_renamed_deleted_and_restored(client: Client) -> None:
    api = client.crm.lists.lists_api
    number = manual(client, "Readers")
    api.update_name(number, list_name="Newsletter readers")
    fetched = api.get_by_name("Newsletter readers", CONTACTS, include_filters=True).list
    assert (fetched.list_id, fetched.processing_type, fetched.processing_status) == (
        number,
        "MANUAL",
        "COMPLETE",
    )
    assert [one.list_id for one in api.get_all(list_ids=[number, seed.LIST_ID]).lists] == [
        number,
        seed.LIST_ID,
    ]
    api.remove(number)
    with pytest.raises(ApiException) as gone:
        api.get_by_name("Newsletter readers", CONTACTS)
    assert gone.value.status == 404
    api.restore(number)
    assert api.get_by_id(number).list.name == "Newsletter readers"


def test_members_are_added_removed_and_listed_with_their_times(client: Client) -> None:
    members = client.crm.lists.memberships_api
    number = manual(client, "Some")
    added = members.add(number, request_body=[ADA, BRUNO, "404"])
    assert (set(added.records_ids_added), added.record_ids_missing) == ({ADA, BRUNO}, ["404"])
    changed = members.add_and_remove(
        number, MembershipChangeRequest(record_ids_to_add=[CHIDI], record_ids_to_remove=[ADA])
    )
    assert (changed.records_ids_added, changed.record_ids_removed) == ([CHIDI], [ADA])
    assert members.remove(number, request_body=[BRUNO]).record_ids_removed == [BRUNO]
    members.add_all_from_list(number, seed.LIST_ID)
    first = members.get_page(number, limit=2)
    rest = members.get_page(number, limit=2, after=first.paging.next.after)
    assert {one.record_id for one in (*first.results, *rest.results)} == {ADA, BRUNO, CHIDI}
    ordered = members.get_page_ordered_by_added_to_list_date(number).results
    assert ordered[0].membership_timestamp <= ordered[-1].membership_timestamp
    memberships = members.get_lists(CONTACTS, CHIDI).results
    assert {one.list_id for one in memberships} == {number, seed.LIST_ID}
    members.remove_all(number)
    assert members.get_page(number).results == []


def test_search_pages_by_offset(client: Client) -> None:
    wanted = {manual(client, f"Wave {number}") for number in range(3)}
    search = client.crm.lists.lists_api.do_search
    first = search(ListSearchRequest(query="wave", offset=0, count=2, additional_properties=["hs_list_size"]))
    rest = search(ListSearchRequest(query="wave", offset=first.offset, count=2))
    assert (first.total, first.has_more, rest.has_more) == (3, True, False)
    assert {one.list_id for one in (*first.lists, *rest.lists)} == wanted


def test_an_active_list_computes_its_members_and_rejects_changes(box: Sandbox) -> None:
    # The client's model of a filter requires the fields of all kinds of filters, so its checks are off.
    client = hubspot_client(box, checks=False)
    api, members = client.crm.lists.lists_api, client.crm.lists.memberships_api
    order = ListCreateRequest(
        name="Leads", object_type_id=CONTACTS, processing_type="DYNAMIC", filter_branch=those_of_stage("lead")
    )
    number = api.create(order).list.list_id
    assert api.get_by_id(number).list.processing_status == "PROCESSING"
    box.clock.advance(10)
    assert api.get_by_id(number).list.processing_status == "COMPLETE"
    assert {one.record_id for one in members.get_page(number).results} == {BRUNO, DANA}
    with pytest.raises(ApiException) as rejected:
        members.add(number, request_body=[ADA])
    assert (rejected.value.status, category(rejected.value)) == (400, "VALIDATION_ERROR")
    api.update_list_filters(number, ListFilterUpdateRequest(filter_branch=those_of_stage("subscriber")))
    box.clock.advance(10)
    assert [one.record_id for one in members.get_page(number).results] == [EMI]


def test_a_list_name_that_exists_is_rejected(client: Client) -> None:
    manual(client, "Twice")
    with pytest.raises(ApiException) as conflict:
        manual(client, "Twice")
    assert (conflict.value.status, category(conflict.value)) == (400, "VALIDATION_ERROR")


def test_folders_hold_lists(client: Client) -> None:
    api = client.crm.lists.folders_api
    outer = api.create(ListFolderCreateRequest(name="Outer")).folder.id
    inner = api.create(ListFolderCreateRequest(name="Inner", parent_folder_id=str(outer))).folder.id
    api.move_list(ListMoveRequest(list_id=seed.LIST_ID, new_folder_id=str(inner)))
    tree = api.get_all(folder_id=str(outer)).folder
    assert [child.id for child in tree.child_nodes] == [inner]
    assert tree.child_nodes[0].child_lists == [int(seed.LIST_ID)]
    assert api.rename(str(inner), new_folder_name="Kernel").folder.name == "Kernel"
    assert api.move(str(inner), "0").folder.parent_folder_id == 0
    api.remove(str(outer))


def test_legacy_ids_are_mapped(client: Client) -> None:
    api = client.crm.lists.mapping_api
    assert api.translate_legacy_list_id_to_list_id(legacy_list_id="1").list_id == seed.LIST_ID
    many = api.translate_legacy_list_id_to_list_id_batch(request_body=["1", "404"])
    assert [one.list_id for one in many.legacy_list_ids_to_ids_mapping] == [seed.LIST_ID]
    assert many.missing_legacy_list_ids == ["404"]
