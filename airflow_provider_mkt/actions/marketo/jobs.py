"""The kinds of Marketo's background jobs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from airflow_provider_mkt.actions.jobs import (
    BatchStatus,
    Details,
    Job,
    JobSpec,
    PollCache,
    PollResult,
    poll_by_call,
    select,
)
from airflow_provider_mkt.actions.marketo import batch_reads
from airflow_provider_mkt.actions.marketo.lookup import find_or_none
from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import InvalidInput
from airflow_provider_mkt.client.marketo.emails import emails
from airflow_provider_mkt.client.marketo.exports import bulk_extracts
from airflow_provider_mkt.client.marketo.exports._parameters import Kind
from airflow_provider_mkt.client.marketo.imports import bulk_leads, bulk_members, bulk_objects
from airflow_provider_mkt.client.marketo.programs import programs
from airflow_provider_mkt.client.marketo.rows import BulkImport, ObjectImport

_Import = TypeVar("_Import", BulkImport, ObjectImport)
_Answer = TypeVar("_Answer")
_PROCESSED = ("numOfLeadsProcessed", "numOfObjectsProcessed")


def _poll_programs(job: Job, cache: PollCache) -> Procedure[PollResult]:
    ids = job.members or (job.id,)
    seen = 0
    for program_id in ids:
        program = yield from find_or_none(programs.get(program_id))
        seen += program is not None
    return PollResult(
        "COMPLETE" if seen == len(ids) else "PROCESSING", {"campaigns": len(ids), "visible": seen}
    )


def _poll_email(job: Job, cache: PollCache) -> Procedure[PollResult]:
    draft = yield from find_or_none(emails.get(job.id, status="draft"))
    approved = yield from find_or_none(emails.get(job.id, status="approved"))
    if approved is None and draft is None:
        return PollResult("missing")
    return PollResult("approved" if draft is None else "draft", {"approved": approved is not None})


def _import(kind: str, status: Callable[[str], Call[_Import]]) -> JobSpec:
    counters = (*_PROCESSED, "numOfRowsFailed", "numOfRowsWithWarning", "message")
    return JobSpec(
        "marketo",
        kind,
        poll_by_call(
            lambda job: status(job.id),
            lambda row: str(row.get("status") or ""),
            lambda row: select(row, *counters),
        ),
        {
            "queued": BatchStatus.PENDING,
            "importing": BatchStatus.PROCESSING,
            "complete": BatchStatus.COMPLETE,
            "failed": BatchStatus.FAILED,
        },
        poke_interval=15,
        failures=_failures,
    )


def _failures(details: Details) -> tuple[int, int]:
    failed = int(details.get("numOfRowsFailed") or 0)
    # Failed rows are not counted as processed.
    return failed, failed + sum(int(details.get(name) or 0) for name in _PROCESSED)


def object_job_id(api_name: str, number: object) -> str:
    """Return the id of a job about custom objects: Marketo needs both to find it.

    :param number: ``batchId`` of an import, or ``exportId`` of an export.
    """
    return f"{api_name}/{number}"


def object_job_of(job_id: str) -> tuple[str, str]:
    """Return the API name of a job about custom objects, and its ``batchId`` or ``exportId``.

    :raises InvalidInput: when the id is not one of such a job.
    """
    name, _, number = job_id.rpartition("/")
    if not name:
        raise InvalidInput("job", "the id of a job about custom objects is its API name, a slash and its id")
    return name, number


def _export(kind: str, extracted: Kind) -> JobSpec:
    def on_job(call: Callable[..., Call[_Answer]], job: Job) -> Call[_Answer]:
        if extracted != "custom_objects":
            return call(extracted, job.id)
        api_name, export_id = object_job_of(job.id)
        return call(extracted, export_id, api_name=api_name)

    details = ("numberOfRecords", "fileSize", "fileChecksum", "format", "finishedAt", "errorMsg")
    return JobSpec(
        "marketo",
        kind,
        poll_by_call(
            lambda job: on_job(bulk_extracts.status, job),
            lambda row: str(row.get("status") or ""),
            lambda row: select(row, *details),
        ),
        {
            "created": BatchStatus.PENDING,
            "queued": BatchStatus.PENDING,
            "processing": BatchStatus.PROCESSING,
            "completed": BatchStatus.COMPLETE,
            # The platform's documents have both spellings.
            "canceled": BatchStatus.CANCELED,
            "cancelled": BatchStatus.CANCELED,
            "failed": BatchStatus.FAILED,
        },
        poke_interval=60,
        cancel=lambda job: on_job(bulk_extracts.cancel, job),
        batch_reads=(batch_reads.EXPORTS[extracted],),
    )


SPECS = (
    JobSpec(
        "marketo",
        "campaign_batch",
        _poll_programs,
        {"processing": BatchStatus.PROCESSING, "complete": BatchStatus.COMPLETE},
        poke_interval=10,
        target="program",
        batch_reads=(batch_reads.PROGRAMS,),
    ),
    JobSpec(
        "marketo",
        "email_publish",
        _poll_email,
        {
            "draft": BatchStatus.PENDING,
            "approved": BatchStatus.COMPLETE,
            "missing": BatchStatus.FAILED,
        },
        poke_interval=30,
        target="email",
        batch_reads=(batch_reads.DRAFTS,),
    ),
    _import("lead_import", bulk_leads.import_status),
    _import("member_import", bulk_members.import_status),
    _import("object_import", lambda job_id: bulk_objects.import_status(*object_job_of(job_id))),
    _export("lead_export", "leads"),
    _export("activity_export", "activities"),
    _export("member_export", "program_members"),
    _export("object_export", "custom_objects"),
)
