"""Bulk extracts of leads, activities and program members."""

import re
from collections.abc import Callable, Mapping

from airflow_provider_mkt.sandbox.marketo.account.credential_store import ApiUser
from airflow_provider_mkt.sandbox.marketo.errors import HttpProblem, Problem
from airflow_provider_mkt.sandbox.marketo.exports import requests
from airflow_provider_mkt.sandbox.marketo.exports.store import (
    ACTIVITIES,
    CANCELLED,
    COMPLETED,
    CREATED,
    FAILED,
    FILE_KEPT,
    LEADS,
    MEMBERS,
    PROCESSING,
    QUEUED,
    ExportJob,
    Writer,
)
from airflow_provider_mkt.sandbox.marketo.paging import page
from airflow_provider_mkt.sandbox.marketo.permissions import LEADS_READABLE, READ_ACTIVITY
from airflow_provider_mkt.sandbox.marketo.requests import json_object
from airflow_provider_mkt.sandbox.marketo.responses import BULK, Call, MarketoRoutes, Row, result
from airflow_provider_mkt.sandbox.marketo.state import MarketoState
from airflow_provider_mkt.sandbox.marketo.times import lead_time
from airflow_provider_mkt.sandbox.server.responses import Reply
from airflow_provider_mkt.sandbox.server.routing import Handler

routes = MarketoRoutes(BULK)

PATHS = {LEADS: "/leads/export", ACTIVITIES: "/activities/export", MEMBERS: "/program/members/export"}
SCOPES = {LEADS: LEADS_READABLE, ACTIVITIES: (READ_ACTIVITY,), MEMBERS: LEADS_READABLE}
READERS: Mapping[str, Callable[[Call, Row], Writer]] = {
    LEADS: requests.leads,
    ACTIVITIES: requests.activities,
    MEMBERS: requests.members,
}
# Both spellings of one status are documented.
WORDS = {word.lower(): word for word in (CREATED, QUEUED, PROCESSING, COMPLETED, FAILED, CANCELLED)} | {
    "canceled": CANCELLED
}
CONTENT_TYPES = {"CSV": "text/csv", "TSV": "text/tab-separated-values", "SSV": "text/csv"}
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")

_Handler = Handler[MarketoState, ApiUser]


def _for_all_kinds(method: str, tail: str) -> Callable[[_Handler], _Handler]:
    def register(handler: _Handler) -> _Handler:
        for kind, path in PATHS.items():
            routes.handle(method, path + tail, scopes=SCOPES[kind], kind=kind)(handler)
        return handler

    return register


@_for_all_kinds("POST", "/create.json")
async def create(call: Call) -> Reply:
    kind, state, now = _kind(call), call.state, call.clock.now()
    body = await json_object(call)
    state.exports.check_quota(state.accounts.settings.export_quota_bytes, now)
    write = READERS[kind](call, body)
    job = state.exports.create(kind, call.token.email, requests.format_of(body), now, write)
    await call.work()
    return result(call, [_row(job)])


@_for_all_kinds("POST", "/{exportId}/enqueue.json")
async def enqueue(call: Call) -> Reply:
    job, state, now = _job(call), call.state, call.clock.now()
    if job.status == CREATED:
        state.exports.check_quota(state.accounts.settings.export_quota_bytes, now)
    state.exports.enqueue(job, now)
    await call.work()
    return result(call, [_row(job)])


@_for_all_kinds("POST", "/{exportId}/cancel.json")
async def cancel(call: Call) -> Reply:
    job = _job(call)
    call.state.exports.cancel(job, call.clock.now())
    await call.work()
    return result(call, [_row(job)])


@_for_all_kinds("GET", "/{exportId}/status.json")
async def status(call: Call) -> Reply:
    return result(call, [_row(_job(call))])


@_for_all_kinds("GET", ".json")
async def jobs(call: Call) -> Reply:
    words = [word.lower() for word in call.query.split("status")]
    for word in words:
        if word not in WORDS:
            raise Problem(1003, f"Invalid value '{word}' for status")
    wanted = {WORDS[word] for word in words}
    listed = call.state.exports.listed(_kind(call), call.token.email, call.clock.now())
    chosen = [job for job in listed if not wanted or job.status in wanted]
    rows, more = page(call, chosen, lambda job: job.number, says_more=False)
    return result(call, [_row(job) for job in rows], **more)


@_for_all_kinds("GET", "/{exportId}/file.json")
async def file(call: Call) -> Reply:
    try:
        job = _job(call)
    except Problem as problem:
        raise HttpProblem(404, problem.message) from None
    content = job.extract.content
    if job.status != COMPLETED or not content:
        raise HttpProblem(404, f"Export job '{job.id}' has no file: it is {job.status}")
    if job.finished_at is None or call.clock.now() > job.finished_at + FILE_KEPT:
        raise HttpProblem(404, f"The file of export job '{job.id}' has expired")
    return _cut(content, call.headers.get("range", ""), f"{CONTENT_TYPES[job.format]};charset=UTF-8")


def _cut(content: bytes, wanted: str, kind: str) -> Reply:
    """Answer with the bytes of a `Range`; one that says nothing sensible is taken as none."""
    headers = {"content-type": kind, "accept-ranges": "bytes"}
    total, asked = len(content), _RANGE.fullmatch(wanted.strip())
    first, last = (asked[1], asked[2]) if asked else ("", "")
    if (not first and not last) or (first and last and int(last) < int(first)):
        return Reply(200, content, headers)
    start = int(first) if first else max(total - int(last), 0)
    end = min(int(last), total - 1) if first and last else total - 1
    if start > end:
        return Reply(416, "Requested Range Not Satisfiable", {"content-range": f"bytes */{total}"})
    return Reply(206, content[start : end + 1], headers | {"content-range": f"bytes {start}-{end}/{total}"})


def _kind(call: Call) -> str:
    return str(call.route.options["kind"])


def _job(call: Call) -> ExportJob:
    return call.state.exports.get(call.path["exportId"], _kind(call), call.token.email, call.clock.now())


def _row(job: ExportJob) -> Row:
    row: Row = {
        "exportId": job.id,
        "format": job.format,
        "status": job.status,
        "createdAt": lead_time(job.created_at),
    }
    moments = {"queuedAt": job.queued_at, "startedAt": job.started_at, "finishedAt": job.finished_at}
    row |= {name: lead_time(moment) for name, moment in moments.items() if moment}
    if job.status == COMPLETED:
        row |= {
            "numberOfRecords": job.extract.records,
            "fileSize": len(job.extract.content),
            "fileChecksum": job.checksum,
        }
    return row | ({"errorMsg": job.error} if job.status == FAILED else {})
