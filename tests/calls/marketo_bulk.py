"""Scenes of bulk imports and extracts."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

from calls.marketo_runners import CallRunner
from calls.scenes import Scenes

from airflow_provider_mkt.client.marketo.custom_objects import custom_objects
from airflow_provider_mkt.client.marketo.exports import bulk_extracts
from airflow_provider_mkt.client.marketo.imports import bulk_leads, bulk_members
from airflow_provider_mkt.client.marketo.leads import leads
from airflow_provider_mkt.client.marketo.lists import lists
from airflow_provider_mkt.client.marketo.programs import programs
from airflow_provider_mkt.sandbox.marketo import seed

SCENES = Scenes()
SEEDED = (datetime(2025, 1, 1, tzinfo=UTC), datetime(2025, 1, 31, tzinfo=UTC))
ROWS = b"email,leadScore\nok@example.com,1\nbad@example.com,many\nnot-an-address,2\n"


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode())))


@SCENES.show(bulk_leads="create_import import_status failures warnings")
def leads_are_imported(run: CallRunner) -> None:
    job = run(bulk_leads.create_import(ROWS, list_id=seed.STATIC_LIST))["batchId"]
    assert run(bulk_leads.import_status(job))["status"] == "Queued"
    run.wait(5)
    done = run(bulk_leads.import_status(job))
    assert (done["status"], done["numOfLeadsProcessed"]) == ("Complete", 2)
    assert (done["numOfRowsFailed"], done["numOfRowsWithWarning"]) == (1, 1)
    (failed,), (warned,) = table(run(bulk_leads.failures(job))), table(run(bulk_leads.warnings(job)))
    assert (failed["email"], warned["email"]) == ("bad@example.com", "not-an-address")
    assert failed["Import Failure Reason"]
    found = run(leads.list("email", ["ok@example.com", "not-an-address"], fields=["leadScore"]))
    assert {row["leadScore"] for row in found} == {1, 2}
    requested = run(lists.are_members(seed.STATIC_LIST, [row["id"] for row in found]))
    assert {row.status for row in requested} == {"memberof"}


@SCENES.show(bulk_members="create_import import_status failures warnings")
def members_are_imported(run: CallRunner) -> None:
    program = seed.NURTURE_PROGRAM
    job = run(bulk_members.create_import(program, ROWS, status_name="Member"))["batchId"]
    run.wait(5)
    done = run(bulk_members.import_status(job))
    assert (done["status"], done["numOfRowsFailed"], done["numOfRowsWithWarning"]) == ("Complete", 1, 1)
    (failed,), (warned,) = table(run(bulk_members.failures(job))), table(run(bulk_members.warnings(job)))
    assert (failed["email"], warned["email"]) == ("bad@example.com", "not-an-address")
    members = run.every(programs.people(program))
    assert {one["email"] for one in members} == {"ok@example.com", "not-an-address"}
    assert {one["membership"]["progressionStatus"] for one in members} == {"Member"}


@SCENES.show(bulk_extracts="create_leads enqueue status file list_jobs cancel")
def leads_are_extracted(run: CallRunner) -> None:
    kind = "leads"
    create = bulk_extracts.create_leads(["id", "email"], created_between=SEEDED)
    job, dropped = run(create)["exportId"], run(create)["exportId"]
    run(bulk_extracts.enqueue(kind, job))
    run(bulk_extracts.cancel(kind, dropped))
    run.wait(120)
    done = run(bulk_extracts.status(kind, job))
    assert (done["status"], done["numberOfRecords"]) == ("Completed", 5)
    whole = run(bulk_extracts.file(kind, job))
    assert len(whole.content) == done["fileSize"]
    assert table(whole.content)[0]["id"] == str(seed.ANNA)
    part = run(bulk_extracts.file(kind, job, first=3, last=9))
    assert part.content == whole.content[3:10]
    listed = {
        row["exportId"]: row["status"] for row in run.every(bulk_extracts.list_jobs(kind, batch_size=1))
    }
    assert listed == {job: "Completed", dropped: "Cancelled"}
    assert run(bulk_extracts.list_jobs("activities")) == []


@SCENES.show(bulk_extracts="create_activities create_program_members")
def activities_and_members_are_extracted(run: CallRunner) -> None:
    run(programs.set_status(seed.NURTURE_PROGRAM, [seed.ANNA], status_name="Member"))
    jobs = {
        "activities": run(bulk_extracts.create_activities(SEEDED, activity_type_ids=[12])),
        "program_members": run(
            bulk_extracts.create_program_members(["leadId", "statusName"], program_id=seed.NURTURE_PROGRAM)
        ),
    }
    rows = {}
    for kind, job in jobs.items():
        run(bulk_extracts.enqueue(kind, job["exportId"]))  # type: ignore[arg-type]
    run.wait(180)
    for kind, job in jobs.items():
        assert run(bulk_extracts.status(kind, job["exportId"]))["status"] == "Completed"  # type: ignore[arg-type]
        rows[kind] = table(run(bulk_extracts.file(kind, job["exportId"])).content)  # type: ignore[arg-type]
    assert {row["activityTypeId"] for row in rows["activities"]} == {"12"}
    assert rows["program_members"] == [{"leadId": str(seed.ANNA), "statusName": "Member"}]


@SCENES.show(bulk_extracts="create_custom_objects")
def custom_objects_are_extracted(run: CallRunner) -> None:
    machine = seed.MACHINE_TYPE
    run(custom_objects.sync(machine, [{"serialNumber": "A-1", "leadId": seed.ANNA, "hours": 7}]))
    job = run(
        bulk_extracts.create_custom_objects(
            machine, ["serialNumber", "leadId", "hours", "model"], static_list_id=seed.STATIC_LIST
        )
    )["exportId"]
    run(bulk_extracts.enqueue("custom_objects", job, api_name=machine))
    run.wait(180)
    assert run(bulk_extracts.status("custom_objects", job, api_name=machine))["numberOfRecords"] == 1
    content = run(bulk_extracts.file("custom_objects", job, api_name=machine)).content
    assert table(content) == [
        {"serialNumber": "A-1", "leadId": str(seed.ANNA), "hours": "7", "model": "null"}
    ]
