"""Bulk imports and extracts: the request of each call, and what each refuses before anything is sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from client_tools import Hand, answer, failure, marketo, success, token_answer

from airflow_provider_mkt.actions.jobs import BatchStatus, Job, PollResult, spec_of
from airflow_provider_mkt.actions.marketo.jobs import SPECS
from airflow_provider_mkt.client import registry
from airflow_provider_mkt.client.call import Call, FileBody, JsonBody, Replay
from airflow_provider_mkt.client.errors import InvalidInput, QuotaExhausted, RateLimited
from airflow_provider_mkt.client.marketo.exports import bulk_extracts
from airflow_provider_mkt.client.marketo.imports import bulk_leads, bulk_members
from airflow_provider_mkt.client.transport.platform import NoAnswer, Request

SAFE, WAIT, VERIFY, NEVER = Replay
START = dt.datetime(2026, 10, 1, 0, 0, 0, 999_000, tzinfo=dt.UTC)
MONTH = (START, START + dt.timedelta(days=31))
RANGE = {"startAt": "2026-10-01T00:00:00Z", "endAt": "2026-11-01T00:00:00Z"}
CSV = b"email\nanna@example.com\n"
MEMBERS = {"leadId": "leadId", "email": "email"}


def leads(**filters: Any) -> Call[Any]:
    return bulk_extracts.create_leads(["id"], **filters)


def members(**filters: Any) -> Call[Any]:
    return bulk_extracts.create_program_members(["leadId", "email"], **({"program_id": 5} | filters))


CALLS: list[tuple[Call[Any], str, str, dict[str, str], Any, Replay]] = [
    (
        bulk_members.create_import(5, CSV, status_name="Member", file_format="tsv"),
        "POST",
        "/program/5/members/import.json",
        {"format": "TSV", "programMemberStatus": "Member"},
        CSV,
        NEVER,
    ),
    (bulk_members.import_status(7), "GET", "/program/members/import/7/status.json", {}, None, SAFE),
    (bulk_members.failures(7), "GET", "/program/members/import/7/failures.json", {}, None, SAFE),
    (bulk_members.warnings("7"), "GET", "/program/members/import/7/warnings.json", {}, None, SAFE),
    (bulk_leads.failures(7), "GET", "/leads/batch/7/failures.json", {}, None, SAFE),
    (bulk_leads.warnings("7"), "GET", "/leads/batch/7/warnings.json", {}, None, SAFE),
    (
        bulk_extracts.create_leads(
            ["id", "email"], created_between=MONTH, file_format="ssv", column_headers={"id": "Person"}
        ),
        "POST",
        "/leads/export/create.json",
        {},
        {
            "format": "SSV",
            "filter": {"createdAt": RANGE},
            "fields": ["id", "email"],
            "columnHeaderNames": {"id": "Person"},
        },
        VERIFY,
    ),
    *(
        (
            leads(**{argument: given}),
            "POST",
            "/leads/export/create.json",
            {},
            {"format": "CSV", "filter": {name: sent}, "fields": ["id"]},
            VERIFY,
        )
        for argument, given, name, sent in (
            ("updated_between", MONTH, "updatedAt", RANGE),
            ("static_list_id", "6001", "staticListId", 6001),
            ("static_list_name", "Readers", "staticListName", "Readers"),
            ("smart_list_id", 6, "smartListId", 6),
            ("smart_list_name", "Hot, new", "smartListName", "Hot, new"),
        )
    ),
    (
        bulk_extracts.create_activities(MONTH),
        "POST",
        "/activities/export/create.json",
        {},
        {"format": "CSV", "filter": {"createdAt": RANGE}},
        VERIFY,
    ),
    (
        bulk_extracts.create_activities(
            MONTH, activity_type_ids=[24, "25"], primary_attribute_value_ids=[6001], fields=["leadId"]
        ),
        "POST",
        "/activities/export/create.json",
        {},
        {
            "format": "CSV",
            "filter": {"createdAt": RANGE, "activityTypeIds": [24, 25], "primaryAttributeValueIds": [6001]},
            "fields": ["leadId"],
        },
        VERIFY,
    ),
    (
        bulk_extracts.create_activities(MONTH, activity_type_ids=[2], primary_attribute_values=["P.Form, 1"]),
        "POST",
        "/activities/export/create.json",
        {},
        {
            "format": "CSV",
            "filter": {
                "createdAt": RANGE,
                "activityTypeIds": [2],
                "primaryAttributeValues": ["P.Form, 1"],
            },
        },
        VERIFY,
    ),
    (
        members(is_exhausted=False, nurture_cadence="norm", status_names=["Member"], updated_between=MONTH),
        "POST",
        "/program/members/export/create.json",
        {},
        {
            "format": "CSV",
            "filter": {
                "programId": 5,
                "isExhausted": False,
                "nurtureCadence": "norm",
                "statusNames": ["Member"],
                "updatedAt": RANGE,
            },
            "fields": ["leadId", "email"],
            "columnHeaderNames": MEMBERS,
        },
        VERIFY,
    ),
    (
        members(program_id=None, program_ids=[5, "6"], column_headers={"email": "Mail"}),
        "POST",
        "/program/members/export/create.json",
        {},
        {
            "format": "CSV",
            "filter": {"programIds": [5, 6]},
            "fields": ["leadId", "email"],
            "columnHeaderNames": MEMBERS | {"email": "Mail"},
        },
        VERIFY,
    ),
    (
        bulk_extracts.create_custom_objects(
            "machine_c",
            ["leadId", "hours"],
            updated_between=MONTH,
            file_format="tsv",
            column_headers={"hours": "Hours"},
        ),
        "POST",
        "/customobjects/machine_c/export/create.json",
        {},
        {
            "format": "TSV",
            "filter": {"updatedAt": RANGE},
            "fields": ["leadId", "hours"],
            "columnHeaderNames": {"hours": "Hours"},
        },
        VERIFY,
    ),
    (
        bulk_extracts.create_custom_objects("machine_c", ["hours"], static_list_id=6001),
        "POST",
        "/customobjects/machine_c/export/create.json",
        {},
        {"format": "CSV", "filter": {"staticListId": 6001}, "fields": ["hours"]},
        VERIFY,
    ),
    *(
        case
        for kind, of, path in (
            ("leads", {}, "/leads/export"),
            ("activities", {}, "/activities/export"),
            ("program_members", {}, "/program/members/export"),
            ("custom_objects", {"api_name": "machine_c"}, "/customobjects/machine_c/export"),
        )
        for case in (
            (bulk_extracts.enqueue(kind, "e/1", **of), "POST", f"{path}/e%2F1/enqueue.json", {}, None, SAFE),
            (bulk_extracts.status(kind, "e-1", **of), "GET", f"{path}/e-1/status.json", {}, None, SAFE),
            (bulk_extracts.cancel(kind, "e-1", **of), "POST", f"{path}/e-1/cancel.json", {}, None, SAFE),
            (bulk_extracts.file(kind, "e-1", **of), "GET", f"{path}/e-1/file.json", {}, None, SAFE),
            (
                bulk_extracts.list_jobs(kind, statuses=["Completed", "Failed"], batch_size=10, **of),
                "GET",
                f"{path}.json",
                {"status": "Completed,Failed", "batchSize": "10"},
                None,
                SAFE,
            ),
        )
    ),
]


def sent(call: Call[Any]) -> Request:
    request = Hand(call, marketo()).give(token_answer("t")).pending
    assert request is not None
    return request


@pytest.mark.parametrize(("call", "method", "path", "query", "body", "replay"), CALLS)
def test_the_request_of_each_call(
    call: Call[Any], method: str, path: str, query: dict[str, str], body: Any, replay: Replay
) -> None:
    request = sent(call)
    assert (request.method, urlsplit(request.url).path) == (method, f"/bulk/v1{path}")
    assert dict(request.query) == query
    content = {FileBody: "content", JsonBody: "value"}.get(type(request.body), "")
    assert getattr(request.body, content, None) == body
    assert call.replay is replay
    assert call.scopes == (
        ("Read-Only Activity",)
        if "/activities/" in path
        else ("Read-Only Custom Object",)
        if "/customobjects/" in path
        else ("Read-Only Lead",)
        if "export" in path
        else ("Read-Write Lead",)
    )


def test_every_call_is_found_by_its_name() -> None:
    for call, *_ in CALLS:
        assert registry.endpoint("marketo", call.name).__name__ == call.name.rpartition(".")[2]


def test_a_job_can_be_requested_in_json() -> None:
    call = registry.build(
        "marketo",
        "bulk_extracts.create_leads",
        {"fields": ["id"], "created_between": ["2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z"]},
    )
    assert isinstance(call.body, JsonBody)
    assert call.body.value == {"format": "CSV", "filter": {"createdAt": RANGE}, "fields": ["id"]}


LONG = (START, START + dt.timedelta(days=31, seconds=1))
NAIVE = (dt.datetime(2026, 10, 1), START)
ACTIVITIES = bulk_extracts.create_activities

REFUSED: list[tuple[Callable[[], Call[Any]], str]] = [
    (lambda: bulk_members.create_import(0, CSV, status_name="Member"), "program_id"),
    (lambda: bulk_members.create_import(5, CSV, status_name=" "), "status_name"),
    (lambda: bulk_members.create_import(5, b" \n", status_name="Member"), "content"),
    (lambda: bulk_members.create_import(5, b"x" * 9_500_001, status_name="Member"), "content"),
    (lambda: bulk_members.create_import(5, "email", status_name="Member"), "content"),
    (lambda: bulk_members.create_import(5, CSV, status_name="Member", file_format="CSV"), "file_format"),
    (lambda: bulk_members.import_status("x"), "batch_id"),
    (lambda: bulk_members.failures(-1), "batch_id"),
    (lambda: bulk_leads.warnings(True), "batch_id"),
    (lambda: bulk_extracts.create_leads([], created_between=MONTH), "fields"),
    (lambda: bulk_extracts.create_leads("id", created_between=MONTH), "fields"),
    (lambda: bulk_extracts.create_leads(["id", "id"], created_between=MONTH), "fields[1]"),
    (lambda: leads(), "filter"),
    (lambda: leads(created_between=MONTH, updated_between=MONTH), "filter"),
    (lambda: leads(created_between=LONG), "created_between"),
    (lambda: leads(created_between=MONTH[::-1]), "created_between"),
    (lambda: leads(updated_between=NAIVE), "updated_between[0]"),
    (lambda: leads(updated_between=START), "updated_between"),
    (lambda: leads(static_list_id="x"), "static_list_id"),
    (lambda: leads(smart_list_name=""), "smart_list_name"),
    (lambda: leads(created_between=MONTH, file_format="xls"), "file_format"),
    (lambda: leads(created_between=MONTH, column_headers={"email": "E"}), "column_headers.email"),
    (lambda: leads(created_between=MONTH, column_headers={"id": ""}), "column_headers.id"),
    (lambda: ACTIVITIES(LONG), "created_between"),
    (lambda: ACTIVITIES(MONTH, activity_type_ids=[37]), "activity_type_ids"),
    (lambda: ACTIVITIES(MONTH, primary_attribute_value_ids=[1]), "activity_type_ids"),
    (
        lambda: ACTIVITIES(
            MONTH, activity_type_ids=[2], primary_attribute_value_ids=[1], primary_attribute_values=["a"]
        ),
        "primary_attribute_values",
    ),
    (
        lambda: ACTIVITIES(MONTH, activity_type_ids=[2], primary_attribute_value_ids=range(1, 52)),
        "primary_attribute_value_ids",
    ),
    (lambda: members(program_id=None), "program_id"),
    (lambda: members(program_ids=[6]), "program_id"),
    (lambda: members(program_id=None, program_ids=range(1, 12)), "program_ids"),
    (lambda: members(is_exhausted="false"), "is_exhausted"),
    (lambda: members(status_names=["A", ""]), "status_names[1]"),
    (lambda: bulk_extracts.enqueue("companies", "e-1"), "kind"),
    (lambda: bulk_extracts.status("leads", ""), "export_id"),
    (lambda: bulk_extracts.list_jobs("leads", statuses=["Done"]), "statuses[0]"),
    (lambda: bulk_extracts.list_jobs("leads", batch_size=301), "batch_size"),
    (lambda: bulk_extracts.file("leads", "e-1", first=-1), "first"),
    (lambda: bulk_extracts.file("leads", "e-1", first=5, last=4), "last"),
]


@pytest.mark.parametrize(("make", "field"), REFUSED)
def test_bad_input_names_the_field_and_builds_no_call(make: Callable[[], Call[Any]], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        make()
    assert refused.value.field == field


def requested(call: Call[Any]) -> Hand:
    return Hand(call, marketo()).give(token_answer("t"))


def test_a_job_that_is_in_the_queue_already_is_enqueued() -> None:
    hand = requested(bulk_extracts.enqueue("leads", "e-1")).give(NoAnswer("cut", sent=True))
    hand.give(failure("1029", "Job already queued"))
    assert hand.reply is not None
    assert hand.reply.value == {"exportId": "e-1", "status": "Queued"}
    first = requested(bulk_extracts.enqueue("leads", "e-1")).give(
        success({"exportId": "e-1", "format": "CSV"})
    )
    assert first.reply is not None
    assert first.reply.value == {"exportId": "e-1", "format": "CSV"}


def test_a_full_queue_is_waited_for_and_a_used_up_day_is_not() -> None:
    hand = requested(bulk_extracts.enqueue("leads", "e-1"))
    while not hand.done:
        hand.give(failure("1029", "Too many jobs in queue"))
    assert isinstance(hand.error, RateLimited)
    assert min(hand.sleeps) >= 60
    used = requested(bulk_extracts.enqueue("leads", "e-1")).give(
        failure("1029", "Export daily quota exceeded")
    )
    assert isinstance(used.error, QuotaExhausted)
    assert not used.sleeps


def test_cancelling_reads_an_answer_with_a_job_or_without() -> None:
    for rows, expected in (([{"status": "Cancelled"}], {"status": "Cancelled"}), ([], None)):
        hand = requested(bulk_extracts.cancel("leads", "e-1")).give(success(*rows))
        assert hand.reply is not None
        assert hand.reply.value == expected


@pytest.mark.parametrize(("kind", "api_name"), [("custom_objects", None), ("leads", "machine_c")])
def test_the_name_of_a_type_is_of_custom_objects_only(kind: Any, api_name: str | None) -> None:
    for call in (bulk_extracts.enqueue, bulk_extracts.status, bulk_extracts.cancel, bulk_extracts.file):
        with pytest.raises(InvalidInput, match="api_name: is"):
            call(kind, "e-1", api_name=api_name)
    with pytest.raises(InvalidInput, match="api_name: is"):
        bulk_extracts.list_jobs(kind, api_name=api_name)


@pytest.mark.parametrize("filters", [{}, {"static_list_id": 1, "updated_between": MONTH}])
def test_custom_objects_are_extracted_by_one_filter(filters: Any) -> None:
    with pytest.raises(InvalidInput, match="filter: must be exactly one filter"):
        bulk_extracts.create_custom_objects("machine_c", ["hours"], **filters)


def test_jobs_are_listed_page_by_page() -> None:
    call = bulk_extracts.list_jobs("activities")
    page = {"success": True, "result": [{"exportId": "a"}], "nextPageToken": "MORE===="}
    hand = requested(call).give(answer(200, page))
    assert hand.reply is not None
    following = call.next_page(hand.reply.envelope)
    assert following is not None
    assert dict(following.query) == {"batchSize": "300", "nextPageToken": "MORE===="}


@pytest.mark.parametrize(
    ("kind", "job_id", "path"),
    [
        ("lead_export", "e-1", "leads"),
        ("activity_export", "e-1", "activities"),
        ("member_export", "e-1", "program/members"),
        ("object_export", "machine_c/e-1", "customobjects/machine_c"),
    ],
)
def test_jobs_of_extracts_know_their_statuses_and_how_to_be_cancelled(
    kind: str, job_id: str, path: str
) -> None:
    job = Job("marketo", kind, job_id)
    spec = spec_of(SPECS, job)
    assert spec.poke_interval == 60
    words = ("Created", "Queued", "Processing", "Completed", "Canceled", "Cancelled", "Failed")
    assert [spec.status(PollResult(word)) for word in words] == [
        BatchStatus.PENDING,
        BatchStatus.PENDING,
        BatchStatus.PROCESSING,
        BatchStatus.COMPLETE,
        BatchStatus.CANCELED,
        BatchStatus.CANCELED,
        BatchStatus.FAILED,
    ]
    assert spec.cancel is not None
    assert sent(spec.cancel(job)).url.endswith(f"/bulk/v1/{path}/export/e-1/cancel.json")
    polling = spec.poll(job, {})
    assert sent(next(polling)).url.endswith(f"/bulk/v1/{path}/export/e-1/status.json")
    with pytest.raises(StopIteration) as seen:
        polling.send({"status": "Completed", "fileSize": 3, "createdAt": "x"})
    assert seen.value.value == PollResult("Completed", {"fileSize": 3})


def test_jobs_of_member_imports_are_followed_by_their_own_status() -> None:
    job = Job("marketo", "member_import", "7")
    spec = spec_of(SPECS, job)
    polling = spec.poll(job, {})
    assert sent(next(polling)).url.endswith("/bulk/v1/program/members/import/7/status.json")
    assert spec.status(PollResult("Importing")) is BatchStatus.PROCESSING
    assert spec.cancel is None


def test_jobs_of_object_imports_have_the_name_of_the_object_in_their_id() -> None:
    job = Job("marketo", "object_import", "machine_c/7")
    spec = spec_of(SPECS, job)
    polling = spec.poll(job, {})
    assert sent(next(polling)).url.endswith("/bulk/v1/customobjects/machine_c/import/7/status.json")
    with pytest.raises(StopIteration) as seen:
        polling.send({"batchId": 7, "status": "Complete", "numOfObjectsProcessed": 2, "numOfRowsFailed": 1})
    found: PollResult = seen.value.value
    assert spec.status(found) is BatchStatus.COMPLETE
    assert spec.failures is not None
    assert spec.failures(found.details) == (1, 3)
    with pytest.raises(InvalidInput, match="its API name, a slash and its id"):
        next(spec.poll(Job("marketo", "object_import", "7"), {}))
