"""marketorestpython: bulk imports and exports, and its reaction to errors."""

from __future__ import annotations

import csv
import datetime as dt
import io
from pathlib import Path

import pytest
from marketorestpython.client import MarketoClient
from public_clients import marketo_client

from airflow_provider_mkt.sandbox import Sandbox
from airflow_provider_mkt.sandbox.marketo import seed

ROWS = """email,firstName,loyaltyId
anna.berg@example.com,Ann,1
ida@example.com,Ida,2
bad@example.com,Bad,not-a-number
"""


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


def this_week(box: Sandbox) -> dict[str, str]:
    now = box.clock.now()
    times = {"startAt": now - dt.timedelta(days=7), "endAt": now + dt.timedelta(days=1)}
    return {name: moment.strftime("%Y-%m-%dT%H:%M:%SZ") for name, moment in times.items()}


# The client leaves the file open.
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")
def test_a_file_of_leads_is_imported_and_its_invalid_row_is_in_the_failures(
    marketo: MarketoClient, box: Sandbox, tmp_path: Path
) -> None:
    call, path = marketo.execute, tmp_path / "leads.csv"
    path.write_text(ROWS)
    (begun,) = call(
        method="import_lead", format="csv", file=str(path), lookupField="email", listId=seed.STATIC_LIST
    )
    assert begun["status"] == "Queued"
    box.clock.advance(120)
    (done,) = call(method="get_import_lead_status", id=begun["batchId"])
    assert (done["status"], done["numOfLeadsProcessed"], done["numOfRowsFailed"]) == ("Complete", 2, 1)
    failed = call(method="get_import_failure_file", id=begun["batchId"])
    assert "bad@example.com" in failed
    assert "anna.berg@example.com" not in failed
    assert isinstance(call(method="get_import_warning_file", id=begun["batchId"]), str)
    inside = call(method="get_multiple_leads_by_list_id", listId=seed.STATIC_LIST, fields="firstName")
    assert {"Ann", "Ida"} <= {row["firstName"] for row in inside}


def test_leads_are_exported_to_a_file(marketo: MarketoClient, box: Sandbox) -> None:
    call = marketo.execute
    call(method="create_update_leads", leads=[{"email": "joe@example.com", "firstName": "Joe"}])
    (job,) = call(
        method="create_leads_export_job",
        fields=["id", "email", "lastName"],
        filters={"createdAt": this_week(box)},
        columnHeaderNames={"email": "Address"},
    )
    number = job["exportId"]
    assert job["status"] == "Created"
    assert call(method="enqueue_leads_export_job", job_id=number)[0]["status"] == "Queued"
    box.clock.advance(200)
    (status,) = call(method="get_leads_export_job_status", job_id=number)
    assert (status["status"], status["numberOfRecords"]) == ("Completed", 1)
    content = call(method="get_leads_export_job_file", job_id=number)
    assert len(content) == status["fileSize"]
    assert [(row["Address"], row["lastName"]) for row in rows_of(content)] == [("joe@example.com", "null")]
    assert number in {one["exportId"] for one in call(method="get_leads_export_jobs_list")}


def test_activities_and_members_are_exported_and_a_job_is_cancelled(
    marketo: MarketoClient, box: Sandbox
) -> None:
    call = marketo.execute
    call(method="request_campaign", id=seed.REQUEST_CAMPAIGN, leads=[seed.ANNA])
    box.clock.advance(60)
    (job,) = call(
        method="create_activities_export_job",
        fields=["leadId", "activityTypeId"],
        filters={"createdAt": this_week(box), "activityTypeIds": [6]},
    )
    (members,) = call(
        method="create_program_members_export_job",
        fields=["leadId", "statusName"],
        filters={"programId": seed.NURTURE_PROGRAM},
    )
    call(method="enqueue_activities_export_job", job_id=job["exportId"])
    call(method="enqueue_program_members_export_job", job_id=members["exportId"])
    box.clock.advance(300)
    sent = rows_of(call(method="get_activities_export_job_file", job_id=job["exportId"]))
    assert [(row["leadId"], row["activityTypeId"]) for row in sent] == [(str(seed.ANNA), "6")]
    inside = rows_of(call(method="get_program_members_export_job_file", job_id=members["exportId"]))
    assert [(row["Lead Id"], row["Status"]) for row in inside] == [(str(seed.ANNA), "Member")]
    (other,) = call(method="create_leads_export_job", fields=["id"], filters={"createdAt": this_week(box)})
    (cancelled,) = call(method="cancel_leads_export_job", job_id=other["exportId"])
    assert cancelled["status"] in ("Canceled", "Cancelled")


@pytest.mark.parametrize("code", ["606", "713"])
def test_its_retry_after_a_transient_error_is_sent_without_a_token(
    marketo: MarketoClient, box: Sandbox, code: str
) -> None:
    """Its retry removes the token from the parameters a second time, and the platform requires one."""
    box.marketo.faults.add("*/lead/*", answer={"code": code})
    with pytest.raises(Exception, match="603"):
        marketo.execute(method="get_lead_by_id", id=seed.ANNA)
    assert box.marketo.calls.of("GET", "/rest/v1/lead/{leadId}.json").total == 2


def test_it_requests_a_new_token_when_the_token_has_expired(box: Sandbox) -> None:
    # In the last minute of a token it requests a new one before each call, so a short lifetime is enough.
    box.marketo.settings.token_seconds = 50
    try:
        reader = marketo_client(box, seed.READER_ID, seed.READER_SECRET)
        assert reader.execute(method="get_lead_by_id", id=seed.ANNA)[0]["id"] == seed.ANNA
        first = reader.token
        box.marketo.faults.add("*/lead/*", answer={"code": "602"})
        box.clock.advance(60)
        assert reader.execute(method="get_lead_by_id", id=seed.ANNA)[0]["id"] == seed.ANNA
        assert reader.token != first
        with pytest.raises(Exception, match="603"):
            reader.execute(method="delete_lead", id=[seed.ANNA])
    finally:
        box.marketo.settings.token_seconds = 3600


def test_a_wrong_secret_raises_an_error_with_the_reason(box: Sandbox) -> None:
    with pytest.raises(Exception, match="client credentials"):
        marketo_client(box, secret="wrong").execute(method="describe")
