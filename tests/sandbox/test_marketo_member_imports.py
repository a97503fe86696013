"""Bulk imports of program members: rows, statuses, result files, and the queue shared with leads."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from marketo_calls import Caller
from marketo_tools import Api, code, sign_in

from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import InvalidRequest, NotFound, PermissionDenied, RateLimited
from airflow_provider_mkt.client.marketo.imports import bulk_leads, bulk_members
from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed

PROGRAM = seed.NURTURE_PROGRAM
PATH = f"/program/{PROGRAM}/members/import.json"
GOOD = f"email,{seed.MEMBER_FIELD}\nanna.berg@example.com,Aisle\nfresh@example.com,\n"
BAD = "email,leadScore\nok@example.com,1\nanna.berg@example.com,many\nnot-an-address,2\n,3\n"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(only="marketo") as running:
        running.marketo.settings.token_seconds = 1e9
        running.marketo.limits.rate.limit = None
        yield running


@pytest.fixture
def api(sandbox: Sandbox) -> Api:
    sandbox.marketo.reset(limits=False)
    return Api(sandbox)


def upload(api: Api, content: str = GOOD, **query: str) -> dict[str, Any]:
    given = {"format": "CSV", "programMemberStatus": "Member"} | query
    return dict(api.upload(PATH, content, **given).json())


def status(api: Api, batch: int) -> dict[str, Any]:
    return dict(api.bulk(f"/program/members/import/{batch}/status.json").json()["result"][0])


def run(api: Api, content: str, **query: str) -> dict[str, Any]:
    batch = upload(api, content, **query)["result"][0]["batchId"]
    api.advance(5)
    return status(api, batch)


def members(api: Api) -> dict[str, tuple[str, Any]]:
    """Return status and custom field of every member, by address."""
    state = api.state
    return {
        str(state.leads.get(one.lead_id).values["email"]): (one.status, one.data.get(seed.MEMBER_FIELD))
        for one in state.programs[PROGRAM].members.values()
    }


def test_rows_become_leads_and_members_at_one_status(api: Api) -> None:
    batch = upload(api)["result"][0]["batchId"]
    seen = [status(api, batch)["status"]]
    for _ in range(3):
        api.advance(1)
        seen.append(status(api, batch)["status"])
    assert seen == ["Queued", "Importing", "Importing", "Complete"]
    assert members(api) == {
        "anna.berg@example.com": ("Member", "Aisle"),
        "fresh@example.com": ("Member", None),
    }
    returned = status(api, batch)
    assert (
        returned["numOfLeadsProcessed"],
        returned["numOfRowsFailed"],
        returned["numOfRowsWithWarning"],
    ) == (2, 0, 0)


def test_a_status_is_never_moved_back(api: Api) -> None:
    assert run(api, GOOD, programMemberStatus="Engaged")["numOfRowsFailed"] == 0
    assert run(api, f"email,{seed.MEMBER_FIELD}\nanna.berg@example.com,Window\n")["numOfRowsFailed"] == 0
    assert members(api)["anna.berg@example.com"] == ("Engaged", "Window")


def test_imported_members_are_in_the_activity_log(api: Api) -> None:
    for _ in range(2):
        run(api, f"email,{seed.MEMBER_FIELD}\nanna.berg@example.com,Aisle\n")
    rows = api.activities(104, 113, 123)
    assert sorted((row["activityTypeId"], row["leadId"]) for row in rows) == [
        (104, seed.ANNA),
        (113, seed.ANNA),
        (123, seed.ANNA),
    ]


def test_rows_with_failures_or_warnings_are_returned_with_their_reason(api: Api) -> None:
    returned = run(api, BAD.replace(",", ";"), format="SSV")
    assert (returned["status"], returned["numOfLeadsProcessed"]) == ("Complete", 2)
    assert (returned["numOfRowsFailed"], returned["numOfRowsWithWarning"]) == (2, 1)
    files = f"/program/members/import/{returned['batchId']}"
    failures = api.bulk(f"{files}/failures.json").text.splitlines()
    assert failures[:2] == [
        "email;leadScore;Import Failure Reason",
        "anna.berg@example.com;many;Invalid data type in field Lead Score",
    ]
    assert len(failures) == 3
    warnings = api.bulk(f"{files}/warnings.json").text.splitlines()
    assert warnings == ["email;leadScore;Import Warning Reason", "not-an-address;2;Invalid email address"]
    assert "anna.berg@example.com" not in members(api)


@pytest.mark.parametrize("column", ["statusName", "trackName", "nurtureCadence", "reachedSuccess"])
def test_fields_that_are_not_member_data_cannot_be_imported(api: Api, column: str) -> None:
    returned = run(api, f"email,{column}\nanna.berg@example.com,x\n")
    assert (returned["numOfLeadsProcessed"], returned["numOfRowsFailed"]) == (0, 1)
    assert not members(api)


@pytest.mark.parametrize(
    ("content", "status"),
    [("firstName\nAnna\n", "Complete"), ("email,zip\nanna.berg@example.com,1\n", "Failed")],
)
def test_a_header_without_address_fails_all_rows_and_an_unknown_column_the_job(
    api: Api, content: str, status: str
) -> None:
    returned = run(api, content)
    assert (returned["status"], returned["numOfLeadsProcessed"]) == (status, 0)
    assert returned["message"]
    assert not members(api)


@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ({"programMemberStatus": ""}, "1002"),
        ({"format": ""}, "1002"),
        ({"format": "XLS"}, "1003"),
        ({"programMemberStatus": "Gone"}, "1003"),
    ],
)
def test_invalid_uploads_are_rejected_at_once(api: Api, query: dict[str, str], refusal: str) -> None:
    assert code(upload(api, **query)) == refusal
    assert not api.state.imports.all()


def test_unknown_programs_batches_and_missing_permissions_have_their_codes(api: Api) -> None:
    gone = api.upload("/program/9/members/import.json", GOOD, format="CSV", programMemberStatus="Member")
    assert code(gone.json()) == "1013"
    assert code(api.bulk("/program/members/import/9/status.json").json()) == "1013"
    reader = sign_in(api.sandbox, seed.READER_ID, seed.READER_SECRET)
    assert code(reader.get("/bulk/v1/program/members/import/9/status.json").json()) == "603"
    batch = upload(api)["result"][0]["batchId"]
    assert code(api.bulk(f"/leads/batch/{batch}.json").json()) == "1013"
    api.advance(7 * 86_400 + 1)
    assert code(api.bulk(f"/program/members/import/{batch}/status.json").json()) == "1013"


def test_members_and_leads_share_one_queue(api: Api) -> None:
    for _ in range(5):
        assert upload(api)["success"]
        assert api.upload("/leads.json", "email\na@example.com\n", format="csv").json()["success"]
    assert upload(api)["errors"] == [{"code": "1016", "message": "Too many imports"}]
    assert code(api.upload("/leads.json", "email\na@example.com\n", format="csv").json()) == "1016"
    api.advance(1)
    assert [job.status for job in api.state.imports.all()] == ["Importing"] * 2 + ["Queued"] * 8
    api.advance(2)
    assert upload(api)["success"]


# -- the client -------------------------------------------------------------------------------------

START = bulk_members.create_import(PROGRAM, BAD.encode(), status_name="Member")
START_LEADS = bulk_leads.create_import(BAD.encode())


@pytest.mark.parametrize(("start", "calls"), [(START, bulk_members), (START_LEADS, bulk_leads)])
def test_every_call_has_the_same_result_in_both_drivers(api: Api, start: Call[Any], calls: Any) -> None:
    caller = Caller(api.sandbox)
    made = caller.both(start)
    assert made["status"] == "Queued"
    batch = made["batchId"]
    with pytest.raises(NotFound):
        caller.run(calls.failures(batch))
    assert caller.both(calls.import_status(batch), [start])["status"] == "Queued"
    api.advance(5)
    returned = caller.run(calls.import_status(batch))
    assert (returned["numOfRowsFailed"], returned["numOfRowsWithWarning"]) == (2, 1)
    assert caller.run(calls.failures(batch)).startswith(b"email,leadScore,Import Failure Reason\n")
    assert caller.run(calls.warnings(batch)).endswith(b"not-an-address,2,Invalid email address\n")


@pytest.mark.parametrize(("start", "calls"), [(START, bulk_members), (START_LEADS, bulk_leads)])
def test_result_files_are_the_same_in_both_drivers(api: Api, start: Call[Any], calls: Any) -> None:
    caller = Caller(api.sandbox)
    batch = caller.run(start)["batchId"]
    api.advance(5)
    for call in (calls.failures(batch), calls.warnings(batch)):
        assert asyncio.run(caller.arun(call)) == caller.run(call)


def test_the_client_distinguishes_errors(api: Api) -> None:
    caller = Caller(api.sandbox)
    with pytest.raises(InvalidRequest):
        caller.run(bulk_members.create_import(PROGRAM, GOOD.encode(), status_name="Gone"))
    with pytest.raises(NotFound):
        caller.run(bulk_members.create_import(9, GOOD.encode(), status_name="Member"))
    with pytest.raises(PermissionDenied, match="Read-Write Lead"):
        Caller(api.sandbox, seed.READER_ID, seed.READER_SECRET).run(START)
    for _ in range(10):
        caller.run(START)
    with pytest.raises(RateLimited):
        caller.run(START)
