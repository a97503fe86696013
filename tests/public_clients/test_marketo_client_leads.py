"""marketorestpython: leads, static lists and their members."""

from __future__ import annotations

import pytest
from marketorestpython.client import MarketoClient

from airflow_provider_mkt.sandbox.marketo import seed


def names(rows: list[dict[str, object]]) -> set[object]:
    return {row["firstName"] for row in rows}


def test_leads_are_created_updated_found_and_deleted(marketo: MarketoClient) -> None:
    call = marketo.execute
    new = [
        {"email": "fay@example.com", "firstName": "Fay"},
        {"email": "anna.berg@example.com", "firstName": "Ann"},
    ]
    rows = call(method="create_update_leads", leads=new, action="createOrUpdate", lookupField="email")
    assert [row["status"] for row in rows] == ["created", "updated"]
    fay = rows[0]["id"]
    (fetched,) = call(method="get_lead_by_id", id=fay, fields=["email", "firstName", "lastName"])
    assert (fetched["email"], fetched["firstName"]) == ("fay@example.com", "Fay")
    found = call(
        method="get_multiple_leads_by_filter_type",
        filterType="email",
        filterValues=["fay@example.com", "anna.berg@example.com"],
        fields=["firstName"],
    )
    assert names(found) == {"Fay", "Ann"}
    assert call(method="delete_lead", id=[fay, 999_999])[0] == {"id": fay, "status": "deleted"}
    with pytest.raises(Exception, match="1004"):
        call(method="get_lead_by_id", id=fay)


def test_all_pages_of_a_filter_are_read(marketo: MarketoClient) -> None:
    call = marketo.execute
    people = [{"email": f"p{number}@example.com", "customerNumber": "many"} for number in range(7)]
    call(method="create_update_leads", leads=people)
    found = call(
        method="get_multiple_leads_by_filter_type",
        filterType="customerNumber",
        filterValues=["many"],
        fields="id,email",
        batchSize=3,
    )
    assert len({one["email"] for one in found}) == len(found) == 7


def test_a_rejected_row_has_its_reason(marketo: MarketoClient) -> None:
    rows = marketo.execute(
        method="create_update_leads",
        leads=[{"email": "anna.berg@example.com"}, {"email": "new@example.com"}],
        action="createOnly",
    )
    assert [row["status"] for row in rows] == ["skipped", "created"]
    assert rows[0]["reasons"][0]["code"] == "1005"
    (unknown,) = marketo.execute(
        method="create_update_leads", leads=[{"email": "a@example.com", "noSuchField": 1}]
    )
    assert unknown["reasons"][0]["code"] == "1006"


def test_leads_are_pushed_associated_merged_and_moved(marketo: MarketoClient) -> None:
    call = marketo.execute
    pushed = call(
        method="push_lead",
        leads=[{"email": "gil@example.com", "firstName": "Gil"}],
        programName="Website Contacts",
        programStatus="Member",
        lookupField="email",
        source="Fair",
        reason="Stand 12",
    )
    assert pushed[0]["status"] == "created"
    gil = pushed[0]["id"]
    assert names(call(method="get_multiple_leads_by_program_id", programId=seed.DEFAULT_PROGRAM)) == {"Gil"}
    assert call(method="associate_lead", id=gil, cookie="id:123-ABC-456&token:_mch-example.com-1") is True
    assert call(method="merge_lead", id=seed.ANNA, leadIds=[gil, seed.BEN]) is True
    with pytest.raises(Exception, match="1004"):
        call(method="get_lead_by_id", id=gil)
    assert {row["name"] for row in call(method="get_lead_partitions")} == {"Default", "EMEA"}
    moved = call(method="update_leads_partition", input=[{"id": seed.ANNA, "partitionName": "EMEA"}])
    assert moved[0]["status"] == "updated"


def test_a_form_is_submitted(marketo: MarketoClient) -> None:
    fields = {"leadFormFields": {"email": "hal@example.com", "firstName": "Hal"}}
    (row,) = marketo.execute(method="submit_form", formId=seed.FORM, input=fields)
    assert row["status"] == "created"
    assert marketo.execute(method="get_lead_by_id", id=row["id"])[0]["firstName"] == "Hal"


def test_fields_are_described(marketo: MarketoClient) -> None:
    described = {row["rest"]["name"] for row in marketo.execute(method="describe") if "rest" in row}
    (newer,) = marketo.execute(method="describe2")
    assert {"email", "customerNumber"} <= described
    assert described == {row["name"] for row in newer["fields"]}
    (members,) = marketo.execute(method="describe_program_member")
    assert "seatChoice" in {row["name"] for row in members["fields"]}


def test_a_list_is_created_filled_read_and_deleted(marketo: MarketoClient) -> None:
    call = marketo.execute
    (created,) = call(
        method="create_list",
        name="Guests",
        folderId=seed.CAMPAIGN_FOLDER,
        folderType="Folder",
        description="Of the fair",
    )
    number = created["id"]
    assert [
        row["status"] for row in call(method="add_leads_to_list", listId=number, id=[seed.ANNA, seed.BEN])
    ] == ["added", "added"]
    memberships = call(method="member_of_list", listId=number, id=[seed.ANNA, seed.CARLA])
    assert [row["status"] for row in memberships] == ["memberof", "notmemberof"]
    assert call(method="remove_leads_from_list", listId=number, id=[seed.BEN])[0]["status"] == "removed"
    inside = call(method="get_multiple_leads_by_list_id", listId=number, fields="firstName", batchSize=1)
    assert names(inside) == {"Anna"}
    assert call(method="update_list", id=number, name="Visitors")[0]["name"] == "Visitors"
    assert call(method="get_list_by_name", name="Visitors")[0]["id"] == number
    assert [row["name"] for row in call(method="get_multiple_lists", id=number)] == ["Visitors"]
    assert {row["id"] for row in call(method="browse_lists", maxReturn=1)} == {number, seed.STATIC_LIST}
    assert call(method="delete_list", id=number)[0]["id"] == number
    assert (
        call(method="browse_lists", folderId=seed.CAMPAIGN_FOLDER, folderType="Folder")[0]["id"]
        == seed.STATIC_LIST
    )


def test_the_status_and_data_of_program_members_are_changed(marketo: MarketoClient) -> None:
    call, program = marketo.execute, seed.DEFAULT_PROGRAM
    people = [{"email": "anna.berg@example.com"}, {"email": "ben.ito@example.com"}]
    call(method="push_lead", leads=people, programName="Website Contacts", programStatus="Member")
    changed = call(
        method="change_lead_program_status", id=program, leadIds=[seed.ANNA, seed.BEN], status="Responded"
    )
    assert {row["id"] for row in changed} == {seed.ANNA, seed.BEN}
    seat = {"leadId": seed.ANNA, "seatChoice": "aisle"}
    assert call(method="sync_program_member_data", id=program, input=[seat])[0]["status"] == "updated"
    inside = call(method="get_multiple_leads_by_program_id", programId=program, batchSize=1)
    assert {row["id"] for row in inside} == {seed.ANNA, seed.BEN}
    assert {row["membership"]["progressionStatus"] for row in inside} == {"Responded"}


def test_companies_are_described_synced_and_found(marketo: MarketoClient) -> None:
    call = marketo.execute
    assert call(method="describe_company")[0]["idField"] == "id"
    company = {"externalCompanyId": "c-1", "company": "Example Ltd"}
    (row,) = call(method="create_update_companies", input=[company], action="createOrUpdate")
    assert row["status"] == "created"
