"""Bulk extracts: queue over time, content of files, and errors."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import repeat
from typing import Any

import httpx
import pytest
from marketo_calls import Caller
from marketo_tools import Api, code, sign_in
from workers import until

from airflow_provider_mkt.actions.jobs import BatchStatus, Job, spec_of
from airflow_provider_mkt.actions.marketo.jobs import SPECS, object_job_id
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import InvalidRequest, NotFound, PermissionDenied, QuotaExhausted
from airflow_provider_mkt.client.marketo.custom_objects import custom_objects
from airflow_provider_mkt.client.marketo.exports import bulk_extracts as extracts
from airflow_provider_mkt.client.marketo.programs import programs
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed

JANUARY = {"startAt": "2025-01-01T00:00:00Z", "endAt": "2025-01-31T00:00:00Z"}
SEEDED = (datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 1, 31, tzinfo=UTC))
LEADS, ACTIVITIES, MEMBERS = "/leads/export", "/activities/export", "/program/members/export"
MACHINES = f"/customobjects/{seed.MACHINE_TYPE}/export"
KINDS = {
    "leads": LEADS,
    "activities": ACTIVITIES,
    "program_members": MEMBERS,
    "custom_objects": MACHINES,
}
EVERYBODY = {"fields": ["id", "email"], "filter": {"createdAt": JANUARY}}
NEW_LEADS = {"filter": {"createdAt": JANUARY, "activityTypeIds": [12]}}
NURTURED = {"fields": ["leadId"], "filter": {"programId": seed.NURTURE_PROGRAM}}
UPDATED = {"fields": ["serialNumber"], "filter": {"updatedAt": JANUARY}}
BODIES = {LEADS: EVERYBODY, ACTIVITIES: NEW_LEADS, MEMBERS: NURTURED, MACHINES: UPDATED}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(only="marketo") as running:
        # Tests move the clock by days, and a reset does not change tokens.
        running.marketo.settings.token_seconds = 1e9
        running.marketo.limits.rate.limit = None
        yield running


@pytest.fixture
def api(sandbox: Sandbox) -> Api:
    marketo = sandbox.marketo
    marketo.settings.export_quota_bytes, marketo.settings.limited_extract_filters = 500_000_000, False
    marketo.reset(limits=False)
    return Api(sandbox)


def send(api: Api, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
    return api.client.request(method, f"/bulk/v1{path}", json=body, headers=headers)


def answer(api: Api, method: str, path: str, body: Any = None) -> dict[str, Any]:
    return dict(send(api, method, path, body).json())


def create(api: Api, path: str = LEADS, body: Any = None) -> str:
    (row,) = answer(api, "POST", f"{path}/create.json", body or BODIES[path])["result"]
    assert row["status"] == "Created"
    return str(row["exportId"])


def enqueue(api: Api, job: str, path: str = LEADS) -> dict[str, Any]:
    return answer(api, "POST", f"{path}/{job}/enqueue.json")


def status(api: Api, job: str, path: str = LEADS) -> dict[str, Any]:
    return dict(answer(api, "GET", f"{path}/{job}/status.json")["result"][0])


def extract(api: Api, path: str, body: Any) -> tuple[str, dict[str, Any]]:
    """Run a job to its end, and return its file and status."""
    job = create(api, path, body)
    assert enqueue(api, job, path)["success"]
    api.advance(120)
    returned = status(api, job, path)
    assert returned["status"] == "Completed", returned
    return send(api, "GET", f"{path}/{job}/file.json").text, returned


def table(text: str, delimiter: str = ",") -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text), delimiter=delimiter))


# -- the queue --------------------------------------------------------------------------------------


def test_a_status_lasts_a_minute_or_longer(api: Api) -> None:
    job = create(api)
    seen = [status(api, job)["status"]]
    enqueue(api, job)
    for seconds in (59, 2, 58, 2):
        api.advance(seconds)
        seen.append(status(api, job)["status"])
    assert seen == ["Created", "Queued", "Processing", "Processing", "Completed"]
    returned = status(api, job)
    assert returned["createdAt"] <= returned["queuedAt"] < returned["startedAt"] < returned["finishedAt"]


def test_file_details_are_returned_only_for_completed_jobs(api: Api) -> None:
    job = create(api)
    assert set(status(api, job)) == {"exportId", "format", "status", "createdAt"}
    enqueue(api, job)
    api.advance(60)
    assert set(status(api, job)) == {"exportId", "format", "status", "createdAt", "queuedAt", "startedAt"}
    api.advance(60)
    returned = status(api, job)
    content = send(api, "GET", f"{LEADS}/{job}/file.json").content
    assert (returned["numberOfRecords"], returned["fileSize"]) == (5, len(content))
    assert returned["fileChecksum"] == f"sha256:{hashlib.sha256(content).hexdigest()}"


def test_all_kinds_share_a_queue_of_ten_of_which_two_run(api: Api) -> None:
    paths = [LEADS, ACTIVITIES, MEMBERS, MACHINES, LEADS] * 2
    jobs = [(create(api, path), path) for path in paths]
    late = create(api)
    for job, path in jobs:
        assert enqueue(api, job, path)["result"][0]["status"] == "Queued"
    full = enqueue(api, late)
    assert full["errors"] == [{"code": "1029", "message": "Too many jobs in queue"}]
    assert status(api, late)["status"] == "Created"
    api.advance(60)
    statuses = [status(api, *job)["status"] for job in jobs]
    assert statuses == ["Processing"] * 2 + ["Queued"] * 8
    assert code(enqueue(api, late)) == "1029"
    api.advance(60)
    statuses = [status(api, *job)["status"] for job in jobs]
    assert statuses == ["Completed"] * 2 + ["Processing"] * 2 + ["Queued"] * 6
    assert enqueue(api, late)["success"]


def test_a_queued_or_completed_job_cannot_be_enqueued_again(api: Api) -> None:
    job = create(api)
    enqueue(api, job)
    for _ in range(3):
        again = enqueue(api, job)
        assert again["errors"] == [{"code": "1029", "message": "Job already queued"}]
        api.advance(60)
    cancelled = create(api)
    answer(api, "POST", f"{LEADS}/{cancelled}/cancel.json")
    assert code(enqueue(api, cancelled)) == "1003"


def test_cancelling_frees_the_slot_and_is_final(api: Api) -> None:
    jobs = [create(api) for _ in range(3)]
    for job in jobs:
        enqueue(api, job)
    api.advance(60)
    (row,) = answer(api, "POST", f"{LEADS}/{jobs[0]}/cancel.json")["result"]
    assert row["status"] == "Cancelled"
    assert status(api, jobs[2])["status"] == "Processing"
    assert answer(api, "POST", f"{LEADS}/{jobs[0]}/cancel.json")["success"]
    api.advance(60)
    assert [status(api, job)["status"] for job in jobs] == ["Cancelled", "Completed", "Completed"]
    assert code(answer(api, "POST", f"{LEADS}/{jobs[1]}/cancel.json")) == "1003"
    assert send(api, "GET", f"{LEADS}/{jobs[0]}/file.json").status_code == 404


def test_the_daily_quota_is_shared_and_resets_at_midnight_in_us_central(api: Api) -> None:
    until_noon = (18 - api.state.now().hour) % 24 * 3600
    api.advance(until_noon)
    waiting = create(api, ACTIVITIES)
    _, returned = extract(api, LEADS, EVERYBODY)
    api.sandbox.marketo.settings.export_quota_bytes = returned["fileSize"]
    for refused in (
        answer(api, "POST", f"{MEMBERS}/create.json", NURTURED),
        enqueue(api, waiting, ACTIVITIES),
    ):
        assert refused["errors"] == [{"code": "1029", "message": "Export daily quota exceeded"}]
    api.advance(13 * 3600)
    assert enqueue(api, waiting, ACTIVITIES)["success"]


def test_jobs_exist_only_for_the_api_user_who_created_them(api: Api) -> None:
    job = create(api)
    other = sign_in(api.sandbox, seed.READER_ID, seed.READER_SECRET)
    assert code(other.get(f"/bulk/v1{LEADS}/{job}/status.json").json()) == "1013"
    assert code(other.post(f"/bulk/v1{LEADS}/{job}/enqueue.json").json()) == "1013"
    assert code(other.post(f"/bulk/v1{LEADS}/{job}/cancel.json").json()) == "1013"
    assert other.get(f"/bulk/v1{LEADS}/{job}/file.json").status_code == 404
    assert other.get(f"/bulk/v1{LEADS}.json").json()["result"] == []
    assert len(answer(api, "GET", f"{LEADS}.json")["result"]) == 1
    assert answer(api, "GET", f"{MEMBERS}.json")["result"] == []
    assert code(answer(api, "GET", f"{MEMBERS}/{job}/status.json")) == "1013"


def test_the_list_is_paged_filtered_and_covers_seven_days(api: Api) -> None:
    jobs = [create(api) for _ in range(3)]
    enqueue(api, jobs[1])
    page = api.client.get(f"/bulk/v1{LEADS}.json", params={"batchSize": 2}).json()
    assert [row["exportId"] for row in page["result"]] == jobs[:2]
    assert "moreResult" not in page
    rest = api.client.get(
        f"/bulk/v1{LEADS}.json", params={"batchSize": 2, "nextPageToken": page["nextPageToken"]}
    ).json()
    assert [row["exportId"] for row in rest["result"]] == jobs[2:]
    assert "nextPageToken" not in rest
    listed = api.client.get(f"/bulk/v1{LEADS}.json", params={"status": "Queued,Canceled"}).json()
    assert [row["exportId"] for row in listed["result"]] == [jobs[1]]
    assert code(answer(api, "GET", f"{LEADS}.json?status=Done")) == "1003"
    api.advance(7 * 86_400 + 1)
    assert answer(api, "GET", f"{LEADS}.json")["result"] == []


# -- the file ---------------------------------------------------------------------------------------


def test_there_is_no_file_before_the_end_and_after_seven_days(api: Api) -> None:
    job = create(api)
    path = f"{LEADS}/{job}/file.json"
    for step in (0, 60):
        api.advance(step)
        early = send(api, "GET", path)
        assert early.status_code == 404
        assert early.headers["content-type"].startswith("text/plain")
        if not step:
            enqueue(api, job)
    assert send(api, "GET", f"{LEADS}/nothing/file.json").status_code == 404
    api.advance(60)
    assert send(api, "GET", path).status_code == 200
    api.advance(7 * 86_400 - 60)
    assert send(api, "GET", path).status_code == 200
    api.advance(120)
    assert send(api, "GET", path).status_code == 404
    assert status(api, job)["status"] == "Completed"
    api.advance(24 * 86_400)
    assert code(answer(api, "GET", f"{LEADS}/{job}/status.json")) == "1013"


@pytest.mark.parametrize(
    ("wanted", "says", "cut"),
    [
        ("bytes=0-0", "bytes 0-0/{}", slice(0, 1)),
        ("bytes=3-9", "bytes 3-9/{}", slice(3, 10)),
        ("bytes=5-", "bytes 5-{last}/{}", slice(5, None)),
        ("bytes=-4", "bytes {tail}-{last}/{}", slice(-4, None)),
        ("bytes=5-999999", "bytes 5-{last}/{}", slice(5, None)),
    ],
)
def test_parts_of_a_file_can_be_requested(api: Api, wanted: str, says: str, cut: slice) -> None:
    text, returned = extract(api, LEADS, EVERYBODY)
    part = send(api, "GET", f"{LEADS}/{returned['exportId']}/file.json", Range=wanted)
    size = len(text)
    assert part.status_code == 206
    assert part.headers["content-range"] == says.format(size, last=size - 1, tail=size - 4)
    assert part.text == text[cut]


def test_a_range_beyond_the_end_is_rejected_and_an_invalid_one_is_ignored(api: Api) -> None:
    text, returned = extract(api, LEADS, EVERYBODY)
    path = f"{LEADS}/{returned['exportId']}/file.json"
    beyond = send(api, "GET", path, Range=f"bytes={len(text)}-")
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(text)}")
    for nonsense in ("bytes=9-3", "bytes=-", "rows=1-2", f"bytes={'9' * 5000}-"):
        assert send(api, "GET", path, Range=nonsense).text == text


def test_null_is_written_as_text_and_booleans_in_lower_case(api: Api) -> None:
    api.post(
        "/v1/leads.json",
        {"input": [{"email": "anna.berg@example.com", "unsubscribed": True, "lastName": 'A "B", c\nd'}]},
    )
    body = {
        "fields": ["id", "lastName", "phone", "unsubscribed", "ecids"],
        "filter": {"createdAt": JANUARY},
    }
    text, _ = extract(api, LEADS, body)
    anna, ben = table(text)[:2]
    assert anna == {
        "id": str(seed.ANNA),
        "lastName": 'A "B", c\nd',
        "phone": "null",
        "unsubscribed": "true",
        "ecids": "null",
    }
    assert ben["unsubscribed"] == "null"


@pytest.mark.parametrize(("dialect", "mark"), [("CSV", ","), ("TSV", "\t"), ("SSV", ";")])
def test_delimiters_and_headers_are_as_requested(api: Api, dialect: str, mark: str) -> None:
    text, returned = extract(
        api, LEADS, EVERYBODY | {"format": dialect, "columnHeaderNames": {"id": "Person"}}
    )
    assert returned["format"] == dialect
    assert text.splitlines()[:2] == [f"Person{mark}email", f"{seed.ANNA}{mark}anna.berg@example.com"]


def test_a_file_without_records_has_headers(api: Api) -> None:
    job = create(
        api,
        LEADS,
        {
            "fields": ["id"],
            "filter": {"createdAt": {"startAt": "2020-01-01T00:00:00Z", "endAt": "2020-01-01T00:00:00Z"}},
        },
    )
    enqueue(api, job)
    api.advance(120)
    returned = status(api, job)
    assert (returned["status"], returned["numberOfRecords"], returned["fileSize"]) == ("Completed", 0, 3)
    file = send(api, "GET", f"{LEADS}/{job}/file.json")
    assert (file.status_code, file.content) == (200, b"id\n")
    assert file.headers["content-type"].startswith("text/csv")


# -- content ----------------------------------------------------------------------------------------


def of_leads(api: Api, **filter_: Any) -> list[str]:
    text, _ = extract(api, LEADS, {"fields": ["id"], "filter": filter_})
    return [row["id"] for row in table(text)]


def test_leads_of_all_partitions_are_extracted_by_each_filter(api: Api) -> None:
    everybody = [str(one) for one in range(seed.ANNA, seed.ELIF + 1)]
    readers = everybody[:3]
    assert of_leads(api, createdAt=JANUARY) == everybody
    edge = {"startAt": "2025-01-06T09:00:00Z", "endAt": "2025-01-06T10:00:00+01:00"}
    assert of_leads(api, createdAt=edge) == everybody
    assert of_leads(api, staticListId=seed.STATIC_LIST) == readers
    assert of_leads(api, staticListName="Newsletter Readers") == readers
    assert of_leads(api, smartListId=seed.EMAIL_PROGRAM * 10 + 1) == readers
    assert of_leads(api, smartListName="Readers") == readers
    api.post("/v1/leads.json", {"input": [{"email": "ben.ito@example.com", "city": "Oslo"}]})
    now = api.state.now()
    span = {"startAt": f"{now - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}", "endAt": f"{now:%Y-%m-%dT%H:%M:%SZ}"}
    assert of_leads(api, updatedAt=span) == [str(seed.BEN)]


def test_list_members_are_those_at_the_start_of_the_job(api: Api) -> None:
    job = create(api, LEADS, {"fields": ["id"], "filter": {"staticListId": seed.STATIC_LIST}})
    api.post(f"/v1/lists/{seed.STATIC_LIST}/leads.json", {"input": [{"id": seed.DAVID}]})
    enqueue(api, job)
    api.advance(61)
    api.post(f"/v1/lists/{seed.STATIC_LIST}/leads.json", {"input": [{"id": seed.ELIF}]})
    api.advance(60)
    rows = table(send(api, "GET", f"{LEADS}/{job}/file.json").text)
    assert [row["id"] for row in rows] == [str(one) for one in range(seed.ANNA, seed.DAVID + 1)]


def test_a_job_whose_list_was_deleted_fails_with_a_reason(api: Api) -> None:
    job = create(api, LEADS, {"fields": ["id"], "filter": {"staticListId": seed.STATIC_LIST}})
    enqueue(api, job)
    del api.state.lists[seed.STATIC_LIST]
    api.advance(120)
    returned = status(api, job)
    assert returned["status"] == "Failed"
    assert str(seed.STATIC_LIST) in returned["errorMsg"]
    assert "fileSize" not in returned


def test_attributes_of_activities_are_one_json_object(api: Api) -> None:
    text, _ = extract(api, ACTIVITIES, NEW_LEADS)
    rows = table(text)
    assert len(rows) == 5
    assert list(rows[0]) == [
        "marketoGUID",
        "leadId",
        "activityDate",
        "activityTypeId",
        "campaignId",
        "primaryAttributeValueId",
        "primaryAttributeValue",
        "attributes",
    ]
    assert (rows[0]["activityDate"], rows[0]["campaignId"]) == ("2025-01-06T09:00:00Z", "null")
    assert json.loads(rows[0]["attributes"]) == {"Source Type": "New person", "Created Date": "2025-01-06"}
    fields = {"fields": ["leadId", "actionResult"]}
    text, _ = extract(api, ACTIVITIES, NEW_LEADS | fields)
    assert table(text)[0] == {"leadId": str(seed.ANNA), "actionResult": "succeeded"}


def test_deleted_leads_can_be_requested_and_are_in_no_file(api: Api) -> None:
    api.post("/v1/leads/delete.json", {"input": [{"id": seed.ANNA}]})
    now = api.state.now()
    span = {"startAt": f"{now - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}", "endAt": f"{now:%Y-%m-%dT%H:%M:%SZ}"}
    for types in ([37], [12, 37]):
        job = create(api, ACTIVITIES, {"filter": {"createdAt": span, "activityTypeIds": types}})
        enqueue(api, job, ACTIVITIES)
        api.advance(120)
        returned = status(api, job, ACTIVITIES)
        assert (returned["status"], returned["numberOfRecords"]) == ("Completed", 0)


def test_activities_are_filtered_by_asset(api: Api) -> None:
    api.post(f"/v1/lists/{seed.STATIC_LIST}/leads.json", {"input": [{"id": seed.DAVID}]})
    now = api.state.now()
    span = {"startAt": f"{now - timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}", "endAt": f"{now:%Y-%m-%dT%H:%M:%SZ}"}
    about = {"createdAt": span, "activityTypeIds": [24, 25]}
    for more, found in (
        ({"primaryAttributeValueIds": [seed.STATIC_LIST]}, 1),
        ({"primaryAttributeValueIds": [9]}, 0),
        ({"primaryAttributeValues": ["Newsletter Readers"]}, 1),
        ({"primaryAttributeValues": ["Website Contacts.Newsletter Readers"]}, 0),
    ):
        job = create(api, ACTIVITIES, {"filter": about | more})
        enqueue(api, job, ACTIVITIES)
        api.advance(120)
        assert status(api, job, ACTIVITIES)["numberOfRecords"] == found


def test_headers_of_members_are_labels_by_default(api: Api) -> None:
    for program, lead in ((seed.NURTURE_PROGRAM, seed.ANNA), (seed.DEFAULT_PROGRAM, seed.BEN)):
        api.post(
            f"/v1/programs/{program}/members/status.json",
            {"statusName": "Member", "input": [{"leadId": lead}]},
        )
    fields = ["leadId", "email", "statusName", "nurtureCadence"]
    one = {"fields": fields, "filter": {"programId": seed.NURTURE_PROGRAM}}
    text, _ = extract(api, MEMBERS, one)
    assert table(text) == [
        {
            "Lead Id": str(seed.ANNA),
            "email": "anna.berg@example.com",
            "Status": "Member",
            "Nurture Cadence": "norm",
        }
    ]
    several = {
        "fields": fields[:2],
        "filter": {"programIds": [seed.NURTURE_PROGRAM, seed.DEFAULT_PROGRAM]},
        "columnHeaderNames": {"leadId": "leadId"},
    }
    text, _ = extract(api, MEMBERS, several)
    assert [list(row.items())[:2] for row in table(text)] == [
        [("programId", str(seed.NURTURE_PROGRAM)), ("leadId", str(seed.ANNA))],
        [("programId", str(seed.DEFAULT_PROGRAM)), ("leadId", str(seed.BEN))],
    ]


def test_filters_of_members_are_combined(api: Api) -> None:
    for status_name, lead in (("Member", seed.ANNA), ("Engaged", seed.BEN)):
        api.post(
            f"/v1/programs/{seed.NURTURE_PROGRAM}/members/status.json",
            {"statusName": status_name, "input": [{"leadId": lead}]},
        )
    api.state.programs[seed.NURTURE_PROGRAM].members[seed.BEN].exhausted = True
    for more, found in (
        ({"statusNames": ["Member", "Engaged"]}, 2),
        ({"statusNames": ["Member"], "isExhausted": True}, 0),
        ({"isExhausted": True, "nurtureCadence": "norm"}, 1),
        ({"nurtureCadence": "normal"}, 2),
        ({"nurtureCadence": "stop"}, 0),
        ({"updatedAt": JANUARY}, 0),
    ):
        job = create(
            api, MEMBERS, {"fields": ["leadId"], "filter": {"programId": seed.NURTURE_PROGRAM} | more}
        )
        enqueue(api, job, MEMBERS)
        api.advance(120)
        assert status(api, job, MEMBERS)["numberOfRecords"] == found


# -- errors -----------------------------------------------------------------------------------------

BACKWARDS = {"startAt": "2025-01-02T00:00:00Z", "endAt": "2025-01-01T00:00:00Z"}
BEYOND = {"startAt": "0001-01-01T00:00:00+14:00", "endAt": "9999-12-31T23:59:59-14:00"}
LONG = {"startAt": "2025-01-01T00:00:00Z", "endAt": "2025-02-01T00:00:01Z"}


@pytest.mark.parametrize(
    ("path", "body", "refusal"),
    [
        (LEADS, {"filter": {"createdAt": JANUARY}}, "1002"),
        (LEADS, {"fields": ["id"]}, "1002"),
        (LEADS, {"fields": "id", "filter": {"createdAt": JANUARY}}, "1001"),
        (LEADS, {"fields": ["shoeSize"], "filter": {"createdAt": JANUARY}}, "1006"),
        (LEADS, EVERYBODY | {"columnHeaderNames": {"phone": "Phone"}}, "1006"),
        (LEADS, EVERYBODY | {"format": "XLS"}, "1003"),
        (LEADS, {"fields": ["id"], "filter": {}}, "1003"),
        (LEADS, {"fields": ["id"], "filter": {"createdAt": JANUARY, "staticListId": 6001}}, "1003"),
        (LEADS, {"fields": ["id"], "filter": {"city": "Oslo"}}, "1003"),
        (LEADS, {"fields": ["id"], "filter": {"createdAt": LONG}}, "1003"),
        (LEADS, {"fields": ["id"], "filter": {"createdAt": {"startAt": JANUARY["startAt"]}}}, "1002"),
        (LEADS, {"fields": ["id"], "filter": {"createdAt": JANUARY | {"endAt": "2025-01-02"}}}, "1003"),
        (
            LEADS,
            {"fields": ["id"], "filter": {"createdAt": JANUARY | {"endAt": "2025-01-31T00:00:00.000Z"}}},
            "1003",
        ),
        (LEADS, {"fields": ["id"], "filter": {"createdAt": BACKWARDS}}, "1003"),
        (LEADS, {"fields": ["id"], "filter": {"createdAt": BEYOND}}, "1003"),
        (LEADS, {"fields": ["id"], "filter": {"staticListId": 9}}, "1013"),
        (LEADS, {"fields": ["id"], "filter": {"smartListName": "Nobody"}}, "1013"),
        (ACTIVITIES, {"filter": {"activityTypeIds": [12]}}, "1002"),
        (ACTIVITIES, NEW_LEADS | {"fields": ["email"]}, "1006"),
        (ACTIVITIES, {"filter": {"createdAt": JANUARY, "primaryAttributeValueIds": [1]}}, "1003"),
        (
            ACTIVITIES,
            {"filter": {"createdAt": JANUARY, "activityTypeIds": [2, 24], "primaryAttributeValueIds": [1]}},
            "1003",
        ),
        (
            ACTIVITIES,
            {
                "filter": {
                    "createdAt": JANUARY,
                    "activityTypeIds": [2],
                    "primaryAttributeValueIds": list(range(51)),
                }
            },
            "1003",
        ),
        (MEMBERS, {"fields": ["leadId"], "filter": {}}, "1003"),
        (MACHINES, {"fields": [], "filter": {"updatedAt": JANUARY}}, "1002"),
        (MACHINES, {"fields": ["email"], "filter": {"updatedAt": JANUARY}}, "1006"),
        (MACHINES, {"fields": ["hours"], "filter": {}}, "1003"),
        (MACHINES, {"fields": ["hours"], "filter": {"createdAt": JANUARY}}, "1003"),
        (MACHINES, {"fields": ["hours"], "filter": {"updatedAt": JANUARY, "staticListId": 6001}}, "1003"),
        (MACHINES, {"fields": ["hours"], "filter": {"staticListId": 9}}, "1013"),
        (
            MACHINES,
            {"fields": ["hours"], "filter": {"updatedAt": JANUARY | {"endAt": "2025-02-03T00:00:00Z"}}},
            "1003",
        ),
        ("/customobjects/nothing_c/export", UPDATED, "1013"),
        (MEMBERS, {"fields": ["leadId"], "filter": {"programId": 2001, "programIds": [2002]}}, "1003"),
        (MEMBERS, {"fields": ["leadId"], "filter": {"programIds": [2001] * 11}}, "1003"),
        (MEMBERS, {"fields": ["leadId"], "filter": {"programId": 9}}, "1013"),
        (MEMBERS, {"fields": ["leadId"], "filter": {"programId": 2001, "statusNames": ["Gone"]}}, "1003"),
        (MEMBERS, {"fields": ["leadId"], "filter": {"programId": 2001, "isExhausted": "true"}}, "1001"),
    ],
)
def test_invalid_jobs_are_rejected_when_they_are_created(
    api: Api, path: str, body: dict[str, Any], refusal: str
) -> None:
    assert code(answer(api, "POST", f"{path}/create.json", body)) == refusal
    assert not api.state.exports.all()


def test_some_filters_depend_on_the_subscription(api: Api) -> None:
    api.sandbox.marketo.settings.limited_extract_filters = True
    for path, body in (
        (LEADS, {"fields": ["id"], "filter": {"updatedAt": JANUARY}}),
        (LEADS, {"fields": ["id"], "filter": {"smartListName": "Readers"}}),
        (MEMBERS, {"fields": ["leadId"], "filter": {"programId": 2001, "updatedAt": JANUARY}}),
        (MACHINES, UPDATED),
    ):
        refused = answer(api, "POST", f"{path}/create.json", body)["errors"]
        assert refused == [{"code": "1035", "message": "Unsupported filter type for target subscription"}]
    assert create(api)


def test_activities_need_their_own_permission_and_jobs_json(api: Api) -> None:
    reader = sign_in(api.sandbox, seed.READER_ID, seed.READER_SECRET)
    assert code(reader.post(f"/bulk/v1{ACTIVITIES}/create.json", json=NEW_LEADS).json()) == "603"
    assert reader.post(f"/bulk/v1{LEADS}/create.json", json=EVERYBODY).json()["success"]
    assert code(api.client.post(f"/bulk/v1{LEADS}/create.json", data={"a": "b"}).json()) == "612"


def test_the_page_and_the_snapshot_show_jobs(api: Api) -> None:
    _, returned = extract(api, LEADS, EVERYBODY)
    state = api.sandbox.marketo.snapshot()
    assert state["exports"][0]["status"] == "Completed"
    assert state["exportedToday"] == returned["fileSize"]
    assert returned["exportId"] in httpx.get(api.sandbox.marketo.url, verify=False).text


# -- the client -------------------------------------------------------------------------------------

CREATED = {
    "leads": extracts.create_leads(["id", "email"], created_between=SEEDED),
    "activities": extracts.create_activities(SEEDED, activity_type_ids=[12]),
    "program_members": extracts.create_program_members(["leadId", "email"], program_id=seed.NURTURE_PROGRAM),
    "custom_objects": extracts.create_custom_objects(
        seed.MACHINE_TYPE, ["serialNumber"], static_list_id=seed.STATIC_LIST
    ),
}
ENROLLED = programs.set_status(seed.NURTURE_PROGRAM, [seed.ANNA], status_name="Member")
MACHINE = custom_objects.sync(seed.MACHINE_TYPE, [{"serialNumber": "A-1", "leadId": seed.ANNA}])
RECORDS: list[Call[Any]] = [ENROLLED, MACHINE]
"""What there is to extract."""


def of_type(kind: str) -> dict[str, Any]:
    return {"api_name": seed.MACHINE_TYPE} if kind == "custom_objects" else {}


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_call_has_the_same_result_in_both_drivers(api: Api, kind: Any) -> None:
    caller = Caller(api.sandbox)
    make = CREATED[kind]
    of = of_type(kind)
    made = caller.both(make, before=RECORDS)
    assert made["status"] == "Created"
    job = made["exportId"]
    before: list[Call[Any]] = [*RECORDS, make]
    assert caller.both(extracts.status(kind, job, **of), before)["status"] == "Created"
    assert caller.both(extracts.enqueue(kind, job, **of), before)["status"] == "Queued"
    queued = [*before, extracts.enqueue(kind, job, **of)]
    assert caller.both(extracts.enqueue(kind, job, **of), queued) == {"exportId": job, "status": "Queued"}
    assert caller.both(extracts.cancel(kind, job, **of), queued)["status"] == "Cancelled"
    listed = caller.both(extracts.list_jobs(kind, statuses=["Queued"], batch_size=1, **of), queued)
    assert [one["exportId"] for one in listed] == [job]
    with pytest.raises(NotFound):
        caller.run(extracts.file(kind, job, **of))
    api.advance(120)
    returned = caller.run(extracts.status(kind, job, **of))
    whole = caller.run(extracts.file(kind, job, **of))
    assert f"sha256:{hashlib.sha256(whole.content).hexdigest()}" == returned["fileChecksum"]
    assert (whole.first, whole.total) == (0, returned["fileSize"])
    parts = [
        caller.run(extracts.file(kind, job, first=at, last=at + 9, **of)) for at in range(0, whole.total, 10)
    ]
    assert b"".join(part.content for part in parts) == whole.content
    assert {part.total for part in parts} == {whole.total}
    with pytest.raises(InvalidRequest):
        caller.run(extracts.file(kind, job, first=whole.total, **of))


@pytest.mark.parametrize(
    ("kind", "extracted"),
    [
        ("lead_export", "leads"),
        ("activity_export", "activities"),
        ("member_export", "program_members"),
        ("object_export", "custom_objects"),
    ],
)
def test_jobs_are_followed_and_cancelled_by_their_spec(api: Api, kind: str, extracted: Any) -> None:
    caller = Caller(api.sandbox)
    for call in RECORDS:
        caller.run(call)
    of = of_type(extracted)
    made = [caller.run(CREATED[extracted])["exportId"] for _ in range(2)]
    jobs = [Job("marketo", kind, object_job_id(seed.MACHINE_TYPE, one) if of else one) for one in made]
    spec = spec_of(SPECS, jobs[0])
    assert spec.cancel is not None

    def look(job: Job) -> tuple[BatchStatus | None, dict[str, Any]]:
        asking = spec.poll(job, {})
        call: Any = next(asking)
        with pytest.raises(StopIteration) as seen:
            asking.send(caller.run(call))
        return spec.status(seen.value.value), dict(seen.value.value.details)

    caller.run(spec.cancel(jobs[1]))
    seen = [look(jobs[0])[0]]
    caller.run(extracts.enqueue(extracted, made[0], **of))
    for _ in range(3):
        seen.append(look(jobs[0])[0])
        api.advance(60)
    pending = BatchStatus.PENDING
    assert seen == [pending, pending, BatchStatus.PROCESSING, BatchStatus.COMPLETE]
    assert look(jobs[0])[1]["numberOfRecords"] > 0
    assert look(jobs[1])[0] is BatchStatus.CANCELED


def test_members_reach_the_client_under_rest_names(api: Api) -> None:
    caller = Caller(api.sandbox)
    caller.run(ENROLLED)
    job = caller.run(CREATED["program_members"])["exportId"]
    caller.run(extracts.enqueue("program_members", job))
    api.advance(120)
    content = caller.run(extracts.file("program_members", job)).content
    assert table(content.decode()) == [{"leadId": str(seed.ANNA), "email": "anna.berg@example.com"}]


def test_custom_objects_are_extracted_by_change_and_by_the_leads_that_they_link_to(api: Api) -> None:
    caller, machine = Caller(api.sandbox), seed.MACHINE_TYPE
    records = [
        {"serialNumber": "A-1", "leadId": seed.ANNA, "hours": 7, "active": True},
        {"serialNumber": "D-1", "leadId": seed.DAVID},
        {"serialNumber": "X-1"},
    ]
    caller.run(custom_objects.sync(machine, records))
    now = api.sandbox.marketo.state.now()
    body: dict[str, Any] = {"fields": ["serialNumber", "leadId", "hours", "active"]}
    ends = {"startAt": now, "endAt": now + timedelta(seconds=30)}
    just_now = {name: f"{at:%Y-%m-%dT%H:%M:%SZ}" for name, at in ends.items()}

    def extracted(**wanted: Any) -> list[str]:
        text, row = extract(api, MACHINES, body | {"filter": wanted})
        assert row["numberOfRecords"] == len(table(text))
        return [one["serialNumber"] for one in table(text)]

    assert extracted(updatedAt=just_now) == ["A-1", "D-1", "X-1"]
    assert extracted(updatedAt=JANUARY) == []
    assert extracted(staticListId=seed.STATIC_LIST) == ["A-1"]
    assert extracted(smartListName="Readers of the Newsletter") == ["A-1"]
    api.advance(60)
    caller.run(custom_objects.sync(machine, [{"serialNumber": "D-1", "hours": 8}]))
    assert extracted(updatedAt=just_now) == ["A-1", "X-1"]
    text, _ = extract(api, MACHINES, body | {"filter": {"staticListId": seed.STATIC_LIST}})
    assert text == f"serialNumber,leadId,hours,active\nA-1,{seed.ANNA},7,true\n"


def test_jobs_of_one_custom_object_are_not_those_of_another(api: Api) -> None:
    caller = Caller(api.sandbox)
    job = caller.run(CREATED["custom_objects"])["exportId"]
    with pytest.raises(NotFound):
        caller.run(extracts.status("custom_objects", job, api_name=seed.ENROLLMENT_TYPE))
    assert caller.run(extracts.list_jobs("custom_objects", api_name=seed.ENROLLMENT_TYPE)) == []
    assert len(caller.run(extracts.list_jobs("custom_objects", api_name=seed.MACHINE_TYPE))) == 1


def test_objects_that_link_to_custom_objects_only_cannot_be_extracted(api: Api) -> None:
    state = api.sandbox.marketo.state
    name, now = "part_c", state.now()
    state.custom_objects.sync({"apiName": "base_c", "displayName": "Base"}, now)
    key = {"name": "key", "displayName": "Key", "dataType": "string", "isDedupeField": True}
    state.custom_objects.add_fields("base_c", [key], now)
    state.custom_objects.approve("base_c", now)
    state.custom_objects.sync({"apiName": name, "displayName": "Part"}, now)
    link = {"name": "base", "displayName": "Base", "dataType": "link"}
    related = {"relatedTo": {"name": "base_c", "field": "key"}}
    state.custom_objects.add_fields(name, [key, link | related], now)
    state.custom_objects.approve(name, now)
    body = {"fields": ["key"], "filter": {"updatedAt": JANUARY}}
    assert code(answer(api, "POST", f"/customobjects/{name}/export/create.json", body)) == "1003"


def test_the_client_distinguishes_errors(api: Api) -> None:
    caller = Caller(api.sandbox)
    with pytest.raises(NotFound):
        caller.run(extracts.status("leads", "nothing"))
    with pytest.raises(PermissionDenied, match="Read-Only Activity"):
        Caller(api.sandbox, seed.READER_ID, seed.READER_SECRET).run(CREATED["activities"])
    with pytest.raises(PermissionDenied, match="Read-Only Custom Object"):
        Caller(api.sandbox, seed.READER_ID, seed.READER_SECRET).run(CREATED["custom_objects"])
    api.sandbox.marketo.settings.export_quota_bytes = 0
    with pytest.raises(QuotaExhausted):
        caller.run(CREATED["leads"])


def test_an_error_instead_of_a_file_is_not_written_to_disk(api: Api) -> None:
    caller = Caller(api.sandbox)
    job = caller.run(CREATED["leads"])["exportId"]
    caller.run(extracts.enqueue("leads", job))
    api.advance(120)
    api.sandbox.marketo.faults.add("*/file.json", when="before", answer={"error": "602"})
    assert caller.run(extracts.file("leads", job)).content.startswith(b"id,email\n")
    api.sandbox.marketo.faults.add("*/file.json", when="after", answer={"error": "1013"})
    with pytest.raises(NotFound):
        caller.run(extracts.file("leads", job))


def test_a_large_file_is_written_while_requests_are_answered(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = api.sandbox.marketo.state.log
    row = next(one for one in log.all() if one.type_id == 12)
    monkeypatch.setattr(log, "all", lambda: repeat(row, 12_000))
    job = create(api, ACTIVITIES, NEW_LEADS)
    enqueue(api, job, ACTIVITIES)
    api.advance(86_400)
    # The request waits for some thousand rows. The job runs until the others are written.
    assert status(api, job, ACTIVITIES)["status"] == "Processing"
    until(lambda: status(api, job, ACTIVITIES)["status"] == "Completed")
    assert status(api, job, ACTIVITIES)["numberOfRecords"] == 12_000
    assert len(send(api, "GET", f"{ACTIVITIES}/{job}/file.json").text.splitlines()) == 12_001
