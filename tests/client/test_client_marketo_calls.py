"""The request each Marketo call makes, what may be done when its answer is lost, and what it refuses."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from client_tools import marketo
from marketo_asset_requests import ASSETS, Request

from airflow_provider_mkt.client.call import Call, FormBody, JsonBody, Replay
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.marketo.account import partitions, usage
from airflow_provider_mkt.client.marketo.activities import activities, custom_activity_types
from airflow_provider_mkt.client.marketo.companies import companies, company_fields
from airflow_provider_mkt.client.marketo.emails import email_content, emails
from airflow_provider_mkt.client.marketo.folders import folders
from airflow_provider_mkt.client.marketo.leads import lead_fields, lead_intake, leads
from airflow_provider_mkt.client.marketo.lists import lead_memberships, lists, smart_lists, static_lists
from airflow_provider_mkt.client.marketo.platform import PREFIXES
from airflow_provider_mkt.client.marketo.programs import (
    channels,
    member_fields,
    program_members,
    programs,
    tags,
    tokens,
)
from airflow_provider_mkt.client.marketo.responses import RowResult
from airflow_provider_mkt.client.marketo.smart_campaigns import campaigns
from airflow_provider_mkt.client.registry import endpoint, endpoints

JANE = "jane.doe@example.com"
NOON = dt.datetime(2026, 7, 1, 12, 0, 0, 250_000, tzinfo=dt.timezone(dt.timedelta(hours=2)))
NAIVE = dt.datetime(2026, 7, 1)
COOKIE = "id:123-ABC-456&token:_mch-example.com-1"
COLOUR = {"name": "colour", "displayName": "Colour", "dataType": "string"}
FOLDER = ("folder", '{"id": 5, "type": "Folder"}')
SAFE, WAIT, VERIFY, NEVER = Replay
EMAIL = {
    "template_id": 8,
    "subject": "S",
    "from_name": "N",
    "from_email": "n@example.com",
    "reply_email": "r@example.com",
}
TYPE = {
    "trigger_name": "T",
    "filter_name": "F",
    "primary_attribute": {"apiName": "p", "name": "P", "dataType": "string"},
}

# Call, path below the prefix, query, body, replay, timeout.
CALLS: list[Request] = [
    *ASSETS,
    (leads.describe(), "/leads/describe.json", (), None, SAFE, 30),
    (leads.describe2(), "/leads/describe2.json", (), None, SAFE, 30),
    (leads.get(7, fields=["a", "b"]), "/lead/7.json", (("fields", "a,b"),), None, SAFE, 30),
    (
        leads.list("id", [1, 2], batch_size=9),
        "/leads.json",
        (("filterType", "id"), ("filterValues", "1,2"), ("batchSize", "9")),
        None,
        SAFE,
        60,
    ),
    (
        leads.sync([{"id": 1}], action="updateOnly", lookup_field="id"),
        "/leads.json",
        (),
        {"action": "updateOnly", "lookupField": "id", "input": [{"id": 1}]},
        SAFE,
        90,
    ),
    (leads.delete([1, "2"]), "/leads/delete.json", (), {"input": [{"id": 1}, {"id": 2}]}, SAFE, 30),
    (
        leads.merge(1, [2, 3], merge_in_crm=True),
        "/leads/1/merge.json",
        (("leadIds", "2,3"), ("mergeInCRM", "true")),
        None,
        VERIFY,
        180,
    ),
    (leads.associate(1, COOKIE), "/leads/1/associate.json", (("cookie", COOKIE),), None, SAFE, 60),
    (
        lead_intake.push("P", [{"email": JANE}], source="s"),
        "/leads/push.json",
        (),
        {"programName": "P", "lookupField": "email", "input": [{"email": JANE}], "source": "s"},
        NEVER,
        90,
    ),
    (
        lead_intake.submit_form(3, {"email": JANE}, program_id=4, cookie=COOKIE),
        "/leads/submitForm.json",
        (),
        {"formId": 3, "input": [{"leadFormFields": {"email": JANE}, "cookie": COOKIE}], "programId": 4},
        NEVER,
        30,
    ),
    (lead_fields.get("a/b"), "/leads/schema/fields/a%2Fb.json", (), None, SAFE, 30),
    (lead_fields.list(batch_size=5), "/leads/schema/fields.json", (("batchSize", "5"),), None, SAFE, 30),
    (lead_fields.create([COLOUR]), "/leads/schema/fields.json", (), {"input": [COLOUR]}, VERIFY, 30),
    (
        lead_fields.update("colour", {"isHidden": True}),
        "/leads/schema/fields/colour.json",
        (),
        {"input": [{"isHidden": True}]},
        SAFE,
        30,
    ),
    (member_fields.get("c"), "/programs/members/schema/fields/c.json", (), None, SAFE, 30),
    (
        member_fields.list(),
        "/programs/members/schema/fields.json",
        (("batchSize", "300"),),
        None,
        SAFE,
        30,
    ),
    (
        member_fields.create([COLOUR]),
        "/programs/members/schema/fields.json",
        (),
        {"input": [COLOUR]},
        VERIFY,
        30,
    ),
    (
        member_fields.update("c", {"description": ""}),
        "/programs/members/schema/fields/c.json",
        (),
        {"input": [{"description": ""}]},
        SAFE,
        30,
    ),
    (
        lead_memberships.leads_of_list(6, fields=["a"]),
        "/list/6/leads.json",
        (("fields", "a"), ("batchSize", "300")),
        None,
        SAFE,
        60,
    ),
    (
        lead_memberships.leads_of_program(6),
        "/leads/programs/6.json",
        (("batchSize", "300"),),
        None,
        SAFE,
        30,
    ),
    (lead_memberships.lists(1), "/leads/1/listMembership.json", (("batchSize", "300"),), None, SAFE, 30),
    (
        lead_memberships.programs(1, program_ids=[4, 5], updated_after=NOON, updated_before=NOON),
        "/leads/1/programMembership.json",
        (
            ("batchSize", "300"),
            ("filterType", "programId"),
            ("filterValues", "4,5"),
            ("earliestUpdatedAt", "2026-07-01T10:00:00Z"),
            ("latestUpdatedAt", "2026-07-01T10:00:00Z"),
        ),
        None,
        SAFE,
        30,
    ),
    (
        lead_memberships.campaigns(1, updated_after=NOON),
        "/leads/1/smartCampaignMembership.json",
        (("batchSize", "300"), ("earliestUpdatedAt", "2026-07-01T10:00:00Z")),
        None,
        SAFE,
        30,
    ),
    (partitions.list(), "/leads/partitions.json", (), None, SAFE, 30),
    (
        partitions.move([1], partition_name="EMEA"),
        "/leads/partitions.json",
        (),
        {"input": [{"id": 1, "partitionName": "EMEA"}]},
        SAFE,
        60,
    ),
    (companies.describe(), "/companies/describe.json", (), None, SAFE, 30),
    (
        companies.list("id", [1]),
        "/companies.json",
        (("filterType", "id"), ("filterValues", "1"), ("batchSize", "300")),
        None,
        SAFE,
        30,
    ),
    (
        companies.sync([{"externalCompanyId": "c"}]),
        "/companies.json",
        (),
        {"action": "createOrUpdate", "dedupeBy": "dedupeFields", "input": [{"externalCompanyId": "c"}]},
        WAIT,
        60,
    ),
    (
        lists.list(list_ids=[1, 2], names=["A", "B"], program_names=["P"], workspace_names=["W"]),
        "/lists.json",
        (
            ("id", "1"),
            ("id", "2"),
            ("name", "A,B"),
            ("programName", "P"),
            ("workspaceName", "W"),
            ("batchSize", "300"),
        ),
        None,
        SAFE,
        30,
    ),
    (lists.get(6), "/lists/6.json", (), None, SAFE, 30),
    (lists.leads(6), "/lists/6/leads.json", (("batchSize", "300"),), None, SAFE, 60),
    (lists.add(6, [1, 2]), "/lists/6/leads.json", (("id", "1"), ("id", "2")), None, SAFE, 30),
    (lists.remove(6, [1]), "/lists/6/leads.json", (("id", "1"),), None, SAFE, 30),
    (lists.are_members(6, [1]), "/lists/6/leads/ismember.json", (("id", "1"),), None, SAFE, 30),
    (
        static_lists.list(folder_id=5, updated_before=NOON),
        "/staticLists.json",
        (FOLDER, ("latestUpdatedAt", "2026-07-01T10:00:00Z"), ("maxReturn", "200")),
        None,
        SAFE,
        300,
    ),
    (static_lists.get(6), "/staticList/6.json", (), None, SAFE, 300),
    (static_lists.by_name("A"), "/staticList/byName.json", (("name", "A"),), None, SAFE, 300),
    (
        static_lists.create("A", folder_id=5, description="d"),
        "/staticLists.json",
        (),
        (("name", "A"), FOLDER, ("description", "d")),
        VERIFY,
        300,
    ),
    (static_lists.update(6, new_name="B"), "/staticList/6.json", (), (("name", "B"),), SAFE, 300),
    (static_lists.delete(6), "/staticList/6/delete.json", (), None, VERIFY, 300),
    (program_members.describe(), "/programs/members/describe.json", (), None, SAFE, 30),
    (program_members.describe_fields(), "/program/members/describe.json", (), None, SAFE, 30),
    (
        program_members.list(4, "reachedSuccess", [True], fields=["leadId"]),
        "/programs/4/members.json",
        (
            ("filterType", "reachedSuccess"),
            ("filterValues", "true"),
            ("fields", "leadId"),
            ("batchSize", "300"),
        ),
        None,
        SAFE,
        30,
    ),
    (
        program_members.by_update(4, NOON, NOON + dt.timedelta(days=7)),
        "/programs/4/members.json",
        (
            ("filterType", "updatedAt"),
            ("startAt", "2026-07-01T10:00:00Z"),
            ("endAt", "2026-07-08T10:00:00Z"),
            ("batchSize", "300"),
        ),
        None,
        SAFE,
        30,
    ),
    (
        program_members.update(4, [{"leadId": 1, "webinarUrl": None}]),
        "/programs/4/members.json",
        (),
        {"input": [{"leadId": 1, "webinarUrl": None}]},
        SAFE,
        30,
    ),
    (
        program_members.remove(4, [1]),
        "/programs/4/members/delete.json",
        (),
        {"input": [{"leadId": 1}]},
        SAFE,
        30,
    ),
    (
        program_members.change_status(4, [1], status_name="M"),
        "/leads/programs/4/status.json",
        (),
        {"status": "M", "input": [{"id": 1}]},
        SAFE,
        30,
    ),
    (
        programs.list(filter_type="folderId", filter_values=["11"], status="on", page_size=50),
        "/programs.json",
        (("filterType", "folderId"), ("filterValues", "11"), ("status", "on"), ("maxReturn", "50")),
        None,
        SAFE,
        300,
    ),
    (
        programs.by_name("A", include_tags=True, include_costs=True),
        "/program/byName.json",
        (("name", "A"), ("includeTags", "true"), ("includeCosts", "true")),
        None,
        SAFE,
        300,
    ),
    (
        programs.update(4, new_name="B", tags=[{"tagType": "t", "tagValue": "v"}]),
        "/program/4.json",
        (),
        (("name", "B"), ("tags", '[{"tagType": "t", "tagValue": "v"}]')),
        SAFE,
        300,
    ),
    (
        programs.update(4, costs=[{"startDate": "2026-01-01", "cost": 5}]),
        "/program/4.json",
        (),
        (("costs", '[{"startDate": "2026-01-01", "cost": 5}]'),),
        VERIFY,
        300,
    ),
    (
        programs.clone(4, "B", folder_id=5),
        "/program/4/clone.json",
        (),
        (("name", "B"), FOLDER),
        VERIFY,
        300,
    ),
    (programs.delete(4), "/program/4/delete.json", (), None, VERIFY, 300),
    (
        tokens.list(4),
        "/folder/4/tokens.json",
        (("folderType", "Program"),),
        None,
        SAFE,
        300,
    ),
    (
        tokens.set_value(4, "T", "", token_type="rich text", folder_type="Folder"),
        "/folder/4/tokens.json",
        (),
        (("name", "T"), ("type", "rich text"), ("value", ""), ("folderType", "Folder")),
        SAFE,
        300,
    ),
    (
        tokens.delete(4, "T"),
        "/folder/4/tokens/delete.json",
        (),
        (("name", "T"), ("type", "text"), ("folderType", "Program")),
        VERIFY,
        300,
    ),
    (channels.list(), "/channels.json", (("maxReturn", "200"),), None, SAFE, 300),
    (channels.by_name("A"), "/channel/byName.json", (("name", "A"),), None, SAFE, 300),
    (
        folders.list(root_id=5, max_depth=3, workspace="W"),
        "/folders.json",
        (
            ("root", FOLDER[1]),
            ("maxDepth", "3"),
            ("workSpace", "W"),
            ("maxReturn", "200"),
        ),
        None,
        SAFE,
        300,
    ),
    (folders.get(5), "/folder/5.json", (("type", "Folder"),), None, SAFE, 300),
    (
        folders.by_name("A"),
        "/folder/byName.json",
        (("name", "A"), ("type", "Folder")),
        None,
        SAFE,
        300,
    ),
    (
        folders.content(4, folder_type="Program"),
        "/folder/4/content.json",
        (("type", "Program"), ("maxReturn", "200")),
        None,
        SAFE,
        300,
    ),
    (
        campaigns.list(folder_id=5, is_active=False),
        "/smartCampaigns.json",
        (FOLDER, ("isActive", "false"), ("maxReturn", "200")),
        None,
        SAFE,
        300,
    ),
    (campaigns.by_name("A"), "/smartCampaign/byName.json", (("name", "A"),), None, SAFE, 300),
    (
        campaigns.legacy_list(campaign_ids=[1], is_triggerable=True),
        "/campaigns.json",
        (("id", "1"), ("isTriggerable", "true"), ("batchSize", "300")),
        None,
        SAFE,
        30,
    ),
    (campaigns.legacy_get(9), "/campaigns/9.json", (), None, SAFE, 30),
    (
        campaigns.schedule(9, run_at=NOON, tokens={"{{my.a}}": "1"}, clone_to_program_name="P"),
        "/campaigns/9/schedule.json",
        (),
        {
            "input": {
                "runAt": "2026-07-01T10:00:00+0000",
                "tokens": [{"name": "{{my.a}}", "value": "1"}],
                "cloneToProgramName": "P",
            }
        },
        NEVER,
        30,
    ),
    (
        campaigns.create("A", folder_id=5, description="d"),
        "/smartCampaigns.json",
        (),
        (("name", "A"), FOLDER, ("description", "d")),
        VERIFY,
        300,
    ),
    (campaigns.update(9, description=""), "/smartCampaign/9.json", (), (("description", ""),), SAFE, 300),
    (
        campaigns.clone(9, "B", folder_id=5),
        "/smartCampaign/9/clone.json",
        (),
        (("name", "B"), FOLDER),
        VERIFY,
        300,
    ),
    (campaigns.delete(9), "/smartCampaign/9/delete.json", (), None, VERIFY, 300),
    (campaigns.activate(9), "/smartCampaign/9/activate.json", (), None, VERIFY, 300),
    (campaigns.deactivate(9), "/smartCampaign/9/deactivate.json", (), None, VERIFY, 300),
    (
        emails.list(status="approved", folder_id=5),
        "/emails.json",
        (("status", "approved"), FOLDER, ("maxReturn", "200")),
        None,
        SAFE,
        300,
    ),
    (
        emails.by_name("A", status="draft", folder_id=5),
        "/email/byName.json",
        (("name", "A"), ("status", "draft"), FOLDER),
        None,
        SAFE,
        300,
    ),
    (
        emails.create("A", folder_id=5, **EMAIL),
        "/emails.json",
        (),
        (
            ("name", "A"),
            FOLDER,
            ("template", "8"),
            ("subject", "S"),
            ("fromName", "N"),
            ("fromEmail", "n@example.com"),
            ("replyEmail", "r@example.com"),
            ("operational", "false"),
            ("textOnly", "false"),
        ),
        VERIFY,
        300,
    ),
    (
        emails.update(3, pre_header="", web_view=True),
        "/email/3.json",
        (),
        (("preHeader", ""), ("webView", "true")),
        SAFE,
        300,
    ),
    (
        emails.update_headers(3, subject="Hi", reply_to="r@example.com"),
        "/email/3/content.json",
        (),
        (
            ("subject", '{"type": "Text", "value": "Hi"}'),
            ("replyTO", '{"type": "Text", "value": "r@example.com"}'),
        ),
        SAFE,
        300,
    ),
    (
        emails.clone(3, "B", folder_id=5, operational=True),
        "/email/3/clone.json",
        (),
        (("name", "B"), FOLDER, ("operational", "true")),
        VERIFY,
        300,
    ),
    (emails.unapprove(3), "/email/3/unapprove.json", (), None, VERIFY, 300),
    (emails.discard_draft(3), "/email/3/discardDraft.json", (), None, VERIFY, 300),
    (emails.delete(3), "/email/3/delete.json", (), None, VERIFY, 300),
    (
        emails.send_sample(3, JANE, lead_id=1),
        "/email/3/sendSample.json",
        (),
        (("emailAddress", JANE), ("leadId", "1"), ("textOnly", "false")),
        NEVER,
        300,
    ),
    (activities.types(), "/activities/types.json", (), None, SAFE, 30),
    (
        activities.read("T", activity_type_ids=[6], list_id=5, asset_ids=[3], batch_size=10),
        "/activities.json",
        (
            ("nextPageToken", "T"),
            ("activityTypeIds", "6"),
            ("listId", "5"),
            ("assetIds", "3"),
            ("batchSize", "10"),
        ),
        None,
        SAFE,
        30,
    ),
    (
        activities.lead_changes("T", fields=["a", "b"], lead_ids=[1, 2]),
        "/activities/leadchanges.json",
        (("nextPageToken", "T"), ("fields", "a,b"), ("leadIds", "1,2")),
        None,
        SAFE,
        30,
    ),
    (
        activities.deleted_leads("T"),
        "/activities/deletedleads.json",
        (("nextPageToken", "T"),),
        None,
        SAFE,
        30,
    ),
    (
        activities.add_custom(
            [{"leadId": 1, "activityDate": NOON, "activityTypeId": 100_001, "primaryAttributeValue": "x"}]
        ),
        "/activities/external.json",
        (),
        {
            "input": [
                {
                    "leadId": 1,
                    "activityDate": "2026-07-01T10:00:00Z",
                    "activityTypeId": 100_001,
                    "primaryAttributeValue": "x",
                    "attributes": [],
                }
            ]
        },
        NEVER,
        90,
    ),
    (custom_activity_types.list(), "/activities/external/types.json", (), None, SAFE, 30),
    (
        custom_activity_types.get("t", draft=True),
        "/activities/external/type/t/describe.json",
        (("draft", "true"),),
        None,
        SAFE,
        30,
    ),
    (
        custom_activity_types.create("t", "N", **TYPE),
        "/activities/external/type.json",
        (),
        {
            "apiName": "t",
            "name": "N",
            "triggerName": "T",
            "filterName": "F",
            "primaryAttribute": TYPE["primary_attribute"],
        },
        VERIFY,
        30,
    ),
    (
        custom_activity_types.update("t", description="d"),
        "/activities/external/type/t.json",
        (),
        {"description": "d"},
        SAFE,
        30,
    ),
    (
        custom_activity_types.add_attributes("t", [{"apiName": "a", "name": "A", "dataType": "date"}]),
        "/activities/external/type/t/attributes/create.json",
        (),
        {"attributes": [{"apiName": "a", "name": "A", "dataType": "date"}]},
        VERIFY,
        30,
    ),
    (
        custom_activity_types.update_attributes("t", [{"apiName": "a", "name": "B"}]),
        "/activities/external/type/t/attributes/update.json",
        (),
        {"attributes": [{"apiName": "a", "name": "B"}]},
        SAFE,
        30,
    ),
    (
        custom_activity_types.delete_attributes("t", ["a"]),
        "/activities/external/type/t/attributes/delete.json",
        (),
        {"attributes": [{"apiName": "a"}]},
        VERIFY,
        30,
    ),
    (custom_activity_types.approve("t"), "/activities/external/type/t/approve.json", (), None, VERIFY, 30),
    (
        custom_activity_types.discard_draft("t"),
        "/activities/external/type/t/discardDraft.json",
        (),
        None,
        VERIFY,
        30,
    ),
    (custom_activity_types.delete("t"), "/activities/external/type/t/delete.json", (), None, VERIFY, 30),
    (usage.last_7_days(), "/stats/usage/last7days.json", (), None, SAFE, 30),
    (usage.errors_today(), "/stats/errors.json", (), None, SAFE, 30),
    (usage.errors_last_7_days(), "/stats/errors/last7days.json", (), None, SAFE, 30),
]
RESOURCES = {name.partition(".")[0] for name in (row[0].name for row in CALLS)}
PAGED_BY_TOKEN = [
    leads.list("id", [1]),
    lead_fields.list(),
    lead_memberships.leads_of_list(1),
    lead_memberships.lists(1),
    lists.list(),
    program_members.list(1, "leadId", [1]),
    campaigns.legacy_list(),
    companies.list("id", [1]),
]


def content(body: object) -> object:
    match body:
        case JsonBody(value):
            return value
        case FormBody(pairs):
            return pairs
    return body


@pytest.mark.parametrize("row", CALLS, ids=lambda row: row[0].name)
def test_the_request_of_a_call(row: Request) -> None:
    call, path, query, body, replay, timeout = row
    request = marketo().build(call, "T")
    assert urlsplit(request.url).path == PREFIXES[call.route.family] + path
    assert (request.query, content(request.body)) == (query, body)
    assert (call.replay, request.timeout) == (replay, timeout)
    assert call.scopes or call.name.startswith("usage.")


@pytest.mark.parametrize("row", CALLS, ids=lambda row: row[0].name)
def test_a_call_is_found_by_its_name_and_documents_its_source(row: tuple[Call[Any], Any]) -> None:
    call = row[0]
    source = re.search(r"Source: ``(\w+) (\S+?)``", endpoint("marketo", call.name).__doc__ or "")
    assert source is not None
    where = PREFIXES[call.route.family] + call.route.tail
    assert source.groups() == (call.route.method, source[2])
    assert re.sub(r"{\w+}", "{}", source[2]) == re.sub(r"{\w+}", "{}", where)


def test_every_call_of_these_resources_is_tried_somewhere() -> None:
    before = {
        "activities.paging_token",
        "campaigns.get",
        "campaigns.request",
        "emails.approve_draft",
        "emails.get",
        "usage.today",
        *(
            f"programs.{name}"
            for name in (
                "approve",
                "create",
                "get",
                "members",
                "people",
                "reschedule",
                "set_status",
                "unapprove",
            )
        ),
    }
    known = {name for name, _ in endpoints("marketo") if name.partition(".")[0] in RESOURCES}
    assert known - before <= {row[0].name for row in CALLS}


@pytest.mark.parametrize("call", PAGED_BY_TOKEN, ids=lambda call: call.name)
def test_lists_of_the_lead_database_are_paged_by_token(call: Call[Any]) -> None:
    page = call.next_page({"result": [{}], "nextPageToken": "A=="})
    assert page is not None
    assert page.query == (*call.query, ("nextPageToken", "A=="))
    for last in ({"result": [{}]}, {"result": [], "nextPageToken": "A"}):
        assert call.next_page(last) is None


@pytest.mark.parametrize("name", ["lead_changes", "deleted_leads"])
def test_empty_pages_of_activities_do_not_end_them(name: str) -> None:
    call = {
        "lead_changes": activities.lead_changes("T", fields=["a"]),
        "deleted_leads": activities.deleted_leads("T"),
    }[name]
    assert call.next_page({"result": [], "nextPageToken": "A", "moreResult": True}) is not None
    assert call.next_page({"result": [{}], "nextPageToken": "A", "moreResult": False}) is None


@pytest.mark.parametrize(
    "call", [programs.list(page_size=2), channels.list(page_size=2)], ids=lambda call: call.name
)
def test_assets_are_paged_by_offset(call: Call[Any]) -> None:
    page = call.next_page({"result": [{}, {}]})
    assert page is not None
    assert dict(page.query)["offset"] == "2"
    assert call.next_page({"result": [{}]}) is None
    assert page.next_page({"success": True, "warnings": ["No assets found"]}) is None


def test_a_page_whose_token_makes_it_too_long_goes_as_a_form() -> None:
    call = lists.list(names=["x" * 100])
    page = call.next_page({"result": [{}], "nextPageToken": "A" * 7_500})
    assert page is not None
    first, second = (marketo().build(one, "T") for one in (call, page))
    assert (first.method, second.method, second.query) == ("GET", "POST", (("_method", "GET"),))
    assert isinstance(second.body, FormBody)
    assert dict(second.body.pairs)["nextPageToken"] == "A" * 7_500


def test_a_long_read_of_assets_stays_a_get() -> None:
    call = programs.list(filter_type="workspace", filter_values=["x" * 9_000])
    assert marketo().build(call, "T").method == "GET"


def test_reasons_are_found_under_each_of_their_names() -> None:
    reason = {"code": 1004, "message": "Lead not found"}
    for row in ({"reasons": [reason]}, {"errors": [reason]}, {"reason": reason}):
        why = RowResult.model_validate(row).why()
        assert why is not None
        assert why.code == "1004"


def custom(**changes: Any) -> dict[str, Any]:
    return {
        "leadId": 1,
        "activityDate": "2026-07-01T10:00:00Z",
        "activityTypeId": 100_001,
        "primaryAttributeValue": "x",
    } | changes


BAD: list[tuple[Callable[[], object], str]] = [
    (lambda: leads.delete([]), "lead_ids"),
    (lambda: leads.delete([1] * 301), "lead_ids"),
    (lambda: leads.delete([1, JANE]), "lead_ids[1]"),
    (lambda: leads.merge(1, []), "loser_ids"),
    (lambda: leads.merge(1, range(2, 28)), "loser_ids"),
    (lambda: leads.merge("1", [2, 1]), "loser_ids[1]"),
    (lambda: leads.merge(JANE, [2]), "winner_id"),
    (lambda: leads.associate(1, " "), "cookie"),
    (lambda: lead_intake.push("", [{"email": JANE}]), "program_name"),
    (lambda: lead_intake.push("P", []), "leads"),
    (lambda: lead_intake.push("P", [{"email": JANE}] * 301), "leads"),
    (lambda: lead_intake.push("P", [{"email": JANE}, {"phone": "5551234"}]), "leads[1].email"),
    (lambda: lead_intake.push("P", [JANE]), "leads[0]"),
    (lambda: lead_intake.push("P", [{"email": JANE, "bio": "x" * 1_000_000}]), "leads"),
    (lambda: lead_intake.submit_form("x", {"email": JANE}), "form_id"),
    (lambda: lead_intake.submit_form(1, {"phone": "5551234"}), "fields.email"),
    (lambda: lead_intake.submit_form(1, JANE), "fields"),
    (lambda: lead_intake.submit_form(1, {"email": JANE}, visitor_data={"x": JANE}), "visitor_data"),
    (lambda: lead_intake.submit_form(1, {"email": JANE}, program_id=0), "program_id"),
    (lambda: lead_fields.get(""), "field_name"),
    (lambda: lead_fields.list(batch_size=301), "batch_size"),
    (lambda: lead_fields.create([]), "fields"),
    (lambda: lead_fields.create([COLOUR] * 101), "fields"),
    (lambda: lead_fields.create([COLOUR | {"name": "1st"}]), "fields[0].name"),
    (lambda: lead_fields.create([COLOUR | {"dataType": "colour"}]), "fields[0].dataType"),
    (lambda: lead_fields.create([{"name": "a", "dataType": "string"}]), "fields[0].displayName"),
    (lambda: lead_fields.update("a", {}), "changes"),
    (lambda: lead_fields.update("a", {"dataType": "string"}), "changes.dataType"),
    (lambda: member_fields.create([COLOUR] * 21), "fields"),
    (lambda: lead_memberships.leads_of_list("x"), "list_id"),
    (lambda: lead_memberships.leads_of_list(1, batch_size=0), "batch_size"),
    (lambda: lead_memberships.leads_of_program(1, fields="email"), "fields"),
    (lambda: lead_memberships.programs(1, program_ids=[0]), "program_ids[0]"),
    (lambda: lead_memberships.programs(1, updated_after=NAIVE), "updated_after"),
    (
        lambda: lead_memberships.campaigns(1, updated_after=NOON, updated_before=NOON - dt.timedelta(1)),
        "updated_before",
    ),
    (lambda: partitions.move([1], partition_name=""), "partition_name"),
    (lambda: partitions.move([], partition_name="EMEA"), "lead_ids"),
    (lambda: companies.list("id", ["a,b"]), "filter_values[0]"),
    (lambda: companies.list("id", [1] * 301), "filter_values"),
    (lambda: companies.sync([{"company": "A"}]), "companies[0].externalCompanyId"),
    (lambda: companies.sync([{"company": "c"}], action="updateOnly", dedupe_by="idField"), "companies[0].id"),
    (lambda: companies.sync([{"id": 1}], action="createOnly", dedupe_by="idField"), "dedupe_by"),
    (lambda: companies.sync([{"externalCompanyId": "c"}], action="upsert"), "action"),
    (lambda: lists.list(names=["a,b"]), "names[0]"),
    (lambda: lists.get(None), "list_id"),
    (lambda: lists.add(1, []), "lead_ids"),
    (lambda: lists.remove(1, [1] * 301), "lead_ids"),
    (lambda: lists.are_members(1, [True]), "lead_ids[0]"),
    (lambda: static_lists.list(page_size=201), "page_size"),
    (lambda: static_lists.list(folder_id="x"), "folder_id"),
    (lambda: static_lists.create("x" * 256, folder_id=1), "list_name"),
    (lambda: static_lists.create("A", folder_id=1, folder_type="Shelf"), "folder_type"),
    (lambda: static_lists.update(1), "new_name"),
    (lambda: program_members.list(1, "updatedAt", ["x"]), "filter_type"),
    (lambda: program_members.list(1, "statusName", []), "filter_values"),
    (lambda: program_members.list(1, "statusName", ["a,b"]), "filter_values[0]"),
    (lambda: program_members.by_update(1, NOON, NOON + dt.timedelta(days=8)), "end_at"),
    (lambda: program_members.by_update(1, NOON, NOON - dt.timedelta(days=1)), "end_at"),
    (lambda: program_members.by_update(1, NAIVE, NOON), "start_at"),
    (lambda: program_members.update(1, [{"webinarUrl": "x"}]), "members[0].leadId"),
    (lambda: program_members.remove(1, [JANE]), "lead_ids[0]"),
    (lambda: program_members.change_status(1, [1], status_name=""), "status_name"),
    (lambda: programs.list(filter_type="id"), "filter_values"),
    (lambda: programs.list(filter_values=["1"]), "filter_values"),
    (lambda: programs.list(filter_type="colour", filter_values=["1"]), "filter_type"),
    (lambda: programs.list(status="locked"), "status"),
    (lambda: programs.update(1), "new_name"),
    (lambda: programs.update(1, tags=[{"tagType": "t"}]), "tags[0].tagValue"),
    (lambda: programs.clone(1, "", folder_id=1), "program_name"),
    (lambda: programs.clone(1, "A", folder_id="x"), "folder_id"),
    (lambda: tokens.set_value(1, "x" * 51, "v"), "token_name"),
    (lambda: tokens.set_value(1, "{{my.a}}", "v"), "token_name"),
    (lambda: tokens.set_value(1, "a", None), "value"),
    (lambda: tokens.set_value(1, "a", "v", token_type="colour"), "token_type"),
    (lambda: tokens.list(1, folder_type="Shelf"), "folder_type"),
    (lambda: channels.by_name(""), "channel_name"),
    (lambda: folders.list(max_depth=-1), "max_depth"),
    (lambda: folders.get(1, folder_type="Shelf"), "folder_type"),
    (lambda: folders.list(root_type="Shelf"), "root_type"),
    (lambda: folders.by_name("A", folder_type="Shelf"), "folder_type"),
    (lambda: folders.create("A", parent_id=1, parent_type="Shelf"), "parent_type"),
    (lambda: folders.create("A", parent_id="x"), "parent_id"),
    (lambda: folders.create("A", parent_id=1, description="x" * 2_001), "description"),
    (lambda: folders.update(1), "new_name"),
    (lambda: folders.delete("x"), "folder_id"),
    (lambda: smart_lists.clone(1, "", folder_id=1), "list_name"),
    (lambda: smart_lists.of_program("x"), "program_id"),
    (lambda: smart_lists.of_campaign("x"), "campaign_id"),
    (lambda: tags.programs("t", ""), "tag_value"),
    (lambda: tags.set_value(1, "..", "v"), "tag_type"),
    (lambda: tags.delete("x", "t"), "program_id"),
    (lambda: email_content.sections(1, status="deleted"), "status"),
    (lambda: email_content.update_section(1, "", "v"), "section_id"),
    (lambda: email_content.update_section(1, "body", "v", section_type="Image"), "section_type"),
    (lambda: email_content.preview(1, lead_id="x"), "lead_id"),
    (lambda: email_content.preview(1, content_type="PDF"), "content_type"),
    (lambda: email_content.set_variable(1, "colour", None), "value"),
    (lambda: companies.delete([{"company": "A"}]), "companies[0].externalCompanyId"),
    (lambda: companies.delete([{"externalCompanyId": "c"}], delete_by="idField"), "companies[0].id"),
    (lambda: companies.delete([{"id": 1}], delete_by="company"), "delete_by"),
    (lambda: company_fields.get(""), "field_name"),
    (lambda: programs.create("A", folder_id=1, channel="c", tags=[{"tagType": "t"}]), "tags[0].tagValue"),
    (lambda: programs.create("A", folder_id=1, channel="c", costs=[{"cost": 5}]), "costs[0].startDate"),
    (lambda: folders.content(1, folder_type="Shelf"), "folder_type"),
    (lambda: campaigns.schedule(1, run_at=NAIVE), "run_at"),
    (lambda: campaigns.schedule(1, run_at=dt.datetime.now(dt.UTC) + dt.timedelta(days=740)), "run_at"),
    (lambda: campaigns.schedule(1, tokens={"my.a": JANE}), "tokens[my.a]"),
    (lambda: campaigns.schedule(1, clone_to_program_name=""), "clone_to_program_name"),
    (lambda: campaigns.create("A", folder_id=1, description="x" * 2_001), "description"),
    (lambda: campaigns.update(1), "new_name"),
    (lambda: campaigns.activate("x"), "campaign_id"),
    (lambda: emails.get(1, status="deleted"), "status"),
    (lambda: emails.create("A", folder_id=1, **(EMAIL | {"subject": ""})), "subject"),
    (lambda: emails.update(1), "new_name"),
    (lambda: emails.update(1, pre_header="x" * 1_025), "pre_header"),
    (lambda: emails.update_headers(1), "subject"),
    (lambda: emails.update_headers(1, from_email=""), "from_email"),
    (lambda: emails.send_sample(1, ""), "email_address"),
    (lambda: activities.read("", activity_type_ids=[6]), "token"),
    (lambda: activities.read("T", activity_type_ids=[6, 37]), "activity_type_ids"),
    (lambda: activities.read("T", activity_type_ids=[6, 7], asset_ids=[1]), "asset_ids"),
    (lambda: activities.read("T", activity_type_ids=[6], batch_size=301), "batch_size"),
    (lambda: activities.lead_changes("T", fields=[]), "fields"),
    (lambda: activities.lead_changes("T", fields=["a"], lead_ids=[1] * 31), "lead_ids"),
    (lambda: activities.add_custom([]), "activities"),
    (lambda: activities.add_custom([custom(leadId=None)]), "activities[0].leadId"),
    (lambda: activities.add_custom([custom(), custom(leadId=JANE)]), "activities[1].leadId"),
    (lambda: activities.add_custom([custom(activityDate=NAIVE)]), "activities[0].activityDate"),
    (lambda: activities.add_custom([custom(activityTypeId="x")]), "activities[0].activityTypeId"),
    (lambda: custom_activity_types.create("a b", "N", **TYPE), "api_name"),
    (
        lambda: custom_activity_types.create("a", "N", **(TYPE | {"primary_attribute": {"apiName": "p"}})),
        "primary_attribute.name",
    ),
    (lambda: custom_activity_types.update("a", primary_attribute={"name": "p"}), "primary_attribute.apiName"),
    (lambda: custom_activity_types.update("a"), "display_name"),
    (
        lambda: custom_activity_types.add_attributes("a", [{"apiName": "x", "name": "X"}]),
        "attributes[0].dataType",
    ),
    (lambda: custom_activity_types.delete_attributes("a", "minutes"), "attribute_names"),
]


@pytest.mark.parametrize(("make", "field"), BAD, ids=[f"{n}-{field}" for n, (_, field) in enumerate(BAD)])
def test_bad_input_is_refused_by_field_and_without_being_repeated(
    make: Callable[[], object], field: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        make()
    assert refusal.value.field == field
    shown = f"{refusal.value!s} {json.dumps(vars(refusal.value), default=str)}"
    for value in (JANE, "5551234", "colour", "Shelf"):
        assert value not in shown
