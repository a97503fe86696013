"""The kinds of HubSpot's background jobs."""

from __future__ import annotations

from airflow_provider_mkt.actions.hubspot import batch_reads
from airflow_provider_mkt.actions.hubspot.send_reports import poll_sent
from airflow_provider_mkt.actions.jobs import BatchStatus, Job, JobSpec, PollCache, PollResult, poll_by_call
from airflow_provider_mkt.actions.procedure import Procedure
from airflow_provider_mkt.client.call import Json
from airflow_provider_mkt.client.hubspot.campaigns import campaigns
from airflow_provider_mkt.client.hubspot.emails import emails
from airflow_provider_mkt.client.hubspot.exports import exports
from airflow_provider_mkt.client.hubspot.imports import imports
from airflow_provider_mkt.client.hubspot.lists import lists
from airflow_provider_mkt.client.hubspot.lists._types import ContactList
from airflow_provider_mkt.client.hubspot.sends import send_statuses

PUBLISHED = frozenset(
    {
        "PUBLISHED",
        "PUBLISHED_AB",
        "PUBLISHED_AB_VARIANT",
        "AUTOMATED",
        "AUTOMATED_AB",
        "AUTOMATED_AB_VARIANT",
        "AUTOMATED_FOR_FORM",
        "BLOG_EMAIL_PUBLISHED",
        "RSS_TO_EMAIL_PUBLISHED",
    }
)
SCHEDULED = frozenset({"SCHEDULED", "SCHEDULED_AB"})
SENDING = frozenset({"PRE_PROCESSING", "PROCESSING", "AUTOMATED_SENDING"})
DRAFTS = frozenset(
    {
        "DRAFT",
        "DRAFT_AB",
        "DRAFT_AB_VARIANT",
        "AUTOMATED_DRAFT",
        "AUTOMATED_DRAFT_AB",
        "AUTOMATED_DRAFT_ABVARIANT",
        "AUTOMATED_FOR_FORM_DRAFT",
        "BLOG_EMAIL_DRAFT",
        "RSS_TO_EMAIL_DRAFT",
        "AGENT_GENERATED",
    }
)
# These two are published or scheduled, depending on isPublished.
MIXED = frozenset({"PUBLISHED_OR_SCHEDULED", "SCHEDULED_OR_PUBLISHED"})


SENT = "SENT"
SENT_BEFORE = "IDEMPOTENT_IGNORE"
"""The mail with that key went out by an earlier request."""
ON_THE_WAY = frozenset({"QUEUED", "THROTTLED"})
"""Results that may still change to SENT, even when the request is COMPLETE."""


def send_state(send: send_statuses.SendStatus) -> str:
    """Return the status of a send. Only the result of a complete one says whether the mail went out.

    COMPLETE stands for every result, known or new, with which no mail went out.
    """
    status = send.status.upper()
    if status != "COMPLETE":
        return status
    result = (send.sendResult or "NO_RESULT").upper()
    return result if result in {SENT, SENT_BEFORE, "NO_RESULT", *ON_THE_WAY} else status


def email_status(email: emails.Email) -> str:
    """Return the state of an email, with mixed states resolved by ``isPublished``."""
    state = email.state.upper()
    if state in MIXED:
        return "PUBLISHED" if email.isPublished else "SCHEDULED"
    return state


REGULAR = frozenset({"PUBLISHED", "PUBLISHED_AB", "PUBLISHED_AB_VARIANT"})
"""States of emails that are sent once, to an audience."""


def _poll_email(job: Job, cache: PollCache) -> Procedure[PollResult]:
    email: emails.Email = yield emails.get(job.id)
    status = email_status(email)
    if status in REGULAR:
        return (yield from poll_sent(email, job, cache))
    return PollResult(status, {"state": email.state, "published_at": email.publishedAt})


def _poll_campaigns(job: Job, cache: PollCache) -> Procedure[PollResult]:
    guids = job.members or (job.id,)
    seen = 0
    for start in range(0, len(guids), campaigns.BATCH_MAX):
        result = yield campaigns.batch_read(guids[start : start + campaigns.BATCH_MAX])
        seen += len(result.results)
    raw_status = "COMPLETE" if seen >= len(set(guids)) else "PROCESSING"
    return PollResult(raw_status, {"campaigns": len(guids), "visible": seen})


def _poll_lists(job: Job, cache: PollCache) -> Procedure[PollResult]:
    """Poll whether lists have all their members. One call. A list that is gone is not waited for."""
    rows: list[ContactList] = yield lists.batch_read(job.members or (job.id,))
    ready = sum(str(row["processingStatus"]).upper() == "COMPLETE" for row in rows)
    raw_status = "COMPLETE" if ready == len(rows) else "PROCESSING"
    return PollResult(raw_status, {"lists": len(rows), "complete": ready})


def _import_details(one: imports.Import) -> dict[str, Json]:
    lists = [str(made["listId"]) for made in one.metadata.objectLists if made.get("listId")]
    return {"name": one.importName, **({"lists": lists} if lists else {}), **one.metadata.counters}


def _import(kind: str) -> JobSpec:
    return JobSpec(
        "hubspot",
        kind,
        poll_by_call(
            lambda job: imports.get(job.id),
            lambda one: one.state,
            _import_details,
        ),
        {
            "started": BatchStatus.PENDING,
            "deferred": BatchStatus.PENDING,
            "processing": BatchStatus.PROCESSING,
            # Rows may have failed: the counter ERRORS says how many.
            "done": BatchStatus.COMPLETE,
            "canceled": BatchStatus.CANCELED,
            "cancelled": BatchStatus.CANCELED,
            "failed": BatchStatus.FAILED,
            "reverted": BatchStatus.FAILED,
        },
        poke_interval=30,
        cancel=lambda job: imports.cancel(job.id),
        failures=lambda details: (int(details.get("ERRORS") or 0), int(details.get("TOTAL_ROWS") or 0)),
        target="import",
        batch_reads=(batch_reads.IMPORTS,),
    )


def _export_details(one: exports.Export) -> dict[str, Json]:
    return {"name": one.exportName, "recordCount": one.recordCount}


SPECS = (
    JobSpec(
        "hubspot",
        "campaign_batch",
        _poll_campaigns,
        {"processing": BatchStatus.PROCESSING, "complete": BatchStatus.COMPLETE},
        poke_interval=10,
        target="campaign",
        batch_reads=(batch_reads.CAMPAIGNS,),
    ),
    JobSpec(
        "hubspot",
        "list_processing",
        _poll_lists,
        {"processing": BatchStatus.PROCESSING, "complete": BatchStatus.COMPLETE},
        poke_interval=10,
        target="list",
        batch_reads=(batch_reads.LISTS,),
    ),
    JobSpec(
        "hubspot",
        "email_send",
        poll_by_call(
            lambda job: send_statuses.get(job.id),
            send_state,
            lambda send: {"send_result": send.sendResult, "completed_at": send.completedAt},
        ),
        {
            "pending": BatchStatus.PENDING,
            "processing": BatchStatus.PROCESSING,
            **{raw_status.lower(): BatchStatus.PROCESSING for raw_status in ON_THE_WAY},
            SENT.lower(): BatchStatus.COMPLETE,
            SENT_BEFORE.lower(): BatchStatus.COMPLETE,
            "complete": BatchStatus.FAILED,
            "canceled": BatchStatus.CANCELED,
            "cancelled": BatchStatus.CANCELED,
        },
        poke_interval=10,
    ),
    JobSpec(
        "hubspot",
        "email_publish",
        _poll_email,
        {
            **{raw_status.lower(): BatchStatus.COMPLETE for raw_status in PUBLISHED},
            **{raw_status.lower(): BatchStatus.PENDING for raw_status in SCHEDULED | DRAFTS},
            **{raw_status.lower(): BatchStatus.PROCESSING for raw_status in SENDING},
            "counting": BatchStatus.PROCESSING,
            "nobody": BatchStatus.FAILED,
            "error": BatchStatus.FAILED,
            "canceled": BatchStatus.CANCELED,
        },
        poke_interval=30,
        target="email",
        batch_reads=(batch_reads.EMAILS,),
    ),
    _import("contact_import"),
    _import("object_import"),
    JobSpec(
        "hubspot",
        "object_export",
        poll_by_call(lambda job: exports.get(job.id), lambda one: one.exportState, _export_details),
        {
            "enqueued": BatchStatus.PENDING,
            "deferred": BatchStatus.PENDING,
            "pending_approval": BatchStatus.PENDING,
            "processing": BatchStatus.PROCESSING,
            "done": BatchStatus.COMPLETE,
            "canceled": BatchStatus.CANCELED,
            "cancelled": BatchStatus.CANCELED,
            "failed": BatchStatus.FAILED,
            "conflict": BatchStatus.FAILED,
            "deleted": BatchStatus.FAILED,
        },
        poke_interval=30,
    ),
)
