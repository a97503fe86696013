"""Imports: the request of each call, what each refuses, and how an import is followed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from client_tools import Hand, answer, hubspot

from airflow_provider_mkt.actions.hubspot.jobs import SPECS
from airflow_provider_mkt.actions.jobs import BatchStatus, Job, PollResult, spec_of
from airflow_provider_mkt.client.call import Call, FileBody, Replay
from airflow_provider_mkt.client.errors import InvalidInput, OutcomeUnknown
from airflow_provider_mkt.client.hubspot.imports import imports

PREFIX = {
    "v3": "/crm/v3/imports",
    "2026-03": "/crm/imports/2026-03",
    "2026-09": "/crm/imports/2026-09",
}
FILE = b"Mail,First name,Note\na@example.com,Ann,x\n"
COLUMNS: list[imports.Column] = [
    {"name": "Mail", "property_name": "email", "column_type": "HUBSPOT_ALTERNATE_ID"},
    {"name": "First name", "property_name": "firstname"},
    {"name": "Note"},
]
SAFE, NEVER = Replay.SAFE, Replay.NEVER
ERRORS = (("includeErrorMessage", "true"), ("includeRowData", "false"))
CALLS: list[tuple[Call[Any], str, str, tuple, Replay]] = [
    (imports.list(limit=5), "GET", "", (("limit", "5"),), SAFE),
    (imports.start("June", FILE, COLUMNS), "POST", "", (), NEVER),
    (imports.get("7"), "GET", "/7", (), SAFE),
    (imports.cancel(7), "POST", "/7/cancel", (), SAFE),
    (imports.errors(7, limit=50), "GET", "/7/errors", (*ERRORS, ("limit", "50")), SAFE),
]


@pytest.mark.parametrize("row", CALLS, ids=[row[0].name for row in CALLS])
@pytest.mark.parametrize("profile", sorted(PREFIX))
def test_the_request_of_a_call(row: tuple, profile: str) -> None:
    call, method, tail, query, replay = row
    request = hubspot(api_version=profile).build(call, "T")
    assert (request.method, urlsplit(request.url).path) == (method, PREFIX[profile] + tail)
    assert request.query == query
    assert call.replay is replay
    assert call.scopes == ("crm.import",)


def ordered(call: Call[Any]) -> dict[str, Any]:
    assert isinstance(call.body, FileBody)
    return json.loads(dict(call.body.pairs)["importRequest"])


def test_an_import_sends_its_file_and_maps_every_column() -> None:
    call = imports.start(
        "June",
        FILE,
        COLUMNS,
        file_name="june.csv",
        operation="CREATE",
        date_format="DAY_MONTH_YEAR",
        time_zone="Europe/Rome",
        marketable_contacts=False,
        create_list=True,
    )
    assert isinstance(call.body, FileBody)
    assert (call.body.part, call.body.filename, call.body.content) == ("files", "june.csv", FILE)
    order = ordered(call)
    mapped = order.pop("files")[0]
    assert order == {
        "name": "June",
        "importOperations": {"0-1": "CREATE"},
        "dateFormat": "DAY_MONTH_YEAR",
        "createContactListFromImport": True,
        "timeZone": "Europe/Rome",
        "marketableContactImport": False,
    }
    assert mapped["fileName"] == "june.csv"
    assert [row["propertyName"] for row in mapped["fileImportPage"]["columnMappings"]] == [
        "email",
        "firstname",
        None,
    ]


def start(**changes: Any) -> Callable[[], object]:
    given: dict[str, Any] = {"name": "June", "content": FILE, "columns": COLUMNS} | changes
    return lambda: imports.start(**given)


BAD: list[tuple[Callable[[], object], str]] = [
    (start(name=" "), "name"),
    (start(content="secret"), "content"),
    (start(content=b" "), "content"),
    (start(content=b"\xff\xfe"), "content"),
    (start(content=b"a,a\n"), "content"),
    (start(columns=[]), "columns"),
    (start(columns="secret"), "columns"),
    (start(columns=["secret"]), "columns[0]"),
    (start(columns=[{**COLUMNS[0], "secret": 1}]), "columns[0]"),
    (start(columns=COLUMNS[:2]), "columns"),
    (start(columns=COLUMNS[::-1]), "columns"),
    (start(columns=[*COLUMNS, {"name": "secret"}]), "columns[3].name"),
    (start(columns=[{"name": ""}]), "columns[0].name"),
    (start(columns=[{"name": "Mail", "property_name": 5}]), "columns[0].property_name"),
    (start(columns=[{"name": "Mail", "column_type": "KEY"}]), "columns[0].column_type"),
    (start(columns=[{"name": "Mail", "object_type_id": "companies"}]), "columns[0].object_type_id"),
    (start(columns=[{**one, "object_type_id": "0-2"} for one in COLUMNS], create_list=True), "create_list"),
    (
        start(columns=[{**one, "object_type_id": "0-2"} for one in COLUMNS], marketable_contacts=False),
        "marketable_contacts",
    ),
    (start(columns=[{**one, "column_type": "STANDARD"} for one in COLUMNS]), "columns"),
    (start(operation="MERGE"), "operation"),
    (start(date_format="dmy"), "date_format"),
    (start(file_format="XML"), "file_format"),
    (start(file_name=""), "file_name"),
    (start(time_zone="Rome"), "time_zone"),
    (lambda: imports.list(limit=0), "limit"),
    (lambda: imports.get("secret"), "import_id"),
    (lambda: imports.cancel(0), "import_id"),
    (lambda: imports.errors(1, limit=101), "limit"),
]


@pytest.mark.parametrize(("make", "field"), BAD, ids=[f"{n}-{field}" for n, (_, field) in enumerate(BAD)])
def test_bad_input_is_refused_by_field_without_being_repeated(make: Callable[[], object], field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        make()
    assert refusal.value.field == field
    assert "secret" not in f"{refusal.value!s} {vars(refusal.value)}"


def test_a_file_over_the_limits_is_refused_before_it_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "ROWS_MAX", 1)
    imports.start("June", FILE, COLUMNS)
    # A line end inside quotes is no row.
    imports.start("June", FILE[:-3] + b',"x\n\n"\n', COLUMNS)
    with pytest.raises(InvalidInput, match="3 rows; at most 1"):
        imports.start("June", FILE * 2, COLUMNS)
    monkeypatch.setattr(imports, "FILE_MAX", 10)
    with pytest.raises(InvalidInput, match="bytes; at most 10"):
        imports.start("June", FILE, COLUMNS)


def test_an_import_that_only_creates_needs_no_key() -> None:
    plain: list[imports.Column] = [{"name": one["name"]} for one in COLUMNS]
    assert ordered(imports.start("June", FILE, plain, operation="CREATE"))["name"] == "June"


def test_a_start_whose_answer_is_lost_is_not_sent_again() -> None:
    hand = Hand(imports.start("June", FILE, COLUMNS), hubspot()).give(answer(502))
    assert isinstance(hand.error, OutcomeUnknown)
    assert len(hand.requests) == 1


def test_records_of_another_object_type_are_imported_by_its_number() -> None:
    columns: list[imports.Column] = [{**one, "object_type_id": "2-123"} for one in COLUMNS]
    order = ordered(imports.start("June", FILE, columns))
    assert order["importOperations"] == {"2-123": "UPSERT"}
    (file,) = order["files"]
    assert {one["columnObjectTypeId"] for one in file["fileImportPage"]["columnMappings"]} == {"2-123"}


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("STARTED", BatchStatus.PENDING),
        ("DEFERRED", BatchStatus.PENDING),
        ("PROCESSING", BatchStatus.PROCESSING),
        ("DONE", BatchStatus.COMPLETE),
        ("CANCELED", BatchStatus.CANCELED),
        ("FAILED", BatchStatus.FAILED),
        ("REVERTED", BatchStatus.FAILED),
        ("RESTING", None),
    ],
)
def test_the_statuses_of_an_import(word: str, status: BatchStatus | None) -> None:
    spec = spec_of(SPECS, Job("hubspot", "contact_import", "7"))
    assert spec.status(PollResult(word)) is status


def test_a_job_is_polled_and_cancelled_by_its_id() -> None:
    job = Job("hubspot", "contact_import", "7")
    spec = spec_of(SPECS, job)
    polling = spec.poll(job, {})
    requested = next(polling)
    assert isinstance(requested, Call)
    assert requested.route.path() == "/7"
    counters = {"TOTAL_ROWS": 3, "ERRORS": 1}
    response = {"id": 7, "state": "DONE", "importName": "June", "metadata": {"counters": counters}}
    with pytest.raises(StopIteration) as end:
        polling.send(requested.read(response))
    assert end.value.value == PollResult("DONE", {"name": "June", **counters})
    assert spec.cancel is not None
    assert spec.cancel(job).route.path() == "/7/cancel"
