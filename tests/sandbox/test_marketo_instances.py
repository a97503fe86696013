"""Settings of the Marketo sandbox for what differs by instance, and refusals that need no setting."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from marketo_tools import Api, code

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed
from airflow_provider_mkt.sandbox.marketo.activities.activity_types import (
    CHANGE_DATA_VALUE,
    DELETE_LEAD,
    MERGE_LEADS,
    NEW_LEAD,
    SEND_EMAIL,
)
from airflow_provider_mkt.sandbox.marketo.emails.models import Run
from airflow_provider_mkt.sandbox.marketo.emails.reach import drop_reason
from airflow_provider_mkt.sandbox.marketo.programs.models import TagType
from airflow_provider_mkt.sandbox.marketo.settings import MarketoSettings
from airflow_provider_mkt.sandbox.marketo.times import lead_time


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(only="marketo") as running:
        yield running


@pytest.fixture
def api(sandbox: Sandbox) -> Api:
    for name, value in MarketoSettings():
        setattr(sandbox.marketo.settings, name, value)
    sandbox.marketo.reset()
    return Api(sandbox)


def configure(api: Api, **settings: object) -> None:
    """Set settings as a user does, by the control API."""
    answer = api.client.post("/_sandbox/settings", json=settings)
    assert answer.status_code == 200, answer.text


def sync(api: Api, *leads: dict[str, Any], **more: object) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = api.post("/v1/leads.json", {"input": list(leads), **more})["result"]
    return rows


# -- duplicates ---------------------------------------------------------------------------------------

SHARED = (
    {"email": "shared@example.com", seed.STRING_KEY: "A-1"},
    {"email": "shared@example.com", seed.STRING_KEY: "B-2"},
)


def test_an_own_duplicate_rule_applies_where_no_lookup_field_is_given(api: Api) -> None:
    configure(api, duplicate_rule=["email", seed.STRING_KEY])
    first, second = (row["id"] for row in sync(api, *SHARED))
    assert first != second
    assert [row["id"] for row in sync(api, *SHARED)] == [first, second]
    # With a lookup field, the rule does not apply; two leads now have this address.
    (refused,) = sync(api, SHARED[0], lookupField="email")
    assert refused["reasons"][0]["code"] == "1007"
    content = f"email,{seed.STRING_KEY}\nshared@example.com,A-1\nshared@example.com,C-3\n"
    assert api.upload("/leads.json", content, format="csv").json()["success"]
    api.advance(5)
    assert len(api.state.leads.find("email", "shared@example.com")) == 3


def test_without_an_own_rule_a_missing_lookup_field_is_the_address(api: Api) -> None:
    sync(api, SHARED[0])
    assert [row["status"] for row in sync(api, SHARED[1])] == ["updated"]


@pytest.mark.parametrize("body", [{"action": "createOnly"}, {}])
def test_a_record_without_any_field_of_the_rule_is_skipped(api: Api, body: Any) -> None:
    configure(api, duplicate_rule=["email", seed.STRING_KEY])
    (row,) = sync(api, {"firstName": "Nobody"}, **body)
    assert (row["status"], row["reasons"][0]["code"]) == ("skipped", "1002")


def test_a_company_that_is_twice_in_a_request_is_skipped(api: Api) -> None:
    companies = [{"externalCompanyId": key} for key in ("c-1", "c-2", "C-1")]
    rows = api.post("/v1/companies.json", {"input": companies})["result"]
    assert [row["status"] for row in rows] == ["created", "created", "skipped"]
    assert rows[2]["reasons"][0]["code"] == "1036"


@pytest.mark.parametrize(
    ("path", "record", "key", "longest"),
    [
        ("companies", {"company": "A"}, "externalCompanyId", 100),
        ("opportunities", {"name": "A"}, "externalOpportunityId", 50),
        ("salespersons", {}, "externalSalesPersonId", 255),
    ],
)
def test_keys_of_records_have_a_length(
    api: Api, path: str, record: dict[str, Any], key: str, longest: int
) -> None:
    records = [record | {key: "k" * length} for length in (longest, longest + 1)]
    rows = api.post(f"/v1/{path}.json", {"input": records})["result"]
    assert [row["status"] for row in rows] == ["created", "skipped"]
    assert rows[1]["reasons"][0]["code"] == "1003"


# -- leads --------------------------------------------------------------------------------------------


def test_an_opt_out_is_kept_for_the_address_and_copied_to_all_its_leads(api: Api) -> None:
    state, address = api.state, "anna.berg@example.com"
    sync(api, {"email": address}, action="createDuplicate")
    sync(api, {"id": seed.ANNA, "unsubscribed": True}, action="updateOnly", lookupField="id")
    assert [one.values["unsubscribed"] for one in state.leads.find("email", address)] == [True, True]
    # A lead that is created with the address, or gets it, inherits the opt-out.
    sync(api, {"email": address}, action="createDuplicate")
    sync(api, {"id": seed.BEN, "email": address}, action="updateOnly", lookupField="id")
    assert {one.values["unsubscribed"] for one in state.leads.find("email", address)} == {True}
    sync(api, {"id": seed.BEN, "unsubscribed": False}, action="updateOnly", lookupField="id")
    assert {one.values["unsubscribed"] for one in state.leads.find("email", address)} == {False}


@pytest.mark.parametrize(
    ("values", "gets", "gets_operational"),
    [
        ({"unsubscribed": True}, False, True),
        ({"marketingSuspended": True}, False, True),
        ({"blackListed": True}, False, False),
        ({"emailInvalid": True}, False, False),
        ({"emailSuspended": True, "emailSuspendedAt": 23}, False, False),
        ({"emailSuspended": True, "emailSuspendedAt": 25}, True, True),
        ({"email": None}, False, False),
    ],
)
def test_blocked_leads_get_no_email(
    api: Api, values: dict[str, Any], gets: bool, gets_operational: bool
) -> None:
    now = api.sandbox.clock.now()
    if hours := values.get("emailSuspendedAt"):
        values = {**values, "emailSuspendedAt": lead_time(now - timedelta(hours=hours))}
    (row,) = sync(api, {"id": seed.ANNA, **values}, action="updateOnly", lookupField="id")
    assert row["status"] == "updated"
    email = api.state.emails[seed.APPROVED_EMAIL]
    found = []
    for operational in (False, True):
        email.approved = replace(email.approved, operational=operational)
        reason = drop_reason(api.state, Run(1, "Digest", now), email, api.state.leads.get(seed.ANNA), now)
        found.append(reason is None)
    assert found == [gets, gets_operational]


def test_a_blocked_field_is_reported_as_updated_and_does_not_change(api: Api) -> None:
    configure(api, blocked_fields=["title"], crm_sync=True)
    before = api.state.leads.get(seed.ANNA).values.get("title")
    (row,) = sync(api, {"email": "anna.berg@example.com", "title": "Changed"})
    assert (row["status"], api.state.leads.get(seed.ANNA).values.get("title")) == ("updated", before)
    (described,) = api.get("/v1/leads/describe2.json")["result"]
    assert [one["name"] for one in described["fields"] if one["crmManaged"]] == ["title"]


def test_leads_are_merged_in_the_crm_in_pairs_and_a_contact_wins(api: Api) -> None:
    path = f"/v1/leads/{seed.ANNA}/merge.json"
    assert code(api.post(path, leadId=seed.BEN, mergeInCRM="true")) == "1018"
    configure(api, crm_sync=True)
    assert code(api.post(path, leadIds=f"{seed.BEN},{seed.CARLA}", mergeInCRM="true")) == "1076"
    api.state.leads.get(seed.BEN).values["sfdcContactId"] = "003A"
    assert api.post(path, leadId=seed.BEN, mergeInCRM="true")["success"]
    assert (api.state.leads.get(seed.ANNA), api.state.leads.get(seed.BEN).id) == (None, seed.BEN)
    assert code(api.post("/v1/companies.json", {"input": [{"externalCompanyId": "c"}]})) == "1018"


def test_more_than_25_losers_are_refused(api: Api) -> None:
    losers = ",".join(str(number) for number in range(2000, 2026))
    assert code(api.post(f"/v1/leads/{seed.ANNA}/merge.json", leadIds=losers)) == "1080"


def test_only_null_is_empty_in_a_merge(api: Api) -> None:
    sync(api, {"id": seed.ANNA, "doNotCall": False}, action="updateOnly", lookupField="id")
    sync(api, {"id": seed.BEN, "doNotCall": True}, action="updateOnly", lookupField="id")
    assert api.post(f"/v1/leads/{seed.ANNA}/merge.json", leadId=seed.BEN)["success"]
    assert api.state.leads.get(seed.ANNA).values["doNotCall"] is False


def test_a_cookie_that_is_none_is_refused_everywhere(api: Api) -> None:
    bad = "id:123-ABC-456"
    person = {"email": "c@example.com"}
    pushed = {"programName": "Website Contacts", "input": [person | {"cookies": bad}]}
    assert code(api.get("/v1/leads.json", filterType="cookies", filterValues=bad)) == "1012"
    assert code(api.post(f"/v1/leads/{seed.ANNA}/associate.json", cookie=bad)) == "1012"
    assert api.post("/v1/leads/push.json", pushed)["result"][0]["reasons"][0]["code"] == "1012"
    form = {"formId": seed.FORM, "input": [{"leadFormFields": person, "cookie": bad}]}
    assert code(api.post("/v1/leads/submitForm.json", form)) == "1012"


# -- imports ------------------------------------------------------------------------------------------

FAILING = "email,leadScore,title\nok@example.com,1,Boss\nbad1@example.com,many,\nbad2@example.com,lots, \n"


@pytest.mark.parametrize(
    ("files", "header", "row"),
    [
        ("full", "email,leadScore,title,Import Failure Reason", "bad1@example.com,many,,Invalid data type"),
        ("short", "email,leadScore,Import Failure Reason", "bad1@example.com,many,Invalid data type"),
        ("ragged", "email,leadScore,Import Failure Reason", "bad1@example.com,many,Invalid data type"),
    ],
)
def test_a_file_of_failures_can_leave_out_what_is_empty(api: Api, files: str, header: str, row: str) -> None:
    configure(api, result_files=files)
    batch = api.upload("/leads.json", FAILING, format="csv").json()["result"][0]["batchId"]
    api.advance(5)
    lines = api.bulk(f"/leads/batch/{batch}/failures.json").text.splitlines()
    assert lines[0] == header
    assert lines[1].startswith(row)


def test_a_ragged_file_ends_each_row_at_its_own_last_value(api: Api) -> None:
    configure(api, result_files="ragged")
    content = "email,leadScore,title\nbad1@example.com,many,\nbad2@example.com,lots,Boss\n"
    batch = api.upload("/leads.json", content, format="csv").json()["result"][0]["batchId"]
    api.advance(5)
    lines = api.bulk(f"/leads/batch/{batch}/failures.json").text.splitlines()
    assert [line.count(",") for line in lines] == [3, 2, 3]


@pytest.mark.parametrize(("empty", "status"), [(False, 404), (True, 200)])
def test_a_file_without_rows_is_missing_or_empty(api: Api, empty: bool, status: int) -> None:
    configure(api, empty_result_files=empty)
    batch = api.upload("/leads.json", "email\nok@example.com\n", format="csv").json()["result"][0]["batchId"]
    api.advance(5)
    assert api.bulk(f"/leads/batch/{batch}/failures.json").status_code == status


def test_a_header_without_the_key_fails_every_row_of_a_complete_import(api: Api) -> None:
    batch = api.upload("/leads.json", "firstName\nAnna\nBen\n", format="csv").json()["result"][0]["batchId"]
    api.advance(5)
    (row,) = api.bulk(f"/leads/batch/{batch}.json").json()["result"]
    assert (row["status"], row["numOfLeadsProcessed"], row["numOfRowsFailed"]) == ("Complete", 0, 2)


def test_an_import_takes_time_and_does_not_lock_its_keys(api: Api) -> None:
    configure(api, import_pickup=0, import_startup=0, import_per_row=1)
    content = "email\n" + "".join(f"race{number}@example.com\n" for number in range(150))
    batch = api.upload("/leads.json", content, format="csv").json()["result"][0]["batchId"]
    api.advance(50)
    # Searched and not yet written, so a call creates the same lead a second time.
    assert [row["status"] for row in sync(api, {"email": "race1@example.com"})] == ["created"]
    api.advance(60)
    (row,) = api.bulk(f"/leads/batch/{batch}.json").json()["result"]
    assert (row["status"], row["numOfLeadsProcessed"]) == ("Importing", 100)
    assert [row["status"] for row in sync(api, {"email": "race2@example.com"})] == ["updated"]
    api.advance(60)
    assert len(api.state.leads.find("email", "race1@example.com")) == 2
    assert len(api.state.leads.find("email", "race149@example.com")) == 1


def test_rows_with_one_key_in_one_file_are_one_lead(api: Api) -> None:
    api.upload("/leads.json", "email,title\nt@example.com,A\nT@example.com,B\n", format="csv")
    api.advance(5)
    (lead,) = api.state.leads.find("email", "t@example.com")
    assert lead.values["title"] == "B"


# -- activities ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("day", "refused"), [("2020-09-30", True), ("2999-12-30", False)])
@pytest.mark.parametrize("path", ["activities", "activities/leadchanges"])
def test_large_lists_are_refused_from_a_day_on(api: Api, path: str, day: str, refused: bool) -> None:
    configure(api, large_lists_from=day)
    now = api.sandbox.clock.now()
    api.state.lists[seed.STATIC_LIST].members.update(dict.fromkeys(range(20000, 30000), now))
    token = api.get("/v1/activities/pagingtoken.json", sinceDatetime="2025-01-01T00:00:00Z")["nextPageToken"]
    answer = api.get(
        f"/v1/{path}.json",
        nextPageToken=token,
        listId=seed.STATIC_LIST,
        activityTypeIds=SEND_EMAIL,
        fields="title",
    )
    assert answer["success"] is not refused
    if refused:
        assert code(answer) == "1003"


@pytest.mark.parametrize(("quoted", "kind"), [(False, int), (True, str)])
def test_a_campaign_run_has_an_id(api: Api, quoted: bool, kind: type) -> None:
    configure(api, quoted_run_ids=quoted)
    body = {"input": {"leads": [{"id": seed.ANNA}, {"id": seed.BEN}]}}
    assert api.post(f"/v1/campaigns/{seed.REQUEST_CAMPAIGN}/trigger.json", body)["success"]
    api.advance(60)
    rows = [one for one in api.activities(SEND_EMAIL) if one.get("campaignId") == seed.REQUEST_CAMPAIGN]
    ids = [next(a["value"] for a in row["attributes"] if a["name"] == "Campaign Run ID") for row in rows]
    assert len(ids) == 2
    assert len(set(ids)) == 1
    assert type(ids[0]) is kind
    assert int(str(ids[0]).strip('"')) > 0


def test_every_kind_of_activity_can_show_late(api: Api) -> None:
    configure(api, activity_lag=600)
    sync(api, {"email": "anna.berg@example.com", "title": "Late"})
    assert api.activities(CHANGE_DATA_VALUE) == []
    api.advance(601)
    assert len(api.activities(CHANGE_DATA_VALUE)) == 1


def test_each_kind_of_activity_has_its_own_lag(api: Api) -> None:
    configure(api, activity_lag=60, activity_type_lags={NEW_LEAD: 0, DELETE_LEAD: 20, MERGE_LEADS: 40})
    since = f"{api.sandbox.marketo.state.now():%Y-%m-%dT%H:%M:%SZ}"

    def seen() -> list[int]:
        token = api.get("/v1/activities/pagingtoken.json", sinceDatetime=since)["nextPageToken"]
        gone = api.get("/v1/activities/deletedleads.json", nextPageToken=token).get("result", [])
        rows = [*api.activities(NEW_LEAD, CHANGE_DATA_VALUE, MERGE_LEADS, since=since), *gone]
        return [row["activityTypeId"] for row in rows]

    sync(api, {"email": "new@example.com"})
    sync(api, {"email": "anna.berg@example.com", "title": "Late"})
    assert api.post(f"/v1/leads/{seed.ANNA}/merge.json", leadId=seed.BEN)["success"]
    assert api.post("/v1/leads/delete.json", {"input": [{"id": seed.CARLA}]})["success"]
    assert seen() == [NEW_LEAD]
    api.advance(21)
    assert seen() == [NEW_LEAD, DELETE_LEAD]
    api.advance(20)
    assert seen() == [NEW_LEAD, MERGE_LEADS, DELETE_LEAD]
    api.advance(20)
    assert CHANGE_DATA_VALUE in seen()


def test_a_paging_token_ages(api: Api) -> None:
    configure(api, paging_token_seconds=60)
    of_date = api.get("/v1/activities/pagingtoken.json", sinceDatetime="2025-01-01T00:00:00Z")[
        "nextPageToken"
    ]
    of_place = api.get(f"/v1/lists/{seed.STATIC_LIST}/leads.json", batchSize=1)["nextPageToken"]
    reads = [
        lambda: api.get("/v1/activities.json", nextPageToken=of_date, activityTypeIds=12),
        lambda: api.get(f"/v1/lists/{seed.STATIC_LIST}/leads.json", batchSize=1, nextPageToken=of_place),
    ]
    api.advance(50)
    assert all(read()["success"] for read in reads)
    api.advance(20)
    assert [code(read()) for read in reads] == ["1003", "1003"]
    # A page's token is a new one.
    renewed = api.get("/v1/activities/pagingtoken.json", sinceDatetime="2025-01-01T00:00:00Z")[
        "nextPageToken"
    ]
    assert api.get("/v1/activities.json", nextPageToken=renewed, activityTypeIds=12)["success"]


@pytest.mark.parametrize("by_log_time", [False, True])
def test_the_range_of_an_extract_of_activities_can_be_about_the_log_time(api: Api, by_log_time: bool) -> None:
    configure(api, activity_lag=200, export_minutes=0, extracts_by_log_time=by_log_time)
    start = api.sandbox.marketo.state.now()
    sync(api, {"email": "anna.berg@example.com", "title": "Late"})
    api.advance(210)

    def found(*, after: int) -> int:
        times = [start + timedelta(seconds=after + seconds) for seconds in (0, 100)]
        span = dict(zip(("startAt", "endAt"), (f"{at:%Y-%m-%dT%H:%M:%SZ}" for at in times), strict=True))
        body = {"filter": {"createdAt": span, "activityTypeIds": [CHANGE_DATA_VALUE]}}
        made = api.client.post("/bulk/v1/activities/export/create.json", json=body).json()["result"][0]
        path = f"/bulk/v1/activities/export/{made['exportId']}"
        assert api.client.post(f"{path}/enqueue.json").json()["success"]
        api.advance(1)
        count: int = api.client.get(f"{path}/status.json").json()["result"][0]["numberOfRecords"]
        return count

    assert (found(after=0), found(after=199)) == ((0, 1) if by_log_time else (1, 0))


@pytest.mark.parametrize(
    ("name", "accepted"),
    [("1st_one", True), ("2026", True), ("_seat", False), ("seat-no", False), ("", False)],
)
def test_attribute_names_begin_with_a_letter_or_digit(api: Api, name: str, accepted: bool) -> None:
    body = {
        "apiName": "visit",
        "name": "Visit",
        "triggerName": "Visits",
        "filterName": "Visited",
        "primaryAttribute": {"apiName": name, "name": "Page", "dataType": "string"},
    }
    assert api.post("/v1/activities/external/type.json", body)["success"] is accepted


@pytest.mark.parametrize("spelling", ["Canceled", "Cancelled"])
def test_a_canceled_extract_has_either_spelling(api: Api, spelling: str) -> None:
    configure(api, canceled_status=spelling)
    day = {"startAt": "2025-01-01T00:00:00Z", "endAt": "2025-01-02T00:00:00Z"}
    body = {"fields": ["id"], "filter": {"createdAt": day}}
    job = api.client.post("/bulk/v1/leads/export/create.json", json=body).json()["result"][0]["exportId"]
    canceled = api.client.post(f"/bulk/v1/leads/export/{job}/cancel.json", json={}).json()
    assert canceled["result"][0]["status"] == spelling


# -- assets -------------------------------------------------------------------------------------------


def test_archiving_a_folder_switches_off_and_unschedules_its_campaigns(api: Api) -> None:
    active, batch = api.state.campaigns[seed.REQUEST_CAMPAIGN], api.state.campaigns[seed.BATCH_CAMPAIGN]
    assert api.post(f"/v1/campaigns/{seed.BATCH_CAMPAIGN}/schedule.json", {"input": {}})["success"]
    assert (active.active, len(batch.scheduled)) == (True, 1)
    for folder in (seed.PROGRAM_FOLDER, seed.CAMPAIGN_FOLDER):
        assert api.form(f"/asset/v1/folder/{folder}.json", isArchive="true", type="Folder")["success"]
    assert (active.active, batch.scheduled) == (False, [])
    api.advance(600)
    assert api.state.campaigns[seed.BATCH_CAMPAIGN].runs == []
    body = {"input": {"leads": [{"id": seed.ANNA}]}}
    assert api.post(f"/v1/campaigns/{seed.REQUEST_CAMPAIGN}/trigger.json", body)["success"] is False
    for folder in (seed.PROGRAM_FOLDER, seed.CAMPAIGN_FOLDER):
        assert api.form(f"/asset/v1/folder/{folder}.json", isArchive="false", type="Folder")["success"]
    assert active.active is False


def test_a_name_with_a_comma_is_never_found(api: Api) -> None:
    made = api.form(
        "/asset/v1/programs.json",
        name="Fair, Autumn",
        folder={"id": seed.PROGRAM_FOLDER, "type": "Folder"},
        type="Default",
        channel="Default",
    )
    assert made["success"]
    assert "result" not in api.get("/asset/v1/program/byName.json", name="Fair, Autumn")


@pytest.mark.parametrize("name", ["", "x" * 256])
def test_a_static_list_cannot_be_renamed_to_a_name_that_is_none(api: Api, name: str) -> None:
    assert code(api.form(f"/asset/v1/staticList/{seed.STATIC_LIST}.json", name=name)) == "701"


def test_a_static_list_cannot_have_the_name_of_another(api: Api) -> None:
    folder = {"id": seed.CAMPAIGN_FOLDER, "type": "Folder"}
    assert code(api.form("/asset/v1/staticLists.json", name="newsletter READERS", folder=folder)) == "709"


@pytest.mark.parametrize(
    ("tag", "value", "accepted"),
    [
        (seed.TAG_TYPE, "North", True),
        (seed.TAG_TYPE, "north", False),
        ("Budget", "North", False),
        ("Webinars", "Yes", False),
    ],
)
def test_tags_must_exist_with_that_value_and_for_that_type(
    api: Api, tag: str, value: str, accepted: bool
) -> None:
    api.state.tag_types += (TagType("Webinars", ("Yes",), ("webinar",)),)
    path = f"/asset/v1/program/{seed.DEFAULT_PROGRAM}"
    tags = json.dumps([{"tagType": tag, "tagValue": value}])
    for answer in (
        api.form(f"{path}/tag/{tag}.json", tagValue=value),
        api.form(f"{path}.json", tags=tags),
    ):
        assert answer["success"] is accepted
        if not accepted:
            assert code(answer) == "709"


def test_a_program_needs_its_required_tags(api: Api) -> None:
    api.state.tag_types = (TagType(seed.TAG_TYPE, seed.TAG_VALUES, required=True),)
    fields: dict[str, Any] = {
        "name": "Tagged",
        "folder": {"id": seed.PROGRAM_FOLDER, "type": "Folder"},
        "type": "Default",
        "channel": "Default",
    }
    assert code(api.form("/asset/v1/programs.json", **fields)) == "709"
    tags = [{"tagType": seed.TAG_TYPE, "tagValue": "North"}]
    assert api.form("/asset/v1/programs.json", **fields, tags=tags)["success"]


@pytest.mark.parametrize(
    ("kind", "value", "accepted"),
    [
        ("date", "2026-12-24", True),
        ("date", "24.12.2026", False),
        ("date", "2026-02-30", False),
        ("number", "-12.5", True),
        ("number", "twelve", False),
        ("score", "+5", True),
        ("score", "=0", True),
        ("score", "5", False),
        ("text", "24.12.2026", True),
        ("rich text", "<p>x</p>", True),
        ("email script", "x", False),
    ],
)
def test_tokens_are_checked_by_their_type(api: Api, kind: str, value: str, accepted: bool) -> None:
    answer = api.form(
        f"/asset/v1/folder/{seed.DEFAULT_PROGRAM}/tokens.json",
        name="T",
        type=kind,
        value=value,
        folderType="Program",
    )
    assert answer["success"] is accepted
