"""The request each call makes, and what each refuses."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest
from client_tools import hubspot, marketo

from airflow_provider_mkt.client.call import Call, FileBody, FormBody, JsonBody, Quota, Replay, TextBody
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.hubspot.account import account_info
from airflow_provider_mkt.client.hubspot.automation import legacy
from airflow_provider_mkt.client.hubspot.campaigns import campaigns as hubspot_campaigns
from airflow_provider_mkt.client.hubspot.contacts import contacts
from airflow_provider_mkt.client.hubspot.emails import emails as hubspot_emails
from airflow_provider_mkt.client.hubspot.emails._fields import schedule_changes
from airflow_provider_mkt.client.hubspot.versions import PROFILES
from airflow_provider_mkt.client.marketo.account import usage
from airflow_provider_mkt.client.marketo.activities import activities
from airflow_provider_mkt.client.marketo.emails import emails as marketo_emails
from airflow_provider_mkt.client.marketo.imports import bulk_leads
from airflow_provider_mkt.client.marketo.leads import leads
from airflow_provider_mkt.client.marketo.programs import programs
from airflow_provider_mkt.client.marketo.smart_campaigns import campaigns as marketo_campaigns

JANE = "jane.doe@example.com"
GUID = "0123456789abcdefABCDEF0123456789"
NOON = dt.datetime(2026, 7, 1, 12, 0, 0, 250_000, tzinfo=dt.timezone(dt.timedelta(hours=2)))
SAFE, WAIT, VERIFY, NEVER = Replay

HUBSPOT: list[tuple[Call[Any], str, str, str, tuple, Any, Replay]] = [
    (
        hubspot_campaigns.list(name="Spring", properties=["hs_name", "hs_goal"], sort="-createdAt", limit=10),
        "GET",
        "/marketing/v3/campaigns",
        "/marketing/campaigns/2026-03",
        (("name", "Spring"), ("properties", "hs_name,hs_goal"), ("sort", "-createdAt"), ("limit", "10")),
        None,
        SAFE,
    ),
    (
        hubspot_campaigns.list(),
        "GET",
        "/marketing/v3/campaigns",
        "/marketing/campaigns/2026-03",
        (("limit", "100"),),
        None,
        SAFE,
    ),
    (
        hubspot_campaigns.get("g/1", properties=["hs_name"]),
        "GET",
        "/marketing/v3/campaigns/g%2F1",
        "/marketing/campaigns/2026-03/g%2F1",
        (("properties", "hs_name"),),
        None,
        SAFE,
    ),
    (
        hubspot_campaigns.create_batch([{"hs_name": "A"}, {"hs_name": "B", "hs_goal": ""}]),
        "POST",
        "/marketing/v3/campaigns/batch/create",
        "/marketing/campaigns/2026-03/batch/create",
        (),
        {"inputs": [{"properties": {"hs_name": "A"}}, {"properties": {"hs_name": "B", "hs_goal": ""}}]},
        VERIFY,
    ),
    (
        hubspot_campaigns.batch_read(["1", "2"], properties=["hs_name"]),
        "POST",
        "/marketing/v3/campaigns/batch/read",
        "/marketing/campaigns/2026-03/batch/read",
        (("properties", "hs_name"),),
        {"inputs": [{"id": "1"}, {"id": "2"}]},
        SAFE,
    ),
    (
        contacts.upsert_batch([{"email": JANE, "city": "Oslo"}]),
        "POST",
        "/crm/v3/objects/contacts/batch/upsert",
        "/crm/objects/2026-03/contacts/batch/upsert",
        (),
        {
            "inputs": [
                {
                    "idProperty": "email",
                    "id": JANE,
                    "properties": {"email": JANE, "city": "Oslo"},
                    "objectWriteTraceId": "0",
                }
            ]
        },
        SAFE,
    ),
    (
        contacts.create_batch([{"email": JANE}, {"email": "x@example.com"}]),
        "POST",
        "/crm/v3/objects/contacts/batch/create",
        "/crm/objects/2026-03/contacts/batch/create",
        (),
        {
            "inputs": [
                {"associations": [], "properties": {"email": JANE}, "objectWriteTraceId": "0"},
                {"associations": [], "properties": {"email": "x@example.com"}, "objectWriteTraceId": "1"},
            ]
        },
        SAFE,
    ),
    (
        contacts.create_batch([{"email": JANE}, {"city": "Oslo"}]),
        "POST",
        "/crm/v3/objects/contacts/batch/create",
        "/crm/objects/2026-03/contacts/batch/create",
        (),
        {
            "inputs": [
                {"associations": [], "properties": {"email": JANE}, "objectWriteTraceId": "0"},
                {"associations": [], "properties": {"city": "Oslo"}, "objectWriteTraceId": "1"},
            ]
        },
        VERIFY,
    ),
    (
        contacts.update_batch([{"hs_object_id": "7", "city": "Oslo"}]),
        "POST",
        "/crm/v3/objects/contacts/batch/update",
        "/crm/objects/2026-03/contacts/batch/update",
        (),
        {"inputs": [{"id": "7", "properties": {"city": "Oslo"}, "objectWriteTraceId": "0"}]},
        SAFE,
    ),
    (
        contacts.update_batch([{"key": "7", "city": "Oslo"}], id_property="key"),
        "POST",
        "/crm/v3/objects/contacts/batch/update",
        "/crm/objects/2026-03/contacts/batch/update",
        (),
        {
            "inputs": [
                {
                    "id": "7",
                    "idProperty": "key",
                    "properties": {"key": "7", "city": "Oslo"},
                    "objectWriteTraceId": "0",
                }
            ]
        },
        SAFE,
    ),
    (
        contacts.batch_read([JANE], properties=["city"], id_property="email"),
        "POST",
        "/crm/v3/objects/contacts/batch/read",
        "/crm/objects/2026-03/contacts/batch/read",
        (),
        {
            "inputs": [{"id": JANE}],
            "properties": ["city"],
            "propertiesWithHistory": [],
            "idProperty": "email",
        },
        SAFE,
    ),
    (
        contacts.get(JANE, properties=["city", "email"], id_property="email"),
        "GET",
        "/crm/v3/objects/contacts/jane.doe%40example.com",
        "/crm/objects/2026-03/contacts/jane.doe%40example.com",
        (("properties", "city,email"), ("idProperty", "email")),
        None,
        SAFE,
    ),
    (
        hubspot_emails.get("5", include_stats=True),
        "GET",
        "/marketing/v3/emails/5",
        "/marketing/emails/2026-03/5",
        (("includeStats", "true"),),
        None,
        SAFE,
    ),
    (
        hubspot_emails.update("5", {"subject": "Hi"}),
        "PATCH",
        "/marketing/v3/emails/5",
        "/marketing/emails/2026-03/5",
        (),
        {"subject": "Hi"},
        SAFE,
    ),
    (
        hubspot_emails.publish("5"),
        "POST",
        "/marketing/v3/emails/5/publish",
        "/marketing/emails/2026-03/5/publish",
        (),
        None,
        VERIFY,
    ),
    (
        hubspot_emails.unpublish("5"),
        "POST",
        "/marketing/v3/emails/5/unpublish",
        "/marketing/emails/2026-03/5/unpublish",
        (),
        None,
        VERIFY,
    ),
    (
        account_info.details(),
        "GET",
        "/account-info/v3/details",
        "/account-info/2026-03/details",
        (),
        None,
        SAFE,
    ),
    (
        account_info.daily_usage(),
        "GET",
        "/account-info/v3/api-usage/daily/private-apps",
        "/account-info/2026-03/api-usage/daily/private-apps",
        (),
        None,
        SAFE,
    ),
    (
        legacy.update_lead(GUID, {"closedAt": "1"}),
        "PUT",
        f"/leads/v1/lead/{GUID}",
        f"/leads/v1/lead/{GUID}",
        (("access_token", "T"),),
        {"closedAt": "1", "guid": GUID},
        SAFE,
    ),
    (
        legacy.enrol_in_nurture("c 1", GUID),
        "POST",
        "/nurture/v1/campaign/c%201/add",
        "/nurture/v1/campaign/c%201/add",
        (("access_token", "T"),),
        GUID,
        VERIFY,
    ),
]

MARKETO: list[tuple[Call[Any], str, str, tuple, Any, Replay, float]] = [
    (leads.describe2(), "GET", "/rest/v1/leads/describe2.json", (), None, SAFE, 30),
    (
        leads.get("7", fields=["id", "email"]),
        "GET",
        "/rest/v1/lead/7.json",
        (("fields", "id,email"),),
        None,
        SAFE,
        30,
    ),
    (
        leads.list("id", [1, "2"], fields=["id"]),
        "GET",
        "/rest/v1/leads.json",
        (("filterType", "id"), ("filterValues", "1,2"), ("fields", "id"), ("batchSize", "300")),
        None,
        SAFE,
        60,
    ),
    (
        leads.sync([{"email": JANE, "city": None}]),
        "POST",
        "/rest/v1/leads.json",
        (),
        {"action": "createOrUpdate", "lookupField": "email", "input": [{"email": JANE, "city": None}]},
        WAIT,
        90,
    ),
    (
        leads.sync([{"id": 7}], action="updateOnly", lookup_field="id", partition_name="EU"),
        "POST",
        "/rest/v1/leads.json",
        (),
        {"action": "updateOnly", "lookupField": "id", "partitionName": "EU", "input": [{"id": 7}]},
        SAFE,
        90,
    ),
    (
        leads.sync([{"email": JANE}], action="createOnly"),
        "POST",
        "/rest/v1/leads.json",
        (),
        {"action": "createOnly", "input": [{"email": JANE}]},
        WAIT,
        90,
    ),
    (
        leads.sync([{"city": "Oslo"}], action="createDuplicate"),
        "POST",
        "/rest/v1/leads.json",
        (),
        {"action": "createDuplicate", "input": [{"city": "Oslo"}]},
        NEVER,
        90,
    ),
    (
        activities.paging_token(NOON),
        "GET",
        "/rest/v1/activities/pagingtoken.json",
        (("sinceDatetime", "2026-07-01T10:00:00Z"),),
        None,
        SAFE,
        300,
    ),
    (
        activities.read("T==", activity_type_ids=[47, 6], lead_ids=[1]),
        "GET",
        "/rest/v1/activities.json",
        (("nextPageToken", "T=="), ("activityTypeIds", "47,6"), ("leadIds", "1")),
        None,
        SAFE,
        30,
    ),
    (
        bulk_leads.create_import(b"email\n", file_format="tsv", list_id=5, partition_name="EU"),
        "POST",
        "/bulk/v1/leads.json",
        (("format", "tsv"), ("lookupField", "email"), ("listId", "5"), ("partitionName", "EU")),
        b"email\n",
        NEVER,
        300,
    ),
    (bulk_leads.import_status("3404"), "GET", "/bulk/v1/leads/batch/3404.json", (), None, SAFE, 30),
    (marketo_campaigns.get(9), "GET", "/rest/asset/v1/smartCampaign/9.json", (), None, SAFE, 300),
    (
        marketo_campaigns.request(9, [1, 2], tokens={"{{my.a}}": "x"}),
        "POST",
        "/rest/v1/campaigns/9/trigger.json",
        (),
        {"input": {"leads": [{"id": 1}, {"id": 2}], "tokens": [{"name": "{{my.a}}", "value": "x"}]}},
        NEVER,
        30,
    ),
    (
        marketo_emails.get(3, status="draft"),
        "GET",
        "/rest/asset/v1/email/3.json",
        (("status", "draft"),),
        None,
        SAFE,
        300,
    ),
    (
        marketo_emails.approve_draft(3),
        "POST",
        "/rest/asset/v1/email/3/approveDraft.json",
        (),
        None,
        VERIFY,
        300,
    ),
    (programs.get(4), "GET", "/rest/asset/v1/program/4.json", (), None, SAFE, 300),
    (
        programs.by_name("A & B"),
        "GET",
        "/rest/asset/v1/program/byName.json",
        (("name", "A & B"),),
        None,
        SAFE,
        300,
    ),
    (
        programs.create("P", folder_id="5", channel="Email", program_type="event", description="d"),
        "POST",
        "/rest/asset/v1/programs.json",
        (),
        (
            ("name", "P"),
            ("folder", '{"id": 5, "type": "Folder"}'),
            ("type", "event"),
            ("channel", "Email"),
            ("description", "d"),
        ),
        VERIFY,
        300,
    ),
    (
        programs.reschedule(4, NOON, NOON + dt.timedelta(hours=1)),
        "POST",
        "/rest/asset/v1/program/4.json",
        (),
        (("startDate", "2026-07-01T10:00:00.250Z"), ("endDate", "2026-07-01T11:00:00.250Z")),
        SAFE,
        300,
    ),
    (
        programs.reschedule(4, NOON),
        "POST",
        "/rest/asset/v1/program/4.json",
        (),
        (("startDate", "2026-07-01T10:00:00.250Z"),),
        SAFE,
        300,
    ),
    (
        programs.reschedule(4, NOON, head_start=True),
        "POST",
        "/rest/asset/v1/program/4.json",
        (),
        (("startDate", "2026-07-01T10:00:00.250Z"), ("headStart", "true")),
        SAFE,
        300,
    ),
    (programs.approve(4), "POST", "/rest/asset/v1/program/4/approve.json", (), None, VERIFY, 300),
    (programs.unapprove(4), "POST", "/rest/asset/v1/program/4/unapprove.json", (), None, VERIFY, 300),
    (
        programs.set_status(4, [1, 2], status_name="Member"),
        "POST",
        "/rest/v1/programs/4/members/status.json",
        (),
        {"statusName": "Member", "input": [{"leadId": 1}, {"leadId": 2}]},
        SAFE,
        30,
    ),
    (
        programs.members(4, lead_ids=[1, 2], fields=["statusName"]),
        "GET",
        "/rest/v1/programs/4/members.json",
        (("filterType", "leadId"), ("filterValues", "1,2"), ("fields", "statusName")),
        None,
        SAFE,
        30,
    ),
    (programs.people(4), "GET", "/rest/v1/leads/programs/4.json", (("batchSize", "300"),), None, SAFE, 30),
    (usage.today(), "GET", "/rest/v1/stats/usage.json", (), None, SAFE, 30),
]


def content(body: object) -> object:
    match body:
        case JsonBody(value):
            return value
        case FormBody(pairs):
            return pairs
        case TextBody(text):
            return text
        case FileBody(part="file", content=inside):
            return inside
    return body


def named(row: tuple) -> str:
    return f"{row[0].name}"


@pytest.mark.parametrize("row", HUBSPOT, ids=named)
@pytest.mark.parametrize("profile", PROFILES)
def test_hubspot_requests(row: tuple, profile: str) -> None:
    call, method, old, new, query, body, replay = row
    request = hubspot(api_version=profile, legacy_calls=True).build(call, "T")
    assert (request.method, urlsplit(request.url).path) == (
        method,
        old if profile == "v3" else new.replace("2026-03", profile),
    )
    assert request.query == query
    assert content(request.body) == body
    assert call.replay is replay


@pytest.mark.parametrize("row", MARKETO, ids=named)
def test_marketo_requests(row: tuple) -> None:
    call, method, path, query, body, replay, timeout = row
    request = marketo().build(call, "T")
    assert (request.method, urlsplit(request.url).path) == (method, path)
    assert request.query == query
    assert content(request.body) == body
    assert (call.replay, request.timeout) == (replay, timeout)


def test_only_the_two_calls_the_platform_exempts_are_free() -> None:
    free = {row[0].name for row in HUBSPOT + MARKETO if row[0].quota is Quota.FREE}
    assert free == {"emails.publish", "emails.unpublish"}


def test_a_long_read_goes_as_a_form_and_is_still_paged() -> None:
    call = leads.list("email", [f"person{n}@example.com" for n in range(300)])
    for page in (call, call.next_page({"result": [{}], "nextPageToken": "T=="})):
        assert page is not None
        request = marketo().build(page, "T")
        assert (request.method, request.query, page.replay) == ("POST", (("_method", "GET"),), SAFE)
        assert isinstance(request.body, FormBody)
        assert dict(request.body.pairs)["filterType"] == "email"
    assert dict(request.body.pairs)["nextPageToken"] == "T=="


@pytest.mark.parametrize(
    ("when", "changes"),
    [
        (None, {"sendOnPublish": True}),
        (NOON, {"sendOnPublish": False, "publishDate": "2026-07-01T10:00:00.250000Z"}),
    ],
)
def test_when_publishing_sends(when: dt.datetime | None, changes: dict[str, Any]) -> None:
    assert schedule_changes(when) == changes


NAIVE = dt.datetime(2026, 7, 1)
BAD: list[tuple[Callable[[], object], str]] = [
    (lambda: hubspot_campaigns.list(properties="hs_name"), "properties"),
    (lambda: hubspot_campaigns.get("", properties=[]), "campaign_guid"),
    (lambda: hubspot_campaigns.get("1", properties="hs_name"), "properties"),
    (lambda: hubspot_campaigns.create_batch([]), "campaigns"),
    (lambda: hubspot_campaigns.create_batch([{"hs_name": "A"}] * 51), "campaigns"),
    (lambda: hubspot_campaigns.create_batch({"hs_name": JANE}), "campaigns"),
    (lambda: hubspot_campaigns.create_batch([{"hs_name": "A"}, {"hs_goal": JANE}]), "campaigns[1].hs_name"),
    (lambda: hubspot_campaigns.create_batch([{"hs_name": "  "}]), "campaigns[0].hs_name"),
    (
        lambda: hubspot_campaigns.create_batch([{"hs_name": "A", "hs_budget": 5551234}]),
        "campaigns[0].hs_budget",
    ),
    (lambda: hubspot_campaigns.create_batch([JANE]), "campaigns[0]"),
    (lambda: hubspot_campaigns.batch_read([]), "campaign_guids"),
    (lambda: hubspot_campaigns.batch_read(["1"] * 51), "campaign_guids"),
    (lambda: contacts.upsert_batch([{"email": JANE}] * 101), "contacts"),
    (lambda: contacts.upsert_batch([{"email": JANE}, {"phone": "5551234"}]), "contacts[1].email"),
    (lambda: contacts.upsert_batch([{"email": " "}]), "contacts[0].email"),
    (lambda: contacts.upsert_batch([{"key": 5551234}], id_property="key"), "contacts[0].key"),
    (lambda: contacts.upsert_batch([JANE]), "contacts[0]"),
    (lambda: contacts.create_batch([JANE]), "contacts[0]"),
    (lambda: contacts.create_batch([]), "contacts"),
    (lambda: contacts.create_batch([{"born": NAIVE}]), "body.inputs[0].properties.born"),
    (lambda: contacts.update_batch([{"email": JANE}]), "contacts[0].hs_object_id"),
    (lambda: contacts.update_batch([None]), "contacts[0]"),
    (lambda: contacts.batch_read([JANE] * 101), "ids"),
    (lambda: contacts.get(".."), "contact_id"),
    (lambda: contacts.get("1", properties="email"), "properties"),
    (lambda: hubspot_emails.get(None), "email_id"),
    (lambda: hubspot_emails.update("5", {}), "changes"),
    (lambda: hubspot_emails.update("5", JANE), "changes"),
    (lambda: hubspot_emails.update("5", {"state": "PUBLISHED"}), "changes.state"),
    (lambda: hubspot_emails.publish(" "), "email_id"),
    (lambda: schedule_changes(NAIVE), "publish_at"),
    (lambda: legacy.enrol_in_nurture("c", "12"), "lead_guid"),
    (lambda: legacy.enrol_in_nurture("", GUID), "campaign_guid"),
    (lambda: legacy.update_lead(GUID + "\n", {"a": "b"}), "lead_guid"),
    (lambda: legacy.update_lead(GUID, {}), "changes"),
    (lambda: legacy.update_lead(GUID, {"guid": "0" * 32}), "changes.guid"),
    (lambda: leads.get(JANE), "lead_id"),
    (lambda: leads.get(1, fields="email"), "fields"),
    (lambda: leads.list("email", []), "filter_values"),
    (lambda: leads.list("email", [JANE] * 301), "filter_values"),
    (lambda: leads.list("email", JANE), "filter_values"),
    (lambda: leads.list("city", ["Oslo", "Doe, Jane"]), "filter_values[1]"),
    (lambda: leads.list("city", [""]), "filter_values[0]"),
    (lambda: leads.sync([]), "leads"),
    (lambda: leads.sync([{"email": JANE}] * 301), "leads"),
    (lambda: leads.sync({"email": JANE}), "leads"),
    (lambda: leads.sync([JANE]), "leads[0]"),
    (lambda: leads.sync([{"email": JANE}, {"email": ""}]), "leads[1].email"),
    (lambda: leads.sync([{"email": JANE}], action="upsert"), "action"),
    (lambda: leads.sync([{"email": JANE, "bio": "x" * 1_000_000}]), "leads"),
    (lambda: leads.sync([{"email": JANE, "score": Decimal(5551234)}]), "body.input[0].score"),
    (lambda: leads.sync([{"email": JANE, "name": "\ud800"}]), "body.input[0].name"),
    (lambda: activities.paging_token(NAIVE), "since"),
    (lambda: activities.read("T", activity_type_ids=[]), "activity_type_ids"),
    (lambda: activities.read("T", activity_type_ids=[1] * 11), "activity_type_ids"),
    (lambda: activities.read("T", activity_type_ids=[1], lead_ids=[1] * 31), "lead_ids"),
    (lambda: activities.read("T", activity_type_ids=["x"]), "activity_type_ids[0]"),
    (lambda: bulk_leads.create_import(b" \n"), "content"),
    (lambda: bulk_leads.create_import(b"x" * 9_500_001), "content"),
    (lambda: bulk_leads.create_import(JANE), "content"),
    (lambda: bulk_leads.create_import(b"x", file_format="xls"), "file_format"),
    (lambda: bulk_leads.import_status("x"), "batch_id"),
    (lambda: marketo_campaigns.get(0), "campaign_id"),
    (lambda: marketo_campaigns.request(1, []), "lead_ids"),
    (lambda: marketo_campaigns.request(1, [1] * 101), "lead_ids"),
    (lambda: marketo_campaigns.request(1, [1, JANE]), "lead_ids[1]"),
    (
        lambda: marketo_campaigns.request(1, [1], tokens={f"{{{{my.{n}}}}}": "x" for n in range(101)}),
        "tokens",
    ),
    (lambda: marketo_campaigns.request(1, [1], tokens={"my.a": JANE}), "tokens[my.a]"),
    (lambda: marketo_campaigns.request(1, [1], tokens={5: JANE}), "tokens[5]"),
    (lambda: marketo_emails.get("x"), "email_id"),
    (lambda: marketo_emails.approve_draft(True), "email_id"),
    (lambda: programs.get(None), "program_id"),
    (lambda: programs.create("", folder_id=1, channel="c"), "program_name"),
    (lambda: programs.create("x" * 256, folder_id=1, channel="c"), "program_name"),
    (lambda: programs.create("P", folder_id="x", channel="c"), "folder_id"),
    (lambda: programs.reschedule(4, NAIVE), "start_at"),
    (lambda: programs.reschedule(4, NOON, NAIVE), "end_at"),
    (lambda: programs.set_status(4, [1], status_name=" "), "status_name"),
    (lambda: programs.set_status(4, [1] * 301, status_name="M"), "lead_ids"),
    (lambda: programs.set_status(4, [1, 0], status_name="M"), "lead_ids[1]"),
    (lambda: programs.members(4, lead_ids=[]), "lead_ids"),
    (lambda: programs.members(4, lead_ids=[1], fields="statusName"), "fields"),
]


@pytest.mark.parametrize(("make", "field"), BAD, ids=[f"{n}-{field}" for n, (_, field) in enumerate(BAD)])
def test_bad_input_is_refused_by_field_and_without_being_repeated(
    make: Callable[[], object], field: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        make()
    assert refusal.value.field == field
    shown = f"{refusal.value!s} {vars(refusal.value)}"
    for value in (JANE, "Doe", "5551234", "xls", "PUBLISHED", "2026"):
        assert value not in shown


class TestReading:
    def test_rows_of_a_batch_are_matched_by_number(self) -> None:
        call = leads.sync([{"email": JANE}, {"email": "x@example.com"}])
        skipped = {"status": "skipped", "reasons": [{"code": 1004, "message": "Lead not found"}]}
        read = call.read({"result": [{"id": 1, "status": "created"}, skipped]})
        assert (read[0].id, read[0].why()) == (1, None)
        assert read[1].why() is not None
        assert read[1].why().code == "1004"  # type: ignore[union-attr]

    @pytest.mark.parametrize("envelope", [{}, {"result": []}, {"result": [{}, {}]}, {"result": None}])
    def test_another_number_of_rows_is_not_read(self, envelope: dict[str, Any]) -> None:
        with pytest.raises((ValueError, KeyError, TypeError)):
            leads.sync([{"email": JANE}]).read(envelope)

    @pytest.mark.parametrize("call", [programs.by_name("P"), marketo_emails.get(1), usage.today()])
    def test_nothing_found_is_none(self, call: Call[Any]) -> None:
        warning = "No assets found for the given search criteria."
        assert call.read({"success": True, "warnings": [warning]}) is None
        assert call.read({"success": True, "result": [{"id": 1}]}) == {"id": 1}

    def test_a_partial_batch_contains_its_failures(self) -> None:
        read = hubspot_campaigns.create_batch([{"hs_name": "A"}]).read(
            {
                "status": "COMPLETE",
                "startedAt": "x",
                "results": [{"id": "1", "properties": {"hs_name": "A"}}],
                "numErrors": 3,
                "errors": [
                    {"category": "VALIDATION_ERROR", "message": "no", "context": {"ids": ["2"], "n": 5}},
                    {"category": "X", "message": "no", "context": {"id": "3"}, "subCategory": {}},
                    {"category": "X", "message": "no"},
                ],
            }
        )
        assert [row.id for row in read.results] == ["1"]
        assert (read.numErrors, [error.ids() for error in read.errors]) == (3, [["2"], ["3"], []])

    @pytest.mark.parametrize("status", ["PENDING", "PROCESSING", "CANCELED", ""])
    def test_a_batch_that_is_not_complete_is_not_read(self, status: str) -> None:
        with pytest.raises(ValueError, match="batch status"):
            hubspot_campaigns.create_batch([{"hs_name": "A"}]).read({"status": status, "results": []})
