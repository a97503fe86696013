"""The figures of Marketo's email programs, from the activity log.

Marketo says nowhere that a program has sent all its mail. So the log is read until it stands still: an
activity for each mail that was sent, and one for each that was delivered or bounced.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from airflow_provider_mkt.actions.jobs import BatchStatus, Job, JobSpec, PollCache, PollResult, select
from airflow_provider_mkt.actions.marketo import batch_reads
from airflow_provider_mkt.actions.marketo.emails import email_program
from airflow_provider_mkt.actions.marketo.lookup import find_or_none
from airflow_provider_mkt.actions.marketo.sending import MarketoSending
from airflow_provider_mkt.actions.procedure import Pages, Procedure
from airflow_provider_mkt.actions.send_reports import DroppedPerson, SendFigures, unchanged_for
from airflow_provider_mkt.actions.sending import SendTarget
from airflow_provider_mkt.client.call import Call
from airflow_provider_mkt.client.errors import InvalidInput, InvalidRequest, PermissionDenied
from airflow_provider_mkt.client.marketo.activities import activities
from airflow_provider_mkt.client.marketo.emails import emails
from airflow_provider_mkt.client.marketo.programs import programs
from airflow_provider_mkt.client.marketo.rows import Activity, Email, Program
from airflow_provider_mkt.client.marketo.values import moment
from airflow_provider_mkt.client.paging import cursor_arguments, with_next

SENT, DELIVERED, BOUNCED, UNSUBSCRIBED, OPENED, CLICKED, SOFT_BOUNCED = 6, 7, 8, 9, 10, 11, 27
STABLE_FOR = 600.0
"""Seconds for which the log does not change when all mail was sent."""
_TIMES_LONGER = 3
"""How many times as long the log is read while mails have no outcome, or none was sent."""
_HEAD_START = timedelta(hours=13)
"""With a head start, mails are in the log 12 hours before they leave."""
_SLACK = timedelta(minutes=5)


def _poll_send(job: Job, cache: PollCache) -> Procedure[PollResult]:
    """Poll an email program: it is locked once approved, and the log shows its mail."""
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
    return (yield from _poll_sent(program, job, cache))


def _poll_sent(program: Program, job: Job, cache: PollCache) -> Procedure[PollResult]:
    """Poll whether an email program that has started has sent its mail. Four calls, more while mail leaves.

    :param cache: keeps how far the log was read.
    :returns: ``sending``, ``sent``, or ``nobody``.
    """
    seconds = STABLE_FOR if job.stable_for is None else job.stable_for
    details: dict[str, object] = {"status": program.get("status"), "startDate": program.get("startDate")}
    email_ids = yield from _email_ids(job.id, cache)
    counts: dict[int, int] = {}
    for kind in (SENT, DELIVERED, BOUNCED, SOFT_BOUNCED):
        counts[kind] = yield from _count(kind, email_ids, _since(program), cache)
    sent, outcomes = counts[SENT], counts[DELIVERED] + counts[BOUNCED] + counts[SOFT_BOUNCED]
    details |= {"sent": sent, "delivered": counts[DELIVERED], "bounced": counts[BOUNCED]}
    if not sent and (why := (yield from _no_audience(job.id, cache))):
        return PollResult("nobody", details, _reason(job.id, why))
    complete = sent > 0 and outcomes >= sent
    if not unchanged_for(cache, list(counts.values()), seconds if complete else seconds * _TIMES_LONGER):
        return PollResult("sending", details)
    if not sent:
        why = f"the log has no mail {seconds * _TIMES_LONGER:.0f} s after its start"
        return PollResult("nobody", details, _reason(job.id, why))
    return PollResult("sent", details)


def _reason(program_id: str, why: str) -> str:
    return f"email program {program_id} was sent to nobody: {why}"


def _since(program: Program) -> datetime:
    start = moment(program.get("startDate")) or moment(program.get("createdAt"))
    early = _HEAD_START if program.get("headStart") else _SLACK
    return ((start or datetime.now(UTC)) - early).replace(microsecond=0)


def _email_ids(program_id: str, cache: PollCache) -> Procedure[list[int]]:
    """Return the emails of a program. The platform leaves out those of an A/B test."""
    kept = cache.get("email_ids")
    if isinstance(kept, list):
        return [one for one in kept if isinstance(one, int)]
    rows: list[Email] = yield Pages(
        emails.list(status="approved", folder_id=program_id, folder_type="Program")
    )
    ids = [int(row["id"]) for row in rows]
    if not ids:
        raise InvalidRequest(
            f"the emails of program {program_id} cannot be read, as those of an A/B test, so its mail cannot "
            "be counted",
            platform="marketo",
        )
    cache["email_ids"] = list(ids)
    return ids


def _count(kind: int, email_ids: Sequence[int], since: datetime, cache: PollCache) -> Procedure[int]:
    """Count the activities of one type. Continues with the page at which the last poll ended."""
    kept = cache.get(f"type {kind}")
    token, before = kept if isinstance(kept, list) and len(kept) == 2 else (None, 0)
    if not isinstance(token, str) or not isinstance(before, int):
        token, before = (yield activities.paging_token(since)), 0
    first = activities.read(str(token), activity_type_ids=[kind], asset_ids=email_ids)
    page: Call[list[Activity]] | None = first
    count = before
    while page is not None:
        rows: list[Activity]
        cursor = cursor_arguments(first, page).get("token", token)
        # The last page is read again: it gets the rows that are new.
        cache[f"type {kind}"] = [str(cursor), count]
        rows, page = yield with_next(page)
        count += sum(_is_of(row, email_ids) for row in rows)
    return count


def _is_of(row: Activity, email_ids: Sequence[int]) -> bool:
    # Only one of the platform's two documents has the filter by asset.
    return row.get("primaryAttributeValueId") in email_ids


def _no_audience(program_id: str, cache: PollCache) -> Procedure[str]:
    """Return why nobody can get the mail of a program; empty when somebody can. Reads it once in a wait."""
    if "audience_read" in cache:
        return ""
    cache["audience_read"] = True
    sending = MarketoSending("")
    try:
        details = yield from sending.describe(SendTarget("marketo", "email_program", program_id))
        if not details.lists or not details.lists_decide:
            return ""
        count = yield from sending.count(details, "members")
    except (InvalidInput, InvalidRequest, PermissionDenied):
        return ""
    if not count.exact or count.at_most != 0:
        return ""
    if not count.total:
        return "its lists have no members"
    reasons = ", ".join(f"{reason} {number:,}" for reason, number in count.excluded.items())
    return f"nobody in its lists can get mail ({reasons})"


class MarketoSendReports:
    """The verbs of :class:`~airflow_provider_mkt.actions.send_reports.SendReports`."""

    def figures(self, job: Job) -> Procedure[SendFigures]:
        return _figures(job)

    def dropped(self, job: Job, add: Callable[[Sequence[DroppedPerson]], object]) -> Procedure[None]:
        raise InvalidInput("rejects_path", "is HubSpot's: Marketo does not say who was dropped")


def _figures(job: Job) -> Procedure[SendFigures]:
    program = yield from email_program(job.id)
    email_ids, since = (yield from _email_ids(job.id, {})), _since(program)
    leads: dict[int, set[int]] = {}
    for kind in (SENT, DELIVERED, BOUNCED, UNSUBSCRIBED, OPENED, CLICKED, SOFT_BOUNCED):
        leads[kind] = yield from _leads(kind, email_ids, since)
    figures = SendFigures(name=str(program.get("name") or ""), sent=len(leads[SENT]))
    return replace(
        figures,
        delivered=len(leads[DELIVERED]),
        bounced=len(leads[BOUNCED] - leads[DELIVERED]),
        # Tried again for a day: some of them are delivered.
        soft_bounced=len(leads[SOFT_BOUNCED] - leads[DELIVERED] - leads[BOUNCED]),
        opened=len(leads[OPENED]),
        clicked=len(leads[CLICKED]),
        unsubscribed=len(leads[UNSUBSCRIBED]),
    )


def _leads(kind: int, email_ids: Sequence[int], since: datetime) -> Procedure[set[int]]:
    token: str = yield activities.paging_token(since)
    page: Call[list[Activity]] | None = activities.read(token, activity_type_ids=[kind], asset_ids=email_ids)
    found: set[int] = set()
    while page is not None:
        rows: list[Activity]
        rows, page = yield with_next(page)
        found.update(int(row["leadId"]) for row in rows if _is_of(row, email_ids))
    return found


EMAIL_SEND = JobSpec(
    "marketo",
    "email_send",
    _poll_send,
    {
        "unlocked": BatchStatus.CANCELED,
        "scheduled": BatchStatus.PENDING,
        "sending": BatchStatus.PROCESSING,
        "sent": BatchStatus.COMPLETE,
        "nobody": BatchStatus.FAILED,
        "missing": BatchStatus.FAILED,
    },
    poke_interval=60,
    cancel=lambda job: programs.unapprove(job.id),
    target="program",
    batch_reads=(batch_reads.PROGRAMS,),
)
"""How to follow the send of an email program."""
