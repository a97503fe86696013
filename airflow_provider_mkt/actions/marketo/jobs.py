"""The kinds of Marketo's background jobs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

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
from airflow_provider_mkt.actions.marketo.lookup import find_or_none
from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.marketo.emails import emails
from airflow_provider_mkt.client.marketo.exports import bulk_extracts
from airflow_provider_mkt.client.marketo.exports._parameters import Kind
from airflow_provider_mkt.client.marketo.imports import bulk_leads, bulk_members
from airflow_provider_mkt.client.marketo.programs import programs
from airflow_provider_mkt.client.marketo.rows import BulkImport
from airflow_provider_mkt.client.marketo.values import moment


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


def _poll_send(job: Job, cache: PollCache) -> Procedure[PollResult]:
    """Poll an email program: it is locked once approved, and has members once mail goes out."""
    program = yield from find_or_none(programs.get(job.id))
    if program is None:
        return PollResult("missing")
    status = str(program.get("status") or "").lower()
    details = select(program, "status", "startDate")
    if status != "locked":
        return PollResult(status or "unlocked", details)
    start = moment(program.get("startDate"))
    if start is not None and start > datetime.now(UTC):
        return PollResult("scheduled", details)
    someone = yield programs.people(job.id, batch_size=1)
    return PollResult("sent" if someone else "sending", details)


def _import(kind: str, status: Callable[[str], Call[BulkImport]]) -> JobSpec:
    counters = ("numOfLeadsProcessed", "numOfRowsFailed", "numOfRowsWithWarning", "message")
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
    return failed, failed + int(details.get("numOfLeadsProcessed") or 0)


def _export(kind: str, extracted: Kind) -> JobSpec:
    details = ("numberOfRecords", "fileSize", "fileChecksum", "format", "finishedAt", "errorMsg")
    return JobSpec(
        "marketo",
        kind,
        poll_by_call(
            lambda job: bulk_extracts.status(extracted, job.id),
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
        cancel=lambda job: bulk_extracts.cancel(extracted, job.id),
    )


SPECS = (
    JobSpec(
        "marketo",
        "campaign_batch",
        _poll_programs,
        {"processing": BatchStatus.PROCESSING, "complete": BatchStatus.COMPLETE},
        poke_interval=10,
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
    ),
    JobSpec(
        "marketo",
        "email_send",
        _poll_send,
        {
            "unlocked": BatchStatus.CANCELED,
            "scheduled": BatchStatus.PENDING,
            "sending": BatchStatus.PROCESSING,
            "sent": BatchStatus.COMPLETE,
            "missing": BatchStatus.FAILED,
        },
        poke_interval=60,
        cancel=lambda job: programs.unapprove(job.id),
    ),
    _import("lead_import", bulk_leads.import_status),
    _import("member_import", bulk_members.import_status),
    _export("lead_export", "leads"),
    _export("activity_export", "activities"),
    _export("member_export", "program_members"),
)
