"""marketorestpython: programs, emails, folders, tokens and smart campaigns."""

from __future__ import annotations

import pytest
from marketorestpython.client import MarketoClient

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed


def test_a_program_is_created_updated_cloned_and_deleted(marketo: MarketoClient) -> None:
    call = marketo.execute
    (created,) = call(
        method="create_program",
        folderId=seed.PROGRAM_FOLDER,
        folderType="Folder",
        name="Fair 2026",
        type="Default",
        channel="Default",
        description="Stand 12",
        costs=[{"startDate": "2026-11-01", "cost": 2000}],
    )
    assert (created["name"], created["channel"]) == ("Fair 2026", "Default")
    call(method="update_program", id=created["id"], description="Stand 13")
    assert call(method="get_program_by_id", id=created["id"])[0]["description"] == "Stand 13"
    (copy,) = call(
        method="clone_program",
        id=created["id"],
        name="Fair 2027",
        folderId=seed.PROGRAM_FOLDER,
        folderType="Folder",
    )
    assert call(method="get_program_by_name", name="Fair 2027")[0]["id"] == copy["id"]
    listed = {row["id"] for row in call(method="browse_programs", maxReturn=2)}
    assert {created["id"], copy["id"], seed.NURTURE_PROGRAM, seed.EMAIL_PROGRAM} <= listed
    for number in (created["id"], copy["id"]):
        assert call(method="delete_program", id=number) == [{"id": number}]
    assert {row["name"] for row in call(method="get_channels", maxReturn=3)} == {
        "Email Send",
        "Nurture",
        "Default",
        "Roadshow",
    }
    assert call(method="get_channel_by_name", name="Roadshow")[0]["id"] == seed.EVENT_CHANNEL


def test_an_email_is_created_updated_approved_and_cloned(marketo: MarketoClient) -> None:
    call = marketo.execute
    (created,) = call(
        method="create_email",
        name="Hello",
        folderId=seed.EMAIL_FOLDER,
        folderType="Folder",
        template=seed.TEMPLATE,
        subject="Hello there",
        fromName="Example Ltd",
        fromEmail="news@example.com",
        replyEmail="reply@example.com",
    )
    number = created["id"]
    assert created["status"] == "draft"
    call(method="update_email", id=number, description="First mail")
    call(method="update_email_content", id=number, type="Text", subject="Hello again")
    assert call(method="approve_email", id=number)[0]["id"] == number
    approved = call(method="get_email_by_id", id=number, status="approved")[0]
    assert (approved["status"], approved["subject"]["value"]) == ("approved", "Hello again")
    assert (
        call(method="get_email_by_name", name="Hello", folderId=seed.EMAIL_FOLDER, folderType="Folder")[0][
            "id"
        ]
        == number
    )
    (copy,) = call(
        method="clone_email", id=number, name="Hello 2", folderId=seed.EMAIL_FOLDER, folderType="Folder"
    )
    listed = {row["id"] for row in call(method="get_emails", maxReturn=2)}
    assert {number, copy["id"], seed.APPROVED_EMAIL} <= listed
    call(method="unapprove_email", id=number)
    assert call(method="get_email_by_id", id=number)[0]["status"] == "draft"
    assert call(method="delete_email", id=copy["id"]) == [{"id": copy["id"]}]


def test_a_section_of_an_email_is_updated_and_previewed_for_a_lead(marketo: MarketoClient) -> None:
    call, number = marketo.execute, seed.APPROVED_EMAIL
    (section,) = call(method="get_email_content", id=number, status="approved")
    assert {one["type"] for one in section["value"]} == {"HTML", "Text"}
    call(
        method="update_email_content_in_editable_section",
        id=number,
        htmlId=section["htmlId"],
        type="Text",
        value="<p>Grüße an {{lead.First Name}}</p>",
    )
    (draft,) = call(method="get_email_full_content", id=number, status="draft", leadId=seed.ANNA)
    assert (draft["status"], "Gr&#252;&#223;e an Anna" in draft["content"]) == ("draft", True)
    (live,) = call(method="get_email_full_content", id=number, type="HTML")
    assert (live["status"], "Hello" in live["content"]) == ("approved", True)
    (variable,) = call(method="get_email_variables", id=number)
    assert (variable["moduleScope"], set(variable)) == (False, {"name", "value", "moduleScope"})


def test_the_smart_lists_of_a_program_and_a_campaign_are_read(marketo: MarketoClient) -> None:
    call = marketo.execute
    (of_program,) = call(method="get_smart_list_by_program_id", id=seed.EMAIL_PROGRAM)
    assert of_program["rules"]["filters"][0]["conditions"][0]["values"] == ["Newsletter Readers"]
    (of_campaign,) = call(
        method="get_smart_list_by_smart_campaign_id", id=seed.BATCH_CAMPAIGN, includeRules=False
    )
    assert (of_campaign["name"], "rules" in of_campaign) == ("Readers", False)


def test_a_sample_of_an_email_is_sent(marketo: MarketoClient, box: Sandbox) -> None:
    (sent,) = marketo.execute(
        method="send_sample_email", id=seed.APPROVED_EMAIL, emailAddress="me@example.com", leadId=seed.ANNA
    )
    assert sent["result"] is True
    assert [one.lead_id for one in box.marketo.state.samples] == [seed.ANNA]


def test_a_draft_is_discarded_and_a_second_approval_is_rejected(marketo: MarketoClient) -> None:
    call = marketo.execute
    call(method="update_email_content", id=seed.APPROVED_EMAIL, type="Text", subject="Draft")
    call(method="discard_email_draft", id=seed.APPROVED_EMAIL)
    with pytest.raises(Exception, match="709"):
        call(method="approve_email", id=seed.APPROVED_EMAIL)


def test_a_search_without_a_match_returns_an_empty_list(marketo: MarketoClient) -> None:
    assert marketo.execute(method="get_emails", folderId=seed.CAMPAIGN_FOLDER, folderType="Folder") == []


def test_tokens_of_a_program_are_set_read_and_deleted(marketo: MarketoClient) -> None:
    call = marketo.execute
    where = {"id": seed.DEFAULT_PROGRAM, "folderType": "Program"}
    call(method="create_token", **where, type="text", name="Stand", value="12")
    (place,) = call(method="get_tokens", **where)
    assert {one["name"]: one["value"] for one in place["tokens"]}["Stand"] == "12"
    call(method="delete_tokens", **where, type="text", name="Stand")
    (place,) = call(method="get_tokens", **where)
    assert "Stand" not in {one["name"] for one in place["tokens"]}


def test_folders_are_found_and_their_content_is_read(marketo: MarketoClient) -> None:
    call = marketo.execute
    (folder,) = call(method="get_folder_by_name", name="Emails")
    assert folder["id"] == seed.EMAIL_FOLDER
    assert call(method="get_folder_by_id", id=seed.EMAIL_FOLDER, type="Folder")[0]["name"] == "Emails"
    inside = call(method="get_folder_contents", id=seed.EMAIL_FOLDER, type="Folder", maxReturn=1)
    assert {row["id"] for row in inside} == {seed.APPROVED_EMAIL, seed.DRAFT_EMAIL}
    below = call(method="browse_folders", root=seed.ROOT_FOLDER, maxReturn=3)
    assert {seed.EMAIL_FOLDER, seed.CAMPAIGN_FOLDER} <= {row["id"] for row in below}


def test_a_folder_is_created_renamed_and_deleted(marketo: MarketoClient) -> None:
    call = marketo.execute
    (created,) = call(
        method="create_folder", name="Autumn", parentId=seed.PROGRAM_FOLDER, parentType="Folder"
    )
    number = created["id"]
    (row,) = call(method="update_folder", id=number, name="Fall", isArchive=True)
    assert (row["name"], row["isArchive"]) == ("Fall", True)
    assert call(method="delete_folder", id=number) == [{"id": number}]


def test_smart_lists_are_found_cloned_and_deleted(marketo: MarketoClient) -> None:
    call = marketo.execute
    (result,) = call(method="get_smart_list_by_id", id=seed.SMART_LIST, includeRules=True)
    assert "rules" in result
    assert call(method="get_smart_list_by_name", name=result["name"])[0]["id"] == seed.SMART_LIST
    (copy,) = call(
        method="clone_smart_list",
        id=seed.SMART_LIST,
        name="Others",
        folderId=seed.PROGRAM_FOLDER,
        folderType="Folder",
    )
    pages = call(method="get_smart_lists", maxReturn=1)
    assert {seed.SMART_LIST, copy["id"]} <= {row["id"] for page in pages for row in page}
    assert call(method="delete_smart_list", id=copy["id"]) == [{"id": copy["id"]}]


def test_tags_and_the_programs_with_a_tag_are_found(marketo: MarketoClient) -> None:
    call = marketo.execute
    (kind,) = call(method="get_tags")
    (result,) = call(method="get_tag_by_name", name=kind["tagType"])
    value = result["allowableValues"].strip("[]").split(", ")[0]
    call(method="update_program", id=seed.DEFAULT_PROGRAM, tags={kind["tagType"]: value})
    found = call(method="get_program_by_tag_type", tagType=kind["tagType"], tagValue=value)
    assert [row["id"] for row in found] == [seed.DEFAULT_PROGRAM]


def test_a_smart_campaign_is_created_activated_deactivated_and_deleted(marketo: MarketoClient) -> None:
    call = marketo.execute
    (created,) = call(
        method="create_smart_campaign", name="Remind", folderId=seed.CAMPAIGN_FOLDER, folderType="Folder"
    )
    call(method="update_smart_campaign", id=created["id"], name="Remind all", description="Monthly")
    assert call(method="get_smart_campaign_by_name", name="Remind all")[0]["description"] == "Monthly"
    assert call(method="delete_smart_campaign", id=created["id"]) == [{"id": created["id"]}]
    number = seed.INACTIVE_CAMPAIGN
    call(method="activate_smart_campaign", id=number)
    assert call(method="get_smart_campaign_by_id", id=number)[0]["isActive"] is True
    call(method="deactivate_smart_campaign", id=number)
    assert call(method="get_smart_campaign_by_id", id=number)[0]["isActive"] is False
    pages = call(method="get_smart_campaigns", maxReturn=2)
    assert {row["id"] for page in pages for row in page} == {4001, 4002, 4003}
    rows = call(method="get_multiple_campaigns", id=[seed.REQUEST_CAMPAIGN, seed.BATCH_CAMPAIGN])
    assert {row["type"] for row in rows} == {"trigger", "batch"}
    assert call(method="get_campaign_by_id", id=seed.BATCH_CAMPAIGN)[0]["id"] == seed.BATCH_CAMPAIGN
